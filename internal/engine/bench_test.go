package engine

import (
	"fmt"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// tutorial is the training step of the tutorial's network: Conv2D(64)-MaxPool twice,
// Dense(64), Dense(2), RMSprop, on images of 128x128.
func tutorial(b *graph.Builder) *graph.Value {
	x := b.Input("x", tensor.Float32, tensor.Unknown, 128, 128, 3)
	y := b.Input("y", tensor.Float32, tensor.Unknown, 2)
	h := x
	for i := range 2 {
		l := b.In(fmt.Sprint("conv", i), "")
		k := weight(l, "kernel", 3, 3, h.Shape[3], 64)
		h = l.MaxPool2D(l.ReLU(l.Add(l.Conv2D(h, k, window(3, 1, 1, op.Valid)), weight(l, "bias", 64))), window(2, 2, 1, op.Valid))
	}
	h = b.Reshape(h, -1, 57600)
	h = b.ReLU(b.Add(b.MatMul(h, weight(b, "dense/kernel", 57600, 64)), weight(b, "dense/bias", 64)))
	logits := b.Add(b.MatMul(h, weight(b, "out/kernel", 64, 2)), weight(b, "out/bias", 2))
	loss := b.Mean(b.SoftmaxCrossEntropy(logits, y))
	var weights []*graph.Value
	for _, v := range b.Store().Variables() {
		weights = append(weights, b.Read(v))
	}
	lr := b.Constant(tensor.Float32, 1e-6)
	for i, g := range graph.Grad(b, loss, weights...) {
		v := b.Variable(graph.Variable{Path: fmt.Sprint("velocity", i), Type: g.Type, Role: graph.Slot})
		b.Update(op.RMSprop{Rho: .9, Epsilon: 1e-7}, weights[i], v, g, lr)
	}
	return loss
}

// BenchmarkTutorial runs training steps of the tutorial's network.
func BenchmarkTutorial(b *testing.B) {
	for _, threads := range []int{1, 2} {
		for _, batch := range []int{15, 32} {
			b.Run(fmt.Sprintf("threads=%d/batch=%d", threads, batch), func(b *testing.B) {
				store := graph.NewStore()
				builder := graph.NewBuilder(store, true)
				g, err := builder.Finish(graph.Output{Key: "loss", Value: tutorial(builder)})
				if err != nil {
					b.Fatal(err)
				}
				store.Initialize(1)
				p := compiled(b, Options{Threads: threads}, g, store)
				y := tensor.New(tensor.Float32, batch, 2)
				for i := range batch {
					y.Float32s()[2*i+i%2] = 1
				}
				in := []*tensor.Tensor{pixels(1, batch, 128, 128, 3), y}
				out := []*tensor.Tensor{tensor.New(tensor.Float32)}
				if err := p.Run(in, out); err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if err := p.Run(in, out); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(batch)*float64(b.N)/b.Elapsed().Seconds(), "images/s")
			})
		}
	}
}
