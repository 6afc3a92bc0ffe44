// Package pyfloat writes floating-point numbers as Python does, for the files that are
// also read or written by Keras.
package pyfloat

import (
	"math"
	"strconv"
	"strings"
)

// Repr is Python's repr(v): the shortest digits that give v back, always with a point or
// an exponent: 1.0, 0.0001, 1e-05, 1e+16, nan, inf.
func Repr(v float64) string { return repr(v, 64, 1e16) }

// Repr32 is str(numpy.float32(v)): the shortest digits that give the float32 back, with an
// exponent from 1e+06 on.
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
