package tflitegraph

import (
	"math"

	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// unary is a row for a function of one value.
func unary(f func(b *graph.Builder, x *graph.Value) *graph.Value) *row {
	return &row{1, func(n *node) { n.set(f(n.b, n.in(0))) }}
}

// unlessKnown is a row for a function that also computes sizes: of two known integers, or of lists of them. An element that
// depends on an unknown size is unknown, too.
func unlessKnown(f func(a, b int) int, read func(*node)) *row {
	return &row{2, func(n *node) {
		_, x := n.ints[n.Inputs[0]]
		_, y := n.ints[n.Inputs[1]]
		if !x && !y {
			read(n)
			return
		}
		a, b := n.numbers(0), n.numbers(1)
		if a == nil || b == nil {
			return
		}
		if min(len(a), len(b)) == 0 || len(a) != len(b) && len(a) != 1 && len(b) != 1 {
			n.b.Errorf("cannot combine lists of %d and %d integers", len(a), len(b))
			return
		}
		list := make([]int, max(len(a), len(b)))
		for i := range list {
			x, y := a[i%len(a)], b[i%len(b)]
			if list[i] = tensor.Unknown; x != tensor.Unknown && y != tensor.Unknown {
				list[i] = f(x, y)
			}
		}
		n.ints[n.Outputs[0]] = list
		if n.Code == tflitefb.BuiltinOperatorMUL {
			n.scaleOrigins(a, b)
		}
	}}
}

// scaleOrigins sets the origins of the products of sizes a and factors b.
func (n *node) scaleOrigins(a, b []int) {
	from := n.origins[n.Inputs[0]]
	if len(from) != len(a) || len(b) != len(a) && len(b) != 1 {
		return
	}
	var to []origin
	for i, o := range from {
		if f := b[i%len(b)]; f > 0 && f < 1<<14 && o.factor < 1<<14 {
			o.factor *= f
		} else {
			o = origin{}
		}
		to = append(to, o)
	}
	n.origins[n.Outputs[0]] = to
}

func floorDiv(a, b int) int {
	if b == 0 {
		return tensor.Unknown
	}
	return int(math.Floor(float64(a) / float64(b)))
}

// activation adds the activation function that is fused with an operator.
func activation(b *graph.Builder, f tflitefb.ActivationFunctionType, x *graph.Value) *graph.Value {
	switch f {
	case tflitefb.ActivationFunctionTypeNONE:
		return x
	case tflitefb.ActivationFunctionTypeRELU:
		return b.ReLU(x)
	case tflitefb.ActivationFunctionTypeRELU6:
		return b.ReLU6(x)
	case tflitefb.ActivationFunctionTypeRELU_N1_TO_1:
		return b.Clip(x, -1, 1)
	case tflitefb.ActivationFunctionTypeTANH:
		return b.Tanh(x)
	}
	return b.Errorf("lince lacks the activation function %v", f)
}

// readBinary reads a function of two values, with its activation.
func readBinary(fn op.BinaryFn) func(*node) {
	return func(n *node) {
		fused := tflitefb.ActivationFunctionTypeNONE
		switch o := n.Options.(type) {
		case *tflitefb.AddOptionsT:
			fused = o.FusedActivationFunction
		case *tflitefb.SubOptionsT:
			fused = o.FusedActivationFunction
		case *tflitefb.MulOptionsT:
			fused = o.FusedActivationFunction
		case *tflitefb.DivOptionsT:
			fused = o.FusedActivationFunction
		}
		n.set(activation(n.b, fused, n.b.Binary(fn, n.in(0), n.in(1))))
	}
}

func readFloorDiv(n *node) { n.set(n.b.Floor(n.b.Div(n.in(0), n.in(1)))) }

func (n *node) yes() *graph.Value { return n.b.Constant(tensor.Bool, 1) }
func (n *node) no() *graph.Value  { return n.b.Constant(tensor.Bool, 0) }

func readNotEqual(n *node) {
	n.set(n.b.Select(n.b.Binary(op.Equal, n.in(0), n.in(1)), n.no(), n.yes()))
}
func readLogicalAnd(n *node) { n.set(n.b.Select(n.in(0), n.in(1), n.no())) }
func readLogicalOr(n *node)  { n.set(n.b.Select(n.in(0), n.yes(), n.in(1))) }
func readLogicalNot(n *node) { n.set(n.b.Select(n.in(0), n.no(), n.yes())) }

func readSelect(n *node) {
	cond, x := n.in(0), n.in(1)
	if n.Code == tflitefb.BuiltinOperatorSELECT && cond.Valid() && cond.Rank() == 1 { // it chooses whole rows
		for range x.Rank() - 1 {
			cond = n.b.ExpandDims(cond, cond.Rank())
		}
	}
	n.set(n.b.Select(cond, x, n.in(2)))
}

func readSquaredDifference(n *node) { n.set(n.b.Square(n.b.Sub(n.in(0), n.in(1)))) }

func readAddN(n *node) {
	sum := n.in(0)
	for i := range n.Inputs[1:] {
		sum = n.b.Add(sum, n.in(1+i))
	}
	n.set(sum)
}

func readPReLU(n *node) {
	x := n.in(0)
	zero := n.b.Constant(tensor.Float32, 0)
	n.set(n.b.Add(n.b.ReLU(x), n.b.Mul(n.in(1), n.b.Min(x, zero))))
}

func readLeakyReLU(n *node) {
	x := n.in(0)
	zero := n.b.Constant(tensor.Float32, 0)
	n.set(n.b.Select(n.b.Binary(op.Greater, x, zero), x, n.b.Scale(x, float64(options[tflitefb.LeakyReluOptionsT](n).Alpha))))
}

func readGELU(n *node) {
	x := n.in(0)
	if options[tflitefb.GeluOptionsT](n).Approximate {
		inner := n.b.Scale(n.b.Mul(x, n.b.Offset(n.b.Scale(n.b.Square(x), 0.044715), 1)), math.Sqrt(2/math.Pi))
		n.set(n.b.Mul(n.b.Scale(x, .5), n.b.Offset(n.b.Tanh(inner), 1)))
		return
	}
	n.set(n.b.Mul(n.b.Scale(x, .5), n.b.Offset(n.b.Erf(n.b.Scale(x, math.Sqrt2/2)), 1)))
}

func readCast(n *node) {
	if list, ok := n.ints[n.Inputs[0]]; ok {
		if t := n.sub.Tensors[n.Outputs[0]].Type; t == tflitefb.TensorTypeINT32 || t == tflitefb.TensorTypeINT64 {
			n.ints[n.Outputs[0]] = list
			return
		}
	}
	to, ok := dtypes[n.sub.Tensors[n.Outputs[0]].Type]
	if !ok {
		n.b.Errorf("lince has no type %v", n.sub.Tensors[n.Outputs[0]].Type)
		return
	}
	n.set(n.b.Cast(n.in(0), to))
}

func ceil(b *graph.Builder, x *graph.Value) *graph.Value { return b.Op(op.Unary{Fn: op.Ceil}, x) }

func rsqrt(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Div(b.Constant(tensor.Float32, 1), b.Sqrt(x))
}

func readELU(b *graph.Builder, x *graph.Value) *graph.Value {
	zero := b.Constant(tensor.Float32, 0)
	return b.Select(b.Binary(op.Less, x, zero), b.Expm1(b.Min(x, zero)), x)
}

func readHardSwish(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Mul(x, b.Div(b.ReLU6(b.Offset(x, 3)), b.Constant(tensor.Float32, 6)))
}
