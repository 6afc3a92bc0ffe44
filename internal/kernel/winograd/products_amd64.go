package winograd

import "github.com/lince-ml/lince/internal/kernel"

func products(isa kernel.ISA, height int, p *Products) {
	if isa == kernel.AVX512 {
		productsAVX512(height, p)
	} else {
		productsAVX2(height, p)
	}
}

func prefetch(isa kernel.ISA, x []float32) {
	if lines := len(x) / 16; isa != kernel.Generic && lines > 0 {
		toWrite(&x[0], lines)
	}
}
