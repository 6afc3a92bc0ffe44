package plot

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
)

// dense returns a network of n layers, each of which gets the results of all layers before.
func dense(n int) *lince.Model {
	in := lince.Input(layer.Input{Shape: []int{1}})
	all := []*lince.Symbol{in}
	for range n {
		x := all[len(all)-1]
		if len(all) > 1 {
			x = lince.Apply(layer.Add{}, all...)
		}
		all = append(all, lince.Apply(layer.Dense{Units: 1}, x))
	}
	return must(lince.Functional(in, all[n]))
}

// TestCrossings compares the count with all pairs of arrows.
func TestCrossings(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		ranks := make([][]*vertex, 1+rng.IntN(4))
		for k := range ranks {
			for i := range 1 + rng.IntN(7) {
				ranks[k] = append(ranks[k], &vertex{rank: k, order: float64(i)})
			}
		}
		want := 0
		for k := 1; k < len(ranks); k++ {
			var ends [][2]*vertex
			for range rng.IntN(20) {
				a, b := ranks[k-1][rng.IntN(len(ranks[k-1]))], ranks[k][rng.IntN(len(ranks[k]))]
				connect(a, b)
				for _, e := range ends {
					if (a.order-e[0].order)*(b.order-e[1].order) < 0 {
						want++
					}
				}
				ends = append(ends, [2]*vertex{a, b})
			}
		}
		if got := crossings(ranks); got != want {
			t.Fatalf("%d crossings, want %d", got, want)
		}
	}
}

// TestManyArrows draws densely connected networks, and one with thousands of arrows that begin at one box.
func TestManyArrows(t *testing.T) {
	g := must(network(t.Context(), dense(20), Options{}))
	checkGraph(t, "dense", g)
	err := Model(t.Context(), io.Discard, dense(80), SVG, Options{})
	if want := "layers in all, and at most 50000 are supported"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %v, want one with %q", err, want)
	}
	in := lince.Input(layer.Input{Shape: []int{1}})
	var out []*lince.Symbol
	for range 3000 {
		out = append(out, lince.Apply(layer.Dense{Units: 1}, in))
	}
	if err := Model(t.Context(), io.Discard, must(lince.Functional(in, lince.Apply(layer.Add{}, out...))), SVG, Options{}); err != nil {
		t.Error(err)
	}
}

// TestCanceled stops with the context.
func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, f := range []Format{SVG, PNG} {
		if err := Model(ctx, io.Discard, residual(), f, Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: the error is %v", f, err)
		}
	}
}
