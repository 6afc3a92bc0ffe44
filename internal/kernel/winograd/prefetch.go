package winograd

import "github.com/lince-ml/lince/internal/kernel"

// Images and results are larger than the second cache. Transforms, which read and write them, have little to compute
// while they wait for memory, but products only use the second cache. So the memory that the next transforms need is
// prefetched during products, a line at a time.

// ToWrite prefetches x to the second cache, for exclusive access of this core, before it is written.
func ToWrite(isa kernel.ISA, x []float32) { prefetch(isa, x) }
