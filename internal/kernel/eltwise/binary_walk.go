package eltwise

import "github.com/lince-ml/lince/internal/kernel"

// BinaryWalk is a function of two numbers for the elements of a walk with the operands x and y. It
// supports all broadcasts; Binary is faster for those that it supports.
type BinaryWalk struct {
	isa  kernel.ISA
	op   BinaryOp
	walk *kernel.Walk
}

// NewBinaryWalk prepares a function for a walk.
func NewBinaryWalk(isa kernel.ISA, op BinaryOp, walk *kernel.Walk) *BinaryWalk {
	return &BinaryWalk{isa, op, walk}
}

// Parts is the number of parts of Run.
func (b *BinaryWalk) Parts() int { return kernel.Blocks(b.walk.Len()) }

// Run computes a part of dst.
func (b *BinaryWalk) Run(part int, x, y, dst []float32) {
	lo, hi := kernel.BlockRange(b.walk.Len(), part)
	step := b.walk.Step()
	b.walk.Range(lo, hi, func(at, n int, from kernel.Offsets) {
		apply(b.isa, b.op, run(x, from.A, n, step.A), run(y, from.B, n, step.B), dst[at:at+n])
	})
}

// run returns an operand's numbers for a run of n elements: n numbers, or the one that is repeated.
func run(x []float32, at, n, step int) []float32 {
	if step == 0 {
		n = 1
	}
	return x[at : at+n]
}

// Accumulate sets dst[i] to the function of dst[i] and x[i].
func Accumulate(isa kernel.ISA, op BinaryOp, dst, x []float32) { apply(isa, op, dst, x, dst) }
