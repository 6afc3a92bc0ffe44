package check

import (
	"math"
	"math/bits"
	"slices"
)

// side is the height and width of a thumbnail.
const side = 32

// thumb is an image's luma, squeezed to a square.
type thumb [side * side]uint8

// reduce averages the luma over side x side areas.
func (m *meter) reduce(h, w int) (t thumb) {
	for y := range side {
		y0, y1 := span(y, h)
		for x := range side {
			x0, x1 := span(x, w)
			sum := float32(0)
			for r := y0; r < y1; r++ {
				for _, v := range m.luma[r*w+x0 : r*w+x1] {
					sum += v
				}
			}
			t[y*side+x] = uint8(sum/float32((y1-y0)*(x1-x0)) + .5)
		}
	}
	return t
}

// span returns the pixels of area i along an axis of n pixels, at least one.
func span(i, n int) (from, to int) {
	from, to = i*n/side, (i+1)*n/side
	return from, max(to, from+1)
}

// hashes is the number of perceptual hashes of an image: of the whole, and of its middle without margins of 1 and 2 thirty-seconds.
const hashes = 3

// frequencies is the number of the lowest frequencies of the DCT along each axis that a hash has.
const frequencies = 8

// bases[m][i][k] is the DCT's basis of frequency k at pixel i of an image without margins of m pixels.
var bases = func() (b [hashes][side][frequencies]float32) {
	for m := range b {
		for i := m; i < side-m; i++ {
			for k := range frequencies {
				b[m][i][k] = float32(math.Cos(math.Pi * float64(k) * (float64(i-m) + .5) / float64(side-2*m)))
			}
		}
	}
	return b
}()

// hash returns the perceptual hashes of an image: the signs of 63 low frequencies of its DCT. (Zauner: Implementation and
// benchmarking of perceptual image hash functions, 2010.) Hashes of the same image in another size or quality differ in few bits.
func (t *thumb) hash() (out [hashes]uint64) {
	for m := range bases {
		basis := &bases[m]
		var coef [frequencies][frequencies]float32
		for y := m; y < side-m; y++ {
			var row [frequencies]float32
			for x := m; x < side-m; x++ {
				v := float32(t[y*side+x])
				for k, c := range basis[x] {
					row[k] += v * c
				}
			}
			for k, c := range basis[y] {
				for j, v := range row {
					coef[k][j] += v * c
				}
			}
		}
		for i := 1; i < frequencies*frequencies; i++ { // 0 is the mean
			if coef[i/frequencies][i%frequencies] > 0 {
				out[m] |= 1 << i
			}
		}
	}
	return out
}

// mirroredHash returns the hashes of the mirrored image: the basis of an odd frequency along a row changes its sign.
func mirroredHash(h [hashes]uint64) [hashes]uint64 {
	const odd = 0xaaaaaaaaaaaaaaaa // the bits of odd frequencies along rows
	for m := range h {
		h[m] ^= odd
	}
	return h
}

// mirrored returns the thumbnail with left and right exchanged.
func (t *thumb) mirrored() *thumb {
	out := *t
	for y := range side {
		slices.Reverse(out[y*side:][:side])
	}
	return &out
}

// differ returns the number of bits in which hashes of two images differ, at least: one of them may be the middle of the other.
func differ(a, b *[hashes]uint64) int {
	d := bits.OnesCount64(a[0] ^ b[0])
	for i := 1; i < hashes; i++ {
		d = min(d, bits.OnesCount64(a[0]^b[i]), bits.OnesCount64(a[i]^b[0]))
	}
	return d
}
