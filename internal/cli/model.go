package cli

import (
	"fmt"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
)

// cnn is the tutorial's network.
func cnn(s size, classes int) []layer.Layer {
	return []layer.Layer{
		layer.Input{Shape: []int{s[0], s[1], 3}},
		layer.Conv2D{Filters: 64, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.MaxPool2D{Pool: layer.Size{2, 2}},
		layer.Conv2D{Filters: 64, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.MaxPool2D{Pool: layer.Size{2, 2}},
		layer.Flatten{},
		layer.Dense{Units: 64, Activation: layer.ReLU},
		layer.Dense{Units: classes, Activation: layer.Softmax},
	}
}

// makeModel makes or opens the model, compiled.
func (t *training) makeModel(classes []string) (*lince.Model, error) {
	o := lince.Options{Seed: uint64(t.Seed), Threads: t.Threads}
	var m *lince.Model
	var err error
	if t.Model == "cnn" {
		m, err = o.Sequential(cnn(t.Size, len(classes))...)
	} else {
		m, err = openModel(t.Model, o)
	}
	if err != nil {
		return nil, err
	}
	if n := classCount(m); n != len(classes) {
		return nil, fmt.Errorf("the model %s tells %d classes apart, the data have %d", t.Model, n, len(classes))
	}
	if t.Model != "cnn" && m.Classes != nil {
		for i, c := range m.Classes {
			if c != classes[i] {
				return nil, fmt.Errorf("the model %s was trained on the classes %q, the data have %q; see --rename", t.Model, m.Classes, classes)
			}
		}
	}
	m.Classes = classes
	m.Preprocessing = &lince.Preprocessing{
		TargetSize:    t.Size,
		ColorMode:     picture.RGB.String(),
		Interpolation: picture.Nearest.String(),
		Rescale:       t.augment.Rescale,
	}
	if in := m.InputShape(); len(in) == 4 {
		m.Preprocessing.TargetSize = [2]int{in[1], in[2]}
		if in[3] == 1 {
			m.Preprocessing.ColorMode = picture.Grayscale.String()
		}
	}
	opt, err := t.optimizer()
	if err != nil {
		return nil, err
	}
	c := lince.Compile{Optimizer: opt, Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{metric.Accuracy{}}}
	if out := m.OutputShape(); out[len(out)-1] == 1 {
		c.Loss = loss.BinaryCrossentropy{}
	}
	return m, m.Compile(c)
}

// optimizer is the one named, with --lr.
func (t *training) optimizer() (optimizer.Optimizer, error) {
	o, err := optimizer.Parse(t.Optimizer)
	if err != nil {
		return nil, usageError{fmt.Errorf("--optimizer: %w", err)}
	}
	if t.LR == 0 {
		return o, nil
	}
	config := o.Config()
	config["learning_rate"] = t.LR
	return optimizer.Decode(o.Class(), config)
}
