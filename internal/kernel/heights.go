package kernel

import "math/bits"

// Heights is a set of heights of tiles of matrix products, in rows: bit n stands for n rows. Only a few heights
// have assembly.
type Heights uint32

// The sets of heights. upToN has all heights up to eight, and some of those from nine to N.
const (
	upTo6  Heights = 1<<7 - 2
	upTo8  Heights = 1<<9 - 2
	upTo12 Heights = upTo8 | 1<<10 | 1<<12
	upTo14 Heights = upTo8 | 1<<9 | 1<<10 | 1<<14 // 9: a row of a 3x3 filter for three channels
	narrow Heights = 1<<5 - 2 | 1<<8
)

// TileHeights returns the heights of the tiles that are a number of vectors of columns wide. For NEON, whose
// vectors have four columns, 0 vectors means fewer than four columns. reread says that each tile probably
// reads B from beyond the first cache, as it does if A is transposed; AVX-512 has higher tiles for that.
// internal/kernel/gen writes the tiles of this table. Packages micro, gemm and winograd use them.
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

// Max returns the greatest height in the set.
func (h Heights) Max() int { return bits.Len32(uint32(h)) - 1 }

// Has reports whether the set has height n.
func (h Heights) Has(n int) bool { return n < 32 && h>>n&1 != 0 }

// Limit returns the heights up to n.
func (h Heights) Limit(n int) Heights { return h & (1<<(n+1) - 1) }

// Tiles are Count tiles of the same Height.
type Tiles struct{ Height, Count int }

// Cut divides rows into few tiles of similar heights. Entries with a Count of 0 are unused.
func (h Heights) Cut(rows int) [3]Tiles {
	if rows == 0 {
		return [3]Tiles{}
	}
	n := CeilDiv(rows, h.Max())
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

// next returns the least height in the set that is at least n.
func (h Heights) next(n int) int { return n + bits.TrailingZeros32(uint32(h>>n)) }

// halves divides rows into two heights of the set, the greater first. It returns 0, 0 if there are none.
func (h Heights) halves(rows int) (a, b int) {
	for a := (rows + 1) / 2; a < rows && a <= h.Max(); a++ {
		if h.Has(a) && h.Has(rows-a) {
			return a, rows - a
		}
	}
	return 0, 0
}
