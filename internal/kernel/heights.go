package kernel

import "math/bits"

// Heights is a set of heights, in rows, of tiles of matrix products: bit n stands for n rows. There is
// assembly for few of them.
type Heights uint32

// Sets of heights: all up to a number, but above eight only some.
const (
	upTo6  Heights = 1<<7 - 2
	upTo8  Heights = 1<<9 - 2
	upTo12 Heights = upTo8 | 1<<10 | 1<<12
	upTo14 Heights = upTo8 | 1<<9 | 1<<10 | 1<<14 // 9: three pixels of three channels
	narrow Heights = 1<<5 - 2 | 1<<8
)

// TileHeights are the heights of tiles that are some vectors of columns wide. (A vector of NEON has
// four columns; there, 0 vectors stand for fewer than four columns.) reread says that each tile is
// likely to read B from beyond the first cache, as it does where A is transposed: then some tiles are
// higher. internal/kernel/gen writes the tiles of this table; micro, gemm and winograd use them.
func TileHeights(isa ISA, vectors int, reread bool) Heights {
	switch {
	case isa == AVX512 && vectors == 2 && reread:
		return upTo14
	case isa == AVX2 && vectors == 2, isa == NEON && vectors > 2:
		return upTo6
	case isa == AVX2:
		return upTo12
	case isa == NEON && vectors == 0:
		return narrow
	}
	return upTo8
}

// Most is the greatest of the set.
func (h Heights) Most() int { return bits.Len32(uint32(h)) - 1 }

// Has says whether there is a tile of n rows.
func (h Heights) Has(n int) bool { return n < 32 && h>>n&1 != 0 }

// Limit is the set up to n.
func (h Heights) Limit(n int) Heights { return h & (1<<(n+1) - 1) }

// Tiles are some tiles of a height.
type Tiles struct{ Height, Count int }

// Cut cuts rows into few tiles, about as high as each other. Tiles of a Count of 0 are none.
func (h Heights) Cut(rows int) [3]Tiles {
	if rows == 0 {
		return [3]Tiles{}
	}
	n := CeilDiv(rows, h.Most())
	height := h.next(CeilDiv(rows, n))
	count := rows / height
	rest := rows - count*height
	switch {
	case rest == 0:
		return [3]Tiles{{height, count}}
	case count == 0:
		a, b := h.halves(rest)
		return [3]Tiles{{a, 1}, {b, 1}}
	}
	if a, b := h.halves(rest + height); b > 0 { // the last two tiles
		return [3]Tiles{{height, count - 1}, {a, 1}, {b, 1}}
	}
	if h.Has(rest) {
		return [3]Tiles{{height, count}, {rest, 1}}
	}
	a, b := h.halves(rest)
	return [3]Tiles{{height, count}, {a, 1}, {b, 1}}
}

// next is the least of the set from n on.
func (h Heights) next(n int) int { return n + bits.TrailingZeros32(uint32(h>>n)) }

// halves cuts rows into two heights, the first the greater, or says 0.
func (h Heights) halves(rows int) (a, b int) {
	for a := (rows + 1) / 2; a < rows && a <= h.Most(); a++ {
		if h.Has(a) && h.Has(rows-a) {
			return a, rows - a
		}
	}
	return 0, 0
}
