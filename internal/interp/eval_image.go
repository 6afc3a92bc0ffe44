package interp

import (
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/philox"
)

// projective calls f for each pixel of the result of a ProjectiveTransform and each pixel of the operand x that it depends on,
// with the indices of their first channels and the weight. from is -1 for a pixel outside the image.
func projective(o op.ProjectiveTransform, x, transforms, y *Array, f func(from, to int, weight float64)) {
	rows, columns, channels := y.Shape[1], y.Shape[2], y.Shape[3]
	to := 0
	for n := range y.Shape[0] {
		t := transforms.V[8*min(n, transforms.Shape[0]-1):]
		for r := range rows {
			for c := range columns {
				px, py := float64(c), float64(r)
				k := t[6]*px + t[7]*py + 1
				at := []float64{(t[3]*px + t[4]*py + t[5]) / k, (t[0]*px + t[1]*py + t[2]) / k}
				sample(n, x, [][]corner{corners(o.Sampling, at[0], x.Shape[1]), corners(o.Sampling, at[1], x.Shape[2])}, to, f)
				to += channels
			}
		}
	}
}

// corner is a row or a column with its weight; index is -1 outside the image.
type corner struct {
	index  int
	weight float64
}

// far is the distance from which on points have no place in an image.
const far = 1 << 24

// corners returns the rows, or columns, of an image of size n between which the coordinate v lies after the point was moved into the
// image.
func corners(s op.Sampling, v float64, n int) []corner {
	if !(math.Abs(v) <= far) {
		return []corner{{-1, 1}}
	}
	last := float64(n - 1)
	switch s.Fill {
	case op.FillNearest:
		v = min(max(v, 0), last)
	case op.FillReflect:
		v = min(max(reflected(v, float64(n)), 0), last)
	case op.FillWrap:
		v = min(max(wrapped(v, float64(n)), 0), last)
	}
	place := func(i float64) int {
		if i < 0 || i > last {
			return -1
		}
		return int(i)
	}
	if s.Nearest {
		return []corner{{place(math.Round(v)), 1}}
	}
	lo := math.Floor(v)
	return []corner{{place(lo), lo + 1 - v}, {place(lo + 1), v - lo}}
}

func reflected(v, n float64) float64 {
	switch {
	case n == 1:
		return 0
	case v < 0:
		v += 2 * n * math.Trunc(-v/(2*n))
		if v < -n {
			return v + 2*n
		}
		return -v - 1
	case v > n-1:
		v -= 2 * n * math.Trunc(v/(2*n))
		if v >= n {
			return 2*n - v - 1
		}
	}
	return v
}

func wrapped(v, n float64) float64 {
	switch {
	case n == 1:
		return 0
	case v < 0:
		return v + n*(math.Trunc(-v/(n-1))+1)
	case v > n-1:
		return v - n*math.Trunc(v/(n-1))
	}
	return v
}

// sample calls f for each combination of a row and a column.
func sample(image int, x *Array, at [][]corner, to int, f func(from, to int, weight float64)) {
	for _, r := range at[0] {
		for _, c := range at[1] {
			from := -1
			if r.index >= 0 && c.index >= 0 {
				from = ((image*x.Shape[1]+r.index)*x.Shape[2] + c.index) * x.Shape[3]
			}
			f(from, to, r.weight*c.weight)
		}
	}
}

// mapped is projective for MapCoordinates.
func mapped(o op.MapCoordinates, x, points, y *Array, f func(from, to int, weight float64)) {
	size := y.Shape[1] * y.Shape[2]
	for i := range y.Shape[0] * size {
		at := make([][]corner, 2)
		for d := range at {
			v, n := points.V[2*i+d], x.Shape[1+d]
			switch {
			case !(math.Abs(v) <= far):
				at[d] = []corner{{-1, 1}}
			case o.Nearest:
				at[d] = []corner{{inside(o.Fill, int(math.RoundToEven(v)), n), 1}}
			default:
				lo := math.Floor(v)
				at[d] = []corner{{inside(o.Fill, int(lo), n), lo + 1 - v}, {inside(o.Fill, int(lo)+1, n), v - lo}}
			}
		}
		sample(i/size, x, at, i*x.Shape[3], f)
	}
}

