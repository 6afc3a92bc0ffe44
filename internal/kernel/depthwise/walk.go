package depthwise

import (
	"github.com/lince-ml/lince/internal/kernel"
)

// gather makes each element of a result the sum over its taps of a source's element times a
// weight: a convolution, or the gradient of its images.
type gather struct {
	isa      kernel.ISA
	cut      cut
	rows     []taps // of each row of the result
	columns  []run
	source   int // pixels in a row of the source
	width    int // of a row of the result
	channels int
	kw       int
	members  int // channels that a result channel sees: its group
	epilogue Epilogue
	large    bool // source and result are
	stream   bool // the result is large
	newRows  int  // of the source for each row of the result

	window   window // that assembly has
	pad      int    // columns before the source that the first result sees, with a window
	reversed bool   // the window's taps are turned round
}

// part makes rows [from, to) of a result y, whose first row it is given, for channels
// [first, last); x is the source's image from row top on.
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

// portable makes a run of the elements of a row, for channels [lo, hi).
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
