package jpeg

import (
	"os"

	"golang.org/x/sys/cpu"
)

// haveAVX2 says that the assembly is used. LINCE_ISA=generic turns it off, as it does for all of lince.
var haveAVX2 = cpu.X86.HasAVX2 && os.Getenv("LINCE_ISA") != "generic"

// inverseDCTAVX2 is inverseDCTGo without its shortcuts.
//
//go:noescape
func inverseDCTAVX2(dst *byte, stride int, block *[64]int16, quant *[64]uint16)

// h2v1AVX2 is the inner loop of h2v1FancyGo for 16*blocks samples; it reads one sample before and one after them.
//
//go:noescape
func h2v1AVX2(dst, src *byte, blocks int)

// h2v2AVX2 is the inner loop of h2v2FancyGo for 16*blocks samples; it reads one sample before and one after them.
//
//go:noescape
func h2v2AVX2(dst, near, far *byte, blocks int)

// ycc2rgbAVX2 is ycc2rgbGo for 32*blocks pixels. Products by 16 bit constants replace the tables:
//
//	(91881*x + half) >> 16  = x + ((2*x*26345 >> 16) + 1) >> 1
//	(116130*x + half) >> 16 = 2*x + ((2*x*-14942 >> 16) + 1) >> 1
//	(-22554*b - 46802*r + half) >> 16 = (-22554*b + 18734*r + half) >> 16 - r
//
//go:noescape
func ycc2rgbAVX2(dst, y, cb, cr *byte, blocks int)

// The assembly's constants.
var (
	dctConst   = dctConstants()
	dctShuffle = [16]byte{0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15}
	words      = wordConstants()
	rgbShuffle = rgbShuffles()
)

// dctConstants are the factors in the order in which the assembly uses them, then the roundings of both passes, each
// for 8 lanes.
func dctConstants() (c [14][8]int32) {
	for i, v := range [14]int32{
		fix0541196100, fix1847759065, fix0765366865, fix1175875602,
		fix0298631336, fix2053119869, fix3072711026, fix1501321110,
		-fix0899976223, -fix2562915447, -fix1961570560, -fix0390180644,
		half1, half2,
	} {
		for lane := range c[i] {
			c[i][lane] = v
		}
	}
	return c
}

// wordConstants are 1, 2, 7, 8, 128, 26345, -14942, the pair (-22554, 18734), and half of 1<<16 as 32 bits.
func wordConstants() (c [9][16]int16) {
	for i, v := range [9][2]int16{{1, 1}, {2, 2}, {7, 7}, {8, 8}, {128, 128}, {26345, 26345}, {-14942, -14942}, {-22554, 18734}, {-32768, 0}} {
		for lane := range c[i] {
			c[i][lane] = v[lane&1]
		}
	}
	return c
}

// rgbShuffles spread 16 bytes of one channel over 48 bytes of RGB: for each third of these, for each channel.
func rgbShuffles() (m [3][3][16]byte) {
	for third := range m {
		for c := range m[third] {
			for b := range m[third][c] {
				m[third][c][b] = 0x80 // gives 0
				if j := 16*third + b; j%3 == c {
					m[third][c][b] = byte(j / 3)
				}
			}
		}
	}
	return m
}
