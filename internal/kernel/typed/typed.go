// Package typed holds kernels in plain Go for elements of any numeric type: functions of one and two numbers, choices, conversions,
// reductions, products, sorting and scattering. The engine uses the faster kernels of the other packages for float32 where they exist.
//
// Integers wrap around on overflow. The order of all sums is fixed.
package typed

import (
	"cmp"
	"math"

	"github.com/lince-ml/lince/internal/kernel"
)

// Number is the set of element types.
type Number interface {
	float32 | float64 | int8 | int16 | int32 | int64 | uint8
}

// isFloat reports whether T has fractions.
func isFloat[T Number]() bool {
	one, two := T(1), T(2)
	return one/two != 0
}

// limits returns the smallest and the largest value of T.
func limits[T Number]() (lo, hi T) {
	if isFloat[T]() {
		return T(math.Inf(-1)), T(math.Inf(1))
	}
	var zero T
	hi = 1
	for next := hi*2 + 1; next > hi; next = hi*2 + 1 {
		hi = next
	}
	if zero-1 > zero { // unsigned
		return 0, hi
	}
	return -hi - 1, hi
}

// Unary is a function of one number over n elements.
type Unary[T Number] struct {
	f func(x T) T
	n int
}

// NewUnary prepares the function with a name of op.UnaryFn for n elements. ok is false if there is none for T.
func NewUnary[T Number](name string, n int) (u *Unary[T], ok bool) {
	f := unary[T](name)
	return &Unary[T]{f, n}, f != nil
}

// Parts is the number of parts of Run.
func (u *Unary[T]) Parts() int { return kernel.Blocks(u.n) }

// Run computes a part of dst.
func (u *Unary[T]) Run(part int, x, dst []T) {
	lo, hi := kernel.BlockRange(u.n, part)
	dst = dst[lo:hi]
	for i, v := range x[lo:hi] {
		dst[i] = u.f(v)
	}
}

// unary returns a function of one number, or nil.
func unary[T Number](name string) func(x T) T {
	switch name {
	case "Copy":
		return func(x T) T { return x }
	case "Neg":
		return func(x T) T { return -x }
	case "Abs":
		return func(x T) T {
			if x < 0 {
				return -x
			}
			return x
		}
	case "Square":
		return func(x T) T { return x * x }
	case "Sign":
		return func(x T) T {
			switch {
			case x > 0:
				return 1
			case x < 0:
				var zero T
				return zero - 1
			}
			return x
		}
	case "ReLU":
		return func(x T) T {
			if x < 0 {
				return 0
			}
			return x
		}
	case "ReLU6":
		return func(x T) T {
			switch {
			case x < 0:
				return 0
			case x > 6:
				return 6
			}
			return x
		}
	}
	f := functions[name]
	switch {
	case f == nil:
		return nil
	case isFloat[T]():
		return func(x T) T { return T(f(float64(x))) }
	case name == "Floor" || name == "Ceil" || name == "Round":
		return func(x T) T { return x }
	}
	return nil
}

// functions has the functions of floating-point numbers.
var functions = map[string]func(x float64) float64{
	"Sqrt": math.Sqrt, "Exp": math.Exp, "Log": math.Log, "Log1p": math.Log1p, "Expm1": math.Expm1, "Tanh": math.Tanh, "Erf": math.Erf,
	"Sin": math.Sin, "Cos": math.Cos, "Atan": math.Atan, "Floor": math.Floor, "Ceil": math.Ceil, "Round": math.RoundToEven,
	"Sigmoid":  func(x float64) float64 { return 1 / (1 + math.Exp(-x)) },
	"Softplus": func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) },
}

// Binary is a function of two numbers over the elements of a walk with the operands x and y.
type Binary[T Number] struct {
	f    func(x, y T) T
	walk *kernel.Walk
}

// NewBinary prepares the function with a name of op.BinaryFn. ok is false if there is none for T.
func NewBinary[T Number](name string, walk *kernel.Walk) (b *Binary[T], ok bool) {
	f := binary[T](name)
	return &Binary[T]{f, walk}, f != nil
}

// Parts is the number of parts of Run.
func (b *Binary[T]) Parts() int { return kernel.Blocks(b.walk.Len()) }

// Run computes a part of dst.
func (b *Binary[T]) Run(part int, x, y, dst []T) {
	lo, hi := kernel.BlockRange(b.walk.Len(), part)
	step := b.walk.Step()
	b.walk.Range(lo, hi, func(at, n int, from kernel.Offsets) {
		for i := range n {
			dst[at+i] = b.f(x[from.A+i*step.A], y[from.B+i*step.B])
		}
	})
}

// binary returns a function of two numbers, or nil.
func binary[T Number](name string) func(x, y T) T {
	switch name {
	case "Add":
		return func(x, y T) T { return x + y }
	case "Sub":
		return func(x, y T) T { return x - y }
	case "Mul":
		return func(x, y T) T { return x * y }
	case "Max":
		return func(x, y T) T { return max(x, y) }
	case "Min":
		return func(x, y T) T { return min(x, y) }
	case "":
		return func(_, y T) T { return y }
	}
	if isFloat[T]() {
		return real[T](name)
	}
	return integer[T](name)
}

// real returns a function of two floating-point numbers, or nil.
func real[T Number](name string) func(x, y T) T {
	switch name {
	case "Div":
		return func(x, y T) T { return x / y }
	case "Pow":
		return func(x, y T) T { return T(math.Pow(float64(x), float64(y))) }
	case "FMod":
		return func(x, y T) T { return T(math.Mod(float64(x), float64(y))) }
	case "Mod":
		return func(x, y T) T {
			r := math.Mod(float64(x), float64(y))
			if r != 0 && (r < 0) != (y < 0) {
				r += float64(y)
			}
			return T(r)
		}
	}
	return nil
}

