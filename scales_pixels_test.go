package lince

import (
	"path"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// TestScalesPixels finds the scaling with which a network begins, in layers and in graphs such as those of ONNX and TFLite files.
func TestScalesPixels(t *testing.T) {
	end := []layer.Layer{layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 3}}, layer.GlobalAveragePool2D{}, layer.Dense{Units: 2, Activation: layer.Softmax}}
	input := layer.Input{Shape: tensor.Shape{8, 8, 3}}
	nested, err := Sequential(input, layer.RandomFlip{}, layer.Rescaling{Scale: layer.Numbers{1. / 255}})
	if err != nil {
		t.Fatal(err)
	}
	seen := func(mean, variance float32) map[string]float32 {
		return map[string]float32{"moving_mean": mean, "moving_variance": variance}
	}
	for name, c := range map[string]struct {
		layers []layer.Layer
		values map[string]float32 // of the variables of the first layer
		want   bool
	}{
		"none":               {},
		"x/255":              {layers: []layer.Layer{layer.Rescaling{Scale: layer.Numbers{1. / 255}}}, want: true},
		"x/127.5 - 1":        {layers: []layer.Layer{layer.Rescaling{Scale: layer.Numbers{1 / 127.5}, Offset: layer.Numbers{-1}}}, want: true},
		"2x - 1":             {layers: []layer.Layer{layer.Rescaling{Scale: layer.Numbers{2}, Offset: layer.Numbers{-1}}}},
		"255x":               {layers: []layer.Layer{layer.Rescaling{Scale: layer.Numbers{255}}}},
		"x - mean":           {layers: []layer.Layer{layer.Rescaling{Scale: layer.Numbers{1}, Offset: layer.Numbers{-123.68, -116.78, -103.94}}}, want: true},
		"x/255 later":        {layers: []layer.Layer{layer.RandomFlip{}, layer.ZeroPadding2D{}, layer.Rescaling{Scale: layer.Numbers{1. / 255}}}, want: true},
		"nested":             {layers: []layer.Layer{nested}, want: true},
		"normalization":      {layers: []layer.Layer{layer.Normalization{}}, values: map[string]float32{"mean": 118, "variance": 4900}, want: true},
		"normalization of 1": {layers: []layer.Layer{layer.Normalization{}}, values: map[string]float32{"mean": .45, "variance": .05}},
		"batch norm":         {layers: []layer.Layer{layer.BatchNormalization{}}, values: seen(60, 3000), want: true},
		"batch norm of 1":    {layers: []layer.Layer{layer.BatchNormalization{}}, values: seen(.4, .06)},
		"new batch norm":     {layers: []layer.Layer{layer.BatchNormalization{}}},
		"after a layer":      {layers: []layer.Layer{layer.Conv2D{Filters: 3, Kernel: layer.Size{1, 1}}, layer.Rescaling{Scale: layer.Numbers{1. / 255}}}},
	} {
		m, err := Sequential(append(append([]layer.Layer{input}, c.layers...), end...)...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, v := range m.Variables() {
			if x, ok := c.values[path.Base(v.Path())]; ok {
				if err := v.Set(tensor.Of([]float32{x, x, x}, 3)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := m.ScalesPixels(); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	for name, c := range map[string]struct {
		dtype tensor.DType
		build func(b *graph.Builder, x *graph.Value) *graph.Value
		want  bool
	}{
		"(x - mean)/deviation": {tensor.Float32, func(b *graph.Builder, x *graph.Value) *graph.Value {
			return b.Div(b.Sub(x, b.Constant(tensor.Float32, 118)), b.Constant(tensor.Float32, 58))
		}, true},
		"of values up to 1": {tensor.Float32, func(b *graph.Builder, x *graph.Value) *graph.Value {
			return b.Div(b.Sub(x, b.Constant(tensor.Float32, .45)), b.Constant(tensor.Float32, .225))
		}, false},
		"bytes": {tensor.Uint8, func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Cast(x, tensor.Float32) }, true},
		"x/255 plus x by an unknown factor": {tensor.Float32, func(b *graph.Builder, x *graph.Value) *graph.Value {
			return b.Add(b.Div(x, b.Constant(tensor.Float32, 255)), b.Mul(b.Exp(b.Constant(tensor.Float32, 1)), x))
		}, false},
		"1 - x": {tensor.Float32, func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Sub(b.Constant(tensor.Float32, 1), x) }, false},
	} {
		b := graph.NewBuilder(graph.NewStore(), false)
		x := c.build(b, b.Input("x", c.dtype, tensor.Unknown, 4, 4, 3))
		if got := fromBuilder(t, b, b.Sum(b.Mul(x, x), 1, 2)).ScalesPixels(); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// fromBuilder makes a model of a graph without variables.
func fromBuilder(t *testing.T, b *graph.Builder, y *graph.Value) *Model {
	t.Helper()
	g, err := b.Finish(graph.Output{Key: "y", Value: y})
	if err != nil {
		t.Fatal(err)
	}
	m, err := FromGraph(g, graph.NewStore())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestGivesLogitsOfGraphs decides by a graph's last operations whether its outputs are logits.
func TestGivesLogitsOfGraphs(t *testing.T) {
	type build = func(b *graph.Builder, x *graph.Value) *graph.Value
	number := func(b *graph.Builder, x float64) *graph.Value { return b.Constant(tensor.Float32, x) }
	for name, c := range map[string]struct {
		build build
		want  bool
	}{
		"a product": {func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Add(x, number(b, 1)) }, true},
		"ReLU":      {func(b *graph.Builder, x *graph.Value) *graph.Value { return b.ReLU(x) }, true},
		"softmax":   {func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Softmax(x) }, false},
		"rounded softmax": {func(b *graph.Builder, x *graph.Value) *graph.Value {
			return b.Div(b.Round(b.Mul(b.Softmax(x), number(b, 256))), number(b, 256))
		}, false},
		"sigmoid":     {func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Sigmoid(x) }, false},
		"1 - sigmoid": {func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Sub(number(b, 1), b.Sigmoid(x)) }, false},
		"mean of softmax": {func(b *graph.Builder, x *graph.Value) *graph.Value {
			return b.Scale(b.Add(b.Softmax(x), b.Softmax(b.Neg(x))), .5)
		}, false},
		"swish":            {func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Mul(x, b.Sigmoid(x)) }, true},
		"log softmax":      {func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Sub(x, b.Log(b.SumKeep(b.Exp(x), 1))) }, true},
		"log of softmax":   {func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Log(b.Softmax(x)) }, true},
		"exp/sum":          {func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Div(b.Exp(x), b.SumKeep(b.Exp(x), 1)) }, false},
		"x/sum":            {func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Div(b.ReLU(x), b.SumKeep(b.ReLU(x), 1)) }, false},
		"softmax, reshape": {func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Reshape(b.Softmax(x), tensor.Unknown, 2) }, false},
	} {
		b := graph.NewBuilder(graph.NewStore(), false)
		x := b.Input("x", tensor.Float32, tensor.Unknown, 2)
		y := b.MatMul(x, b.Op(op.Const{Value: tensor.Of([]float32{.5, -1, 2, .25}, 2, 2)}))
		m := fromBuilder(t, b, c.build(b, y))
		if got := m.GivesLogits(); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		list, err := m.ClassifyBatch(tensor.Of([]float32{30, 20}, 1, 2))
		if err != nil {
			t.Fatal(err)
		}
		if p := list[0].Probability; c.want && (p < 0 || p > 1) {
			t.Errorf("%s: the probability is %v", name, p)
		}
	}
}
