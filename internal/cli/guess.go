package cli

import (
	"errors"
	"fmt"
	"math"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// A file of Keras does not say how its network wants pixels. If the network has batch normalization, its moving statistics tell: they are close to
// the statistics of real images that are prepared as in training.

// scale is a way to prepare pixels from 0 to 255.
type scale struct {
	name  string
	steps lince.Preprocessing
}

// scales lists the usual ways. The first is for networks without batch normalization.
func scales() []scale {
	return []scale{
		{"x/255", lince.Preprocessing{preprocess.Rescale{Scale: 1. / 255}}},
		{"unchanged", nil},
		{"x/127.5 - 1", lince.Preprocessing{preprocess.Input{Mode: preprocess.TF}}},
		{"Torch's mean and deviation of ImageNet", lince.Preprocessing{preprocess.Input{Mode: preprocess.Torch}}},
		{"Caffe's mean of ImageNet", lince.Preprocessing{preprocess.Input{Mode: preprocess.Caffe}}},
	}
}

// guessImages is the number of images from which the preprocessing is guessed.
const guessImages = 32

// guessPreprocessing returns the preprocessing of a model whose file has none, and says what it is.
func (t *training) guessPreprocessing(m *lince.Model, file string) (lince.Preprocessing, error) {
	resize, err := defaultPreprocessing(m, t.Size)
	if err != nil {
		return nil, err
	}
	last := len(resize) - 1
	r := resize[last].(preprocess.Resize)
	r.Interpolation = picture.Bilinear
	resize[last] = r
	if m.ScalesPixels() {
		t.printf("%s\n", scalesPixels(file))
		return resize, nil
	}
	list := scales()
	if m.InputShape()[3] != 3 {
		list = list[:3]
	}
	best := list[0]
	operand, norm := firstNorm(m)
	if operand != nil {
		net, err := lince.Functional(m.Inputs(), operand)
		if err != nil {
			return nil, err
		}
		images, err := t.someImages(resize)
		if err != nil {
			return nil, err
		}
		least := math.Inf(1)
		for _, s := range list {
			d, err := distance(net, norm, images, s.steps)
			if err != nil {
				return nil, err
			}
			if d < least {
				best, least = s, d
			}
		}
	}
	how := "the usual one"
	if operand != nil {
		how = "for which the statistics of batch normalization fit best"
	}
	t.printf("The file %s does not say how pixels are scaled; taking %s, %s.\n", file, best.name, how)
	return append(resize, best.steps...), nil
}

// firstNorm returns the operand of the first BatchNormalization of a model, and that layer. The operand is nil if the model has
// none.
func firstNorm(m *lince.Model) (*lince.Symbol, *lince.Layer) {
	for _, c := range m.Calls() {
		if _, ok := c.Layer.Layer().(layer.BatchNormalization); ok {
			return c.In[0], c.Layer
		}
		inner := c.Layer.Model()
		if inner == nil || len(c.In) != 1 {
			continue
		}
		if operand, norm := firstNorm(inner); operand != nil {
			part, err := lince.Functional(inner.Inputs(), operand)
			if err != nil {
				return nil, nil
			}
			return lince.Apply(part, c.In...), norm
		}
	}
	return nil, nil
}

// someImages returns a batch of images with values from 0 to 255.
func (t *training) someImages(p lince.Preprocessing) (*tensor.Tensor, error) {
	table := t.table.Limit(2 * guessImages) // some may be unreadable
	flow, err := data.Images(table, data.ImageOptions{BatchSize: guessImages, Seed: t.Seed, ClassMode: data.NoTargets, Preprocessing: p})
	if err != nil {
		return nil, err
	}
	for b, err := range flow.Batches(t.ctx, 0, 0) {
		if err != nil {
			return nil, err
		}
		return b.X.Clone(), nil
	}
	return nil, errors.New("no image can be read")
}

// distance returns how far the statistics of images are from those of a BatchNormalization whose operand net computes.
func distance(net *lince.Model, norm *lince.Layer, images *tensor.Tensor, p lince.Preprocessing) (float64, error) {
	x := images.Clone()
	if p != nil {
		pipeline, err := p.Compile()
		if err != nil {
			return 0, err
		}
		for i := range x.Shape()[0] {
			pipeline.Apply(x.Row(i).Float32s())
		}
	}
	y, err := net.PredictBatch(x)
	if err != nil {
		return 0, err
	}
	var moving [2][]float32 // mean and variance
	for _, v := range norm.Variables() {
		switch {
		case v.Path() == norm.Name()+"/moving_mean":
			moving[0] = v.Value().Float32s()
		case v.Path() == norm.Name()+"/moving_variance":
			moving[1] = v.Value().Float32s()
		}
	}
	values := y.Float32s()
	channels := len(moving[0])
	if channels == 0 || len(moving[1]) != channels || len(values)%channels != 0 {
		return 0, fmt.Errorf("the layer %s has no moving statistics", norm.Name())
	}
	total := 0.
	n := float64(len(values) / channels)
	for c := range channels {
		sum, squares := 0., 0.
		for i := c; i < len(values); i += channels {
			v := float64(values[i])
			sum, squares = sum+v, squares+v*v
		}
		const least = 1e-6
		mean := sum / n
		variance := max(squares/n-mean*mean, least)
		m, s := float64(moving[0][c]), max(float64(moving[1][c]), least)
		total += math.Abs(mean-m)/math.Sqrt(max(variance, s)) + math.Abs(math.Log(variance/s))
	}
	return total / float64(channels), nil
}
