//go:build amd64 || arm64

package batchnorm

import "github.com/lince-ml/lince/internal/kernel"

// Each of these says false where there is no assembly for the instruction set.

func momentsVector(isa kernel.ISA, mean, squares, x []float32, rows, stride int) bool {
	count := float32(rows)
	return momentsOf(isa, &mean[0], &squares[0], &x[0], &count, len(mean), rows, uintptr(4*stride))
}

func applyVector(a *Apply, from, lines int, x, residual, coefficients, y []float32) bool {
	if lines == 0 {
		return true
	}
	var r *float32
	if a.epilogue.Add {
		r = &residual[from]
	}
	return applyTo(a.isa, a.epilogue, &y[from], &x[from], r, &coefficients[0], lines, uintptr(4*a.width))
}

func sumsVector(b *Backward, line, rows, from, to int, g, x, y, coefficients, sums, products, masked []float32) bool {
	at := line*b.width + from
	var result, store *float32
	if b.mask.Result {
		result, store = &y[at], &masked[at]
	}
	return sumsOf(b.isa, b.mask, &sums[from], &products[from], &g[at], &x[at], result, store, &coefficients[from], to-from, rows, uintptr(4*b.width))
}

func dataVector(b *Backward, from, lines int, g, x, coefficients, dx []float32) bool {
	if lines == 0 {
		return true
	}
	activation := b.mask.Activation
	if b.mask.Result { // g is masked
		activation = Linear
	}
	return dataOf(b.isa, activation, &dx[from], &g[from], &x[from], &coefficients[0], lines, uintptr(4*b.width))
}
