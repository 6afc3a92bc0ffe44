package depthwise

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
)

// fetches says whether assembly fetches memory ahead.
const fetches = true

// laneMasks[8-n:] is a vector with the first n lanes set.
var laneMasks = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}

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
		l.lanes = unsafe.Pointer(&laneMasks[8-rest])
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
