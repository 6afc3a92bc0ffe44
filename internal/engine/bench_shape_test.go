package engine

import (
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// BenchmarkUp runs layers that double the height and width of 8 images of 64x64 pixels with 32 channels, and their
// gradients, with two threads.
func BenchmarkUp(b *testing.B) {
	transpose := func(b *graph.Builder, x *graph.Value, size int, p op.Padding) *graph.Value {
		y := b.Op(op.Conv2DTranspose{Window: window(size, 2, 1, p), Last: [2]int{2, 2}}, x, weight(b, "k", size, size, 32, 32))
		return b.ReLU(b.Add(y, weight(b, "bias", 32)))
	}
	for _, c := range []struct {
		name  string
		build func(b *graph.Builder, x *graph.Value) *graph.Value
	}{
		{"transpose2x2", func(b *graph.Builder, x *graph.Value) *graph.Value { return transpose(b, x, 2, op.Valid) }},
		{"transpose3x3", func(b *graph.Builder, x *graph.Value) *graph.Value { return transpose(b, x, 3, op.Same) }},
		{"nearest", func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Op(op.Resize{Scale: [2]int{2, 2}}, x) }},
		{"bilinear", func(b *graph.Builder, x *graph.Value) *graph.Value {
			return b.Op(op.Resize{Scale: [2]int{2, 2}, Method: op.Bilinear}, x)
		}},
	} {
		for _, train := range []bool{false, true} {
			name := c.name + "/forward"
			if train {
				name = c.name + "/training"
			}
			b.Run(name, func(b *testing.B) {
				store := graph.NewStore()
				builder := graph.NewBuilder(store, true)
				x, dy := builder.Input("x", tensor.Float32, -1, 64, 64, 32), builder.Input("dy", tensor.Float32, -1, 128, 128, 32)
				y := c.build(builder, x)
				out := []graph.Output{{Key: "y", Value: y}}
				if train {
					wrt := []*graph.Value{x}
					for _, v := range store.Variables() {
						wrt = append(wrt, builder.Read(v))
					}
					out = nil
					for _, g := range graph.Grad(builder, builder.Sum(builder.Mul(y, dy)), wrt...) {
						out = append(out, graph.Output{Key: g.Shape.String(), Value: g})
					}
				}
				g, err := builder.Finish(out...)
				if err != nil {
					b.Fatal(err)
				}
				store.Initialize(1)
				p := compiled(b, Options{Threads: 2}, g, store)
				in := []*tensor.Tensor{pixels(1, 8, 64, 64, 32), pixels(2, 8, 128, 128, 32)}
				results := make([]*tensor.Tensor, len(out))
				for b.Loop() {
					if err := p.Run(in, results); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
