package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// UnaryFn is the name of a function of one number.
type UnaryFn string

// The functions of one number. ReLU is max(x, 0), ReLU6 min(max(x, 0), 6), Sign is -1, 0 or 1,
// Log1p is ln(1+x), Expm1 is exp(x)-1, Erf is the error function, Softplus is ln(1+exp(x)), and Round
// rounds halves to even. Sin and Cos take radians, and Atan returns them.
const (
	Neg     UnaryFn = "Neg"
	Abs     UnaryFn = "Abs"
	Sign    UnaryFn = "Sign"
	Square  UnaryFn = "Square"
	Sqrt    UnaryFn = "Sqrt"
	Exp     UnaryFn = "Exp"
	Log     UnaryFn = "Log"
	Log1p   UnaryFn = "Log1p"
	ReLU    UnaryFn = "ReLU"
	ReLU6   UnaryFn = "ReLU6"
	Sigmoid UnaryFn = "Sigmoid"
	Tanh    UnaryFn = "Tanh"

	Erf      UnaryFn = "Erf"
	Expm1    UnaryFn = "Expm1"
	Softplus UnaryFn = "Softplus"
	Floor    UnaryFn = "Floor"
	Round    UnaryFn = "Round"
	Sin      UnaryFn = "Sin"
	Cos      UnaryFn = "Cos"
	Ceil     UnaryFn = "Ceil"
	Atan     UnaryFn = "Atan"
)

func (f UnaryFn) valid() error {
	switch f {
	case Neg, Abs, Sign, Square, Sqrt, Exp, Log, Log1p, ReLU, ReLU6, Sigmoid, Tanh, Erf, Expm1, Softplus, Floor, Round, Sin, Cos, Ceil, Atan:
		return nil
	}
	return fmt.Errorf("there is no function %.100q of one number", string(f))
}

// Unary applies Fn to each element of a floating-point or integer operand.
type Unary struct{ Fn UnaryFn }

// BinaryFn is the name of a function of two numbers.
type BinaryFn string

// The functions of two numbers. The result of a comparison, from Equal to GreaterEqual, is a Bool.
//
// Mod is the remainder of a division whose quotient is rounded down, so it has the sign of y (Python's %, NumPy's mod).
// FMod is the remainder of a division whose quotient is rounded toward zero, so it has the sign of x (C's fmod).
//
// Integers wrap around on overflow, Div rounds toward zero, and a division by zero or its remainder is 0. Pow with a negative
// exponent is the power rounded toward zero. BitAnd, BitOr, BitXor, ShiftLeft and ShiftRight are for integers only.
// ShiftRight repeats the sign bit of a signed number. A negative number of bits
// counts as all bits.
const (
	Add          BinaryFn = "Add"
	Sub          BinaryFn = "Sub"
	Mul          BinaryFn = "Mul"
	Div          BinaryFn = "Div"
	Max          BinaryFn = "Max"
	Min          BinaryFn = "Min"
	Pow          BinaryFn = "Pow"
	Mod          BinaryFn = "Mod"
	FMod         BinaryFn = "FMod"
	BitAnd       BinaryFn = "BitAnd"
	BitOr        BinaryFn = "BitOr"
	BitXor       BinaryFn = "BitXor"
	ShiftLeft    BinaryFn = "ShiftLeft"
	ShiftRight   BinaryFn = "ShiftRight"
	Equal        BinaryFn = "Equal"
	Less         BinaryFn = "Less"
	LessEqual    BinaryFn = "LessEqual"
	Greater      BinaryFn = "Greater"
	GreaterEqual BinaryFn = "GreaterEqual"
)

func (f BinaryFn) valid() error {
	switch f {
	case Add, Sub, Mul, Div, Max, Min, Pow, Mod, FMod, BitAnd, BitOr, BitXor, ShiftLeft, ShiftRight, Equal, Less, LessEqual, Greater, GreaterEqual:
		return nil
	}
	return fmt.Errorf("there is no function %.100q of two numbers", string(f))
}

// Compares reports whether the function's result is a Bool.
func (f BinaryFn) Compares() bool {
	switch f {
	case Equal, Less, LessEqual, Greater, GreaterEqual:
		return true
	}
	return false
}

// ofBits reports whether the function is for integers only.
func (f BinaryFn) ofBits() bool {
	switch f {
	case BitAnd, BitOr, BitXor, ShiftLeft, ShiftRight:
		return true
	}
	return false
}

// Binary applies Fn to the elements of two operands of one type, broadcast as in NumPy.
type Binary struct{ Fn BinaryFn }

