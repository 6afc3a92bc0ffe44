package tensor

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Unknown is a dimension whose size is only known when data comes: Keras' None.
const Unknown = -1

// Shape lists the dimensions, outermost first. A dimension may be Unknown; the empty
// shape is a scalar's.
type Shape []int

// String prints as Keras does: (None, 128, 128, 3), (10,), ().
func (s Shape) String() string {
	var b strings.Builder
	b.WriteByte('(')
	for i, d := range s {
		if i > 0 {
			b.WriteString(", ")
		}
		if d == Unknown {
			b.WriteString("None")
		} else {
			b.WriteString(strconv.Itoa(d))
		}
	}
	if len(s) == 1 {
		b.WriteByte(',')
	}
	b.WriteByte(')')
	return b.String()
}

// Elements is the product of the dimensions, 1 for a scalar. It panics when a dimension
// is Unknown; see Known.
func (s Shape) Elements() int {
	n := 1
	for _, d := range s {
		if d < 0 {
			panic("tensor: Elements of " + s.String())
		}
		n *= d
	}
	return n
}

// Known says whether every dimension is known.
func (s Shape) Known() bool { return !slices.Contains(s, Unknown) }

// Equal says whether s and t are the same dimensions; Unknown equals only Unknown.
func (s Shape) Equal(t Shape) bool { return slices.Equal(s, t) }

// Fits says whether data of shape t can go where s is asked for: same rank, and each
// dimension equal or Unknown in s.
func (s Shape) Fits(t Shape) bool {
	if len(s) != len(t) {
		return false
	}
	for i, d := range s {
		if d != Unknown && d != t[i] {
			return false
		}
	}
	return true
}

// Clone returns a copy.
func (s Shape) Clone() Shape { return slices.Clone(s) }

// CheckedElements is Elements for a shape that comes from outside: an error, not a
// wrong number, when a dimension is negative or the product overflows an int.
func (s Shape) CheckedElements() (int, error) {
	n := 1
	for _, d := range s {
		if d < 0 {
			return 0, fmt.Errorf("tensor: shape %v has a dimension that is not known", s)
		}
		hi, lo := bits.Mul64(uint64(n), uint64(d))
		if hi != 0 || lo > 1<<62 {
			return 0, fmt.Errorf("tensor: shape %v overflows", s)
		}
		n = int(lo)
	}
	return n, nil
}
