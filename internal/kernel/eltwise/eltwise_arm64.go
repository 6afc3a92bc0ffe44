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

// selectVector chooses between x and y, each of len(dst) numbers or one that is repeated.
func selectVector(isa kernel.ISA, dst, cond, x, y []float32) int {
	n := len(dst) / 4
	if n == 0 || isa != kernel.NEON {
		return 0
	}
	var repeated [2][16]float32
	from, stepX := wide(x, &repeated[0], 16)
	other, stepY := wide(y, &repeated[1], 16)
	chooseNEON(&dst[0], &cond[0], from, other, n, stepX, stepY)
	return 4 * n
}
