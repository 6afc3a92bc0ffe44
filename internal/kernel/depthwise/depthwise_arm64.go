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
func hasGroups(members int) bool { return members == 1 }

// repeatVector does some first numbers of repeat, and says how many.
func repeatVector(_ kernel.ISA, _, _ []float32, _ int) int { return 0 }
