package depthwise

import (
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/reduce"
)

// GradFilter is the gradient of a depthwise convolution with respect to its filters and, optionally, its bias.
type GradFilter struct {
	isa     kernel.ISA
	shape   Shape
	bias    bool
	rows    []taps // of each row of results
	columns []span // for each column of the filter
	groups  int    // number of groups of rows of results, each of which has its own sums
	runs    int    // number of runs of channels
	block   int    // number of channels in a block
	large   bool
	window  window // the window for which there is assembly, or none
	edges   [3]int // number of results of a row at the left edge, in the middle, and at the right edge
}

// span is the results [lo, hi) of a row for which a column of the filter is inside the image. For result lo, it reads
// pixel at.
type span struct{ lo, hi, at int }

// There are at most maxGroups groups of results, whose sums are added up at the end. A group has about groupPixels
// results or more. There are at least leastParts parts if there are enough channels.
const (
	maxGroups   = 16
	groupPixels = 128
	leastParts  = 8
)

// NewGradFilter prepares the gradient of the filters and, if bias is set, of the bias. It panics for an impossible
// shape.
func NewGradFilter(isa kernel.ISA, s Shape, bias bool) *GradFilter {
	s.must()
	b := &GradFilter{isa: instructionsFor(isa, s.channels()), shape: s, bias: bias, large: s.floats() > largeGradFilter}
	b.rows = results(s.H, s.OH, s.KH, s.StrideH, s.DilationH, s.PadTop)
	for kw := range s.KW {
		at := kw*s.DilationW - s.PadLeft
		lo := kernel.CeilDiv(max(0, -at), s.StrideW)
		hi := min(s.OW, kernel.CeilDiv(max(0, s.W-at), s.StrideW))
		b.columns = append(b.columns, span{lo, max(lo, hi), at + lo*s.StrideW})
	}
	b.groups = min(maxGroups, s.N*s.OH, max(1, s.N*s.OH*s.OW/groupPixels))
	b.runs, b.block = kernel.CeilDiv(leastParts, b.groups), s.channels()
	if !b.large {
		b.runs = max(b.runs, kernel.CeilDiv(s.N*s.OH*s.OW/b.groups*s.channels(), partElements))
		b.block = max(vector, l1/(s.W*s.KH)/vector*vector)
	}
	b.runs = min(b.runs, vectors(s.channels()))
	if s.M > 1 {
		b.runs = 1 // a part repeats all channels
	}
	b.window = b.windowFor()
	b.edges[0] = min(s.OW, kernel.CeilDiv(s.PadLeft, s.StrideW))
	b.edges[1] = max(0, min(s.OW, (s.W+s.PadLeft-s.KW+s.StrideW)/s.StrideW)-b.edges[0])
	b.edges[2] = s.OW - b.edges[0] - b.edges[1]
	return b
}

func (b *GradFilter) filter() int {
	return b.shape.KH * b.shape.KW * b.shape.members() * b.shape.channels()
}

// length is the number of sums of a group: those of the filters, then those of the bias.
func (b *GradFilter) length() int {
	if b.bias {
		return b.filter() + b.shape.channels()
	}
	return b.filter()
}

// PartialLen is the length of the sums of all groups, in floats.
func (b *GradFilter) PartialLen() int { return b.groups * b.length() }

// Parts is the number of parts of Run.
func (b *GradFilter) Parts() int { return b.groups * b.runs }

// ScratchLen is the length of the scratch that each worker needs, in floats.
func (b *GradFilter) ScratchLen() int {
	if b.shape.M == 1 {
		return 0
	}
	span := (min(repeatedRows, b.shape.OH)-1)*b.shape.StrideH + (b.shape.KH-1)*b.shape.DilationH + 1
	return min(span, b.shape.H) * b.shape.W * b.shape.channels()
}

// repeatedRows is the number of rows of results whose pixels are repeated at a time, if M is not 1.
const repeatedRows = 8

