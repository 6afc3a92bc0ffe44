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
