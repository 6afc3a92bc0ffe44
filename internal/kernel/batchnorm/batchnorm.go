// Package batchnorm holds batch normalization over the last dimension: the statistics of a batch, the
// normalization followed by a residual and a ReLU, and its gradient, which includes that of the ReLU. It
// uses only + - * / and square roots, each rounded separately, so that the Go loops and the assembly
// give the same bits.
//
// A matrix [rows, channels] is processed in lines. A line is the smallest number of rows that
// together have a multiple of 16 numbers, and at least 64, so that all instruction sets have whole vectors
// for any number of channels. An incomplete last line is processed in Go.
//
// Sums are computed down blocks of at most 256 lines, in order, in float32. The blocks of a channel are
// then added up, in order, in float64. Each block has its own mean, and squares are of the deviations from
// that mean (Chan, Golub and LeVeque, 1983). So memory is read once, and the variance is as accurate as
// with two passes.
package batchnorm

import (
	"fmt"
	"math"

	"github.com/lince-ml/lince/internal/kernel"
)

const (
	minLine    = 64  // minimum length of a line
	vectorLine = 16  // the length of a line is a multiple of this
	blockLines = 256 // maximum number of lines in a block
	sumsWhole  = 512 // a part sums whole lines up to this length, so that it reads memory in order
	sumsSome   = 256 // number of columns that a part sums of a longer line
)

// lines divides a matrix [rows, channels] into lines.
type lines struct {
	isa            kernel.ISA
	rows, channels int
	repeat         int // rows in a line
	width          int // numbers in a line
	count          int // number of whole lines
	rest           int // numbers after the whole lines
}

func newLines(isa kernel.ISA, rows, channels int) lines {
	if rows < 1 || channels < 1 {
		panic(fmt.Sprintf("batchnorm: %d rows of %d channels, want at least 1 each", rows, channels))
	}
	repeat := vectorLine / gcd(channels, vectorLine)
	repeat *= kernel.CeilDiv(minLine, repeat*channels)
	return lines{isa, rows, channels, repeat, repeat * channels, rows / repeat, rows % repeat * channels}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// whole is the number of elements in whole lines.
func (l lines) whole() int { return l.count * l.width }

// spread repeats x, one number for each channel, over a line.
func (l lines) spread(line, x []float32) {
	for i := 0; i < l.width; i += l.channels {
		copy(line[i:i+l.channels], x)
	}
}

// walkParts is the number of parts of a walk over all elements; walk returns the lines of a part. The last
// part also has the incomplete line.
func (l lines) walkParts() int { return max(1, kernel.RowBlocks(l.count, l.width)) }

func (l lines) walk(part int) (lo, hi int, last bool) {
	parts := l.walkParts()
	lo, hi = kernel.Split(l.count, parts, part)
	return lo, hi, part == parts-1
}

// Sums are divided into parts by blocks of lines and by columns.

func (l lines) blocks() int { return kernel.CeilDiv(l.count, blockLines) }

// blocksOfPart is the number of blocks that a part sums: more than one if lines are short.
func (l lines) blocksOfPart() int {
	return max(1, kernel.Block/(blockLines*l.columns()))
}

// columns is the number of columns that a part sums.
func (l lines) columns() int {
	if l.width <= sumsWhole {
		return l.width
	}
	return sumsSome
}

func (l lines) columnParts() int { return kernel.CeilDiv(l.width, l.columns()) }

func (l lines) sumParts() int {
	return kernel.CeilDiv(l.blocks(), l.blocksOfPart()) * l.columnParts()
}

// eachBlock calls f for each block of a part: lines [lo, hi) and columns [from, to).
func (l lines) eachBlock(part int, f func(block, lo, hi, from, to int)) {
	first := part / l.columnParts() * l.blocksOfPart()
	from := part % l.columnParts() * l.columns()
	to := min(from+l.columns(), l.width)
	for b := first; b < min(first+l.blocksOfPart(), l.blocks()); b++ {
		f(b, b*blockLines, min((b+1)*blockLines, l.count), from, to)
	}
}

// sumsLen is the length of two sums for each column of each block.
func (l lines) sumsLen() int { return 2 * l.blocks() * l.width }

// sums returns the two sums of a block.
func (l lines) sums(partial []float32, block int) (first, second []float32) {
	s := partial[2*block*l.width:][:2*l.width]
	return s[:l.width], s[l.width:]
}

// group is the number of channels whose blocks are added up at a time.
const group = 16

// groupParts is the number of parts of adding up the blocks.
func (l lines) groupParts() int {
	groups := kernel.CeilDiv(l.channels, group)
	return kernel.RowBlocks(groups, 8*group*l.repeat*max(1, l.blocks()))
}

// eachGroup calls f for each group of channels [lo, hi) of a part.
func (l lines) eachGroup(part int, f func(lo, hi int)) {
	lo, hi := kernel.Split(kernel.CeilDiv(l.channels, group), l.groupParts(), part)
	for g := lo; g < hi; g++ {
		f(g*group, min((g+1)*group, l.channels))
	}
}

// inverse is 1/sqrt(variance+epsilon).
func inverse(variance float32, epsilon float64) float64 {
	return 1 / math.Sqrt(float64(variance)+epsilon)
}
