// Package eltwise holds functions of one, two and three numbers, element by element.
//
// Each function is a Go loop over a block. Functions that consist of + - * /, square roots, comparisons
// and choices also have assembly, which gives the same bits. Exp, Sigmoid, Tanh, Erf, Expm1 and Softplus have
// assembly that differs from Go's functions in the last places; it gives the same bits on all instruction sets.
package eltwise

import (
	"math"

	"github.com/lince-ml/lince/internal/kernel"
)

// BinaryOp is a function of x and y.
type BinaryOp uint8

// The functions of two numbers. Max and Min are NaN if x or y is NaN. Comparisons are 1 or 0.
const (
	Add BinaryOp = iota
	Sub
	Mul
	Div
	Max
	Min
	ReLUGrad  // x where y > 0, else 0: x is the gradient, y the result of ReLU
	ReLU6Grad // x where 0 < y < 6, else 0: x is the gradient, y the result of ReLU6
	Pow
	Equal
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
	Mod  // the remainder of x/y rounded down: it has the sign of y
	FMod // the remainder of x/y rounded toward zero: it has the sign of x
)

// String returns the function's name.
func (o BinaryOp) String() string { return binaries[o].name }

// Broadcast says which operand is repeated.
type Broadcast uint8

// The broadcasts for a result [rows, cols]. Operands that are not mentioned are [rows, cols] too.
const (
	Same    Broadcast = iota
	RowY              // y is [cols], repeated for each row
	RowX              // x is [cols], repeated for each row
	ColY              // y is [rows], one number for each row
	ColX              // x is [rows], one number for each row
	ScalarY           // y is [1]
	ScalarX           // x is [1]
)

var broadcasts = [...]string{Same: "Same", RowY: "RowY", RowX: "RowX", ColY: "ColY", ColX: "ColX", ScalarY: "ScalarY", ScalarX: "ScalarX"}

// String returns the broadcast's name.
func (b Broadcast) String() string { return broadcasts[b] }

// Binary is a function of two numbers over rows of cols elements.
type Binary struct {
	isa        kernel.ISA
	op         BinaryOp
	broadcast  Broadcast
	rows, cols int
	flat       bool // parts are blocks of elements, not of rows
}

// NewBinary prepares a function for a broadcast.
func NewBinary(isa kernel.ISA, op BinaryOp, b Broadcast, rows, cols int) *Binary {
	return &Binary{isa, op, b, rows, cols, b == Same || b == ScalarX || b == ScalarY}
}

// Parts is the number of parts of Run.
func (b *Binary) Parts() int {
	if b.flat {
		return kernel.Blocks(b.rows * b.cols)
	}
	return kernel.RowBlocks(b.rows, b.cols)
}

// Run computes a part of dst, which may be an operand that is not repeated.
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

// tile has copies of a short row.
type tile [256]float32

// short is Run for short rows [lo, hi). A call for each row would cost more than its elements. Instead
// the row that is repeated is copied several times to a tile, and a call takes as many rows.
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

// apply computes a function of x and y, which have len(dst) numbers. One of them may have one number,
// which is repeated.
func apply(isa kernel.ISA, op BinaryOp, x, y, dst []float32) {
	f := binaries[op].f
	i := binaryVector(isa, op, x, y, dst)
	switch {
	case len(x) == 1:
		for ; i < len(dst); i++ {
			dst[i] = f(x[0], y[i])
		}
	case len(y) == 1:
		for ; i < len(dst); i++ {
			dst[i] = f(x[i], y[0])
		}
	default:
		for ; i < len(dst); i++ {
			dst[i] = f(x[i], y[i])
		}
	}
}

type binaryFunction struct {
	name string
	f    func(x, y float32) float32
}

// binaries has the name of each function, and a Go function, which is its reference.
var binaries = [...]binaryFunction{
	Add: {"Add", func(x, y float32) float32 { return x + y }},
	Sub: {"Sub", func(x, y float32) float32 { return x - y }},
	Mul: {"Mul", func(x, y float32) float32 { return x * y }},
	Div: {"Div", func(x, y float32) float32 { return x / y }},
	Max: {"Max", func(x, y float32) float32 { return max(x, y) }},
	Min: {"Min", func(x, y float32) float32 { return min(x, y) }},
	ReLUGrad: {"ReLUGrad", func(x, y float32) float32 {
		if y > 0 {
			return x
		}
		return 0
	}},
	ReLU6Grad: {"ReLU6Grad", func(x, y float32) float32 {
		if y > 0 && y < 6 {
			return x
		}
		return 0
	}},

	Pow:          {"Pow", func(x, y float32) float32 { return float32(math.Pow(float64(x), float64(y))) }},
	Equal:        {"Equal", func(x, y float32) float32 { return truth(x == y) }},
	NotEqual:     {"NotEqual", func(x, y float32) float32 { return truth(x != y) }},
	Less:         {"Less", func(x, y float32) float32 { return truth(x < y) }},
	LessEqual:    {"LessEqual", func(x, y float32) float32 { return truth(x <= y) }},
	Greater:      {"Greater", func(x, y float32) float32 { return truth(x > y) }},
	GreaterEqual: {"GreaterEqual", func(x, y float32) float32 { return truth(x >= y) }},
	Mod: {"Mod", func(x, y float32) float32 {
		r := math.Mod(float64(x), float64(y))
		if r != 0 && (r < 0) != (y < 0) {
			r += float64(y)
		}
		return float32(r)
	}},
	FMod: {"FMod", func(x, y float32) float32 { return float32(math.Mod(float64(x), float64(y))) }},
}

func truth(b bool) float32 {
	if b {
		return 1
	}
	return 0
}

// Select is x where cond is not 0, else y, for the elements of a walk with the operands cond, x and y.
type Select struct {
	isa  kernel.ISA
	walk *kernel.Walk
}

// NewSelect prepares the selection.
func NewSelect(isa kernel.ISA, walk *kernel.Walk) *Select { return &Select{isa, walk} }

// Parts is the number of parts of Run.
func (s *Select) Parts() int { return kernel.Blocks(s.walk.Len()) }

// Run computes a part of dst, which may be x or y if that is not repeated.
func (s *Select) Run(part int, cond, x, y, dst []float32) {
	lo, hi := kernel.BlockRange(s.walk.Len(), part)
	step := s.walk.Step()
	s.walk.Range(lo, hi, func(at, n int, from kernel.Offsets) {
		choose(s.isa, run(cond, from.A, n, step.A), run(x, from.B, n, step.B), run(y, from.C, n, step.C), dst[at:at+n])
	})
}

// choose computes x where cond is not 0, else y. Each has len(dst) numbers or one number, which is repeated.
func choose(isa kernel.ISA, cond, x, y, dst []float32) {
	n := len(dst)
	if len(cond) < n { // one condition for all elements
		if cond[0] == 0 {
			x = y
		}
		if len(x) == n {
			copy(dst, x)
			return
		}
		repeatTo(dst, x[0])
		return
	}
	i := selectVector(isa, dst, cond, x, y)
	stepX, stepY := 1, 1
	if len(x) < n {
		stepX = 0
	}
	if len(y) < n {
		stepY = 0
	}
	for ; i < n; i++ {
		if cond[i] != 0 {
			dst[i] = x[i*stepX]
		} else {
			dst[i] = y[i*stepY]
		}
	}
}
