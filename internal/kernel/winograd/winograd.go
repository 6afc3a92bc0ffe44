// Package winograd holds the transforms of Winograd's F(4x4,3x3): a tile of 4x4 results of a
// convolution with 3x3 filters, stride 1, from 6x6 pixels with 36 multiplications instead of
// 144 (A. Lavin, S. Gray, Fast Algorithms for Convolutional Neural Networks, 2015):
//
//	Y = A' [ (G w G') * (B' x B) ] A
//
// where * is element by element, summed over channels: 36 products of matrices, which are
// the business of package conv. The gradients are the exact adjoint of that:
//
//	dx = B [ (G w G') * (A dY A') ] B'     dw = G' [ (B' x B) * (A dY A') ] G
//
// The points are 0, 5/8, -5/8, 3/2, -3/2 and infinity: errors are a quarter of those with the
// usual 0, 1, -1, 2, -2 at the most, and half on average. A transformed tile is 36 planes of a matrix
// [tiles][channels]; number 6i+j belongs to row i and column j of the transform.
//
// Functions do the channels of some tiles next to each other: their pixels are four apart (or
// two, where pooled), and the rows of their planes `tile` elements. There must be at least
// MinChannels channels, and all distances (row, pixel, plane, tile) are in elements. A number
// that is not finite makes all that comes from its tile so.
package winograd

import "github.com/lince-ml/lince/internal/kernel"

const (
	// Planes is the number of matrices that a transform makes.
	Planes = 36
	// GradientPlanes is the same for gradients: one more, of the sums of the tiles.
	GradientPlanes = Planes + 1
	// Tile is the width of a tile of results.
	Tile = 4
	// Patch is the width of the pixels that a tile of results sees.
	Patch = 6
	// MinChannels is the least number of channels: vectors at the end may overlap those
	// before, but there are no partial ones.
	MinChannels = 16
)

// Rows are the rows of transforms that are wanted, whose planes are one behind the other:
// where all do not fit into a cache, half of them may.
type Rows uint8

// The rows of a transform.
const (
	AllRows   Rows = iota
	UpperRows      // 0 to 2
	LowerRows      // 3 to 5
)

// span is the first row and the one after the last.
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

// Result makes 4x4 results with bias and perhaps ReLU: y = A' m A + bias.
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

// ResultPool is Result with ReLU and a 2x2 max pool: 2x2 pooled results y, and at: where each
// was in its window, 0 to 3, or 4 where the ReLU cut it. Distances hold for both.
func ResultPool(isa kernel.ISA, y []float32, at []uint8, row, pixel int, m []float32, plane, tile int, bias []float32, channels, tiles int) {
	if resultPoolVector(isa, y, at, row, pixel, m, plane, tile, bias, channels, tiles) {
		return
	}
	for n := range tiles {
		y, at, m := y[n*Tile/2*pixel:], at[n*Tile/2*pixel:], m[n*tile:]
		for c := range channels {
			r := results(m, plane, c, bias[c])
			for q := range 4 {
				i, j := q/2*2, q%2*2
				best, place := r[i][j], uint8(0)
				for n := 1; n < 4; n++ {
					if v := r[i+n/2][j+n%2]; v > best {
						best, place = v, uint8(n)
					}
				}
				if best <= 0 {
					best, place = 0, 4
				}
				to := q/2*row + q%2*pixel + c
				y[to], at[to] = best, place
			}
		}
	}
}

// Gradient transforms the gradient of 4x4 results: dst = A dy A', and, but for LowerRows, a plane
// of the sum of dy behind it.
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

// GradientPooled is Gradient from the gradient of 2x2 pooled results and their places at.
// Distances hold for both.
func GradientPooled(isa kernel.ISA, rows Rows, dst []float32, plane, tile int, g []float32, at []uint8, row, pixel, channels, tiles int) {
	if gradientPooledVector(isa, rows, dst, plane, tile, g, at, row, pixel, channels, tiles) {
		return
	}
	for n := range tiles {
		dst, g, at := dst[n*tile:], g[n*Tile/2*pixel:], at[n*Tile/2*pixel:]
		for c := range channels {
			var y [Tile][Tile]float32
			for q := range 4 {
				from := q/2*row + q%2*pixel + c
				if place := int(at[from]); place < 4 {
					y[q/2*2+place/2][q%2*2+place%2] = g[from]
				}
			}
			gradients(rows, dst[c:], plane, &y)
		}
	}
}

// AddImage makes the gradient of 6x6 pixels, B v B': rows 0 to 3 go to dx and rows 4 and 5 to
// carry, which has the same pixels. Columns 0 and 1 are added to what is there, and so are the
// other columns of rows 0 and 1 to what is in carry: the last rows of the tiles above.
// Channels must be a multiple of 16.
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

// Filter transforms filters, element by element of n: the nine planes from FilterInput on to
// all 36, in place. n must be a multiple of 8.
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

// FilterInput is the first of the nine planes, 3*row+column, that Filter takes.
const FilterInput = Planes - 9

// FilterGradient makes the gradient of filters, element by element of n, at least
// MinChannels: nine planes dw = G' u G from 36.
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
