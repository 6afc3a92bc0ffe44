package eltwise

import "github.com/lince-ml/lince/internal/kernel"

// BinaryWalk is a function of two numbers over the elements of a walk, whose operands are x and
// y. It does every broadcast; Binary is faster for those that it knows.
type BinaryWalk struct {
	isa  kernel.ISA
	op   BinaryOp
	walk *kernel.Walk
}

// NewBinaryWalk prepares it.
func NewBinaryWalk(isa kernel.ISA, op BinaryOp, walk *kernel.Walk) *BinaryWalk {
	return &BinaryWalk{isa, op, walk}
}

// Parts is the number of parts.
func (b *BinaryWalk) Parts() int { return kernel.Blocks(b.walk.Len()) }

// Run makes a part of dst.
func (b *BinaryWalk) Run(part int, x, y, dst []float32) {
	lo, hi := kernel.BlockRange(b.walk.Len(), part)
	step := b.walk.Step()
	b.walk.Range(lo, hi, func(at, n int, from kernel.Places) {
		apply(b.isa, b.op, run(x, from.A, n, step.A), run(y, from.B, n, step.B), dst[at:at+n])
	})
}

// run is the operand of a run of n elements: as many numbers, or the one that is repeated.
func run(x []float32, at, n, step int) []float32 {
	if step == 0 {
		n = 1
	}
	return x[at : at+n]
}

// Accumulate sets dst[i] to the function of dst[i] and x[i].
func Accumulate(isa kernel.ISA, op BinaryOp, dst, x []float32) { apply(isa, op, dst, x, dst) }
