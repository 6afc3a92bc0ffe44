// Package winograd holds the transforms of Winograd's F(4x4, 3x3). It computes a tile of 4x4 results of a
// convolution with a 3x3 filter and stride 1 from 6x6 pixels, with 36 multiplications instead of 144 (A.
// Lavin, S. Gray, Fast Algorithms for Convolutional Neural Networks, 2015):
//
//	Y = A' [ (G w G') * (B' x B) ] A
//
// where * multiplies element by element and sums over channels. These are 36 matrix products, which package
// conv computes. The gradients are the exact adjoint:
//
//	dx = B [ (G w G') * (A dY A') ] B'     dw = G' [ (B' x B) * (A dY A') ] G
//
// The points are 0, 5/8, -5/8, 3/2, -3/2 and infinity. Compared with the usual points 0, 1, -1, 2, -2, errors
// are half as large on average, and a quarter at best. The transform of some tiles is 36 planes, matrices
// [tiles, channels]; plane 6i+j has row i and column j of the transform.
//
// Functions process some adjacent tiles. The pixels of adjacent tiles lie four apart (two if pooled), and
// their rows in the planes lie `tile` elements apart. There must be at least MinChannels channels. All distances (row,
// pixel, plane, tile) are in elements. If a number of a tile is not finite, all results of the tile that
// depend on it are not finite.
package winograd

import "github.com/lince-ml/lince/internal/kernel"

const (
	// Planes is the number of matrices that a transform makes.
	Planes = 36
	// GradientPlanes is the same for gradients, which have one more: the sums of the tiles.
	GradientPlanes = Planes + 1
	// Tile is the width of a tile of results.
	Tile = 4
	// Patch is the width of the pixels from which a tile of results is computed.
	Patch = 6
	// MinChannels is the minimum number of channels: one vector of AVX-512. If channels do not fill
	// vectors, the last vector overlaps the one before.
	MinChannels = 16
)

// Rows says which rows of a transform are computed. Their planes follow one another. If the planes of all
// rows do not fit into a cache, those of half the rows may.
type Rows uint8

// The rows of a transform.
const (
	AllRows   Rows = iota
	UpperRows      // 0 to 2
	LowerRows      // 3 to 5
)

// halves returns 1 for each half of the rows that is computed, else 0.
func (r Rows) halves() (upper, lower int) {
	if r != LowerRows {
		upper = 1
	}
	if r != UpperRows {
		lower = 1
	}
	return upper, lower
}

// span returns the rows [from, to).
func (r Rows) span() (from, to int) {
	return int(r/LowerRows) * Patch / 2, Patch - int(r%LowerRows)*Patch/2
}

// Planes is the number of planes of the rows.
func (r Rows) Planes() int {
	from, to := r.span()
	return (to - from) * Patch
}

// Image transforms 6x6 pixels: dst = B' x B.
func Image(isa kernel.ISA, rows Rows, dst []float32, plane, tile int, x []float32, row, pixel, channels, tiles int) {
	if imageVector(isa, rows, dst, plane, tile, x, row, pixel, channels, tiles) {
		return
	}
	from, to := rows.span()
	var t [Patch][Patch]float32
	for n := range tiles {
		x, dst := x[n*Tile*pixel:], dst[n*tile:]
		for c := range channels {
			for j := range Patch {
				t[0][j], t[1][j], t[2][j], t[3][j], t[4][j], t[5][j] = image(
					x[j*pixel+c], x[row+j*pixel+c], x[2*row+j*pixel+c], x[3*row+j*pixel+c], x[4*row+j*pixel+c], x[5*row+j*pixel+c])
			}
			for i, r := range t[from:to] {
				d := dst[6*i*plane+c:]
				d[0], d[plane], d[2*plane], d[3*plane], d[4*plane], d[5*plane] = image(r[0], r[1], r[2], r[3], r[4], r[5])
			}
		}
	}
}

// Result computes 4x4 results with bias and, if relu is set, ReLU: y = A' m A + bias.
func Result(isa kernel.ISA, y []float32, row, pixel int, m []float32, plane, tile int, bias []float32, relu bool, channels, tiles int) {
	if resultVector(isa, y, row, pixel, m, plane, tile, bias, relu, channels, tiles) {
		return
	}
	for n := range tiles {
		y, m := y[n*Tile*pixel:], m[n*tile:]
		for c := range channels {
			for i, r := range results(m, plane, c, bias[c]) {
				for j, v := range r {
					if relu && v < 0 {
						v = 0
					}
					y[i*row+j*pixel+c] = v
				}
			}
		}
	}
}

// ResultPool is Result with ReLU and a 2x2 max-pool: it computes 2x2 pooled results y and their argmax (see
// package kernel). Distances are the same for both.
func ResultPool(isa kernel.ISA, y []float32, argmax []uint8, row, pixel int, m []float32, plane, tile int, bias []float32, channels, tiles int) {
	if resultPoolVector(isa, y, argmax, row, pixel, m, plane, tile, bias, channels, tiles) {
		return
	}
	for n := range tiles {
		y, argmax, m := y[n*Tile/2*pixel:], argmax[n*Tile/2*pixel:], m[n*tile:]
		for c := range channels {
			r := results(m, plane, c, bias[c])
			for q := range 4 {
				i, j := q/2*2, q%2*2
				best, position := r[i][j], uint8(0)
				for n := 1; n < 4; n++ {
					if v := r[i+n/2][j+n%2]; v > best {
						best, position = v, uint8(n)
					}
				}
				if best <= 0 {
					best, position = 0, kernel.NoArgmax2x2
				}
				to := q/2*row + q%2*pixel + c
				y[to], argmax[to] = best, position
			}
		}
	}
}

