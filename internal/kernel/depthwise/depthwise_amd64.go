package depthwise

import (
	"slices"
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
)

// fetches reports whether assembly prefetches memory.
const fetches = true

// groups sets the number of channels in a group, and the bytes of a member's weights.
func (l *line) groups(members, size int) {
	l.group, l.wMember = members, size
	if i := slices.Index(groupSizes[:], members); i >= 0 {
		l.members = unsafe.Pointer(&groupMembers[i])
	}
}

// groupMembers has, for each size and member of a group, the lanes for VPERMPS that replace each lane
// by the member.
var groupMembers = func() (t [3][8][16]int32) {
	for i, members := range groupSizes {
		for j := range members {
			for lane := range t[i][j] {
				t[i][j][lane] = int32(lane/members*members + j)
			}
		}
	}
	return t
}()

// repeatLanes returns the lanes from which the results of repeat come, for vectors of the given number of lanes.
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

// repeatVector does repeat for the first numbers of x, and returns their number.
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

// hasGroups reports whether there is assembly for groups of the given number of channels.
func hasGroups(members int) bool { return Fast(members) }

// tile computes tiles of results.
func tile(isa kernel.ISA, kind, size int, l *line) {
	if isa == kernel.AVX512 {
		tileAVX512(kind, size, l)
	} else {
		tileAVX2(kind, size, l)
	}
}

// addSums adds a row of results to the gradient of the filters.
func addSums(isa kernel.ISA, kind, size int, l *line) {
	if isa == kernel.AVX512 {
		sumsAVX512(kind, size, l)
	} else {
		sumsAVX2(kind, size, l)
	}
}
