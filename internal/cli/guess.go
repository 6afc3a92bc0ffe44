package cli

import (
	"fmt"
	"math"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// A file of Keras does not say how its network wants pixels. If the network has batch normalization, its moving statistics tell: they are close to
// the statistics of real images that are prepared as in training. The guess depends on the file alone, not on the images of a command, so that all commands
// make the same one.

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

// completePreprocessing sets the preprocessing of a model whose file has none, and says what it is. A step of --rescale that is not nil replaces the scaling, also
// that of a file. open is the size of images for a model that leaves it open.
func (e *env) completePreprocessing(name string, m *lince.Model, open size, rescale preprocess.Step) (err error) {
	if m.Preprocessing != nil {
		if rescale != nil {
			m.Preprocessing = rescaled(m.Preprocessing, rescale)
		}
		return nil
	}
	if m.Preprocessing, err = defaultPreprocessing(m, open); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	switch {
	case rescale != nil:
		m.Preprocessing = rescaled(m.Preprocessing, rescale)
	case m.ScalesPixels():
		e.printf("The network of %s scales pixel values itself, so it gets values from 0 to 255.\n", name)
	default:
		best, guessed, err := guessScale(m, open)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		m.Preprocessing = append(m.Preprocessing, best.steps...)
		how := "the usual one (a network that was trained on values from 0 to 255 needs --rescale 1, and one that was trained on values from -1 to 1 --rescale tf)"
		if guessed {
			how = "for which the statistics of batch normalization fit best (--rescale sets another)"
		}
		e.warn(fmt.Sprintf("the model %s does not say how pixels are scaled; taking %s, %s", name, best.name, how))
	}
	return nil
}

// guessScale returns the scale that fits the statistics of a network's first batch normalization. guessed is false if there are none.
func guessScale(m *lince.Model, open size) (best scale, guessed bool, err error) {
	list := scales()
	if hasGraph(m) {
		layered, err := m.Layered()
		if err != nil {
			return list[0], false, nil //nolint:nilerr // a graph that has no layers has no statistics
		}
		m = layered
	}
	in := m.InputShape()
	h, w := in[1], in[2]
	if openSize(in) {
		h, w = open[0], open[1]
	}
	if in[3] != 3 {
		list = list[:3]
	}
	operand, norm := firstNorm(m)
	if operand == nil {
		return list[0], false, nil
	}
	moving, ok := movingStatistics(norm)
	if !ok {
		return list[0], false, nil
	}
	net, err := lince.Functional(m.Inputs(), operand)
	if err != nil {
		return best, false, err
	}
	const most, pixels = 16, 224 * 224 * 16
	images := naturalImages(min(max(pixels/(h*w), 2), most), h, w, in[3])
	least := math.Inf(1)
	for _, s := range list {
		d, err := distance(net, moving, images, s.steps)
		if err != nil {
			return best, false, err
		}
		if d < least {
			best, least = s, d
		}
	}
	return best, true, nil
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

// statistics are the moving mean and variance of each channel.
type statistics struct{ mean, variance []float32 }

// movingStatistics returns the statistics of a BatchNormalization. ok is false if it has those of a network that was not trained.
func movingStatistics(norm *lince.Layer) (s statistics, ok bool) {
	for _, v := range norm.Variables() {
		switch v.Path() {
		case norm.Name() + "/moving_mean":
			s.mean = v.Value().Float32s()
		case norm.Name() + "/moving_variance":
			s.variance = v.Value().Float32s()
		}
	}
	if len(s.mean) == 0 || len(s.mean) != len(s.variance) {
		return s, false
	}
	for c := range s.mean {
		ok = ok || s.mean[c] != 0 || s.variance[c] != 1
	}
	return s, ok
}

// distance returns how far the statistics of images are from those of a BatchNormalization whose operand net computes.
func distance(net *lince.Model, moving statistics, images *tensor.Tensor, p lince.Preprocessing) (float64, error) {
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
	values := y.Float32s()
	channels := len(moving.mean)
	if len(values)%channels != 0 {
		return 0, fmt.Errorf("a BatchNormalization has the statistics of %d channels, which %d numbers do not fit", channels, len(values))
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
		m, s := float64(moving.mean[c]), max(float64(moving.variance[c]), least)
		total += math.Abs(mean-m)/math.Sqrt(max(variance, s)) + math.Abs(math.Log(variance/s))
	}
	return total / float64(channels), nil
}
