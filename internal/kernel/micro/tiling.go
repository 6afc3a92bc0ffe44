package micro

import "github.com/lince-ml/lince/internal/kernel"

// Tiling divides the columns of a matrix into tiles of two vectors. The last tile has one vector, or eight columns,
// if that is enough. In a packed matrix, a tile is [k, padded columns], and the tiles follow one another.
type Tiling struct{ columns, lanes int }

// NewTiling divides n columns.
func NewTiling(isa kernel.ISA, n int) Tiling { return Tiling{n, Lanes(isa)} }

// Tiles is the number of tiles.
func (t Tiling) Tiles() int { return kernel.CeilDiv(t.columns, 2*t.lanes) }

// At returns the first column of tile i and its number of columns, without and with padding.
func (t Tiling) At(i int) (first, columns, padded int) {
	first = i * 2 * t.lanes
	columns = min(2*t.lanes, t.columns-first)
	lanes := t.lanes
	if columns <= 8 {
		lanes = 8 // as Args.Columns does
	}
	return first, columns, kernel.CeilDiv(columns, lanes) * lanes
}

// Padded is the number of columns including the padding of the last tile.
func (t Tiling) Padded() int {
	first, _, padded := t.At(t.Tiles() - 1)
	return first + padded
}

// Pack copies rows of a row-major matrix, which lie stride floats apart, to a packed tile. Padding is set to 0.
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

// PackTransposed is Pack from a transposed matrix: column c of the tile is the row of src that starts at
// src[c*stride].
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
