package layer_test

import (
	"math"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// TestEmbeddingOfIntegers takes vectors by numbers of each type. -1 is the last vector, and a number without a vector gives
// NaN.
func TestEmbeddingOfIntegers(t *testing.T) {
	for _, x := range []*tensor.Tensor{
		tensor.Of([]uint8{2, 0, 3}, 3, 1), tensor.Of([]int32{2, -3, 3}, 3, 1), tensor.Of([]int64{-1, 0, -4}, 3, 1), tensor.Of([]float32{2.9, .5, 3}, 3, 1),
	} {
		m := graphtest.New(t, false, []*tensor.Tensor{x}, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
			return []*graph.Value{layer.Embedding{InputDim: 3, OutputDim: 2}.Build(b.In("it", ""), in[0])}
		})
		table := m.Store.Variables()[0]
		if err := m.Store.Set(table, tensor.Of([]float32{1, 2, 3, 4, 5, 6}, 3, 2)); err != nil {
			t.Fatal(err)
		}
		y := m.Run(t, x)[0]
		for i, want := range []float32{5, 6, 1, 2} {
			if got := y.Float32s()[i]; got != want {
				t.Errorf("%v: element %d is %v, want %v", x, i, got, want)
			}
		}
		for _, v := range y.Float32s()[4:] {
			if v == v {
				t.Errorf("%v: the vector of the last number is %v, want NaN", x, y.Float32s()[4:])
			}
		}
	}
	b := graph.NewBuilder(graph.NewStore(), false)
	layer.Embedding{InputDim: 3, OutputDim: 2}.Build(b.In("it", "layer 1"), b.Input("x", tensor.Bool, -1, 2))
	if err := b.Err(); err == nil || err.Error() != "layer 1: got numbers of type bool, want integers" {
		t.Error(err)
	}
}

// TestFans checks that the range of initial kernels depends on the sizes that are summed and those that are not, as in Keras.
func TestFans(t *testing.T) {
	for _, c := range []struct {
		layer   layer.Layer
		shape   []int
		kernel  string
		in, out int
	}{
		{layer.EinsumDense{Equation: "abc,cde->abde", OutputShape: layer.Dims{-1, 8, 16}}, []int{2, 5, 32}, "it/kernel", 32, 128},
		{layer.EinsumDense{Equation: "abcd,cde->abe", OutputShape: layer.Dims{-1, 32}}, []int{2, 5, 8, 16}, "it/kernel", 128, 32},
		{layer.MultiHeadAttention{NumHeads: 8, KeyDim: 16}, []int{2, 5, 32}, "it/query/kernel", 32, 128},
		{layer.MultiHeadAttention{NumHeads: 8, KeyDim: 16}, []int{2, 5, 32}, "it/attention_output/kernel", 128, 32},
	} {
		in := []*tensor.Tensor{tensor.New(tensor.Float32, c.shape...)}
		m := graphtest.New(t, false, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
			x := in[0]
			if _, many := c.layer.(layer.MultiOperand); many {
				x = graph.List(x, x)
			}
			return []*graph.Value{c.layer.Build(b.In("it", ""), x)}
		})
		limit, most := math.Sqrt(6/float64(c.in+c.out)), 0.
		for _, v := range m.Store.Lookup(c.kernel).Value().Float32s() {
			most = max(most, math.Abs(float64(v)))
		}
		if most > limit || most < .99*limit {
			t.Errorf("%s of a %s: numbers up to %v, want up to %v", c.kernel, layer.ClassOf(c.layer), most, limit)
		}
	}
}

// TestSpectralNormalizationTwice applies a layer twice in one training step.
func TestSpectralNormalizationTwice(t *testing.T) {
	l := layer.SpectralNormalization{Layer: layer.Dense{Units: 3, NoBias: true}}
	for _, training := range []bool{false, true} {
		b := graph.NewBuilder(graph.NewStore(), training)
		x := b.Input("x", tensor.Float32, -1, 3)
		l.Build(b.In("it", "layer 1"), l.Build(b.In("it", "layer 1"), x))
		switch err := b.Err(); {
		case !training && err != nil:
			t.Error(err)
		case training && (err == nil || err.Error() != "layer 1: the layer is applied twice, which is not supported in training"):
			t.Error(err)
		}
	}
}
