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

const size = 4 // a window of 2x2 results under a filter of 3x3 sees 4x4 pixels

// PatchLen is the number of floats of a patch: what a window sees.
func PatchLen(channels int) int { return size * size * channels }

// Spare is the number of floats that must follow the last patch, of any value.
const Spare = 16

// Rows is the number of rows of sums: filters of 3x3 pixels, and the sum of the gradient.
func Rows(channels int) int { return 9*channels + 1 }

// Cut copies what each window of a row of pixels windows sees to its patch. rows has the
// pixels of the windows' four lines, row floats from one to the next.
func Cut(patches, rows []float32, row, channels, pixels int) {
	line := size * channels
	for p := range pixels {
		patch := patches[p*size*line:][:size*line]
		for r := range size {
			from := rows[r*row+2*p*channels:]
			if channels == 3 {
				*(*[12]float32)(patch[12*r:]) = [12]float32(from)
				continue
			}
			copy(patch[r*line:(r+1)*line], from)
		}
	}
}

// Add adds to sums [Rows(channels), columns] the products of patches with pooled gradients
// dy [pixels, columns], whose places are at: 0 to 3, or 4 where the result was 0. Sums are added
// to in the order of the pixels.
func Add(isa kernel.ISA, channels int, sums, patches, dy []float32, at []uint8, pixels, columns int) {
	first := 0
	if lanes := lanes(isa); lanes > 0 {
		for ; first+lanes <= columns; first += lanes {
			add(isa, channels, sums[first:], patches, dy[first:], at[first:], columns, pixels)
		}
		if first < columns {
			tail(isa, channels, sums[first:], patches, dy[first:], at[first:], pixels, columns, columns-first)
		}
		return
	}
	for p := range pixels {
		patch := patches[p*PatchLen(channels):]
		for c := range columns {
			place, d := int(at[p*columns+c]), dy[p*columns+c]
			if place > 3 {
				place, d = 0, 0
			}
			first := patch[place/2*size*channels+place%2*channels:]
			for tap := range Rows(channels) - 1 {
				sums[tap*columns+c] += first[tap/(3*channels)*size*channels+tap%(3*channels)] * d
			}
			sums[(Rows(channels)-1)*columns+c] += d
		}
	}
}

// tail does the last columns, which do not fill a vector, in memory of their own.
func tail(isa kernel.ISA, channels int, sums, patches, dy []float32, at []uint8, pixels, stride, columns int) {
	const chunk = 16
	lanes := lanes(isa)
	var wide [(9*MaxChannels + 1) * 16]float32
	var gradient [chunk * 16]float32
	var places [chunk * 16]uint8
	rows := Rows(channels)
	for r := range rows {
		copy(wide[r*lanes:r*lanes+columns], sums[r*stride:])
	}
	for lo := 0; lo < pixels; lo += chunk {
		n := min(chunk, pixels-lo)
		for p := range n {
			copy(gradient[p*lanes:p*lanes+columns], dy[(lo+p)*stride:])
			copy(places[p*lanes:p*lanes+columns], at[(lo+p)*stride:])
		}
		add(isa, channels, wide[:], patches[lo*PatchLen(channels):], gradient[:], places[:], lanes, n)
	}
	for r := range rows {
		copy(sums[r*stride:r*stride+columns], wide[r*lanes:])
	}
}