// Run computes a part of the sums from x [N, H, W, C] and dy [N, OH, OW, C*M].
func (b *GradFilter) Run(part int, x, dy, partial, scratch []float32) {
	s := b.shape
	group := part / b.runs
	from, to := kernel.Split(s.N*s.OH, b.groups, group)
	first, last := splitVectors(s.channels(), b.runs, part%b.runs)
	sums := partial[group*b.length() : (group+1)*b.length()]
	for i := 0; i < len(sums); i += s.channels() {
		clear(sums[i+first : i+last])
	}
	image := s.H * s.W * s.C
	if s.M == 1 {
		for lo, hi := first, 0; lo < last; lo = hi {
			hi = blockEnd(lo, last, b.block)
			for r := from; r < to; r++ {
				b.row(x[r/s.OH*image:][:image], 0, dy, sums, r, lo, hi)
			}
		}
		return
	}
	for from < to {
		n, row := from/s.OH, from%s.OH
		rows := min(repeatedRows, to-from, s.OH-row)
		low, high := seen(b.rows[row : row+rows])
		repeat(b.isa, scratch, x[n*image+low*s.W*s.C:n*image+high*s.W*s.C], s.M)
		for lo, hi := first, 0; lo < last; lo = hi {
			hi = blockEnd(lo, last, b.block)
			for r := from; r < from+rows; r++ {
				b.row(scratch, low, dy, sums, r, lo, hi)
			}
		}
		from += rows
	}
}

// row adds the products of a row of the gradient, for channels [lo, hi). x is an image that starts with row top.
func (b *GradFilter) row(x []float32, top int, dy, sums []float32, r, lo, hi int) {
	s, channels := b.shape, b.shape.channels()
	vertical := b.rows[r%s.OH]
	dy = dy[r*s.OW*channels:][:s.OW*channels]
	at, step := vertical.at-top, vertical.step // of rows of pixels
	if b.vector(x, dy, sums, vertical, at, step, lo, hi) {
		return
	}
	for t := range vertical.n {
		for kw, c := range b.columns {
			acc := sums[((vertical.tap+t)*s.KW+kw)*s.members()*channels:]
			for ow := c.lo; ow < c.hi; ow++ {
				u := x[((at+t*step)*s.W+c.at+(ow-c.lo)*s.StrideW)*channels:][:channels]
				b.products(acc, u, dy[ow*channels:], lo, hi)
			}
		}
	}
	b.addBias(dy, sums, lo, hi)
}

// products adds the products of a pixel and a result's gradient to the sums of a tap.
func (b *GradFilter) products(acc, pixel, dy []float32, lo, hi int) {
	members := b.shape.members()
	for m := range members {
		sums := acc[m*b.shape.channels():][lo:hi]
		for i, v := range dy[lo:hi] {
			sums[i] += pixel[(lo+i)/members*members+m] * v
		}
	}
}

// addBias adds a row of the gradient to the sums of the bias.
func (b *GradFilter) addBias(dy, sums []float32, lo, hi int) {
	if !b.bias {
		return
	}
	channels := b.shape.channels()
	sums = sums[b.filter():]
	var block [64]float32 // rows are read in the order of memory
	for ; lo < hi; lo += len(block) {
		row := block[:min(len(block), hi-lo)]
		clear(row)
		for at := lo; at < len(dy); at += channels {
			for c, v := range dy[at:][:len(row)] {
				row[c] += v
			}
		}
		for c, v := range row {
			sums[lo+c] += v
		}
	}
}

// ReduceParts is the number of parts of Reduce.
func (b *GradFilter) ReduceParts() int { return kernel.Blocks(b.length()) }

// Reduce adds up a part of the sums of all groups to the gradient dw of the filters, which has their shape, and the
// gradient db [C*M] of the bias. It must be called after all parts of Run are done.
func (b *GradFilter) Reduce(part int, partial, dw, db []float32) {
	lo, hi := kernel.BlockRange(b.length(), part)
	n := b.filter()
	if lo < n {
		end := min(hi, n)
		reduce.AddColumns(b.isa, dw[lo:end], partial[lo:], b.groups, b.length())
	}
	if hi > n {
		from := max(lo, n)
		reduce.AddColumns(b.isa, db[from-n:hi-n], partial[from:], b.groups, b.length())
	}
}
