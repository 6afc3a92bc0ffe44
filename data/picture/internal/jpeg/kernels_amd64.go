package jpeg

import (
	"os"

	"golang.org/x/sys/cpu"
)

// haveAVX2 reports whether to use the assembly. LINCE_ISA=generic turns it off, like all assembly of lince.
var haveAVX2 = cpu.X86.HasAVX2 && os.Getenv("LINCE_ISA") != "generic"

// inverseDCTAVX2 is inverseDCTGo without its special cases.
//
//go:noescape
func inverseDCTAVX2(dst *byte, stride int, block *[64]int16, quant *[64]uint16, c *dctConstants)

// h2v1AVX2 is the inner loop of h2v1FancyGo for 16*blocks samples. It reads one more sample before and after them.
//
//go:noescape
func h2v1AVX2(dst, src *byte, blocks int, c *wordConstants)

// h2v2AVX2 is the inner loop of h2v2FancyGo for 16*blocks samples. It reads one more sample before and after them.
//
//go:noescape
func h2v2AVX2(dst, near, far *byte, blocks int, c *wordConstants)

// ycc2rgbAVX2 is ycc2rgbGo for 32*blocks pixels. Products with 16-bit constants replace the tables:
//
//	(91881*x + half) >> 16  = x + ((2*x*26345 >> 16) + 1) >> 1
//	(116130*x + half) >> 16 = 2*x + ((2*x*-14942 >> 16) + 1) >> 1
//	(-22554*b - 46802*r + half) >> 16 = (-22554*b + 18734*r + half) >> 16 - r
//
//go:noescape
func ycc2rgbAVX2(dst, y, cb, cr *byte, blocks int, c *wordConstants)
