// Package offheap has large blocks of memory that do not count for Go's garbage collector:
// it lets the heap grow by as much as there is in it, and large blocks of numbers would
// have a program take twice of what it needs.
package offheap

import (
	"runtime"

	"github.com/lince-ml/lince/tensor"
)

// least is the size from which on a block is worth a call of the system.
const least = 1 << 20

// Block is memory, aligned as tensors are. Slices of it are valid as long as the Block is
// reachable and not freed.
type Block struct {
	Bytes []byte
	free  func()
}

// New returns size bytes of zeros, which take no memory until they are touched. Small
// blocks, and all where the system cannot, are on Go's heap.
func New(size int) *Block {
	if size >= least {
		if b := mapMemory(size); b != nil {
			block := &Block{Bytes: b}
			c := runtime.AddCleanup(block, unmapMemory, b)
			block.free = func() {
				c.Stop()
				unmapMemory(b)
			}
			return block
		}
	}
	return &Block{Bytes: tensor.Bytes(size)}
}

// Reserve is New for memory that will not be touched: where it can, it takes addresses only,
// and returns nil where there are not enough.
func Reserve(size int) *Block {
	b, ok := reserveMemory(size)
	if !ok {
		return New(size)
	}
	if b == nil {
		return nil
	}
	return &Block{Bytes: b, free: func() { unmapMemory(b) }}
}

// Free gives the memory back at once; the collector would, later.
func (b *Block) Free() {
	b.Bytes = nil
	if b.free != nil {
		b.free()
		b.free = nil
	}
}
