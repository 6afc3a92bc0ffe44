package depthwise

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
)

// fetches says whether assembly fetches memory ahead.
const fetches = true

// channels sets the number of channels.
func (l *line) channels(isa kernel.ISA, n int) {
	lanes := 8
	if isa == kernel.AVX512 {
		lanes = 16
	}
	l.members = unsafe.Pointer(&groupMembers)
	rest := n % lanes
	l.vectors, l.mask = n/lanes, 1<<rest-1
	if lanes == 8 {
		l.lanes = unsafe.Pointer(kernel.LaneMask(rest))
	}
}

// groupMembers are, for groups of eight, the lanes of each member of two groups.
var groupMembers = func() (t [8][16]int32) {
	for j := range t {
		for lane := range t[j] {
			t[j][lane] = int32(lane&8 + j)
		}
	}
	return t
}()

// repeatLanes are, for vectors of lanes numbers, the lanes that results of repeat come from.
func repeatLanes(lanes, m int) (t [8 * 16]int32) {
	for i := range lanes * m {
		t[i] = int32(i / m)
	}
	return t
}

var (
	repeatLanes16 = [3][8 * 16]int32{repeatLanes(16, 2), repeatLanes(16, 4), repeatLanes(16, 8)}
	repeatLanes8  = [3][8 * 16]int32{repeatLanes(8, 2), repeatLanes(8, 4), repeatLanes(8, 8)}
)

// repeatVector does some first numbers of repeat, and says how many.
func repeatVector(isa kernel.ISA, dst, x []float32, m int) int {
	n := len(x) / 16
	switch {
	case isa == kernel.Generic || n == 0:
		return 0
	case isa == kernel.AVX512 && m == 2:
		repeat2AVX512(&dst[0], &x[0], &repeatLanes16[0][0], n)
	case isa == kernel.AVX512 && m == 4:
		repeat4AVX512(&dst[0], &x[0], &repeatLanes16[1][0], n)
	case isa == kernel.AVX512 && m == 8:
		repeat8AVX512(&dst[0], &x[0], &repeatLanes16[2][0], n)
	case m == 2:
		repeat2AVX2(&dst[0], &x[0], &repeatLanes8[0][0], 2*n)
	case m == 4:
		repeat4AVX2(&dst[0], &x[0], &repeatLanes8[1][0], 2*n)
	case m == 8:
		repeat8AVX2(&dst[0], &x[0], &repeatLanes8[2][0], 2*n)
	default:
		return 0
	}
	return n * 16
}

// hasGroups says whether there is assembly for groups of so many channels.
func hasGroups(members int) bool { return Fast(members) }

// tile makes tiles of results.
func tile(isa kernel.ISA, window, pixels int, l *line) {
	if isa == kernel.AVX512 {
		tileAVX512(window, pixels, l)
	} else {
		tileAVX2(window, pixels, l)
	}
}

// addSums adds to the filters' gradient.
func addSums(isa kernel.ISA, rows, window int, l *line) {
	if isa == kernel.AVX512 {
		sumsAVX512(rows, window, l)
	} else {
		sumsAVX2(rows, window, l)
	}
}
