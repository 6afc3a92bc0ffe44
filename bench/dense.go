package main

import (
	"strconv"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// products lists the matrix products of a dense layer: x W, dy W^T and x^T dy.
var products = []struct {
	name  string
	build func(b *graph.Builder, units, batch int) *graph.Value
}{
	{"forward", func(b *graph.Builder, units, batch int) *graph.Value {
		return b.MatMul(input(b, "x", batch, units), input(b, "w", units, units))
	}},
	{"data", func(b *graph.Builder, units, batch int) *graph.Value {
		return b.Op(op.MatMul{TransposeB: true}, input(b, "dy", batch, units), input(b, "w", units, units))
	}},
	{"filter", func(b *graph.Builder, units, batch int) *graph.Value {
		return b.Op(op.MatMul{TransposeA: true}, input(b, "x", batch, units), input(b, "dy", batch, units))
	}},
}

// denseProducts measures the products of a dense layer. Its arguments are UNITS BATCH.
func denseProducts(args []string, threads int) (values, error) {
	units, batch, err := twoInts(args)
	if err != nil {
		return nil, err
	}
	v := values{}
	for _, p := range products {
		v[p.name], err = timeGraph(threads, func(b *graph.Builder) *graph.Value { return p.build(b, units, batch) })
		if err != nil {
			return nil, err
		}
	}
	return v, nil
}

func denseWork(args []string) (map[string]work, error) {
	units, batch, err := twoInts(args)
	w := map[string]work{}
	for _, p := range products {
		w[p.name] = work{flops: 2 * float64(batch*units*units), bytes: 4 * float64(2*batch*units+units*units)}
	}
	return w, err
}

func twoInts(args []string) (a, b int, err error) {
	if a, err = strconv.Atoi(args[0]); err == nil {
		b, err = strconv.Atoi(args[1])
	}
	return a, b, err
}
