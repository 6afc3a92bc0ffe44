package engine

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/interp"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/tensor"
)

func transposed(b *graph.Builder, x *graph.Value) []*graph.Value {
	var out []*graph.Value
	for i, o := range []op.Conv2DTranspose{
		{Window: window(2, 2, 1, op.Valid), Last: [2]int{2, 2}}, {Window: window(3, 2, 1, op.Same), Last: [2]int{2, 1}},
		{Window: window(3, 1, 2, op.Same), Last: [2]int{1, 1}}, {Window: window(3, 1, 1, op.Same), Last: [2]int{1, 1}}, {Window: window(2, 3, 1, op.Valid), Last: [2]int{3, 4}},
	} {
		k, bias := weight(b, fmt.Sprint("k", i), o.Size[0], o.Size[1], 12, 20), weight(b, fmt.Sprint("b", i), 12)
		y := b.Op(o, x, k)
		z := b.ReLU(b.Add(b.Op(o, b.Square(x), k), bias))
		out = append(append(out, y, z), graph.Grad(b, b.Add(b.Sum(b.Square(y)), b.Sum(b.Square(z))), x, k, bias)...)
	}
	return out
}

func adaptiveMaxima(b *graph.Builder, x *graph.Value) []*graph.Value {
	var out []*graph.Value
	for _, size := range [][2]int{{3, 4}, {1, 1}, {9, 6}} {
		y := b.Op(op.AdaptiveMaxPool2D{Size: size}, x)
		out = append(append(out, y, y.Node.Out[1]), graph.Grad(b, b.Sum(b.Square(y)), x)...)
	}
	return out
}

func resizes(b *graph.Builder, x *graph.Value) []*graph.Value {
	var out []*graph.Value
	wide := b.Concat(3, x, b.Square(x), b.Neg(x), x, x, b.Abs(x)) // more channels than a vector
	for _, x := range []*graph.Value{x, wide} {
		for m := op.Nearest; m <= op.AdaptiveMean; m++ {
			for _, o := range []op.Resize{
				{Scale: [2]int{2, 3}, Method: m}, {Size: [2]int{11, 4}, Method: m}, {Size: [2]int{3, 6}, Method: m, Antialias: true}, {Size: [2]int{1, 1}, Method: m},
			} {
				y := b.Op(o, x)
				out = append(append(out, y), graph.Grad(b, b.Sum(b.Square(y)), x)...)
			}
		}
	}
	return out
}

// TestUnknownSizes compares graphs whose input has an unknown height and width with the interpreter, for two sizes.
func TestUnknownSizes(t *testing.T) {
	const all = tensor.Unknown
	b := graph.NewBuilder(graph.NewStore(), true)
	x := b.Input("x", tensor.Float32, all, all, all, 4)
	var out []graph.Output
	for _, y := range []*graph.Value{
		b.Op(op.Slice{Begin: []int{0, 1, 0, 0}, Size: []int{all, all, all, all}, End: []int{0, 1, 2, 0}}, x),
		b.Op(op.Slice{Begin: []int{1, 1, 0, 1}, Size: []int{1, all, 2, 2}}, x),
		b.Pad(x, []int{0, 1, 2, 0}, []int{0, 0, 3, 0}, 1),
		b.Squeeze(b.Square(b.ExpandDims(x, 2)), 2),
		b.ExpandDims(b.ExpandDims(b.Neg(x), 4), 0),
		b.Op(op.Resize{Scale: [2]int{2, 1}}, x),
		b.Op(op.Resize{Size: [2]int{2, 7}, Method: op.Bilinear}, x),
		b.Op(op.AdaptiveMaxPool2D{Size: [2]int{2, 3}}, x),
		b.Op(op.Conv2DTranspose{Window: window(3, 2, 1, op.Same), Last: [2]int{2, 2}}, x, weight(b, "k", 3, 3, 2, 4)),
	} {
		for _, v := range append(graph.Grad(b, b.Sum(b.Square(y)), x), y) {
			out = append(out, graph.Output{Key: fmt.Sprint(len(out)), Value: v})
		}
	}
	g, err := b.Finish(out...)
	if err != nil {
		t.Fatal(err)
	}
	b.Store().Initialize(1)
	q, err := interp.New().Compile(g, b.Store())
	if err != nil {
		t.Fatal(err)
	}
	for _, isa := range kernel.Available() {
		e, err := newEngine(Options{Threads: 2}, isa)
		if err != nil {
			t.Fatal(err)
		}
		p, err := e.Compile(g, b.Store())
		if err != nil {
			t.Fatal(err)
		}
		for _, shape := range []tensor.Shape{{2, 4, 5, 4}, {3, 6, 3, 4}} {
			x := pixels(1, shape...)
			got, want := outputs(t, g, shape), outputs(t, g, shape)
			if err := p.Run([]*tensor.Tensor{x}, got); err != nil {
				t.Fatal(err)
			}
			if err := q.Run([]*tensor.Tensor{x}, want); err != nil {
				t.Fatal(err)
			}
			for j := range got {
				compare(t, fmt.Sprintf("%v, output %d of %v", isa, j, shape), got[j], want[j])
			}
		}
		e.pool.close()
	}
}