// Gradient transforms the gradient of 4x4 results: dst = A dy A', followed by a plane of the sum of dy, except
// for LowerRows.
func Gradient(isa kernel.ISA, rows Rows, dst []float32, plane, tile int, dy []float32, row, pixel, channels, tiles int) {
	if gradientVector(isa, rows, dst, plane, tile, dy, row, pixel, channels, tiles) {
		return
	}
	var y [Tile][Tile]float32
	for n := range tiles {
		dst, dy := dst[n*tile:], dy[n*Tile*pixel:]
		for c := range channels {
			for i := range Tile {
				for j := range Tile {
					y[i][j] = dy[i*row+j*pixel+c]
				}
			}
			gradients(rows, dst[c:], plane, &y)
		}
	}
}

// GradientPooled is Gradient for the gradient g of 2x2 pooled results and their argmax. Distances are the same
// for both.
func GradientPooled(isa kernel.ISA, rows Rows, dst []float32, plane, tile int, g []float32, argmax []uint8, row, pixel, channels, tiles int) {
	if gradientPooledVector(isa, rows, dst, plane, tile, g, argmax, row, pixel, channels, tiles) {
		return
	}
	for n := range tiles {
		dst, g, argmax := dst[n*tile:], g[n*Tile/2*pixel:], argmax[n*Tile/2*pixel:]
		for c := range channels {
			var y [Tile][Tile]float32
			for q := range 4 {
				from := q/2*row + q%2*pixel + c
				if position := int(argmax[from]); position < kernel.NoArgmax2x2 {
					y[q/2*2+position/2][q%2*2+position%2] = g[from]
				}
			}
			gradients(rows, dst[c:], plane, &y)
		}
	}
}

// AddImage computes the gradient of 6x6 pixels, B v B'. Rows 0 to 3 are written to dx, and rows 4 and 5 to carry, for
// the tiles below. Tiles overlap by two pixels: columns 0 and 1 are added to the pixels that the tile to the left has
// written, and the other columns of rows 0 and 1 include what the tiles above have written to carry. The number of
// channels must be a multiple of 16.
func AddImage(isa kernel.ISA, dx []float32, row int, carry []float32, carryRow, pixel int, v []float32, plane, tile, channels, tiles int) {
	if addImageVector(isa, dx, row, carry, carryRow, pixel, v, plane, tile, channels, tiles) {
		return
	}
	var t [Patch][Patch]float32
	for n := range tiles {
		v, at := v[n*tile:], n*Tile*pixel
		for c := range channels {
			for j := range Patch {
				s := v[j*plane+c:]
				t[0][j], t[1][j], t[2][j], t[3][j], t[4][j], t[5][j] = addImage(s[0], s[6*plane], s[12*plane], s[18*plane], s[24*plane], s[30*plane])
			}
			for i, r := range t {
				r[0], r[1], r[2], r[3], r[4], r[5] = addImage(r[0], r[1], r[2], r[3], r[4], r[5])
				for j, d := range r {
					p := at + j*pixel + c
					var to *float32
					if i < Tile {
						to = &dx[i*row+p]
					} else {
						to = &carry[(i-Tile)*carryRow+p]
					}
					switch {
					case j < 2:
						d += *to
					case i < 2:
						d += carry[i*carryRow+p]
					}
					*to = d
				}
			}
		}
	}
}

// Filter transforms n filters in place, from the nine planes that start with FilterInput to all 36. n must be a
// multiple of 8.
func Filter(isa kernel.ISA, planes []float32, plane, n int) {
	if filterVector(isa, planes, plane, n) {
		return
	}
	var t [Patch][3]float32
	for e := range n {
		for j := range 3 {
			s := planes[(FilterInput+j)*plane+e:]
			t[0][j], t[1][j], t[2][j], t[3][j], t[4][j], t[5][j] = filter(s[0], s[3*plane], s[6*plane])
		}
		for i, r := range t {
			d := planes[6*i*plane+e:]
			d[0], d[plane], d[2*plane], d[3*plane], d[4*plane], d[5*plane] = filter(r[0], r[1], r[2])
		}
	}
}

// FilterInput is the first of the nine planes that Filter reads; plane FilterInput+3*row+column has a tap.
const FilterInput = Planes - 9

// FilterGradient computes the gradient of n filters, at least MinChannels: the nine planes dw = G' u G from the
// 36 planes u.
func FilterGradient(isa kernel.ISA, dw []float32, dwPlane int, u []float32, plane, n int) {
	if filterGradientVector(isa, dw, dwPlane, u, plane, n) {
		return
	}
	var t [3][Patch]float32
	for e := range n {
		for j := range Patch {
			s := u[j*plane+e:]
			t[0][j], t[1][j], t[2][j] = filterGradient(s[0], s[6*plane], s[12*plane], s[18*plane], s[24*plane], s[30*plane])
		}
		for i, r := range t {
			d := dw[3*i*dwPlane+e:]
			d[0], d[dwPlane], d[2*dwPlane] = filterGradient(r[0], r[1], r[2], r[3], r[4], r[5])
		}
	}
}
