package main

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/engine"
	"github.com/lince-ml/lince/tensor"
)

// timeGraph runs a graph on the engine and returns the median milliseconds of a run. Inputs are
// random numbers. Outputs stay in the engine's memory.
func timeGraph(threads int, build func(b *graph.Builder) *graph.Value) (float64, error) {
	store := graph.NewStore()
	b := graph.NewBuilder(store, false)
	g, err := b.Finish(graph.Output{Key: "y", Value: build(b)})
	if err != nil {
		return 0, err
	}
	store.Initialize(1)
	e, err := engine.New(engine.Options{Threads: threads})
	if err != nil {
		return 0, err
	}
	p, err := e.Compile(g, store)
	if err != nil {
		return 0, err
	}
	defer p.Close()
	in := make([]*tensor.Tensor, len(g.Inputs))
	for i, v := range g.Inputs {
		in[i] = random(v.Shape...)
	}
	out := make([]*tensor.Tensor, len(g.Outputs))
	return milliseconds(func() error { return p.Run(in, out) })
}

// random returns a tensor of random numbers from 0 to 1.
func random(shape ...int) *tensor.Tensor {
	t, zero, one := tensor.New(tensor.Float32, shape...), 0., 1.
	initializer.RandomUniform{Minval: &zero, Maxval: &one}.Initialize(t, 1)
	return t
}

// input adds an input, whose values change from run to run.
func input(b *graph.Builder, key string, shape ...int) *graph.Value {
	return b.Input(key, tensor.Float32, shape...)
}

// weights adds a variable, whose values stay the same from run to run.
func weights(b *graph.Builder, name string, shape ...int) *graph.Value {
	return b.Variable(graph.Variable{Path: name, Type: op.Type{DType: tensor.Float32, Shape: shape}, Init: initializer.RandomUniform{}})
}

// square returns a square window with same padding.
func square(size, stride int) op.Window {
	return op.Window{Size: [2]int{size, size}, Stride: [2]int{stride, stride}, Dilation: [2]int{1, 1}, Padding: op.Same}
}
