package depthwise

import (
	"slices"
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel"
)

// fetches reports whether assembly prefetches memory.
const fetches = false

// groups sets the number of channels in a group, and the bytes of a member's weights.
func (l *line) groups(members, size int) {
	l.group, l.wMember = members, size
	if i := slices.Index(groupSizes[:], members); i >= 0 {
		l.members = unsafe.Pointer(&groupMembers[i])
	}
	if members == 8 {
		l.groupBytes = 16
	}
}

// groupMembers has, for each size and member of a group, the index for VTBL that replaces each lane
// by the member, and the distance from the vector that holds the member before. A group of eight is
// two vectors.
var groupMembers = func() (t [3][8]struct {
	lanes      [16]uint8
	advance, _ int
}) {
	for i, members := range groupSizes {
		for j := range members {
			for at := range t[i][j].lanes {
				group := min(4, members)
				t[i][j].lanes[at] = uint8(at/4/group*group*4 + j%4*4 + at%4)
			}
		}
	}
	t[2][0].advance, t[2][4].advance = -16, 16
	return t
}()

// tile computes tiles of results.
func tile(_ kernel.ISA, kind, size int, l *line) { tileNEON(kind, size, l) }

// addSums adds a row of results to the gradient of the filters.
func addSums(_ kernel.ISA, kind, size int, l *line) { sumsNEON(kind, size, l) }

// hasGroups reports whether there is assembly for groups of the given number of channels.
func hasGroups(members int) bool { return Fast(members) }

// repeatVector does repeat for the first numbers of x, and returns their number.
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
