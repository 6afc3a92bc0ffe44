// Package pool holds max and average pooling of NHWC images, and their gradients.
//
// The gradients are divided into parts by rows of pixels, not of results, so that the gradients of
// overlapping windows are added to a pixel in one order.
//
// Max pooling stores the position of each maximum in one byte, argmax. Package kernel documents its
// encoding.
package pool

import (
	"fmt"

	"github.com/lince-ml/lince/internal/kernel"
)

// MaxWindow is the maximum number of elements in the window of a max-pool: argmax is one byte.
const MaxWindow = 255

// Shape is the shape of a pool: N images of H x W pixels with C channels, windows of KH x KW pixels,
// and OH x OW results for each image. The window of result (oh, ow) contains those of the pixels
// (oh*StrideH+kh-PadTop, ow*StrideW+kw-PadLeft) that are inside the image. Each window must contain a
// pixel.
type Shape struct {
	N, H, W, C       int
	KH, KW           int
	StrideH, StrideW int
	PadTop, PadLeft  int
	OH, OW           int
}

// Validate returns an error for an impossible shape.
func (s Shape) Validate() error {
	for _, v := range []int{s.N, s.H, s.W, s.C, s.KH, s.KW, s.StrideH, s.StrideW, s.OH, s.OW} {
		if v < 1 {
			return fmt.Errorf("pool: %+v: sizes and strides must be at least 1", s)
		}
	}
	if s.PadTop < 0 || s.PadLeft < 0 || s.PadTop >= s.KH || s.PadLeft >= s.KW ||
		(s.OH-1)*s.StrideH-s.PadTop >= s.H || (s.OW-1)*s.StrideW-s.PadLeft >= s.W {
		return fmt.Errorf("pool: %+v: each window must contain a pixel", s)
	}
	return nil
}

// ValidateMax is Validate for max-pools, whose windows have at most MaxWindow elements.
func (s Shape) ValidateMax() error {
	if s.KH*s.KW > MaxWindow {
		return fmt.Errorf("pool: a window of %dx%d has %d elements, want at most %d for a max-pool", s.KH, s.KW, s.KH*s.KW, MaxWindow)
	}
	return s.Validate()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// window returns the part [from, to) of a result's window, of k pixels, that is inside an axis of n
// pixels.
func window(out, stride, pad, k, n int) (from, to int) {
	at := out*stride - pad
	return max(0, -at), min(k, n-at)
}

// forwardParts is the number of parts of the N*OH rows of results; forwardRows returns the rows of one.
func (s Shape) forwardParts() int { return kernel.RowBlocks(s.N*s.OH, s.StrideH*s.W*s.C) }

func (s Shape) forwardRows(part int) (from, to int) {
	return kernel.Split(s.N*s.OH, s.forwardParts(), part)
}