// inside moves a row or column into an image of size n, or returns -1.
func inside(fill op.Fill, i, n int) int {
	switch fill {
	case op.FillNearest:
		return min(max(i, 0), n-1)
	case op.FillWrap:
		return ((i % n) + n) % n
	case op.FillReflect:
		if i < 0 {
			i = -i
		}
		if i %= 2 * n; i >= n {
			return 2*n - i - 1
		}
		return i
	}
	if i < 0 || i >= n {
		return -1
	}
	return i
}

// interpolated sums the pixels that f of projective or mapped gives.
func interpolated(x, y *Array, value float64) func(from, to int, weight float64) {
	return func(from, to int, weight float64) {
		for c := range x.Shape[3] {
			v := value
			if from >= 0 {
				v = x.V[from+c]
			}
			y.V[to+c] += weight * v
		}
	}
}

// scatter is the adjoint of interpolated.
func scatter(g, dx *Array) func(from, to int, weight float64) {
	return func(from, to int, weight float64) {
		if from < 0 {
			return
		}
		for c := range dx.Shape[3] {
			dx.V[from+c] += weight * g.V[to+c]
		}
	}
}

// homography solves the 8 linear equations of each image by elimination with pivots.
func homography(_ *graph.Node, in, out []*Array) {
	for n := range out[0].Shape[0] {
		var m [8][9]float64
		for p := range 4 {
			sx, sy := in[0].V[8*n+2*p], in[0].V[8*n+2*p+1]
			ex, ey := in[1].V[8*n+2*p], in[1].V[8*n+2*p+1]
			m[2*p] = [9]float64{ex, ey, 1, 0, 0, 0, -sx * ex, -sx * ey, sx}
			m[2*p+1] = [9]float64{0, 0, 0, ex, ey, 1, -sy * ex, -sy * ey, sy}
		}
		for c := range 8 {
			top := c
			for r := c; r < 8; r++ {
				if math.Abs(m[r][c]) > math.Abs(m[top][c]) {
					top = r
				}
			}
			m[c], m[top] = m[top], m[c]
			for r := range 8 {
				if r == c {
					continue
				}
				f := m[r][c] / m[c][c]
				for j := c; j < 9; j++ {
					m[r][j] -= f * m[c][j]
				}
			}
		}
		for c := range 8 {
			out[0].V[8*n+c] = m[c][8] / m[c][c]
		}
	}
}

func equalize(n *graph.Node, in, out []*Array) {
	bins, channels := n.Op.(op.EqualizeHistogram).Bins, in[0].Shape[3]
	class := func(v float64) int { return min(max(int(v), 0), bins-1) }
	for c := range channels {
		count := make([]float64, bins)
		for i := c; i < len(in[0].V); i += channels {
			count[class(in[0].V[i]*float64(bins-1)/255)]++
		}
		used, total, first := 0, 0., 0.
		for _, k := range count {
			if k > 0 {
				if used++; used == 1 {
					first = k
				}
			}
			total += k
		}
		table, sum := make([]float64, bins), 0.
		for b, k := range count {
			sum += k
			table[b] = min(max(math.RoundToEven((sum-first)*255/max(total-first, 1)), 0), 255)
		}
		for i := c; i < len(in[0].V); i += channels {
			v := in[0].V[i]
			if used > 1 {
				v = table[class(v/255*float64(bins-1))]
			}
			out[0].V[i] = v
		}
	}
}

