package batchnorm

import "github.com/lince-ml/lince/internal/kernel"

// Columns are a multiple of 16.

func momentsOf(isa kernel.ISA, mean, squares, x, count *float32, columns, rows int, stride uintptr) bool {
	switch isa {
	case kernel.AVX512:
		momentsAVX512(mean, squares, x, count, columns/16, rows, stride)
	case kernel.AVX2:
		momentsAVX2(mean, squares, x, count, columns/8, rows, stride)
	default:
		return false
	}
	return true
}

func applyTo(isa kernel.ISA, e Epilogue, y, x, residual, coefficients *float32, lines int, width uintptr) bool {
	switch isa {
	case kernel.AVX512:
		applyAVX512(e, y, x, residual, coefficients, lines, width)
	case kernel.AVX2:
		applyAVX2(e, y, x, residual, coefficients, lines, width)
	default:
		return false
	}
	return true
}

func sumsOf(isa kernel.ISA, m Mask, sums, products, g, x, y, masked, coefficients *float32, columns, rows int, width uintptr) bool {
	switch isa {
	case kernel.AVX512:
		sumsAVX512(m, sums, products, g, x, y, masked, coefficients, columns/16, rows, width)
	case kernel.AVX2:
		sumsAVX2(m, sums, products, g, x, y, masked, coefficients, columns/8, rows, width)
	default:
		return false
	}
	return true
}

func dataOf(isa kernel.ISA, a Activation, dx, g, x, coefficients *float32, lines int, width uintptr) bool {
	switch isa {
	case kernel.AVX512:
		dataAVX512(a, dx, g, x, coefficients, lines, width)
	case kernel.AVX2:
		dataAVX2(a, dx, g, x, coefficients, lines, width)
	default:
		return false
	}
	return true
}
