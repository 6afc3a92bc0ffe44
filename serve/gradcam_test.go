package serve

import (
	"bytes"
	"image/png"
	"slices"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
)

// convModel returns a model with a feature map, for images of 32x32 pixels. Its weights are random.
func convModel(t testing.TB) *lince.Model {
	t.Helper()
	m, err := lince.Options{Seed: 3, Threads: 1}.Sequential(
		layer.Input{Shape: []int{32, 32, 3}},
		layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}, Activation: layer.ReLU, Name: "features"},
		layer.MaxPool2D{},
		layer.Flatten{},
		layer.Dense{Units: 3, Activation: layer.Softmax},
	)
	if err != nil {
		t.Fatal(err)
	}
	m.Classes = []string{"cat", "dog", "a <b>third</b> & \"last\" one"}
	m.Preprocessing = lince.Preprocessing{preprocess.Resize{Height: 32, Width: 32}, preprocess.Rescale{Scale: 1. / 255}}
	return m
}

// TestGradCAM compares heat maps with those of the model.
func TestGradCAM(t *testing.T) {
	s := newServer(t, Options{})
	if err := s.Add("conv", convModel(t)); err != nil {
		t.Fatal(err)
	}
	v := s.currentOf("conv")
	var x example
	if err := s.decode(v, &x, photo(t, 0)); err != nil {
		t.Fatal(err)
	}
	cam, err := v.model.GradCAM(lince.GradCAMOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := v.model.ClassifyImage(t.Context(), photo(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	for query, class := range map[string]int{"": p.Top(1)[0].Class, "?class=dog": 1} {
		var got heatMap
		want(t, ask(t, s, "POST", "/v1/models/conv:gradcam"+query, photo(t, 0)), 200, &got)
		maps, err := cam.Maps(x.in[0], []int{class})
		if err != nil {
			t.Fatal(err)
		}
		values := slices.Clone(maps.Float32s())
		if largest := slices.Max(values); largest > 0 {
			for i := range values {
				values[i] /= largest
			}
		}
		if got.Label != v.classes()[class] || got.Layer != "features" || got.Height != 30 || got.Width != 30 || !slices.Equal(got.Values, values) {
			t.Errorf("%s: got the class %s, the layer %s, %dx%d and %v..., want %v...", query, got.Label, got.Layer, got.Height, got.Width, got.Values[:5], values[:5])
		}
		m, err := png.Decode(bytes.NewReader(got.Image))
		if err != nil {
			t.Fatal(err)
		}
		r, g, b, _ := m.At(3, 5).RGBA()
		pix := slices.Clone(x.in[0].Float32s()[(5*32+3)*3:][:3])
		v.pipeline.Undo(pix)
		for i, c := range []uint32{r, g, b} {
			if d := float32(c>>8) - pix[i]; d > .5 || d < -.5 {
				t.Errorf("the channel %d of a pixel is %d, want %v", i, c>>8, pix[i])
			}
		}
	}
	wantError(t, ask(t, s, "POST", "/v1/models/conv:gradcam?class=horse", photo(t, 0)), 400, "no class")
	wantError(t, ask(t, s, "POST", "/v1/models/pets:gradcam", photo(t, 0)), 422, "no feature map")
	wantError(t, ask(t, s, "POST", "/v1/models/conv:gradcam", "no image"), 422, "")
	if examples, _ := v.batcher.load(); examples != 0 {
		t.Errorf("%d examples are still admitted", examples)
	}
}
