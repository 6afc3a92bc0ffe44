// Package sparse computes products with the gradient of a 2x2 max-pool's operand without unpooling it. Three
// quarters of that gradient are 0: the gradient of a pooled result belongs to the maximum of its window only.
// So a product with the pooled gradient needs only the pixels that the maximum depends on. For images of few
// channels this is a quarter of the work of a dense product.
//
// A dense product would multiply all pixels, and a pixel that is not finite would make all sums not finite,
// by 0 times infinity. Here it affects only the sums to which it contributes.
package sparse

import "github.com/lince-ml/lince/internal/kernel"

// MaxChannels is the maximum number of an image's channels.
const MaxChannels = 3

// Rows is the number of rows of sums: one for each tap of a 3x3 filter, and one for the sum of the gradient.
func Rows(channels int) int { return 9*channels + 1 }

// QuadsLen is the length of the quads of the lines that a number of windows read, in floats.
func QuadsLen(channels, windows int) int { return 4 * quads(channels, windows) }

// quads is the number of positions in a line where a tap of a window's first result can be.
func quads(channels, windows int) int { return (2*windows + 1) * channels }

// Quads gathers the candidates for a tap. For each position in two lines of pixels, they are the pixels that the
// four results of a window read there: the pixel, its right neighbor, and both in the line below.
func Quads(isa kernel.ISA, dst, upper, lower []float32, channels, windows int) {
	n := quads(channels, windows)
	dst, upper, lower = dst[:4*n], upper[:n+channels], lower[:n+channels]
	for i := quadsVector(isa, dst, upper, lower, channels, n); i < n; i++ {
		q := dst[4*i : 4*i+4]
		q[0], q[1], q[2], q[3] = upper[i], upper[i+channels], lower[i], lower[i+channels]
	}
}

// Add adds the products of pixels and pooled gradients dy [windows, columns], with their argmax, to sums
// [Rows(channels), columns]. quads are those of the lines that each row of the filter reads, starting with the
// first window. Products are added in the order of the windows.
func Add(isa kernel.ISA, channels int, sums []float32, quads [3][]float32, dy []float32, argmax []uint8, windows, columns int) {
	if isa != kernel.Generic {
		first, lanes := 0, lanes(isa)
		for ; first+lanes <= columns; first += lanes {
			add(isa, channels, sums[first:], quads, dy[first:], argmax[first:], columns, windows)
		}
		if first < columns {
			tail(isa, channels, sums[first:], quads, dy[first:], argmax[first:], windows, columns, columns-first)
		}
		return
	}
	for w := range windows {
		for c := range columns {
			position, d := int(argmax[w*columns+c]), dy[w*columns+c]
			if position == kernel.NoArgmax2x2 {
				position, d = 0, 0
			}
			for tap := range Rows(channels) - 1 {
				sums[tap*columns+c] += quads[tap/(3*channels)][4*(2*w*channels+tap%(3*channels))+position] * d
			}
			sums[(Rows(channels)-1)*columns+c] += d
		}
	}
}

// lanes is the number of columns in a call of assembly: AVX-512 has vectors of eight here.
func lanes(isa kernel.ISA) int { return min(8, isa.Lanes()) }

// add is Add for lanes columns of stride.
func add(isa kernel.ISA, channels int, sums []float32, q [3][]float32, dy []float32, argmax []uint8, stride, windows int) {
	addChannels(isa, channels, &sums[0], &q[0][0], &q[1][0], &q[2][0], &dy[0], &argmax[0], uintptr(stride), windows)
}

// tail is Add for the last columns, which do not fill a vector. It copies them to vectors of its own.
func tail(isa kernel.ISA, channels int, sums []float32, quads [3][]float32, dy []float32, argmax []uint8, windows, stride, columns int) {
	const chunk = 16
	lanes := lanes(isa)
	var wide [(9*MaxChannels + 1) * 16]float32
	var gradient [chunk * 16]float32
	var positions [chunk * 16]uint8
	rows := Rows(channels)
	for r := range rows {
		copy(wide[r*lanes:r*lanes+columns], sums[r*stride:])
	}
	for lo := 0; lo < windows; lo += chunk {
		n := min(chunk, windows-lo)
		for p := range n {
			copy(gradient[p*lanes:p*lanes+columns], dy[(lo+p)*stride:])
			copy(positions[p*lanes:p*lanes+columns], argmax[(lo+p)*stride:])
		}
		add(isa, channels, wide[:], quads, gradient[:], positions[:], lanes, n)
		for i := range quads {
			quads[i] = quads[i][min(len(quads[i]), 4*2*chunk*channels):]
		}
	}
	for r := range rows {
		copy(sums[r*stride:r*stride+columns], wide[r*lanes:])
	}
}