func equalizeLocally(n *graph.Node, in, out []*Array) {
	o, x := n.Op.(op.LocalEqualization), in[0]
	rows, columns, channels := x.Shape[1], x.Shape[2], x.Shape[3]
	tall, wide := (rows+o.Grid[0]-1)/o.Grid[0], (columns+o.Grid[1]-1)/o.Grid[1]
	mirror := func(i, n int) int {
		if i >= n {
			return 2*n - 1 - i
		}
		return i
	}
	class := func(v float64) int { return int(min(max(v, 0), 255)) }
	for image := range x.Shape[0] {
		for c := range channels {
			pixel := func(r, q int) int { return ((image*rows+r)*columns+q)*channels + c }
			tables := make([][256]float64, o.Grid[0]*o.Grid[1])
			for t := range tables {
				for r := range tall {
					for q := range wide {
						at := pixel(mirror(t/o.Grid[1]*tall+r, rows), mirror(t%o.Grid[1]*wide+q, columns))
						tables[t][class(x.V[at])]++
					}
				}
				cumulate(&tables[t], o.Limit, float64(tall*wide))
			}
			for r := range rows {
				for q := range columns {
					y, x0 := (float64(r)-float64(tall)/2)/float64(tall), (float64(q)-float64(wide)/2)/float64(wide)
					top, left := math.Floor(y), math.Floor(x0)
					sum := 0.
					for dr, wr := range []float64{top + 1 - y, y - top} {
						for dq, wq := range []float64{left + 1 - x0, x0 - left} {
							tr := min(max(int(top)+dr, 0), o.Grid[0]-1)
							tq := min(max(int(left)+dq, 0), o.Grid[1]-1)
							sum += wr * wq * tables[tr*o.Grid[1]+tq][class(x.V[pixel(r, q)])]
						}
					}
					out[0].V[pixel(r, q)] = sum
				}
			}
		}
	}
}

// cumulate turns the histogram of n pixels into the table of new values.
func cumulate(h *[256]float64, limit, n float64) {
	if limit > 0 {
		top, excess := limit*n/256, 0.
		for i, v := range h {
			h[i] = min(v, top)
			excess += v - h[i]
		}
		for i := range h {
			h[i] += excess / 256
		}
	}
	sum, first := 0., h[0]
	rest := n - first
	if rest == 0 {
		rest = 1
	}
	for i, v := range h {
		sum += v
		h[i] = min(max((sum-first)*255/rest, 0), 255)
	}
}

func projectiveTransform(n *graph.Node, in, out []*Array) {
	o := n.Op.(op.ProjectiveTransform)
	projective(o, in[0], in[1], out[0], interpolated(in[0], out[0], o.Value))
}

func projectiveTransformGrad(n *graph.Node, in, out []*Array) {
	projective(n.Op.(op.ProjectiveTransformGrad).ProjectiveTransform, out[0], in[1], in[0], scatter(in[0], out[0]))
}

func mapCoordinates(n *graph.Node, in, out []*Array) {
	o := n.Op.(op.MapCoordinates)
	mapped(o, in[0], in[1], out[0], interpolated(in[0], out[0], o.Value))
}

func mapCoordinatesGrad(n *graph.Node, in, out []*Array) {
	mapped(n.Op.(op.MapCoordinatesGrad).MapCoordinates, out[0], in[1], in[0], scatter(in[0], out[0]))
}

func index(_ *graph.Node, _, out []*Array) {
	for i := range out[0].V {
		out[0].V[i] = float64(i)
	}
}

func randomPermutation(n *graph.Node, in, out []*Array) {
	p := make([]int32, len(out[0].V))
	philox.Permutation(n.Op.(op.RandomPermutation).Key, int64(in[0].V[0]), p)
	for i, v := range p {
		out[0].V[i] = float64(v)
	}
}

func randomLogGamma(n *graph.Node, in, out []*Array) {
	g := make([]float32, len(out[0].V))
	philox.LogGamma(n.Op.(op.RandomLogGamma).Key, int64(in[0].V[0]), in[1].V[0], 0, g)
	for i, v := range g {
		out[0].V[i] = float64(v)
	}
}