// integer returns a function of two integers, or nil.
func integer[T Number](name string) func(x, y T) T {
	switch name {
	case "Div":
		return func(x, y T) T {
			if y == 0 {
				return 0
			}
			return x / y
		}
	case "Pow":
		return power[T]
	case "FMod":
		return remainder[T]
	case "Mod":
		return func(x, y T) T {
			r := remainder(x, y)
			if r != 0 && (r < 0) != (y < 0) {
				r += y
			}
			return r
		}
	case "BitAnd":
		return func(x, y T) T { return T(int64(x) & int64(y)) }
	case "BitOr":
		return func(x, y T) T { return T(int64(x) | int64(y)) }
	case "BitXor":
		return func(x, y T) T { return T(int64(x) ^ int64(y)) }
	case "ShiftLeft":
		return func(x, y T) T { return T(int64(x) << bits(y)) }
	case "ShiftRight":
		return func(x, y T) T { return T(int64(x) >> bits(y)) }
	}
	return nil
}

// bits returns the distance of a shift. A negative one is a shift by all bits.
func bits[T Number](y T) int64 {
	if y < 0 {
		return 64
	}
	return int64(y)
}

func remainder[T Number](x, y T) T {
	if y == 0 {
		return 0
	}
	return T(int64(x) % int64(y))
}

// power is x to the power of y, for integers.
func power[T Number](x, y T) T {
	if y < 0 {
		switch {
		case x == 1:
			return 1
		case x+1 == 0 && int64(y)%2 == 0:
			return 1
		case x+1 == 0:
			return x
		}
		return 0
	}
	p := T(1)
	for n := int64(y); n > 0; n >>= 1 {
		if n&1 == 1 {
			p *= x
		}
		x *= x
	}
	return p
}

// Compare compares two numbers, for the elements of a walk with the operands x and y. The results are 1 or 0.
type Compare[T Number] struct {
	f    func(x, y T) bool
	walk *kernel.Walk
}

// NewCompare prepares the comparison with a name of op.BinaryFn. ok is false if there is none.
func NewCompare[T Number](name string, walk *kernel.Walk) (c *Compare[T], ok bool) {
	f := map[string]func(x, y T) bool{
		"Equal":        func(x, y T) bool { return x == y },
		"Less":         func(x, y T) bool { return x < y },
		"LessEqual":    func(x, y T) bool { return x <= y },
		"Greater":      func(x, y T) bool { return x > y },
		"GreaterEqual": func(x, y T) bool { return x >= y },
	}[name]
	return &Compare[T]{f, walk}, f != nil
}

// Parts is the number of parts of Run.
func (c *Compare[T]) Parts() int { return kernel.Blocks(c.walk.Len()) }

// Run computes a part of dst.
func (c *Compare[T]) Run(part int, x, y []T, dst []float32) {
	lo, hi := kernel.BlockRange(c.walk.Len(), part)
	step := c.walk.Step()
	c.walk.Range(lo, hi, func(at, n int, from kernel.Offsets) {
		for i := range n {
			dst[at+i] = 0
			if c.f(x[from.A+i*step.A], y[from.B+i*step.B]) {
				dst[at+i] = 1
			}
		}
	})
}

// Select is x where cond is not 0, else y, for the elements of a walk with the operands cond, x and y.
type Select[T Number] struct{ walk *kernel.Walk }

// NewSelect prepares the selection.
func NewSelect[T Number](walk *kernel.Walk) *Select[T] { return &Select[T]{walk} }

// Parts is the number of parts of Run.
func (s *Select[T]) Parts() int { return kernel.Blocks(s.walk.Len()) }

// Run computes a part of dst.
func (s *Select[T]) Run(part int, cond []float32, x, y, dst []T) {
	lo, hi := kernel.BlockRange(s.walk.Len(), part)
	step := s.walk.Step()
	s.walk.Range(lo, hi, func(at, n int, from kernel.Offsets) {
		for i := range n {
			if cond[from.A+i*step.A] != 0 {
				dst[at+i] = x[from.B+i*step.B]
			} else {
				dst[at+i] = y[from.C+i*step.C]
			}
		}
	})
}

// Cast converts n elements; see op.Cast.
type Cast[A, B Number] struct {
	f func(x A) B
	n int
}

// NewCast prepares the conversion of n elements.
func NewCast[A, B Number](n int) *Cast[A, B] {
	f := func(x A) B { return B(x) }
	if isFloat[A]() && !isFloat[B]() {
		lo, hi := limits[B]()
		f = func(x A) B {
			switch v := float64(x); {
			case math.IsNaN(v):
				return 0
			case v <= float64(lo):
				return lo
			case v >= float64(hi): // for int64, float64(hi) is 1<<63
				return hi
			default:
				return B(int64(v))
			}
		}
	}
	return &Cast[A, B]{f, n}
}

// Parts is the number of parts of Run.
func (c *Cast[A, B]) Parts() int { return kernel.Blocks(c.n) }

// Run computes a part of dst.
func (c *Cast[A, B]) Run(part int, x []A, dst []B) {
	lo, hi := kernel.BlockRange(c.n, part)
	dst = dst[lo:hi]
	for i, v := range x[lo:hi] {
		dst[i] = c.f(v)
	}
}

// compare orders numbers, and NaN after them.
func compare[T Number](x, y T) int {
	a, b := math.IsNaN(float64(x)), math.IsNaN(float64(y))
	switch {
	case a && b:
		return 0
	case a:
		return 1
	case b:
		return -1
	}
	return cmp.Compare(x, y)
}
