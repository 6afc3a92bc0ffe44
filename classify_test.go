package lince

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/tensor"
)

// TestClassify classifies two examples with known weights.
// classifies is a model of TestClassify, and what it says of 1 and -2.
type classifies struct {
	last    layer.Dense
	loss    loss.Loss
	kernel  []float32
	classes []string
	want    [2]Classification
}

// scores is a linear model whose outputs are no probabilities: .25 and .75, and -.5 and -1.5.
func scores(l loss.Loss) classifies {
	return classifies{layer.Dense{Units: 2}, l, []float32{.25, .75}, []string{"cat", "dog"}, [2]Classification{
		{Row: 0, Class: 1, Name: "dog", Scores: []float32{.25, .75}, Probabilities: []float32{.3775407, .6224593}},
		{Row: 1, Class: 0, Name: "cat", Scores: []float32{-.5, -1.5}, Probabilities: []float32{.7310586, .2689414}}}}
}

func TestClassify(t *testing.T) {
	for name, c := range map[string]classifies{
		"softmax": {layer.Dense{Units: 3, Activation: layer.Softmax}, nil, []float32{0, 0, 0}, []string{"a", "b", "c"},
			[2]Classification{{Row: 0, Class: 0, Name: "a", Probabilities: []float32{1. / 3, 1. / 3, 1. / 3}}, {Row: 1, Class: 0, Name: "a", Probabilities: []float32{1. / 3, 1. / 3, 1. / 3}}}},
		"sigmoid": {layer.Dense{Units: 1, Activation: layer.Sigmoid}, nil, []float32{1}, nil,
			[2]Classification{{Row: 0, Class: 1, Name: "1", Probabilities: []float32{.2689414, .7310586}}, {Row: 1, Class: 0, Name: "0", Probabilities: []float32{.8807971, .1192029}}}},
		"logits, compiled": {layer.Dense{Units: 2}, loss.CategoricalCrossentropy{FromLogits: true}, []float32{0, 1}, []string{"cat", "dog"},
			[2]Classification{{Row: 0, Class: 1, Name: "dog", Probabilities: []float32{.2689414, .7310586}}, {Row: 1, Class: 0, Name: "cat", Probabilities: []float32{.8807971, .1192029}}}},
		"logits, not compiled": {layer.Dense{Units: 2, NoBias: true}, nil, []float32{1000, 0}, []string{"cat", "dog"},
			[2]Classification{{Row: 0, Class: 0, Name: "cat", Probabilities: []float32{1, 0}}, {Row: 1, Class: 1, Name: "dog", Probabilities: []float32{0, 1}}}},
		"a logit": {layer.Dense{Units: 1}, loss.BinaryCrossentropy{FromLogits: true}, []float32{1}, []string{"cat", "dog"},
			[2]Classification{{Row: 0, Class: 1, Name: "dog", Probabilities: []float32{.2689414, .7310586}}, {Row: 1, Class: 0, Name: "cat", Probabilities: []float32{.8807971, .1192029}}}},
		"logarithms": {layer.Dense{Units: 2, Activation: layer.LogSoftmax}, nil, []float32{0, 1}, []string{"cat", "dog"},
			[2]Classification{{Row: 0, Class: 1, Name: "dog", Probabilities: []float32{.2689414, .7310586}}, {Row: 1, Class: 0, Name: "cat", Probabilities: []float32{.8807971, .1192029}}}},
		"scores, mean squared error": scores(loss.MeanSquaredError{}),
		"scores, hinge":              scores(loss.Hinge{}),
		"scores, squared hinge":      scores(loss.SquaredHinge{}),
		"scores, categorical hinge":  scores(loss.CategoricalHinge{}),
		"scores, Huber":              scores(loss.Huber{}),
		"scores, tanh": {layer.Dense{Units: 2, Activation: layer.Tanh}, loss.Hinge{}, []float32{.25, .75}, nil, [2]Classification{
			{Row: 0, Class: 1, Name: "1", Scores: []float32{.2449187, .6351490}, Probabilities: []float32{.4036619, .5963381}},
			{Row: 1, Class: 0, Name: "0", Scores: []float32{-.4621172, -.9051483}, Probabilities: []float32{.6089810, .3910190}}}},
		"a score": {layer.Dense{Units: 1, Activation: layer.Tanh}, loss.Hinge{}, []float32{1}, nil, [2]Classification{
			{Row: 0, Class: 1, Name: "1", Scores: []float32{.2384058, .7615942}, Probabilities: []float32{.2384058, .7615942}},
			{Row: 1, Class: 0, Name: "0", Scores: []float32{1.9640276, -.9640276}, Probabilities: []float32{1, 0}}}},
		"softmax, mean squared error": {layer.Dense{Units: 2, Activation: layer.Softmax}, loss.MeanSquaredError{}, []float32{0, 1}, []string{"cat", "dog"},
			[2]Classification{{Row: 0, Class: 1, Name: "dog", Probabilities: []float32{.2689414, .7310586}}, {Row: 1, Class: 0, Name: "cat", Probabilities: []float32{.8807971, .1192029}}}},
	} {
		m := must(on(1).Sequential(layer.Input{Shape: []int{1}}, c.last))
		m.Classes = c.classes
		if c.loss != nil {
			if err := m.Compile(CompileOptions{Loss: c.loss}); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		weights := m.Weights()
		copy(weights[0].Float32s(), c.kernel)
		if err := m.SetWeights(weights); err != nil {
			t.Fatal(err)
		}
		x := tensor.New(tensor.Float32, 2, 1)
		copy(x.Float32s(), []float32{1, -2})
		close := func(a, b float32) bool { return near(float64(a), float64(b), 1e-6) }
		check := func(got []Classification) {
			t.Helper()
			ok := len(got) == 2
			for i := 0; ok && i < 2; i++ {
				g, w := got[i], c.want[i]
				ok = g.Row == w.Row && g.Class == w.Class && g.Name == w.Name && g.Probability == g.Probabilities[g.Class] && slices.EqualFunc(g.Probabilities, w.Probabilities, close) &&
					slices.EqualFunc(g.Scores, w.Scores, close) && (g.Scores != nil) == m.GivesScores()
			}
			if !ok {
				t.Errorf("%s: got %v, want %v", name, got, c.want)
			}
		}
		check(must(m.ClassifyBatch(x)))
		var got []Classification
		for l, err := range m.Classify(context.Background(), must(data.Tensors(x, nil, data.TensorOptions{BatchSize: 1, NoShuffle: true}))) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, l)
		}
		check(got)
	}
}

func TestClassifyRefuses(t *testing.T) {
	image := must(on(1).Sequential(layer.Input{Shape: []int{4, 4, 1}}, layer.MaxPool2D{}))
	named := must(on(1).Sequential(layer.Input{Shape: []int{1}}, layer.Dense{Units: 2, Activation: layer.Softmax}))
	named.Classes = []string{"one", "two", "three"}
	for _, c := range []struct {
		m    *Model
		x    *tensor.Tensor
		want string
	}{
		{image, tensor.New(tensor.Float32, 1, 4, 4, 1), "must be float32 (batch, classes)"},
		{image, tensor.New(tensor.Float32, 1, 4), "predicting: the examples have shape (1, 4)"},
		{named, tensor.New(tensor.Float32, 1, 1), "3 classes for 2 outputs"},
	} {
		if _, err := c.m.ClassifyBatch(c.x); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want one with %q", err, c.want)
		}
		ds := must(data.Tensors(c.x, nil, data.TensorOptions{}))
		for _, err := range c.m.Classify(context.Background(), ds) {
			if err == nil {
				t.Errorf("no error, want one with %q", c.want)
			}
		}
	}
}
