// Package sparse multiplies with the gradient in front of a 2x2 max pool, of which three in
// four are 0: each pooled gradient meets only the pixels that the window's greatest result
// has seen. For images of few channels it is a quarter of the work of a dense product.
//
// A pixel that is not finite spoils only the filters' gradients that it has a part in, where a
// dense product would spoil all, by 0 times infinity.
package sparse

import "github.com/lince-ml/lince/internal/kernel"

// MaxChannels is the greatest number of an image's channels that there are kernels for.
const MaxChannels = 3

// Rows is the number of rows of sums: filters of 3x3 pixels, and the sum of the gradient.
func Rows(channels int) int { return 9*channels + 1 }

// QuadsLen is the number of floats of the quads of the lines that so many windows see.
func QuadsLen(channels, windows int) int { return 4 * quads(channels, windows) }

// quads is the number of places of a line where a tap of a window's first result can be.
func quads(channels, windows int) int { return (2*windows + 1) * channels }

// Quads puts together what the four results of a window may see at a tap, for each place in two
// lines of pixels: there, a pixel on, and both in the line below.
func Quads(isa kernel.ISA, dst, upper, lower []float32, channels, windows int) {
	n := quads(channels, windows)
	dst, upper, lower = dst[:4*n], upper[:n+channels], lower[:n+channels]
	for i := quadsVector(isa, dst, upper, lower, channels, n); i < n; i++ {
		q := dst[4*i : 4*i+4]
		q[0], q[1], q[2], q[3] = upper[i], upper[i+channels], lower[i], lower[i+channels]
	}
}

// Add adds to sums [Rows(channels), columns] the products of pixels with pooled gradients
// dy [windows, columns], whose places are at: 0 to 3, or 4 where the result was 0. The pixels are
// the quads of the lines that the filter's lines see, from the first window on. Sums are added
// to in the order of the windows.
func Add(isa kernel.ISA, channels int, sums []float32, quads [3][]float32, dy []float32, at []uint8, windows, columns int) {
	first := 0
	if lanes := lanes(isa); lanes > 0 {
		for ; first+lanes <= columns; first += lanes {
			add(isa, channels, sums[first:], quads, dy[first:], at[first:], columns, windows)
		}
		if first < columns {
			tail(isa, channels, sums[first:], quads, dy[first:], at[first:], windows, columns, columns-first)
		}
		return
	}
	for w := range windows {
		for c := range columns {
			place, d := int(at[w*columns+c]), dy[w*columns+c]
			if place > 3 {
				place, d = 0, 0
			}
			for tap := range Rows(channels) - 1 {
				sums[tap*columns+c] += quads[tap/(3*channels)][4*(2*w*channels+tap%(3*channels))+place] * d
			}
			sums[(Rows(channels)-1)*columns+c] += d
		}
	}
}

// tail does the last columns, which do not fill a vector, in memory of their own.
func tail(isa kernel.ISA, channels int, sums []float32, quads [3][]float32, dy []float32, at []uint8, windows, stride, columns int) {
	const chunk = 16
	lanes := lanes(isa)
	var wide [(9*MaxChannels + 1) * 16]float32
	var gradient [chunk * 16]float32
	var places [chunk * 16]uint8
	rows := Rows(channels)
	for r := range rows {
		copy(wide[r*lanes:r*lanes+columns], sums[r*stride:])
	}
	for lo := 0; lo < windows; lo += chunk {
		n := min(chunk, windows-lo)
		for p := range n {
			copy(gradient[p*lanes:p*lanes+columns], dy[(lo+p)*stride:])
			copy(places[p*lanes:p*lanes+columns], at[(lo+p)*stride:])
		}
		add(isa, channels, wide[:], quads, gradient[:], places[:], lanes, n)
		for i := range quads {
			quads[i] = quads[i][min(len(quads[i]), 4*2*chunk*channels):]
		}
	}
	for r := range rows {
		copy(sums[r*stride:r*stride+columns], wide[r*lanes:])
	}
}
