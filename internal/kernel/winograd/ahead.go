package winograd

import "github.com/lince-ml/lince/internal/kernel"

// Images and results are larger than the second cache, and while they come or go there is
// nothing to do in a transform; but there is in the products, which need no memory beyond
// that cache. So memory is asked for ahead, little by little, between products.

// ToRead brings x to the second cache.
func ToRead(isa kernel.ISA, x []float32) { ahead(isa, x, false) }

// ToWrite brings x to the second cache, for this core alone, to be written.
func ToWrite(isa kernel.ISA, x []float32) { ahead(isa, x, true) }
