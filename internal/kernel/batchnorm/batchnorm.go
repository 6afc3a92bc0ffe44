// Package batchnorm holds batch normalization over the last dimension: the statistics of a
// batch, the normalization with what may follow it (a residual, a ReLU), and the gradient, with
// the ReLU's gradient in it. Only + - * / and square roots, each rounded by itself, so that the
// Go loops and the assembly give the same bits.
//
// A matrix of rows of channels is walked in lines: as many rows as make a multiple of 16
// numbers, and at least 64. So every instruction set has whole vectors for any number of
// channels; what is left of the last line is done in Go.
//
// Sums go down blocks of at most 256 lines in order, in float32. The blocks of a channel are
// then added up in order, in float64. Each block has a mean of its own, and squares are of
// deviations from that (Chan, Golub and LeVeque, 1983): memory is read once, and the variance is
// as accurate as in two passes.
package batchnorm

import (
	"fmt"
	"math"

	"github.com/lince-ml/lince/internal/kernel"
)

const (
	leastLine  = 64  // numbers of a line, at least
	vectorLine = 16  // numbers of a line are a multiple of this
	blockLines = 256 // lines of a block, at most
	sumsWhole  = 512 // numbers of a line that one part sums, at most: it reads memory in its order
	sumsSome   = 256 // numbers of a longer line that a part sums
)

// lines is a matrix of rows of channels, as lines.
type lines struct {
	isa            kernel.ISA
	rows, channels int
	repeat         int // rows of a line
	width          int // numbers of a line
	count          int // whole lines
	rest           int // numbers after them
}

func newLines(isa kernel.ISA, rows, channels int) lines {
	if rows < 1 || channels < 1 {
		panic(fmt.Sprintf("batchnorm: %d rows of %d channels", rows, channels))
	}
	repeat := vectorLine / gcd(channels, vectorLine)
	repeat *= kernel.CeilDiv(leastLine, repeat*channels)
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

// spread repeats a number for each channel over a line.
func (l lines) spread(line, x []float32) {
	for i := 0; i < l.width; i += l.channels {
		copy(line[i:i+l.channels], x)
	}
}

// Parts of a walk over all elements, line by line: the last one has what is left, too.

func (l lines) walkParts() int { return max(1, kernel.RowBlocks(l.count, l.width)) }

func (l lines) walk(part int) (lo, hi int, last bool) {
	parts := l.walkParts()
	lo, hi = kernel.Split(l.count, parts, part)
	return lo, hi, part == parts-1
}

// Parts of sums down the lines: some blocks of some columns.

func (l lines) blocks() int { return kernel.CeilDiv(l.count, blockLines) }

// blocksOfPart is how many blocks one part sums: more than one where lines are short.
func (l lines) blocksOfPart() int {
	return max(1, kernel.Block/(blockLines*l.columns()))
}

// columns is how many numbers of a line a part sums.
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

// eachBlock calls f for the blocks of a part: lines [lo, hi) of columns [from, to).
func (l lines) eachBlock(part int, f func(block, lo, hi, from, to int)) {
	first := part / l.columnParts() * l.blocksOfPart()
	from := part % l.columnParts() * l.columns()
	to := min(from+l.columns(), l.width)
	for b := first; b < min(first+l.blocksOfPart(), l.blocks()); b++ {
		f(b, b*blockLines, min((b+1)*blockLines, l.count), from, to)
	}
}

// sumsLen is the number of floats of two sums for each column of each block.
func (l lines) sumsLen() int { return 2 * l.blocks() * l.width }

// sums are the two sums of a block.
func (l lines) sums(partial []float32, block int) (first, second []float32) {
	s := partial[2*block*l.width:][:2*l.width]
	return s[:l.width], s[l.width:]
}

// group is how many channels are added up at a time.
const group = 16

// groupParts is the number of parts of adding up.
func (l lines) groupParts() int {
	groups := kernel.CeilDiv(l.channels, group)
	return kernel.RowBlocks(groups, 8*group*l.repeat*max(1, l.blocks()))
}

// eachGroup calls f for the groups of channels [lo, hi) of a part.
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
