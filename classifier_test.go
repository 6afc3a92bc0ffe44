package lince

import (
	"slices"
	"testing"

	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// TestFeatures checks the classifier that is found, and that the features are what it takes.
func TestFeatures(t *testing.T) {
	conv := func(filters, kernel int, a layer.Activation) layer.Layer {
		return layer.Conv2D{Filters: filters, Kernel: layer.Size{kernel, kernel}, Activation: a}
	}
	soft := layer.Activate{Activation: layer.Softmax}
	keep := layer.GlobalAveragePool2D{KeepDims: true}
	inside := func(shape []int, list ...layer.Layer) layer.Layer {
		return must(Options{Seed: 4, Name: "inside", backend: on(1).backend}.Sequential(append([]layer.Layer{layer.Input{Shape: shape}}, list...)...))
	}
	x := graphtest.Formula(3, -1, 1, 2, 8, 8, 3)
	for name, c := range map[string]struct {
		layers     []layer.Layer
		classifier string // "" for none
		shape      tensor.Shape
	}{
		"dense":                     {[]layer.Layer{conv(4, 3, nil), layer.Flatten{}, layer.Dense{Units: 5}, layer.Dropout{Rate: .5}, layer.Dense{Units: 2}, soft}, "dense_1", tensor.Shape{-1, 5}},
		"dense of pixels":           {[]layer.Layer{conv(4, 3, nil), layer.Dense{Units: 2, Activation: layer.Softmax}}, "dense", tensor.Shape{-1, 6, 6, 4}},
		"dense projection":          {[]layer.Layer{conv(4, 3, nil), layer.Dense{Units: 2}, layer.GlobalAveragePool2D{}}, "", tensor.Shape{-1, 2}},
		"none":                      {[]layer.Layer{conv(4, 3, nil), layer.GlobalMaxPool2D{}}, "", tensor.Shape{-1, 4}},
		"normalized":                {[]layer.Layer{conv(4, 3, nil), layer.Flatten{}, layer.Dense{Units: 5}, layer.BatchNormalization{}}, "", tensor.Shape{-1, 5}},
		"MobileNet":                 {[]layer.Layer{conv(4, 3, nil), keep, layer.Dropout{Rate: .1}, conv(7, 1, nil), layer.Flatten{}, soft}, "conv2d_1", tensor.Shape{-1, 1, 1, 4}},
		"MobileNet's logits":        {[]layer.Layer{conv(4, 3, nil), keep, conv(7, 1, nil), layer.Flatten{}}, "conv2d_1", tensor.Shape{-1, 1, 1, 4}},
		"features of one pixel":     {[]layer.Layer{conv(4, 3, nil), keep, conv(7, 1, layer.ReLU)}, "", tensor.Shape{-1, 1, 1, 7}},
		"activation of one pixel":   {[]layer.Layer{conv(4, 3, nil), keep, conv(7, 1, nil), layer.ReLULayer{}}, "", tensor.Shape{-1, 1, 1, 7}},
		"SqueezeNet":                {[]layer.Layer{conv(4, 3, nil), conv(7, 1, layer.ReLU), layer.GlobalAveragePool2D{}, soft}, "conv2d_1", tensor.Shape{-1, 6, 6, 4}},
		"nested dense":              {[]layer.Layer{conv(4, 3, nil), layer.GlobalAveragePool2D{}, inside([]int{4}, layer.Dense{Units: 6, Activation: layer.ReLU}, layer.Dense{Units: 3}), soft}, "dense_1", tensor.Shape{-1, 6}},
		"nested SqueezeNet":         {[]layer.Layer{inside([]int{8, 8, 3}, conv(4, 3, nil), conv(7, 1, nil), layer.GlobalAveragePool2D{}), soft}, "conv2d_1", tensor.Shape{-1, 6, 6, 4}},
		"nested without weights":    {[]layer.Layer{conv(4, 3, nil), layer.Flatten{}, layer.Dense{Units: 5}, inside([]int{5}, soft)}, "dense", tensor.Shape{-1, 144}},
		"nested without classifier": {[]layer.Layer{layer.Dense{Units: 4}, inside([]int{8, 8, 4}, conv(4, 3, nil)), layer.GlobalAveragePool2D{}}, "", tensor.Shape{-1, 4}},
	} {
		in := Input(layer.Input{Shape: []int{8, 8, 3}})
		m := must(on(1).Functional(in, in.Then(c.layers...)))
		features, classifier, err := m.Features()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := ""
		if classifier != nil {
			got = classifier.Name()
		}
		if got != c.classifier || !slices.Equal(features.Shape(), c.shape) {
			t.Errorf("%s: the classifier is %q of %v, want %q of %v", name, got, features.Shape(), c.classifier, c.shape)
		}
		if classifier == nil {
			continue
		}
		// The classifier and what follows it give the model's outputs.
		body := must(on(1).Functional(m.Inputs(), features))
		y := must(body.PredictBatch(x))
		head := Input(layer.Input{Shape: features.Shape()[1:]})
		out := Apply(classifier, head)
		if c.classifier == "conv2d_1" {
			out = out.Then(layer.GlobalAveragePool2D{})
		}
		if m.GivesLogits() || layer.ClassOf(classifier.Layer()) == "Dense" && classifier.Layer().(layer.Dense).Activation == layer.Softmax {
			y = must(must(on(1).Functional(head, out)).PredictBatch(y))
		} else {
			y = must(must(on(1).Functional(head, out.Then(soft))).PredictBatch(y))
		}
		if want := must(m.PredictBatch(x)); !slices.Equal(y.Raw(), want.Raw()) {
			t.Errorf("%s: the classifier gives %v for the features, the model %v", name, y.Float32s(), want.Float32s())
		}
	}
	in := Input(layer.Input{Shape: []int{4}})
	two := must(on(1).Functional(in, List(in.Then(layer.Dense{Units: 2}), in.Then(layer.Dense{Units: 3}))))
	if _, _, err := two.Features(); err == nil || err.Error() != "features: the model has 2 outputs, want one" {
		t.Errorf("error is %v", err)
	}
}
