// Package eltwise holds functions of one, two and three numbers, element by element.
//
// Each is a Go loop over a block. Those that are made of + - * /, square roots, comparisons and
// choices have assembly, with the same bits. Exp, Sigmoid and Tanh have assembly that differs from Go's
// functions in the last places, and is the same on AVX2 and AVX-512.
package eltwise

import (
	"math"

	"github.com/lince-ml/lince/internal/kernel"
)

// BinaryOp is a function of x and y.
type BinaryOp uint8

// The functions of two numbers. Max and Min are NaN where x or y is. Comparisons give 1 or 0.
const (
	Add BinaryOp = iota
	Sub
	Mul
	Div
	Max
	Min
	ReLUGrad          // x where y > 0, else 0: x is the gradient, y ReLU's result
	ReLU6Grad         // x where 0 < y < 6, else 0: x is the gradient, y ReLU6's result
	SigmoidGrad       // x*y*(1-y): y is the sigmoid's result
	TanhGrad          // x*(1-y*y): y is the tangent's result
	SquaredDifference // (x-y)*(x-y)
	Pow
	Equal
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
)

// Broadcast says which operand is repeated.
type Broadcast uint8

// The broadcasts, of a result of rows x cols. An operand that is not named has all of it.
const (
	Same    Broadcast = iota
	RowY              // y is [cols], for each row
	RowX              // x is [cols], for each row
	ColY              // y is [rows], a number for each row
	ColX              // x is [rows], a number for each row
	ScalarY           // y is [1]
	ScalarX           // x is [1]
)

// Binary is a function of two numbers over rows of cols elements.
type Binary struct {
	isa        kernel.ISA
	op         BinaryOp
	broadcast  Broadcast
	rows, cols int
	flat       bool // cut in blocks of elements, not of rows
}

// NewBinary prepares it.
func NewBinary(isa kernel.ISA, op BinaryOp, b Broadcast, rows, cols int) *Binary {
	return &Binary{isa, op, b, rows, cols, b == Same || b == ScalarX || b == ScalarY}
}

// Parts is the number of parts.
func (b *Binary) Parts() int {
	if b.flat {
		return kernel.Blocks(b.rows * b.cols)
	}
	return kernel.RowBlocks(b.rows, b.cols)
}

// Run makes a part of dst, which may be an operand that is not repeated.
func (b *Binary) Run(part int, x, y, dst []float32) {
	if b.flat {
		lo, hi := kernel.BlockRange(b.rows*b.cols, part)
		if b.broadcast != ScalarX {
			x = x[lo:hi]
		}
		if b.broadcast != ScalarY {
			y = y[lo:hi]
		}
		apply(b.isa, b.op, x, y, dst[lo:hi])
		return
	}
	lo, hi := kernel.Split(b.rows, b.Parts(), part)
	if b.cols <= len(tile{})/4 && (b.broadcast == RowX || b.broadcast == RowY) {
		b.short(lo, hi, x, y, dst)
		return
	}
	for r := lo; r < hi; r++ {
		from, to := r*b.cols, (r+1)*b.cols
		u, v := x, y
		switch b.broadcast {
		case RowX:
			u, v = x, y[from:to]
		case RowY:
			u, v = x[from:to], y
		case ColX:
			u, v = x[r:r+1], y[from:to]
		case ColY:
			u, v = x[from:to], y[r:r+1]
		}
		apply(b.isa, b.op, u, v, dst[from:to])
	}
}

// tile holds copies of a short row.
type tile [256]float32

// short is Run for short rows [lo, hi). A call for each row would cost more than its elements:
// the row that is repeated is copied side by side, and a call takes as many rows as copies fit.
func (b *Binary) short(lo, hi int, x, y, dst []float32) {
	var t tile
	row := y
	if b.broadcast == RowX {
		row = x
	}
	n := 0
	for n+b.cols <= len(t) {
		n += copy(t[n:], row[:b.cols])
	}
	for at := lo * b.cols; at < hi*b.cols; at += n {
		end := min(at+n, hi*b.cols)
		if b.broadcast == RowX {
			apply(b.isa, b.op, t[:end-at], y[at:end], dst[at:end])
		} else {
			apply(b.isa, b.op, x[at:end], t[:end-at], dst[at:end])
		}
	}
}