// Select takes each element from the second operand where the first (a Bool) is true, and from
// the third where it is false. The three are broadcast as in NumPy.
type Select struct{}

// ReLUGrad is the gradient of ReLU. Operands: the gradient g of the result, and the result y.
// The result is g where y > 0, and 0 elsewhere.
type ReLUGrad struct{}

// ReLU6Grad is the gradient of ReLU6. Operands: the gradient g of the result, and the result y.
// The result is g where 0 < y < 6, and 0 elsewhere.
type ReLU6Grad struct{}

// Cast converts the elements to another type. True becomes 1 and false 0, and a number becomes true unless it is 0.
// A floating-point number that becomes an integer is rounded toward zero. If it is outside the range of the type, it becomes
// the nearest number of the range, and NaN becomes 0. An integer that does not fit into the new integer type keeps its low bits, as in NumPy.
type Cast struct{ To tensor.DType }

// Name implements Op.
func (o Unary) Name() string { return string(o.Fn) }

// Name implements Op.
func (o Binary) Name() string { return string(o.Fn) }

// Name implements Op.
func (Select) Name() string { return "Select" }

// Name implements Op.
func (ReLUGrad) Name() string { return "ReLUGrad" }

// Name implements Op.
func (ReLU6Grad) Name() string { return "ReLU6Grad" }

// Name implements Op.
func (Cast) Name() string { return "Cast" }

// Infer implements Op.
func (o Unary) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	if in[0].DType == tensor.Bool {
		return nil, fmt.Errorf("operand is a bool, want a number")
	}
	if err := o.Fn.valid(); err != nil {
		return nil, err
	}
	return one(in[0]), nil
}

// Infer implements Op.
func (o Binary) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	if in[0].DType != in[1].DType {
		return nil, fmt.Errorf("operands are %v and %v, want one type", in[0].DType, in[1].DType)
	}
	if err := o.Fn.valid(); err != nil {
		return nil, err
	}
	if o.Fn.ofBits() && (in[0].DType.IsFloat() || in[0].DType == tensor.Bool) {
		return nil, fmt.Errorf("operands are %v, want an integer type", in[0].DType)
	}
	s, err := Broadcast(in[0].Shape, in[1].Shape)
	if err != nil {
		return nil, err
	}
	t := in[0].DType
	if o.Fn.Compares() {
		t = tensor.Bool
	}
	return one(Type{t, s}), nil
}

// Infer implements Op.
func (Select) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 3); err != nil {
		return nil, err
	}
	if in[0].DType != tensor.Bool || in[1].DType != in[2].DType {
		return nil, fmt.Errorf("operands are %v, %v and %v, want a bool and two of one type", in[0].DType, in[1].DType, in[2].DType)
	}
	s, err := Broadcast(in[1].Shape, in[2].Shape)
	if err == nil {
		s, err = Broadcast(in[0].Shape, s)
	}
	return one(Type{in[1].DType, s}), err
}

// Infer implements Op.
func (ReLUGrad) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 2); err != nil {
		return nil, err
	}
	s, ok := unify(in[0].Shape, in[1].Shape)
	if !ok || in[0].DType != in[1].DType {
		return nil, fmt.Errorf("operands are %v and %v, want one type and shape", in[0], in[1])
	}
	return one(Type{in[0].DType, s}), nil
}

// Infer implements Op.
func (ReLU6Grad) Infer(in []Type) ([]Type, error) { return ReLUGrad{}.Infer(in) }

// Infer implements Op.
func (o Cast) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	return one(Type{o.To, in[0].Shape}), nil
}

// Broadcast returns the shape to which NumPy broadcasts two shapes. They are aligned at their last
// dimensions; two dimensions must be equal, or one of them 1. An unknown dimension is assumed to
// equal a known one that is not 1.
func Broadcast(a, b tensor.Shape) (tensor.Shape, error) {
	n := max(len(a), len(b))
	s := make(tensor.Shape, n)
	for i := range s {
		da, db := 1, 1
		if j := i - (n - len(a)); j >= 0 {
			da = a[j]
		}
		if j := i - (n - len(b)); j >= 0 {
			db = b[j]
		}
		switch {
		case da == 1:
			s[i] = db
		case db == 1:
			s[i] = da
		case compatible(da, db):
			s[i] = known(da, db)
		default:
			return nil, fmt.Errorf("cannot broadcast shapes %v and %v together", a, b)
		}
	}
	return s, nil
}
