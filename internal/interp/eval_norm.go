package interp

import (
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

func layerNorm(n *graph.Node, in, out []*Array) {
	o := n.Op.(op.LayerNorm)
	rows(in[0], func(r int, x []float64) {
		count := float64(len(x))
		var mean, variance float64
		for _, v := range x {
			mean += v / count
		}
		for _, v := range x {
			variance += (v - mean) * (v - mean) / count
		}
		inverse := 1 / math.Sqrt(variance+o.Epsilon)
		out[1].V[r], out[2].V[r] = mean, inverse
		y := out[0].V[r*len(x):]
		for i, v := range x {
			y[i] = (v - mean) * inverse
			if o.Scale {
				y[i] *= in[1].V[i]
			}
			if o.Center {
				y[i] += in[len(in)-1].V[i]
			}
		}
	})
}

func layerNormGrad(n *graph.Node, in, out []*Array) {
	o := n.Op.(op.LayerNormGrad)
	rows(in[0], func(r int, g []float64) {
		x, dx := in[1].V[r*len(g):], out[0].V[r*len(g):]
		mean, inverse, count := in[2].V[r], in[3].V[r], float64(len(g))
		var sum, product float64
		for i, v := range g {
			xhat := (x[i] - mean) * inverse
			dx[i] = v
			if o.Scale {
				dx[i] *= in[4].V[i]
			}
			sum += dx[i] / count
			product += dx[i] * xhat / count
			if o.Sums {
				out[1].V[i] += v * xhat
				out[2].V[i] += v
			}
		}
		for i := range g {
			dx[i] = inverse * (dx[i] - sum - (x[i]-mean)*inverse*product)
		}
	})
}

func gather(n *graph.Node, in, out []*Array) {
	missing := 0.
	if n.Out[0].DType.IsFloat() {
		missing = math.NaN()
	}
	eachGathered(in[0].Shape, n.Op.(op.Gather).Axis, in[1], func(i, row, rows, cols, outer int) {
		for o := range outer {
			for c := range cols {
				y := &out[0].V[(o*len(in[1].V)+i)*cols+c]
				*y = missing
				if row >= 0 {
					*y = in[0].V[(o*rows+row)*cols+c]
				}
			}
		}
	})
}

func gatherGrad(n *graph.Node, in, out []*Array) {
	eachGathered(out[0].Shape, n.Op.(op.GatherGrad).Axis, in[1], func(i, row, rows, cols, outer int) {
		for o := range outer {
			for c := range cols {
				if row >= 0 {
					out[0].V[(o*rows+row)*cols+c] += in[0].V[(o*len(in[1].V)+i)*cols+c]
				}
			}
		}
	})
}

// eachGathered calls f for each index i into dimension axis of a table: with the entry that it names, or -1 if there is none, the number
// of entries, and the number of elements after and before the dimension.
func eachGathered(table tensor.Shape, axis int, indices *Array, f func(i, row, rows, cols, outer int)) {
	n := table[axis]
	for i, v := range indices.V {
		row := int(v)
		if row < 0 {
			row += n
		}
		if row >= n || row < 0 {
			row = -1
		}
		f(i, row, n, table[axis+1:].Elements(), table[:axis].Elements())
	}
}
