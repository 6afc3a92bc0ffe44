// Package conv holds the convolution kernels: Forward, with bias, residual, ReLU with a limit and a 2x2
// max-pool in the same pass; GradInput, the gradient with respect to the images; and GradFilter, the
// gradient with respect to the filter and the bias. Images are NHWC and filters HWIO, as in Keras. There
// are no groups.
//
// The result of a convolution with a fused pool is never in memory as a whole. Its gradients take the
// gradient of the pooled result and argmax, the position of each maximum (see package kernel).
//
// There are several algorithms. They all use the micro-kernels of package micro and support all
// instruction sets. choose.go lists them; cost.go estimates their times and divides their work into
// parts.
//
// Direct supports all shapes. It does not repack images: a part of the work copies the rows that it
// needs to scratch only if they must be padded or unpooled. Parts are bands of rows and, where there are
// few bands, groups of channels. Those of GradFilter are blocks of the filter and groups of pixels.
//
// Pointwise is for filters of one pixel: one matrix product over the pixels of all images.
//
// Sparse is GradFilter for images of few channels with a pooled gradient: it skips the three quarters
// of the gradient that are 0.
//
// Winograd is F(4x4, 3x3), for 3x3 filters with stride and dilation 1 and at least 16 input and output
// channels; Forward also has a form for 2 to 4 input channels. It needs a quarter of the
// multiplications, between transforms (package winograd) of tiles of 4x4 results. The gradients are the
// exact adjoint of the convolution. Winograd rounds more than a direct convolution: compared with
// float64, results are wrong by at most 1.5e-6 of the largest result (direct: 8e-7), and gradients by
// 1e-6 of their norm (TestWinogradErrors). A pixel that is not finite makes up to 25 results not finite,
// not only the 9 or fewer that read it. LINCE_WINOGRAD=off makes all convolutions direct.
package conv

import (
	"fmt"

	"github.com/lince-ml/lince/internal/kernel"
)

// Shape is the shape of a convolution: N images of H x W pixels with C channels, a filter of KH x KW
// pixels with C input and O output channels, and OH x OW results for each image. Tap (kh, kw) of result
// (oh, ow) reads pixel (oh*StrideH+kh*DilationH-PadTop, ow*StrideW+kw*DilationW-PadLeft). Pixels outside
// the image, on all four sides, are 0.
type Shape struct {
	N, H, W, C           int
	KH, KW, O            int
	StrideH, StrideW     int
	DilationH, DilationW int
	PadTop, PadLeft      int
	OH, OW               int
}

// Validate returns an error for an impossible shape.
func (s Shape) Validate() error {
	for _, v := range []int{s.N, s.H, s.W, s.C, s.KH, s.KW, s.O, s.StrideH, s.StrideW, s.DilationH, s.DilationW, s.OH, s.OW} {
		if v < 1 {
			return fmt.Errorf("conv: %+v: sizes, strides and dilations must be at least 1", s)
		}
	}
	if s.PadTop < 0 || s.PadLeft < 0 {
		return fmt.Errorf("conv: %+v: padding must be at least 0", s)
	}
	return nil
}

func (s Shape) must() {
	if err := s.Validate(); err != nil {
		panic(err)
	}
}

// FLOPs is the number of multiplications and additions of a direct convolution, and of each of its
// gradients.
func (s Shape) FLOPs() int { return 2 * s.N * s.OH * s.OW * s.O * s.KH * s.KW * s.C }

// spanH and spanW are the number of pixels from the first to the last that the filter covers.
func (s Shape) spanH() int { return (s.KH-1)*s.DilationH + 1 }
func (s Shape) spanW() int { return (s.KW-1)*s.DilationW + 1 }

// filterLen is the number of weights.
func (s Shape) filterLen() int { return s.KH * s.KW * s.C * s.O }

// pooled returns the shape without an odd last row or column of results, which a 2x2 pool ignores.
func (s Shape) pooled() Shape {
	s.OH, s.OW = s.OH/2*2, s.OW/2*2
	return s
}

// partFLOPs is the approximate amount of work in a part: it takes a fraction of a millisecond.
const partFLOPs = 8 << 20

// bandRows is the number of an image's rows in a part, if a row costs flops. It is even if possible.
func bandRows(rows, flops int) int {
	band := max(4, kernel.CeilDiv(partFLOPs, max(flops, 1)))
	bands := max(1, rows/band)
	band = kernel.CeilDiv(rows, bands)
	return min(rows, band+band%2)
}
