package conv

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/pool"
)

// source gives the rows of an image that a part of the work reads: in the image itself, or, if there is
// padding, copied to scratch with the padding around them.
type source struct {
	shape  Shape
	padded bool
	row    int // distance between rows, in floats
}

func newSource(s Shape) source {
	inside := s.PadTop == 0 && s.PadLeft == 0 &&
		(s.OH-1)*s.StrideH+s.spanH() <= s.H && (s.OW-1)*s.StrideW+s.spanW() <= s.W
	if inside {
		return source{s, false, s.W * s.C}
	}
	return source{s, true, ((s.OW-1)*s.StrideW + s.spanW()) * s.C}
}

// scratchLen is the length of scratch for the pixels that `rows` rows of results read.
func (b source) scratchLen(rows int) int {
	if !b.padded {
		return 0
	}
	return ((rows-1)*b.shape.StrideH + b.shape.spanH()) * b.row
}

// rows returns the pixels that rows [from, to) of an image's results read, starting with those of the
// first result.
func (b source) rows(x []float32, image, from, to int, scratch []float32) []float32 {
	s := b.shape
	x = x[image*s.H*s.W*s.C : (image+1)*s.H*s.W*s.C]
	if !b.padded {
		return x[from*s.StrideH*b.row:]
	}
	n := (to-from-1)*s.StrideH + s.spanH()
	left := s.PadLeft * s.C
	for r := range n {
		d := scratch[r*b.row : (r+1)*b.row]
		h := from*s.StrideH - s.PadTop + r
		if h < 0 || h >= s.H || left >= len(d) {
			clear(d)
			continue
		}
		clear(d[:left])
		copied := copy(d[left:], x[h*s.W*s.C:(h+1)*s.W*s.C])
		clear(d[left+copied:])
	}
	return scratch
}

// window describes the pixels that the taps of a filter read. Distances are in floats.
type window struct {
	pixels     []float32 // starts with the pixel of the first result's first tap
	channels   int
	pixel      int // distance between results in a row
	line       int // distance between rows of results
	tapH, tapW int // distance between taps along each axis
}

// window returns the pixels that rows [from, to) of an image's results read, channels [c0, c1), for a
// source without padding.
func (b source) window(x []float32, image, from, to, c0, c1 int) window {
	s := b.shape
	return window{b.rows(x, image, from, to, nil)[c0:], c1 - c0, s.StrideW * s.C, s.StrideH * b.row, s.DilationH * b.row, s.DilationW * s.C}
}

// blockLen is the length of scratch for some channels of the pixels that `rows` rows of results read.
func (b source) blockLen(rows, channels int) int {
	s := b.shape
	if s.KH == 1 && s.KW == 1 {
		return rows * s.OW * channels
	}
	return ((rows-1)*s.StrideH + s.spanH()) * ((s.OW-1)*s.StrideW + s.spanW()) * channels
}

// block is like window, but copies channels [c0, c1) to scratch. For a filter of one pixel it copies
// only the pixels that results read.
func (b source) block(x []float32, image, from, to, c0, c1 int, scratch []float32) window {
	s, c := b.shape, c1-c0
	stepH, stepW := 1, 1
	high, wide := (to-from-1)*s.StrideH+s.spanH(), (s.OW-1)*s.StrideW+s.spanW()
	w := window{scratch, c, s.StrideW * c, s.StrideH * wide * c, s.DilationH * wide * c, s.DilationW * c}
	if s.KH == 1 && s.KW == 1 {
		stepH, stepW = s.StrideH, s.StrideW
		high, wide = to-from, s.OW
		w.pixel, w.line = c, s.OW*c
	}
	x = x[image*s.H*s.W*s.C : (image+1)*s.H*s.W*s.C]
	// Pixels [first, end) of a row are in the image.
	first := min(wide, kernel.CeilDiv(s.PadLeft, stepW))
	end := max(first, min(wide, kernel.CeilDiv(s.W+s.PadLeft, stepW)))
	for r := range high {
		d := scratch[r*wide*c : (r+1)*wide*c]
		h := from*s.StrideH - s.PadTop + r*stepH
		if h < 0 || h >= s.H || first == end {
			clear(d)
			continue
		}
		clear(d[:first*c])
		line := x[h*s.W*s.C:]
		if c == s.C && stepW == 1 {
			copy(d[first*c:end*c], line[(first-s.PadLeft)*c:])
		} else {
			for p := first; p < end; p++ {
				copy(d[p*c:(p+1)*c], line[(p*stepW-s.PadLeft)*s.C+c0:])
			}
		}
		clear(d[end*c:])
	}
	return w
}

// gradient gives rows of the gradient of a convolution's result: in the gradient itself, or in scratch
// if they have to be padded or, for the gradient of a pooled result, unpooled.
type gradient struct {
	isa          kernel.ISA
	oh, ow, o    int // size of the convolution's result
	ph, pw       int // size of the pooled result
	pooled       bool
	left, width  int // in scratch: padding before the first pixel, and pixels in a row with padding
	needsScratch bool
}

// row is the distance between rows, in floats.
func (g gradient) row() int { return g.width * g.o }

// rows returns rows [from, to) of an image's gradient. Rows outside the image are 0.
func (g gradient) rows(dy []float32, argmax []uint8, image, from, to int, scratch []float32) []float32 {
	if !g.needsScratch {
		return dy[(image*g.oh+from)*g.ow*g.o : (image+1)*g.oh*g.ow*g.o]
	}
	row, left := g.row(), g.left*g.o
	if !g.pooled {
		for r := from; r < to; r++ {
			d := scratch[(r-from)*row : (r-from+1)*row]
			if r < 0 || r >= g.oh {
				clear(d)
				continue
			}
			clear(d[:left])
			line := dy[(image*g.oh+r)*g.ow*g.o:]
			n := copy(d[left:], line[:g.ow*g.o])
			clear(d[left+n:])
		}
		return scratch
	}
	// Unpooling makes two rows at a time. If a band starts or ends inside a pair, the row that it does
	// not need goes to a spare row at the end.
	spare := scratch[(to-from)*row : (to-from+1)*row]
	for r := from; r < to; {
		pair := r >> 1
		if r < 0 || pair >= g.ph {
			clear(scratch[(r-from)*row : (r-from+1)*row])
			r++
			continue
		}
		upper, lower := spare, spare
		if r == 2*pair {
			upper = scratch[(r-from)*row : (r-from+1)*row]
			r++
		}
		if r < to {
			lower = scratch[(r-from)*row : (r-from+1)*row]
			r++
		}
		at := (image*g.ph + pair) * g.pw * g.o
		n := g.pw * g.o
		clear(upper[:left])
		clear(lower[:left])
		pool.Unpool2x2(g.isa, upper[left:], lower[left:], dy[at:at+n], argmax[at:at+n], g.pw, g.o)
		clear(upper[left+2*n:])
		clear(lower[left+2*n:])
	}
	return scratch
}

// scratchLen is the length of scratch for n rows.
func (g gradient) scratchLen(n int) int {
	switch {
	case !g.needsScratch:
		return 0
	case g.pooled:
		return (n + 1) * g.row()
	}
	return n * g.row()
}
