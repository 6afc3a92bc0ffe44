package micro

import "github.com/lince-ml/lince/internal/kernel"

// Tiling cuts the columns of a matrix into tiles of two vectors; the last has one, or eight
// columns, when that is enough. Packed, a tile is [k][padded columns], and tile follows tile.
type Tiling struct{ columns, lanes int }

// NewTiling cuts n columns.
func NewTiling(isa kernel.ISA, n int) Tiling { return Tiling{n, Lanes(isa)} }

// Tiles is the number of tiles.
func (t Tiling) Tiles() int { return kernel.CeilDiv(t.columns, 2*t.lanes) }

// At is where tile i starts, how many columns it has, and how many with padding.
func (t Tiling) At(i int) (first, columns, padded int) {
	first = i * 2 * t.lanes
	columns = min(2*t.lanes, t.columns-first)
	lanes := t.lanes
	if columns <= 8 {
		lanes = 8 // as Args.Columns does
	}
	return first, columns, kernel.CeilDiv(columns, lanes) * lanes
}

// Padded is the number of columns with the padding of the last tile.
func (t Tiling) Padded() int {
	first, _, padded := t.At(t.Tiles() - 1)
	return first + padded
}

// Pack copies rows of a row-major matrix (stride floats from row to row) into a packed tile.
func Pack(isa kernel.ISA, dst, src []float32, rows, stride, columns, padded int) {
	if columns == padded && packRows(isa, dst[:rows*padded], src[:(rows-1)*stride+padded], rows, stride, padded) {
		return
	}
	for r := range rows {
		d := dst[r*padded : r*padded+padded]
		n := copy(d[:columns], src[r*stride:])
		clear(d[n:])
	}
}

// PackTransposed fills a packed tile of rows by columns from the transposed matrix: column c
// is the row that starts at src[c*stride].
func PackTransposed(isa kernel.ISA, dst, src []float32, rows, stride, columns, padded int) {
	if columns < padded {
		clear(dst[:rows*padded])
	}
	r8, c8 := transpose(isa, dst, src, rows, stride, columns, padded)
	for c := range columns {
		line, first := src[c*stride:c*stride+rows], 0
		if c < c8 {
			first = r8
		}
		for r := first; r < rows; r++ {
			dst[r*padded+c] = line[r]
		}
	}
}
