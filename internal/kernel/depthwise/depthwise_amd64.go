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
	rest := n % lanes
	l.vectors, l.mask = n/lanes, 1<<rest-1
	if lanes == 8 {
		l.lanes = unsafe.Pointer(&laneMasks[8-rest])
	}
}

// tile makes tiles of results.
func tile(isa kernel.ISA, window, pixels int, l *line) {
	if isa == kernel.AVX512 {
		tileAVX512(window, pixels, l)
	} else {
		tileAVX2(window, pixels, l)
	}
}

// addSums adds to the filters' gradient.
func addSums(isa kernel.ISA, rows int, w window, l *line) {
	if isa == kernel.AVX512 {
		sumsAVX512(rows, w.code(), l)
	} else {
		sumsAVX2(rows, w.code(), l)
	}
}
