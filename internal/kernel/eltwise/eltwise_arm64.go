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

// unaryWhole does a multiple of 16 elements, where there is assembly.
func unaryWhole(isa kernel.ISA, op UnaryOp, x, dst []float32) bool {
	return isa == kernel.NEON && unaryNEON(op, &dst[0], &x[0], len(dst)/4)
}
