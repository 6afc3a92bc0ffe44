package eltwise

import "github.com/lince-ml/lince/internal/kernel"

// Each of these does some first elements and says how many; the caller does the rest.

func binaryVector(isa kernel.ISA, op BinaryOp, x, y, dst []float32, stepping int) int {
	n := len(dst) / 4
	if n == 0 || isa != kernel.NEON || !binaryNEON(op, stepping, &dst[0], &x[0], &y[0], n) {
		return 0
	}
	return 4 * n
}

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

// unaryWhole does a multiple of 16 elements, where there is assembly.
func unaryWhole(isa kernel.ISA, op UnaryOp, x, dst []float32) bool {
	return isa == kernel.NEON && unaryNEON(op, &dst[0], &x[0], len(dst)/4)
}
