package eltwise

import "github.com/lince-ml/lince/internal/kernel"

// Each of these does some first elements and says how many; the caller does the rest.

func binaryVector(isa kernel.ISA, op BinaryOp, x, y, dst []float32, stepping int) int {
	switch isa {
	case kernel.AVX512:
		if n := len(dst) / 16; n > 0 && binaryAVX512(op, stepping, &dst[0], &x[0], &y[0], n) {
			return 16 * n
		}
	case kernel.AVX2:
		if n := len(dst) / 8; n > 0 && binaryAVX2(op, stepping, &dst[0], &x[0], &y[0], n) {
			return 8 * n
		}
	}
	return 0
}

// unaryWhole does a multiple of 16 elements, where there is assembly.
func unaryWhole(isa kernel.ISA, op UnaryOp, x, dst []float32) bool {
	switch isa {
	case kernel.AVX512:
		return unaryAVX512(op, &dst[0], &x[0], len(dst)/16)
	case kernel.AVX2:
		return unaryAVX2(op, &dst[0], &x[0], len(dst)/8)
	}
	return false
}

// selectVector chooses between x and y, each of len(dst) numbers or one that is repeated.
func selectVector(isa kernel.ISA, dst, cond, x, y []float32) int {
	var repeated [2][16]float32
	switch isa {
	case kernel.AVX512:
		if n := len(dst) / 16; n > 0 {
			x, stepX := wide(x, &repeated[0], 64)
			y, stepY := wide(y, &repeated[1], 64)
			chooseAVX512(&dst[0], &cond[0], x, y, n, stepX, stepY)
			return 16 * n
		}
	case kernel.AVX2:
		if n := len(dst) / 8; n > 0 {
			x, stepX := wide(x, &repeated[0], 32)
			y, stepY := wide(y, &repeated[1], 32)
			chooseAVX2(&dst[0], &cond[0], x, y, n, stepX, stepY)
			return 8 * n
		}
	}
	return 0
}
