package main

import (
	"strconv"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// directions lists the measured passes through a convolution. In forward, data (the gradient of the
// input) and filter (the gradient of the filter), weights change in each run, as in training. In
// inference they are constant, and packed for the kernels once.
var directions = []struct {
	name  string
	build func(b *graph.Builder, l convLayer, batch int) *graph.Value
}{
	{"forward", func(b *graph.Builder, l convLayer, batch int) *graph.Value {
		return l.forward(b, input(b, "x", l.images(batch)...), input(b, "kernel", l.weights()...))
	}},
	{"inference", func(b *graph.Builder, l convLayer, batch int) *graph.Value {
		return l.forward(b, input(b, "x", l.images(batch)...), weights(b, "kernel", l.weights()...))
	}},
	{"data", func(b *graph.Builder, l convLayer, batch int) *graph.Value {
		k, dy, x := input(b, "kernel", l.weights()...), input(b, "dy", l.results(batch)...), input(b, "x", l.images(batch)...)
		if l.depthwise() {
			return b.Op(op.DepthwiseConv2DGradInput{Window: l.window()}, k, dy, x)
		}
		return b.Op(op.Conv2DGradInput{Window: l.window()}, k, dy, x)
	}},
	{"filter", func(b *graph.Builder, l convLayer, batch int) *graph.Value {
		x, dy, k := input(b, "x", l.images(batch)...), input(b, "dy", l.results(batch)...), input(b, "kernel", l.weights()...)
		if l.depthwise() {
			return b.Op(op.DepthwiseConv2DGradFilter{Window: l.window()}, x, dy, k)
		}
		return b.Op(op.Conv2DGradFilter{Window: l.window()}, x, dy, k)
	}},
}

func (l convLayer) depthwise() bool   { return l.groups > 1 }
func (l convLayer) window() op.Window { return square(l.kernel, l.stride) }

func (l convLayer) images(batch int) []int { return []int{batch, l.height, l.width, l.channels} }

func (l convLayer) results(batch int) []int {
	return []int{batch, l.window().Out(0, l.height), l.window().Out(1, l.width), l.filters}
}

func (l convLayer) weights() []int {
	if l.depthwise() {
		return []int{l.kernel, l.kernel, l.channels, l.filters / l.channels}
	}
	return []int{l.kernel, l.kernel, l.channels, l.filters}
}

func (l convLayer) forward(b *graph.Builder, x, k *graph.Value) *graph.Value {
	if l.depthwise() {
		return b.DepthwiseConv2D(x, k, l.window())
	}
	return b.Conv2D(x, k, l.window())
}

// convolutions measures a network's convolutions. Its arguments are NETWORK BATCH.
func convolutions(args []string, threads int) (values, error) {
	v := values{}
	err := eachConvolution(args, func(l convLayer, batch int) (err error) {
		for _, d := range directions {
			v[d.name+": "+l.name()], err = timeGraph(threads, func(b *graph.Builder) *graph.Value { return d.build(b, l, batch) })
			if err != nil {
				return err
			}
		}
		return nil
	})
	return v, err
}

func convolutionWork(args []string) (map[string]work, error) {
	w := map[string]work{}
	err := eachConvolution(args, func(l convLayer, batch int) error {
		for _, d := range directions {
			w[d.name+": "+l.name()] = l.work(batch)
		}
		return nil
	})
	return w, err
}

func eachConvolution(args []string, do func(l convLayer, batch int) error) error {
	batch, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	for _, l := range layers {
		if l.network == args[0] {
			if err := do(l, batch); err != nil {
				return err
			}
		}
	}
	return nil
}
