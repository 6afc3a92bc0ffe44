//go:build amd64 || arm64

package eltwise

import "github.com/lince-ml/lince/internal/kernel"

// unaryVector does some first elements and says how many; the caller does the rest.
func unaryVector(isa kernel.ISA, op UnaryOp, x, dst []float32) int {
	whole := len(dst) &^ 15
	if whole > 0 && !unaryWhole(isa, op, x[:whole], dst[:whole]) {
		return 0
	}
	if !op.approximate() || whole == len(dst) {
		return whole
	}
	// The Go function would give other bits to the last elements.
	var last [16]float32
	copy(last[:], x[whole:])
	if !unaryWhole(isa, op, last[:], last[:]) {
		return whole
	}
	copy(dst[whole:], last[:])
	return len(dst)
}

// wide is where vectors of step bytes are read from, and how far apart: one that is repeated is
// read from the same place again and again.
func wide(x []float32, repeated *[16]float32, step int) (*float32, int) {
	if len(x) > 1 {
		return &x[0], step
	}
	for i := range repeated {
		repeated[i] = x[0]
	}
	return &repeated[0], 0
}
