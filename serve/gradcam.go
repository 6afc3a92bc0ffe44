package serve

import (
	"bytes"
	"errors"
	"image/png"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/tensor"
)

// gradCAMRoutes is the table of the routes for Grad-CAM.
func gradCAMRoutes() []route {
	return []route{
		{method: http.MethodPost, path: "/v1/models/{model}:gradcam", summary: "The regions of an image on which the probability of a class depends (Grad-CAM).", doc: gradCAMDoc, handle: (*call).gradCAM},
		{method: http.MethodPost, path: "/v1/models/{model}/versions/{version}:gradcam", summary: "Grad-CAM with a version of a model.", doc: gradCAMDoc, handle: (*call).gradCAM},
	}
}

// explainer computes the heat maps of a version. Its network is compiled when the first request needs it.
type explainer struct {
	once sync.Once
	cam  *lince.GradCAM
	err  error
}

// heatMap is the answer of Grad-CAM.
type heatMap struct {
	Label  string    `json:"label"` // the class
	Layer  string    `json:"layer"` // whose output is the feature map
	Height int       `json:"height"`
	Width  int       `json:"width"`
	Values []float32 `json:"values"` // row by row, divided by the largest
	Image  []byte    `json:"image"`  // the input of the network, as a PNG file: a preprocessing may crop the image or pad it
}

func (c *call) gradCAM() error {
	body, err := c.body()
	if err != nil {
		return err
	}
	return c.with(func(v *version) error {
		ctx, cancel := c.limited(0)
		defer cancel()
		if !v.classifier {
			return v.noClassifier()
		}
		class := -1 // the most probable one
		if text := c.r.URL.Query().Get("class"); text != "" {
			if class = slices.Index(v.classes(), text); class < 0 {
				return bad("the model %s has no class %q", v.name, short(text))
			}
		}
		f, err := c.form(body, 1)
		if err != nil {
			return err
		}
		list, err := c.imageExamples(ctx, v, f.files)
		if err != nil {
			return err
		}
		if class < 0 {
			p, err := v.classifications(list)
			if err != nil {
				return err
			}
			class = p[0].Top(1)[0].Class
		}
		release, err := c.admit(v, 1)
		if err != nil {
			return err
		}
		defer release()
		if err := c.s.threads.begin(ctx, v.batcher); err != nil {
			return err
		}
		start := time.Now()
		defer func() { c.s.threads.end(v.batcher, nil, time.Since(start)) }()
		m, err := v.explain(list[0].in[0], class)
		if err != nil {
			return err
		}
		return c.ok(m)
	})
}

// explain computes the heat map of an image for a class.
func (v *version) explain(x *tensor.Tensor, class int) (*heatMap, error) {
	e := &v.explainer
	e.once.Do(func() { e.cam, e.err = v.model.GradCAM(lince.GradCAMOptions{}) })
	if errors.Is(e.err, lince.ErrNoFeatureMap) {
		return nil, fail(http.StatusUnprocessableEntity, "Grad-CAM: the network of the model %s has no feature map of height and width before its classifier", v.name)
	}
	if e.err != nil {
		return nil, e.err
	}
	maps, err := e.cam.Maps(x, []int{class})
	if err != nil {
		return nil, err
	}
	input, err := v.inputImage(x)
	if err != nil {
		return nil, err
	}
	shape := maps.Shape()
	m := &heatMap{Label: v.classes()[class], Layer: e.cam.Layer(), Height: shape[1], Width: shape[2], Values: slices.Clone(maps.Float32s()), Image: input}
	largest := slices.Max(m.Values)
	for i, value := range m.Values {
		switch {
		case value-value != 0: // NaN or infinite
			return nil, fail(http.StatusUnprocessableEntity, "Grad-CAM: the heat map at index %d is %s", i, strconv.FormatFloat(float64(value), 'g', -1, 32))
		case largest > 0:
			m.Values[i] = value / largest
		}
	}
	return m, nil
}

// inputImage returns an input of the network as a PNG file.
func (v *version) inputImage(x *tensor.Tensor) ([]byte, error) {
	pix := slices.Clone(x.Float32s())
	v.pipeline.Undo(pix)
	out, err := picture.FromPixels(x.Shape()[1], x.Shape()[2], x.Shape()[3], pix)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = png.Encode(&b, out)
	return b.Bytes(), err
}
