package batchnorm

import "github.com/lince-ml/lince/internal/kernel"

// Each of these returns false if there is no assembly for the instruction set.

func momentsVector(isa kernel.ISA, mean, squares, x []float32, rows, stride int) bool {
	if isa == kernel.Generic {
		return false
	}
	count := float32(rows)
	momentsVectors(isa, &mean[0], &squares[0], &x[0], &count, isa.Vectors(len(mean)), rows, uintptr(4*stride))
	return true
}

func applyVector(a *Apply, from, lines int, x, residual, coefficients, y []float32) bool {
	if a.isa == kernel.Generic || lines == 0 {
		return lines == 0
	}
	var r *float32
	if a.epilogue.Residual {
		r = &residual[from]
	}
	applyLines(a.isa, a.epilogue, &y[from], &x[from], r, &coefficients[0], lines, uintptr(4*a.width))
	return true
}

func sumsVector(g *Grad, line, rows, from, to int, dy, x, y, coefficients, sums, products, masked []float32) bool {
	if g.isa == kernel.Generic {
		return false
	}
	at := line*g.width + from
	var result, store *float32
	if g.mask.Result {
		result, store = &y[at], &masked[at]
	}
	sumLines(g.isa, g.mask, &sums[from], &products[from], &dy[at], &x[at], result, store, &coefficients[from], g.isa.Vectors(to-from), rows, uintptr(4*g.width))
	return true
}

func inputVector(g *Grad, from, lines int, dy, x, coefficients, dx []float32) bool {
	if g.isa == kernel.Generic || lines == 0 {
		return lines == 0
	}
	activation := g.mask.Activation
	if g.mask.Result { // dy is masked already
		activation = Linear
	}
	gradLines(g.isa, activation, &dx[from], &dy[from], &x[from], &coefficients[0], lines, uintptr(4*g.width))
	return true
}
