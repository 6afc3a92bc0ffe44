package eltwise

import "github.com/lince-ml/lince/internal/kernel"

// Each of these computes the elements of the whole vectors at the start of dst and returns their number.
// The caller computes the rest.

// binaryVector takes operands of len(dst) numbers, or of one number, which is repeated.
func binaryVector(isa kernel.ISA, op BinaryOp, x, y, dst []float32) int {
	n, lanes := isa.Vectors(len(dst)), isa.Lanes()
	if n == 0 {
		return 0
	}
	switch {
	case len(x) == 1:
		repeated := repeat(x[0])
		if !binaryOps(isa, op, &dst[0], &repeated[0], &y[0], n, 0, 4*lanes) {
			return 0
		}
	case len(y) == 1:
		repeated := repeat(y[0])
		if !binaryOps(isa, op, &dst[0], &x[0], &repeated[0], n, 4*lanes, 0) {
			return 0
		}
	case !binaryOps(isa, op, &dst[0], &x[0], &y[0], n, 4*lanes, 4*lanes):
		return 0
	}
	return n * lanes
}

// binaryValues is binaryVector for values of a chain.
func binaryValues(isa kernel.ISA, op BinaryOp, x, y chainValue, dst []float32) int {
	n, lanes := isa.Vectors(len(dst)), isa.Lanes()
	if n == 0 || !binaryOps(isa, op, &dst[0], &x.v[0], &y.v[0], n, 4*lanes*x.step, 4*lanes*y.step) {
		return 0
	}
	return n * lanes
}

// selectValues is selectVector for values of a chain.
func selectValues(isa kernel.ISA, cond, x, y chainValue, dst []float32) int {
	n, lanes := isa.Vectors(len(dst)), isa.Lanes()
	if n == 0 {
		return 0
	}
	chooseVectors(isa, &dst[0], &cond.v[0], &x.v[0], &y.v[0], n, 4*lanes*x.step, 4*lanes*y.step)
	return n * lanes
}

// repeat returns a vector with x in all lanes, for all instruction sets.
func repeat(x float32) (vector [16]float32) {
	for i := range vector {
		vector[i] = x
	}
	return vector
}

func unaryVector(isa kernel.ISA, op UnaryOp, x, dst []float32) int {
	if isa == kernel.Generic {
		return 0
	}
	whole := len(dst) &^ 15
	if whole > 0 && !unaryOps(isa, op, &dst[0], &x[0], isa.Vectors(whole)) {
		return 0
	}
	if !op.approximate() || whole == len(dst) {
		return whole
	}
	// The Go function would give different bits for the last elements, so they go through assembly too.
	var last [16]float32
	copy(last[:], x[whole:])
	if !unaryOps(isa, op, &last[0], &last[0], isa.Vectors(16)) {
		return whole
	}
	copy(dst[whole:], last[:])
	return len(dst)
}

// selectVector chooses between x and y, which have len(dst) numbers or one number, which is repeated.
func selectVector(isa kernel.ISA, dst, cond, x, y []float32) int {
	n, lanes := isa.Vectors(len(dst)), isa.Lanes()
	if n == 0 {
		return 0
	}
	fromX, fromY, stepX, stepY := &x[0], &y[0], 4*lanes, 4*lanes
	if len(x) == 1 {
		repeated := repeat(x[0])
		fromX, stepX = &repeated[0], 0
	}
	if len(y) == 1 {
		repeated := repeat(y[0])
		fromY, stepY = &repeated[0], 0
	}
	chooseVectors(isa, &dst[0], &cond[0], fromX, fromY, n, stepX, stepY)
	return n * lanes
}
