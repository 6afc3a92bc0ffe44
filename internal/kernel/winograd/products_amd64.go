package winograd

import "github.com/lince-ml/lince/internal/kernel"

func products(isa kernel.ISA, transposed bool, height int, p *Products) {
	switch {
	case isa == kernel.AVX512 && transposed:
		productsTAVX512(height, p)
	case isa == kernel.AVX512:
		productsNAVX512(height, p)
	case transposed:
		productsTAVX2(height, p)
	default:
		productsNAVX2(height, p)
	}
}

func prefetch(isa kernel.ISA, x []float32, write bool) {
	lines := len(x) / 16
	switch {
	case isa == kernel.Generic || lines == 0:
	case write:
		toWrite(&x[0], lines)
	default:
		toRead(&x[0], lines)
	}
}
