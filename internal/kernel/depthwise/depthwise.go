// Package depthwise holds the kernels of depthwise convolutions, in which each channel of an image has its own
// filters, and of convolutions with groups of few channels: Forward, with bias and ReLU in the same pass; GradInput,
// the gradient with respect to the images; and GradFilter, the gradient with respect to the filters and the bias.
//
// A result is the sum over its taps: the pixels of its window that are inside the image, row by row. Padding is
// neither read nor copied. Forward and GradInput walk over memory in the same way (walk.go). Tables say which taps
// each row and each column of the result has (axis.go). Assembly computes results along a row, a vector of channels
// at a time.
//
// Images are NHWC. Filters are [KH, KW, C, M], as in Keras, and result channel c*M+m is channel c under its filter
// m. With groups of G channels, filters are [KH, KW, G, C], as in Keras' Conv2D with groups=C/G, and each result
// channel is the sum over the channels of its group.
package depthwise

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/internal/kernel"
)

// Shape is the shape of a depthwise convolution: N images of H x W pixels with C channels, M filters of KH x KW
// pixels for each channel, and OH x OW results with C*M channels for each image. If Group is at least 2, it is a
// convolution with groups of Group input channels and as many output channels, and M must be 1. Tap (kh, kw) of
// result (oh, ow) reads pixel (oh*StrideH+kh*DilationH-PadTop, ow*StrideW+kw*DilationW-PadLeft). Pixels outside the
// image, on all four sides, are 0.
type Shape struct {
	N, H, W, C, M        int
	KH, KW               int
	StrideH, StrideW     int
	DilationH, DilationW int
	PadTop, PadLeft      int
	OH, OW               int
	Group                int // number of channels in a group; 0 means 1
}

// Validate returns an error for an impossible shape.
func (s Shape) Validate() error {
	for _, v := range []int{s.N, s.H, s.W, s.C, s.M, s.KH, s.KW, s.StrideH, s.StrideW, s.DilationH, s.DilationW, s.OH, s.OW} {
		if v < 1 {
			return fmt.Errorf("depthwise: %+v: sizes, strides and dilations must be at least 1", s)
		}
	}
	if s.Group < 0 || s.Group > 1 && (s.M > 1 || s.C%s.Group != 0 || s.C == s.Group) {
		return fmt.Errorf("depthwise: %+v: Group must divide C and be less than C, and M must be 1 with groups", s)
	}
	if s.PadTop < 0 || s.PadLeft < 0 {
		return fmt.Errorf("depthwise: %+v: padding must be at least 0", s)
	}
	return nil
}

func (s Shape) must() {
	if err := s.Validate(); err != nil {
		panic(err)
	}
}

// FLOPs is the number of multiplications and additions of the convolution, and of each of its gradients.
func (s Shape) FLOPs() int { return 2 * s.N * s.OH * s.OW * s.channels() * s.KH * s.KW * s.members() }

// members is the number of input channels of a result channel.
func (s Shape) members() int { return max(1, s.Group) }

// groupSizes lists the sizes of groups of channels for which there is assembly.
var groupSizes = [3]int{2, 4, 8}

// Fast reports whether there is assembly for groups of the given number of channels.
func Fast(group int) bool { return group == 1 || slices.Contains(groupSizes[:], group) }

// channels is the number of channels of a result.
func (s Shape) channels() int { return s.C * s.M }

// Epilogue says what is done to a result, in this order, before it is written to memory.
type Epilogue struct {
	Bias  bool    // add a bias [C*M]: sums start from it
	ReLU  bool    // set negative numbers to 0; NaN stays NaN
	Limit float32 // set numbers above the limit to it: 6 for ReLU6; 0 means no limit; needs ReLU
}

// partElements is the approximate number of results, or of pixels, in a part.
const partElements = 1 << 15

// l1 is the approximate number of floats that the rows under a window may use of the first cache.
const l1 = 6 << 10

// vector is the unit in which channels are divided into parts and blocks. Each has at least this many channels,
// unless the image has fewer, because the last vector in assembly ends with the last channel of the block.
const vector = 16

// instructionsFor returns the instruction set for a number of channels. There are no functions of AVX-512 for fewer
// channels than lanes. Those of AVX2 give the same bits.
func instructionsFor(isa kernel.ISA, channels int) kernel.ISA {
	if isa == kernel.AVX512 && channels < vector {
		return kernel.AVX2
	}
	return isa
}

// vectors is the number of units in channels. The last one includes the remainder.
func vectors(channels int) int { return max(1, channels/vector) }

// splitVectors returns the channels [first, last) of run i of n.
func splitVectors(channels, n, i int) (first, last int) {
	first, last = kernel.Split(vectors(channels), n, i)
	if last == vectors(channels) {
		return first * vector, channels
	}
	return first * vector, last * vector
}

// blockEnd is the end of the block that starts at channel lo. The last block includes a remainder of less than a unit.
func blockEnd(lo, last, block int) int {
	if last-lo-block < vector {
		return last
	}
	return lo + block
}

// If images and results together have more floats than this, they are not in the caches when they are read. Then they
// are read in the order of memory and prefetched. The limits were measured for each kernel. Forward writes results of
// more than largeResult floats past the caches.
const (
	largeForward    = 4 << 20
	largeGradInput  = 4 << 20
	largeGradStride = 1 << 20 // GradInput with strides
	largeGradFilter = 1 << 19
	largeResult     = 2 << 20
)

// floats is the number of floats of images and results together.
func (s Shape) floats() int { return s.N*s.H*s.W*s.C + s.N*s.OH*s.OW*s.channels() }

// cut divides rows of results into parts: a band of an image's rows by a run of channels. A part is divided into blocks
// of channels, such that the rows under a window stay in the first cache. Large images are divided into bands only.
type cut struct {
	rows, channels int // of an image
	bands, runs    int // number of bands and of runs
	block          int // number of channels in a block
}

// newCut divides rows of width results. pixels is the number of pixels under the window of a row.
func newCut(rows, width, channels, pixels int, large bool) cut {
	c := cut{rows: rows, channels: channels}
	if large {
		c.bands = evenBands(rows, kernel.CeilDiv(rows*width*channels, 2*partElements))
		c.runs, c.block = 1, channels
		return c
	}
	c.bands = 1
	if rows > 16 || rows*width*channels >= minShared {
		c.bands = evenBands(rows, kernel.CeilDiv(rows, 16))
	}
	band := kernel.CeilDiv(rows, c.bands)
	c.runs = min(vectors(channels), kernel.CeilDiv(band*width*channels, partElements))
	c.block = max(vector, l1/pixels/vector*vector)
	return c
}

// minShared is the least number of results that are worth sharing between two threads.
const minShared = 1 << 13

// evenBands returns the number of bands for about n of them. It is even if possible: two threads get equal work, and
// each reads mostly rows that it has written itself, since the upper half of the parts is the upper half of the image.
func evenBands(rows, n int) int { return min(rows, n+n%2) }

// parts is the number of parts of n images.
func (c cut) parts(n int) int { return n * c.bands * c.runs }

// at returns a part: rows [from, to) of an image, and channels [first, last).
func (c cut) at(part int) (image, from, to, first, last int) {
	run := part % c.runs
	band := part / c.runs % c.bands
	from, to = kernel.Split(c.rows, c.bands, band)
	first, last = splitVectors(c.channels, c.runs, run)
	return part / c.runs / c.bands, from, to, first, last
}
