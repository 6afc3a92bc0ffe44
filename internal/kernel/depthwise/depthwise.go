// Package depthwise holds the depthwise convolution kernels, each channel of an image under
// filters of its own, and those of convolutions in groups of few channels: forward, with bias
// and ReLU in the same pass; backward for the images; backward for the filters, and the bias
// with them.
//
// Results are sums over taps: the pixels of the window that are inside the image, row by row.
// Padding is never read and never copied. Forward and backward for the images are the same
// walk over memory (walk.go), by tables that say which taps each row and each column of the
// result has (axis.go). Assembly runs along a row of results, a vector of channels at a time.
//
// Images are NHWC, filters [KH, KW, C, M], as in Keras; result channel c*M+m is channel c
// under its filter m. With groups of G channels, filters are [KH, KW, G, C], as those of
// Keras' Conv2D with C/G groups: result channel c sees the channels of its group.
package depthwise

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/internal/kernel"
)

// Shape is a depthwise convolution: N images of H x W pixels of C channels under M filters
// each of KH x KW pixels, OH x OW results of C*M channels an image; or, with M 1 and Group
// more, a convolution in groups of so many channels, as many results in each. Result (oh, ow) sees the
// pixels (oh*StrideH+kh*DilationH-PadTop, ow*StrideW+kw*DilationW-PadLeft); those beyond the
// image are 0, at all four sides.
type Shape struct {
	N, H, W, C, M        int
	KH, KW               int
	StrideH, StrideW     int
	DilationH, DilationW int
	PadTop, PadLeft      int
	OH, OW               int
	Group                int // channels of a group; 0: 1
}

// Validate reports a shape that no kernel can have.
func (s Shape) Validate() error {
	for _, v := range []int{s.N, s.H, s.W, s.C, s.M, s.KH, s.KW, s.StrideH, s.StrideW, s.DilationH, s.DilationW, s.OH, s.OW} {
		if v < 1 {
			return fmt.Errorf("depthwise: %+v: sizes, strides and dilations must be at least 1", s)
		}
	}
	if s.Group < 0 || s.Group > 1 && (s.M > 1 || s.C%s.Group != 0 || s.C == s.Group) {
		return fmt.Errorf("depthwise: %+v: groups must have one filter for each channel, divide the channels, and be two or more", s)
	}
	if s.PadTop < 0 || s.PadLeft < 0 {
		return fmt.Errorf("depthwise: %+v: negative padding", s)
	}
	return nil
}

func (s Shape) must() {
	if err := s.Validate(); err != nil {
		panic(err)
	}
}

// FLOPs is the number of multiplications and additions of the forward pass, and of each of
// the gradients.
func (s Shape) FLOPs() int { return 2 * s.N * s.OH * s.OW * s.channels() * s.KH * s.KW * s.members() }

// members is the number of channels that a result channel sees.
func (s Shape) members() int { return max(1, s.Group) }

// groupSizes are the sizes of groups of channels that there is assembly for.
var groupSizes = [3]int{2, 4, 8}

// Fast says whether there is assembly for groups of so many channels of as many results.
func Fast(group int) bool { return group == 1 || slices.Contains(groupSizes[:], group) }

// channels is the number of channels of a result.
func (s Shape) channels() int { return s.C * s.M }

// Epilogue is what is done to a result before it goes to memory. Sums start from the bias.
type Epilogue struct {
	Bias  bool
	ReLU  bool
	Limit float32 // with ReLU: the greatest result; 0: none
}

// partElements is about the number of results, or pixels, of a part.
const partElements = 1 << 15

// l1 is about how much of the first cache the rows under a window may take, in floats.
const l1 = 6 << 10

// vector is the number of channels that bounds between parts are multiples of. Each part and each
// block has at least this many, unless the image has fewer: the last vector of assembly ends with
// the block's last channel.
const vector = 16

// instructionsFor is the instruction set for a number of channels. AVX-512 has no functions for fewer
// channels than lanes; those of AVX2 give the same bits.
func instructionsFor(isa kernel.ISA, channels int) kernel.ISA {
	if isa == kernel.AVX512 && channels < vector {
		return kernel.AVX2
	}
	return isa
}

// vectors is the number of vectors in channels. The remainder belongs to the last one.
func vectors(channels int) int { return max(1, channels/vector) }

// splitVectors is the i-th of n runs of channels.
func splitVectors(channels, n, i int) (first, last int) {
	first, last = kernel.Split(vectors(channels), n, i)
	if last == vectors(channels) {
		return first * vector, channels
	}
	return first * vector, last * vector
}

// blockEnd is the end of the block that starts at lo. A remainder of less than a vector belongs to the
// block before.
func blockEnd(lo, last, block int) int {
	if last-lo-block < vector {
		return last
	}
	return lo + block
}

// Images and results that have together more floats than this are not all in the caches when
// they are read: they are read in the order of memory, and fetched ahead. Where that begins to
// pay was measured, for each kernel. A result that is larger than largeResult, too, does not
// go to the caches at all.
const (
	largeForward    = 4 << 20
	largeGradInput  = 4 << 20
	largeGradStride = 1 << 20 // with strides
	largeGradFilter = 1 << 19
	largeResult     = 2 << 20
)

// together is the number of floats of images and results.
func (s Shape) together() int { return s.N*s.H*s.W*s.C + s.N*s.OH*s.OW*s.channels() }

// cut is how the work on rows of results is cut into parts: bands of an image's rows by runs
// of channels; and a part into blocks of channels whose rows under the window stay in the
// first cache. Large images are cut into bands only.
type cut struct {
	rows, channels int // of an image
	bands, runs    int
	block          int // channels
}

// newCut cuts rows of width results that each see so many pixels.
func newCut(rows, width, channels, pixels int, large bool) cut {
	c := cut{rows: rows, channels: channels}
	if large {
		c.bands = min(rows, kernel.CeilDiv(rows*width*channels, 2*partElements))
		c.runs, c.block = 1, channels
		return c
	}
	c.bands = kernel.CeilDiv(rows, 16)
	band := kernel.CeilDiv(rows, c.bands)
	c.runs = min(vectors(channels), kernel.CeilDiv(band*width*channels, partElements))
	c.block = max(vector, l1/pixels/vector*vector)
	return c
}

// parts is the number of parts of n images.
func (c cut) parts(n int) int { return n * c.bands * c.runs }

// at is what a part is: rows [from, to) of an image, channels [first, last).
func (c cut) at(part int) (image, from, to, first, last int) {
	run := part % c.runs
	band := part / c.runs % c.bands
	from, to = kernel.Split(c.rows, c.bands, band)
	first, last = splitVectors(c.channels, c.runs, run)
	return part / c.runs / c.bands, from, to, first, last
}
