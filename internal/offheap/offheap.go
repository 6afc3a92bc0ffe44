// Package offheap allocates large blocks of memory outside Go's heap. The garbage collector lets the heap
// grow to twice its live size, so large blocks of numbers on the heap would double the memory of a program.
package offheap

import (
	"fmt"
	"runtime"

	"github.com/lince-ml/lince/tensor"
)

// least is the smallest size for which a system call is worthwhile.
const least = 1 << 20

// Block is a block of memory, aligned as tensors are. Slices of it are valid while the Block is reachable and
// not freed.
type Block struct {
	Bytes []byte
	free  func()
}

// New returns a block of size zero bytes, which take no physical memory until they are touched. Small blocks
// are on Go's heap, and so are all blocks on systems that do not support mapping.
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

// Reserve is like New, for memory that will not be touched. On systems that support it, it allocates only
// addresses. It returns nil if there are too few addresses.
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

// Free frees the memory at once. Otherwise the garbage collector frees it later.
func (b *Block) Free() {
	b.Bytes = nil
	if b.free != nil {
		b.free()
		b.free = nil
	}
}

// Check returns an error if n bytes are more than this process can have: more than the machine has, its cgroup allows, or its
// address space holds. On systems where that is not known, it returns nil.
func Check(n int) error {
	if has := Available(); n < 0 || has > 0 && n > has {
		return fmt.Errorf("they take %s of memory, but this process can have %s", gibibytes(n), gibibytes(has))
	}
	return nil
}

func gibibytes(n int) string {
	if n < 0 { // more than an int holds
		return "more than 2^63 bytes"
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}
