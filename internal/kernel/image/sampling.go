// Package image moves and recolors images: warps, and the equalization of histograms. It is plain Go for all instruction sets. Each
// product is rounded before it is added, so that all processors compute the same bits.
package image

import (
	"fmt"

	"github.com/lince-ml/lince/internal/kernel"
)

// Fill says which pixel stands outside an image. op.Fill shows the kinds.
type Fill int

// The kinds of Fill.
const (
	Constant Fill = iota
	Nearest
	Reflect
	Wrap
)

// Sampling says how the value of an image at a point is found.
type Sampling struct {
	Nearest bool // the nearest pixel; otherwise linear interpolation
	Fill    Fill
	Value   float32 // outside the image, with Constant
}

// Shape is the shape of a warp: images of N x H x W x C give images of N x OH x OW x C.
type Shape struct{ N, H, W, C, OH, OW int }

func (s Shape) validate() {
	if s.N < 0 || s.H < 1 || s.W < 1 || s.C < 1 || s.OH < 1 || s.OW < 1 {
		panic(fmt.Sprintf("image: no warp of shape %+v", s))
	}
}

// Parts is the number of parts of the forward pass: some rows of the result each.
func (s Shape) Parts() int { return kernel.RowBlocks(s.N*s.OH, s.OW*s.C) }

// GradParts is the number of parts of the gradient: an image each, because points of the result can fall on any pixel.
func (s Shape) GradParts() int { return s.N }

func (s Shape) image(x []float32, n int) []float32 { return x[n*s.H*s.W*s.C : (n+1)*s.H*s.W*s.C] }

// far is the distance from which on a point has no place in an image. float32 has all integers up to it.
const far = 1 << 24

// corner is a point between pixels: the row and column of the pixel before it, and of the pixel after it, and their weights. A
// row or column of -1 is outside the image. If one is true, only the first pixel counts.
type corner struct {
	r, c   [2]int
	wr, wc [2]float32
	one    bool
}

// inner reports whether all four pixels are in the image.
func (p *corner) inner() bool { return p.r[0] >= 0 && p.r[1] >= 0 && p.c[0] >= 0 && p.c[1] >= 0 }

// floor is the largest integer up to v, which is not far.
func floor(v float32) int {
	n := int(v)
	if float32(n) > v {
		n--
	}
	return n
}

func isFar(v float32) bool { return !(v >= -far && v <= far) }

// within returns i, or -1 if it is not a row or column of an image of size n.
func within(i, n int) int {
	if uint(i) < uint(n) {
		return i
	}
	return -1
}

// roundAway rounds to the nearest integer, and halves away from 0, as C does.
func roundAway(v float32) int {
	if v < 0 {
		return -int(.5 - float64(v)) // the sum is exact in float64
	}
	return int(float64(v) + .5)
}
