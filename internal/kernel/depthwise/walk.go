package depthwise

import (
	"github.com/lince-ml/lince/internal/kernel"
)

// gather computes a convolution, or the gradient of its images: each element of the result is the sum, over its taps,
// of an element of the source times a weight.
type gather struct {
	isa      kernel.ISA
	cut      cut
	rows     []taps // of each row of the result
	columns  []run  // of the columns of the result
	source   int    // number of pixels in a row of the source
	width    int    // number of pixels in a row of the result
	channels int
	kw       int
	members  int // number of source channels of a result channel: its group
	epilogue Epilogue
	large    bool // source and result are large
	stream   bool // the result is large
	newRows  int  // number of rows of the source that each row of the result reads first

	window   window // the window for which there is assembly, or none
	pad      int    // number of columns of padding before the source, with a window
	reversed bool   // the taps of the window are reversed
}

// part computes rows [from, to) and channels [first, last) of the result. y starts with row from, and x, an image of
// the source, with row top.
func (g *gather) part(x []float32, top int, w, bias, y []float32, from, to, first, last int) {
	for lo, hi := first, 0; lo < last; lo = hi {
		hi = blockEnd(lo, last, g.cut.block)
		if g.vector(x, top, w, bias, y, from, to, lo, hi) {
			continue
		}
		for r := from; r < to; r++ {
			row := y[(r-from)*g.width*g.channels:][:g.width*g.channels]
			for i := range g.columns {
				g.portable(x, top, w, bias, row, g.rows[r], g.columns[i], lo, hi)
			}
		}
	}
}

// portable computes channels [lo, hi) of a run of the elements of a row.
func (g *gather) portable(x []float32, top int, w, bias, row []float32, vertical taps, r run, lo, hi int) {
	for p := range r.count {
		y := row[(r.first+p*r.every)*g.channels:][lo:hi]
		if g.epilogue.Bias {
			copy(y, bias[lo:hi])
		} else {
			clear(y)
		}
		for i := range vertical.n {
			for j := range r.n {
				at := (vertical.at+i*vertical.step-top)*g.source + r.at + p*r.advance + j*r.step
				tap := (vertical.tap+i*vertical.tapStep)*g.kw + r.tap + j*r.tapStep
				pixel, weights := x[at*g.channels:][:g.channels], w[tap*g.members*g.channels:]
				if g.members == 1 {
					u, v := pixel[lo:hi], weights[lo:hi]
					for c := range y {
						y[c] += u[c] * v[c]
					}
					continue
				}
				for m := range g.members {
					for c, v := range weights[m*g.channels:][lo:hi] {
						y[c] += pixel[(lo+c)/g.members*g.members+m] * v
					}
				}
			}
		}
		g.epilogue.apply(y)
	}
}

func (e Epilogue) apply(y []float32) {
	if !e.ReLU {
		return
	}
	for c, v := range y {
		if v < 0 {
			y[c] = 0
		} else if e.Limit > 0 && v > e.Limit {
			y[c] = e.Limit
		}
	}
}

// repeat writes each number of x m times.
func repeat(isa kernel.ISA, dst, x []float32, m int) {
	for i := repeatVector(isa, dst, x, m); i < len(x); i++ {
		for j := range m {
			dst[i*m+j] = x[i]
		}
	}
}
