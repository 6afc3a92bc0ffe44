package interp

import (
	"cmp"
	"math"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// cast computes op.Cast.
func cast(n *graph.Node, in, out []*Array) {
	from, to := n.In[0].DType, n.Out[0].DType
	limit, integer := ranges[to]
	for i, v := range in[0].V {
		switch {
		case to == tensor.Bool:
			v = truth(v != 0)
		case integer && math.IsNaN(v):
			v = 0
		case integer && from.IsFloat():
			v = min(max(v, limit[0]), limit[1])
		}
		out[0].V[i] = v
	}
}

// limits returns the smallest and the largest value of the type of n's result.
func limits(n *graph.Node) [2]float64 {
	if r, ok := ranges[n.Out[0].DType]; ok {
		return r
	}
	return [2]float64{math.Inf(-1), math.Inf(1)}
}

// mod is the remainder with the sign of y.
func mod(x, y float64) float64 {
	r := math.Mod(x, y)
	if r != 0 && (r < 0) != (y < 0) {
		r += y
	}
	return r
}

func bits(f func(x, y int64) int64) eval {
	return binary(func(x, y float64) float64 { return float64(f(int64(x), int64(y))) })
}

func shift(x, y int64, left bool) int64 {
	if y < 0 {
		y = 64
	}
	if left {
		return x << y
	}
	return x >> y
}

// topK computes op.TopK by sorting.
func topK(n *graph.Node, in, out []*Array) {
	o := n.Op.(op.TopK)
	rows(in[0], func(i int, row []float64) {
		order := make([]int, len(row))
		for j := range order {
			order[j] = j
		}
		slices.SortStableFunc(order, func(a, b int) int {
			x, y := row[a], row[b]
			c := cmp.Compare(truth(math.IsNaN(x)), truth(math.IsNaN(y)))
			if c == 0 {
				c = cmp.Compare(x, y)
			}
			if o.Smallest {
				return c
			}
			return -c
		})
		for j, k := range order[:o.K] {
			out[0].V[i*o.K+j], out[1].V[i*o.K+j] = row[k], float64(k)
		}
	})
}

// scatterRows computes op.Scatter.
func scatterRows(n *graph.Node, in, out []*Array) {
	copy(out[0].V, in[0].V)
	f := map[op.BinaryFn]func(x, y float64) float64{
		"":     func(_, y float64) float64 { return y },
		op.Add: func(x, y float64) float64 { return x + y },
		op.Mul: func(x, y float64) float64 { return x * y },
		op.Max: func(x, y float64) float64 { return max(x, y) },
		op.Min: func(x, y float64) float64 { return min(x, y) },
	}[n.Op.(op.Scatter).Fn]
	eachGathered(out[0].Shape, 0, in[1], func(i, row, _, cols, _ int) {
		if row < 0 {
			return
		}
		for c := range cols {
			p := &out[0].V[row*cols+c]
			*p = f(*p, in[2].V[i*cols+c])
		}
	})
}
