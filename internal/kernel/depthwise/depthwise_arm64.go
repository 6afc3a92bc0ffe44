package depthwise

import "github.com/lince-ml/lince/internal/kernel"

// fetches says whether assembly fetches memory ahead.
const fetches = false

// channels sets the number of channels.
func (l *line) channels(_ kernel.ISA, n int) { l.vectors, l.mask = n/4, 1<<(n%4)-1 }

// tile makes tiles of results.
func tile(_ kernel.ISA, window, pixels int, l *line) { tileNEON(window, pixels, l) }

// addSums adds to the filters' gradient.
func addSums(_ kernel.ISA, rows, window int, l *line) { sumsNEON(rows, window, l) }

// hasGroups says whether there is assembly for groups of so many channels.
func hasGroups(members int) bool { return Fast(members) }

// repeatVector does some first numbers of repeat, and says how many.
func repeatVector(isa kernel.ISA, dst, x []float32, m int) int {
	n := len(x) / 4
	switch {
	case isa != kernel.NEON || n == 0:
		return 0
	case m == 2:
		repeat2NEON(&dst[0], &x[0], n)
	case m == 4:
		repeat4NEON(&dst[0], &x[0], n)
	case m == 8:
		repeat8NEON(&dst[0], &x[0], n)
	default:
		return 0
	}
	return 4 * n
}
