// Package conv holds the convolution kernels: forward, with bias, residual, ReLU, its limit and a
// 2x2 max pool in the same pass; backward for the images; backward for the filters, and the bias with them.
// Both backward kernels take the gradient of the convolution's result or, after a fused
// pool, the gradient of the pooled result and the bytes that say where each maximum was:
// the result of a fused convolution is never in memory as a whole.
//
// There are several algorithms, on the micro-kernels of package micro, for all instruction sets;
// choose.go lists them, and cost.go says what they cost and how their work is cut.
//
// Direct, for everything: images are not repacked; a part of the work copies the rows it
// needs to scratch only where padding, or unpooling, makes them different from what is in
// memory. Parts are bands of rows and, where these are few, groups of channels; those of a filter's
// gradient are blocks of the filter and groups of pixels.
//
// Pointwise, for filters of one pixel: one product over the pixels of all images.
//
// Sparse, for the filters of few channels: only that quarter of a pooled gradient that is not 0.
//
// Winograd's F(4x4,3x3), for 3x3 filters of stride and dilation 1 between 16 channels and
// more, and, forward, from few channels (2 to 4: pictures): a quarter of the multiplications, between transforms (package winograd) of tiles of
// 4x4 results; the gradients are the exact adjoint. It rounds more: against float64, results
// are 1.5e-6 of the greatest result wrong at the most (direct ones up to 8e-7), gradients 1e-6
// of their length (TestWinogradErrors).
// A pixel that is not finite makes all results of the tiles that see it so, up to 36 instead
// of 9. LINCE_WINOGRAD=off makes all convolutions direct.
//
// Images are NHWC, filters HWIO, as in Keras; no groups.
package conv

import (
	"fmt"

	"github.com/lince-ml/lince/internal/kernel"
)

// Shape is a convolution: N images of H x W pixels of C channels under filters of KH x KW
// pixels for O channels, OH x OW results an image. Result (oh, ow) sees the pixels
// (oh*StrideH+kh*DilationH-PadTop, ow*StrideW+kw*DilationW-PadLeft); those beyond the image
// are 0, at all four sides.
type Shape struct {
	N, H, W, C           int
	KH, KW, O            int
	StrideH, StrideW     int
	DilationH, DilationW int
	PadTop, PadLeft      int
	OH, OW               int
}

// Validate reports a shape that no kernel can have.
func (s Shape) Validate() error {
	for _, v := range []int{s.N, s.H, s.W, s.C, s.KH, s.KW, s.O, s.StrideH, s.StrideW, s.DilationH, s.DilationW, s.OH, s.OW} {
		if v < 1 {
			return fmt.Errorf("conv: %+v: sizes, strides and dilations must be at least 1", s)
		}
	}
	if s.PadTop < 0 || s.PadLeft < 0 {
		return fmt.Errorf("conv: %+v: negative padding", s)
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
func (s Shape) FLOPs() int { return 2 * s.N * s.OH * s.OW * s.O * s.KH * s.KW * s.C }

func (s Shape) spanH() int { return (s.KH-1)*s.DilationH + 1 }
func (s Shape) spanW() int { return (s.KW-1)*s.DilationW + 1 }

// filterLen is the number of weights.
func (s Shape) filterLen() int { return s.KH * s.KW * s.C * s.O }

// pooled is the shape without the last odd row and column, which a 2x2 pool does not see.
func (s Shape) pooled() Shape {
	s.OH, s.OW = s.OH/2*2, s.OW/2*2
	return s
}

// partFLOPs is about the work of a part: a fraction of a millisecond.
const partFLOPs = 8 << 20

// bandRows is how many of an image's rows a part takes, even where that can be, when a row
// costs flops.
func bandRows(rows, flops int) int {
	band := max(4, kernel.CeilDiv(partFLOPs, max(flops, 1)))
	bands := max(1, rows/band)
	band = kernel.CeilDiv(rows, bands)
	return min(rows, band+band%2)
}
