package eltwise

import "github.com/lince-ml/lince/internal/kernel"

// Spread is a function of two numbers over the elements of a walk, whose operands 0 and 1 are x
// and y: for broadcasts that are none of Binary's.
type Spread struct {
	isa  kernel.ISA
	op   BinaryOp
	walk *kernel.Walk
}

// NewSpread prepares it.
func NewSpread(isa kernel.ISA, op BinaryOp, walk *kernel.Walk) *Spread {
	return &Spread{isa, op, walk}
}

// Parts is the number of parts.
func (s *Spread) Parts() int { return kernel.Blocks(s.walk.Len()) }

// Run makes a part of dst.
func (s *Spread) Run(part int, x, y, dst []float32) {
	lo, hi := kernel.BlockRange(s.walk.Len(), part)
	step := s.walk.Step()
	s.walk.Range(lo, hi, func(at, n int, from kernel.Places) {
		apply(s.isa, s.op, stretch(x, from.A, n, step.A), stretch(y, from.B, n, step.B), dst[at:at+n])
	})
}

// stretch is n numbers from at on, or the one that is repeated.
func stretch(x []float32, at, n, step int) []float32 {
	if step == 0 {
		n = 1
	}
	return x[at : at+n]
}

// Accumulate sets each element of dst to a function of it and that of x.
func Accumulate(isa kernel.ISA, op BinaryOp, dst, x []float32) { apply(isa, op, dst, x, dst) }