// apply is a function of two runs of len(dst) numbers; one of them may be a single number.
func apply(isa kernel.ISA, op BinaryOp, x, y, dst []float32) {
	if len(dst) == 0 {
		return
	}
	switch {
	case len(x) == 1 && len(dst) > 1:
		f := binaries[op]
		for i := binaryVector(isa, op, x, y, dst, scalarX); i < len(dst); i++ {
			dst[i] = f(x[0], y[i])
		}
	case len(y) == 1 && len(dst) > 1:
		f := binaries[op]
		for i := binaryVector(isa, op, x, y, dst, scalarY); i < len(dst); i++ {
			dst[i] = f(x[i], y[0])
		}
	default:
		f := binaries[op]
		for i := binaryVector(isa, op, x, y, dst, noScalar); i < len(dst); i++ {
			dst[i] = f(x[i], y[i])
		}
	}
}

// How the operands of a run are stepped through.
const (
	noScalar = iota
	scalarX
	scalarY
)

// binaries is the meaning of each function. A product is rounded before it is added to
// anything (the conversions say so to the compiler).
var binaries = [...]func(x, y float32) float32{
	Add: func(x, y float32) float32 { return x + y },
	Sub: func(x, y float32) float32 { return x - y },
	Mul: func(x, y float32) float32 { return x * y },
	Div: func(x, y float32) float32 { return x / y },
	Max: func(x, y float32) float32 { return max(x, y) },
	Min: func(x, y float32) float32 { return min(x, y) },
	ReLUGrad: func(x, y float32) float32 {
		if y > 0 {
			return x
		}
		return 0
	},
	ReLU6Grad: func(x, y float32) float32 {
		if y > 0 && y < 6 {
			return x
		}
		return 0
	},
	SigmoidGrad:       func(x, y float32) float32 { return float32(x*y) * (1 - y) },
	TanhGrad:          func(x, y float32) float32 { return x * (1 - float32(y*y)) },
	SquaredDifference: func(x, y float32) float32 { return (x - y) * (x - y) },
	Pow:               func(x, y float32) float32 { return float32(math.Pow(float64(x), float64(y))) },
	Equal:             func(x, y float32) float32 { return truth(x == y) },
	NotEqual:          func(x, y float32) float32 { return truth(x != y) },
	Less:              func(x, y float32) float32 { return truth(x < y) },
	LessEqual:         func(x, y float32) float32 { return truth(x <= y) },
	Greater:           func(x, y float32) float32 { return truth(x > y) },
	GreaterEqual:      func(x, y float32) float32 { return truth(x >= y) },
}

func truth(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

// Select is x where cond is not 0, else y, over the elements of a walk, whose operands are
// cond, x and y.
type Select struct {
	isa  kernel.ISA
	walk *kernel.Walk
}

// NewSelect prepares it.
func NewSelect(isa kernel.ISA, walk *kernel.Walk) *Select { return &Select{isa, walk} }

// Parts is the number of parts.
func (s *Select) Parts() int { return kernel.Blocks(s.walk.Len()) }

// Run makes a part of dst, which may be x or y where that is not repeated.
func (s *Select) Run(part int, cond, x, y, dst []float32) {
	lo, hi := kernel.BlockRange(s.walk.Len(), part)
	step := s.walk.Step()
	s.walk.Range(lo, hi, func(at, n int, from kernel.Places) {
		c, u, v := run(cond, from.A, n, step.A), run(x, from.B, n, step.B), run(y, from.C, n, step.C)
		d := dst[at : at+n]
		if len(c) < n { // one condition for the run
			if c[0] == 0 {
				u = v
			}
			if len(u) == n {
				copy(d, u)
				return
			}
			for i := range d {
				d[i] = u[0]
			}
			return
		}
		for i := selectVector(s.isa, d, c, u, v); i < n; i++ {
			if c[i] != 0 {
				d[i] = u[i*step.B]
			} else {
				d[i] = v[i*step.C]
			}
		}
	})
}
