package winograd

import "github.com/lince-ml/lince/internal/kernel"

// Images and results are larger than the second cache. Transforms read and write them, and have nothing to
// compute while they wait for memory. Products use only that cache. So the memory that transforms will need is
// prefetched, little by little, during products.

// ToWrite prefetches x to the second cache, for exclusive access of this core, before it is written.
func ToWrite(isa kernel.ISA, x []float32) { prefetch(isa, x) }
