// Package pool holds maximum and average pooling, forward and backward, of NHWC images.
//
// Backward passes are cut by image and channel, never by result, so that overlapping windows
// add to a pixel in one order.
package pool

import (
	"fmt"

	"github.com/lince-ml/lince/internal/kernel"
)

// MaxWindow is the greatest number of positions in the window of a maximum pool, whose place
// is kept in a byte.
const MaxWindow = 255

// Shape is a pool: N images of H x W pixels of C channels under windows of KH x KW, OH x OW
// results an image. Result (oh, ow) sees the pixels (oh*StrideH+kh-PadTop,
// ow*StrideW+kw-PadLeft) that are inside the image; each window must see one.
type Shape struct {
	N, H, W, C       int
	KH, KW           int
	StrideH, StrideW int
	PadTop, PadLeft  int
	OH, OW           int
}

// Validate reports a shape that no kernel can have.
func (s Shape) Validate() error {
	for _, v := range []int{s.N, s.H, s.W, s.C, s.KH, s.KW, s.StrideH, s.StrideW, s.OH, s.OW} {
		if v < 1 {
			return fmt.Errorf("pool: %+v: sizes and strides must be at least 1", s)
		}
	}
	if s.PadTop < 0 || s.PadLeft < 0 || s.PadTop >= s.KH || s.PadLeft >= s.KW ||
		(s.OH-1)*s.StrideH-s.PadTop >= s.H || (s.OW-1)*s.StrideW-s.PadLeft >= s.W {
		return fmt.Errorf("pool: %+v: a window sees no pixel", s)
	}
	return nil
}

// ValidateMax is Validate for maximum pools: their windows have at most MaxWindow positions.
func (s Shape) ValidateMax() error {
	if s.KH*s.KW > MaxWindow {
		return fmt.Errorf("pool: a window of %dx%d has %d positions; a maximum pool can have %d", s.KH, s.KW, s.KH*s.KW, MaxWindow)
	}
	return s.Validate()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// window is the part of the window of a result that is inside an axis: [from, to) of k.
func window(out, stride, pad, k, n int) (from, to int) {
	at := out*stride - pad
	return max(0, -at), min(k, n-at)
}

// forwardParts and forwardRows cut the N*OH rows of results.
func (s Shape) forwardParts() int { return kernel.RowBlocks(s.N*s.OH, s.StrideH*s.W*s.C) }

func (s Shape) forwardRows(part int) (from, to int) {
	return kernel.Split(s.N*s.OH, s.forwardParts(), part)
}
