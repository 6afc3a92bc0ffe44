package batchnorm

import "github.com/lince-ml/lince/internal/kernel"

// Columns are a multiple of 16.

func momentsOf(isa kernel.ISA, mean, squares, x, count *float32, columns, rows int, stride uintptr) bool {
	if isa != kernel.NEON {
		return false
	}
	momentsNEON(mean, squares, x, count, columns/4, rows, stride)
	return true
}

func applyTo(isa kernel.ISA, e Epilogue, y, x, residual, coefficients *float32, lines int, width uintptr) bool {
	if isa != kernel.NEON {
		return false
	}
	applyNEON(e, y, x, residual, coefficients, lines, width)
	return true
}

func sumsOf(isa kernel.ISA, m Mask, sums, products, g, x, y, masked, coefficients *float32, columns, rows int, width uintptr) bool {
	if isa != kernel.NEON {
		return false
	}
	sumsNEON(m, sums, products, g, x, y, masked, coefficients, columns/4, rows, width)
	return true
}

func dataOf(isa kernel.ISA, a Activation, dx, g, x, coefficients *float32, lines int, width uintptr) bool {
	if isa != kernel.NEON {
		return false
	}
	dataNEON(a, dx, g, x, coefficients, lines, width)
	return true
}
