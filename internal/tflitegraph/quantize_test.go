package tflitegraph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/format/tflite"
	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/internal/tflitegraph"
	"github.com/lince-ml/lince/tensor"
)

// TestQuantizedInput reads networks of one ReLU whose input and output are integers: the input takes bytes, and the output has real numbers, rounded and limited as the file says.
func TestQuantizedInput(t *testing.T) {
	of := func(kind tflitefb.TensorType, in, out *tflite.Quantization) *tflite.Model {
		return &tflite.Model{Size: 1000, Subgraphs: []tflite.Subgraph{{
			Tensors: []tflite.Tensor{{Name: "x", Type: kind, Shape: []int{1, 4}, Quantization: in}, {Name: "y", Type: tflitefb.TensorTypeINT8, Shape: []int{1, 4}, Quantization: out}},
			Inputs:  []int{0}, Outputs: []int{1},
			Operators: []tflite.Operator{{Code: tflitefb.BuiltinOperatorRELU, Inputs: []int{0}, Outputs: []int{1}}},
		}}}
	}
	step := func(scale float32, zero int64) *tflite.Quantization {
		return &tflite.Quantization{Scale: []float32{scale}, ZeroPoint: []int64{zero}}
	}
	pixels := tensor.Of([]uint8{0, 10, 13, 255}, 1, 4)
	for name, c := range map[string]struct {
		m    *tflite.Model
		want []float32
	}{
		"uint8":     {of(tflitefb.TensorTypeUINT8, step(.5, 10), step(1, -128)), []float32{0, 0, 2, 122}}, // 1.5 is rounded to even
		"int8":      {of(tflitefb.TensorTypeINT8, step(.5, -118), step(1, -128)), []float32{0, 0, 2, 122}},
		"limited":   {of(tflitefb.TensorTypeUINT8, step(.5, 10), step(.25, -128)), []float32{0, 0, 1.5, 63.75}},
		"no offset": {of(tflitefb.TensorTypeUINT8, &tflite.Quantization{Scale: []float32{1}}, step(2, -128)), []float32{0, 10, 12, 256}},
	} {
		m, r := modelOf(t, c.m)
		y, err := m.Call(pixels)
		if err != nil {
			t.Fatal(name, err)
		}
		if got := y[0].Float32s(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.HasPrefix(n, "The model is quantized") }) {
			t.Errorf("%s: notes %q", name, r.Notes)
		}
		if !m.ScalesPixels() {
			t.Errorf("%s: the pixels would be scaled", name)
		}
		if _, err := m.Call(tensor.Of([]float32{0, 10, 13, 255}, 1, 4)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := m.Call(tensor.Of([]float32{0, .5, 13, 255}, 1, 4)); err == nil || !strings.Contains(err.Error(), "got the number 0.5") {
			t.Errorf("%s: scaled pixels: %v", name, err)
		}
	}
	for name, q := range map[string]*tflite.Quantization{
		"two scales": {Scale: []float32{1, 2}}, "scale 0": step(0, 0), "custom": {Scale: []float32{1}, Custom: true},
	} {
		if _, err := tflitegraph.Read(of(tflitefb.TensorTypeUINT8, step(1, 0), q)); err == nil || !strings.Contains(err.Error(), "quantized in a way that lince does not read") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
