package interp

import (
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
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

func gather(_ *graph.Node, in, out []*Array) {
	eachGathered(in[0], in[1], func(i, row, cols int) {
		for c := range cols {
			out[0].V[i*cols+c] = math.NaN()
			if row >= 0 {
				out[0].V[i*cols+c] = in[0].V[row*cols+c]
			}
		}
	})
}

func gatherGrad(_ *graph.Node, in, out []*Array) {
	eachGathered(out[0], in[1], func(i, row, cols int) {
		for c := range cols {
			if row >= 0 {
				out[0].V[row*cols+c] += in[0].V[i*cols+c]
			}
		}
	})
}

// eachGathered calls f for each index: its number, the row of the table that it names, or -1 if there is none, and the
// length of a row.
func eachGathered(table, indices *Array, f func(i, row, cols int)) {
	n := table.Shape[0]
	for i, v := range indices.V {
		row := int(v)
		if row < 0 {
			row += n
		}
		if row >= n || row < 0 {
			row = -1
		}
		f(i, row, len(table.V)/max(n, 1))
	}
}
