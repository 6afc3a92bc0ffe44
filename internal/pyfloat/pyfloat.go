// Package pyfloat formats floating-point numbers as Python does, for files that Keras also reads or writes.
package pyfloat

import (
	"math"
	"strconv"
	"strings"
)

// Repr returns Python's repr(v): the fewest digits that give v when read back, always with a point or an
// exponent: 1.0, 0.0001, 1e-05, 1e+16, nan, inf.
func Repr(v float64) string { return repr(v, 64, 1e16) }

// Repr32 returns Python's str(numpy.float32(v)): the fewest digits that give the float32 when read back, with
// an exponent from 1e+06 on.
func Repr32(v float32) string { return repr(float64(v), 32, 1e6) }

func repr(v float64, bits int, large float64) string {
	switch {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	}
	if a := math.Abs(v); a != 0 && (a < 1e-4 || a >= large) {
		return strconv.FormatFloat(v, 'e', -1, bits)
	}
	s := strconv.FormatFloat(v, 'f', -1, bits)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
