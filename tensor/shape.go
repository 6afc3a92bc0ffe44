package tensor

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// Unknown is a dimension whose size is not known until there is data: Keras' None.
const Unknown = -1

// Shape lists the dimensions, the outermost first. A dimension may be Unknown. The empty shape is that of a scalar.
type Shape []int

// String formats the shape as Keras does: (None, 128, 128, 3), (10,) or ().
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

// Elements returns the number of elements, the product of the dimensions. It is 1 for a scalar. It panics if a dimension is
// Unknown; see Known.
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

// Known reports whether all dimensions are known.
func (s Shape) Known() bool { return !slices.Contains(s, Unknown) }

// Equal reports whether s and t have the same dimensions. Unknown equals only Unknown.
func (s Shape) Equal(t Shape) bool { return slices.Equal(s, t) }

// Fits reports whether data of shape t matches s: the ranks are equal, and each dimension of s is Unknown or equals t's.
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

// Clone returns a copy of s.
func (s Shape) Clone() Shape { return slices.Clone(s) }

// CheckedElements is like Elements, for untrusted shapes. It returns an error if a dimension is Unknown or negative, or if the
// product overflows an int.
func (s Shape) CheckedElements() (int, error) {
	n := 1
	for _, d := range s {
		if d < 0 {
			return 0, fmt.Errorf("tensor: shape %v has a negative or unknown dimension", s)
		}
		hi, lo := bits.Mul64(uint64(n), uint64(d))
		if hi != 0 || lo > 1<<62 {
			return 0, fmt.Errorf("tensor: shape %v overflows", s)
		}
		n = int(lo)
	}
	return n, nil
}
