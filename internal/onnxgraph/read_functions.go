package onnxgraph

import (
	"math"
	"slices"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Functions of one and two numbers that are composed of others.

func tan(b *graph.Builder, x *graph.Value) *graph.Value { return b.Div(b.Sin(x), b.Cos(x)) }

func asin(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Atan(b.Div(x, b.Sqrt(b.Mul(b.Sub(constantLike(b, x, 1), x), b.Offset(x, 1)))))
}

func acos(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Sub(constantLike(b, x, math.Pi/2), asin(b, x))
}

// sinh does not lose digits near 0: with e = exp(|x|)-1 it is (e + e/(e+1))/2.
func sinh(b *graph.Builder, x *graph.Value) *graph.Value {
	e := b.Expm1(b.Abs(x))
	return b.Mul(b.Sign(x), b.Scale(b.Add(e, b.Div(e, b.Offset(e, 1))), .5))
}

func cosh(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Scale(b.Add(b.Exp(x), b.Exp(b.Neg(x))), .5)
}

// asinh is ln(|x| + sqrt(x*x+1)) with the sign of x, without loss of digits near 0.
func asinh(b *graph.Builder, x *graph.Value) *graph.Value {
	a, s := b.Abs(x), b.Square(x)
	return b.Mul(b.Sign(x), b.Log1p(b.Add(a, b.Div(s, b.Offset(b.Sqrt(b.Offset(s, 1)), 1)))))
}

// acosh is ln(x + sqrt(x*x-1)), without loss of digits near 1.
func acosh(b *graph.Builder, x *graph.Value) *graph.Value {
	d := b.Offset(x, -1)
	return b.Log1p(b.Add(d, b.Sqrt(b.Mul(d, b.Offset(x, 1)))))
}

func atanh(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Scale(b.Log1p(b.Div(b.Scale(x, 2), b.Sub(constantLike(b, x, 1), x))), .5)
}

// modulo builds Mod.
func modulo(n *node) {
	fn := op.Mod
	if n.attrFlag("fmod", false) {
		fn = op.FMod
	}
	binary(fn)(n)
}

// bitShift builds BitShift.
func bitShift(n *node) {
	n.wantSigned()
	switch d := n.attrString("direction", ""); d {
	case "LEFT":
		binary(op.ShiftLeft)(n)
	case "RIGHT":
		binary(op.ShiftRight)(n)
	default:
		n.fail("direction is %q, want LEFT or RIGHT", d)
	}
}

// bitwiseNot builds BitwiseNot.
func bitwiseNot(n *node) {
	n.wantSigned()
	x, l := n.data()
	all := constantLike(n.b, x, -1)
	if x.DType == tensor.Uint8 {
		all = constantLike(n.b, x, 255)
	}
	n.set(0, n.b.Binary(op.BitXor, x, all), l).like(n.in(0))
}

// wantSigned refuses operands of the types that lince keeps as wider signed integers: uint16, uint32 and uint64.
func (n *node) wantSigned() {
	for i := range n.operands {
		if name := n.unsigned(n.pb.Input[i]); name != "" {
			n.fail("operand %d is %s, lince has no integers of this type", i, name)
		}
	}
}

// unsigned returns the name of a type that lince keeps as a wider signed type, if the file says that the value has it.
func (r *reader) unsigned(name string) string {
	if r.unsignedOf == nil {
		r.unsignedOf = map[string]string{}
		for _, t := range r.model.Graph.Initializer {
			r.unsignedOf[t.GetName()] = unsignedType(t.GetDataType())
		}
		for _, list := range [][]*onnxpb.ValueInfoProto{r.model.Graph.ValueInfo, r.model.Graph.Input} {
			for _, v := range list {
				r.unsignedOf[v.GetName()] = unsignedType(v.GetType().GetTensorType().GetElemType())
			}
		}
	}
	return r.unsignedOf[name]
}

func unsignedType(t int32) string {
	return map[int32]string{4: "uint16", 12: "uint32", 13: "uint64"}[t]
}

// determinant builds Det, for matrices of up to 4 rows, by expansion along the first row.
func determinant(n *node) {
	x := n.in(0)
	if x.rank() < 2 || n.known(x, x.rank()-1) != n.known(x, x.rank()-2) {
		n.fail("operand has shape %v, want square matrices", x.shape())
	}
	size := n.known(x, x.rank()-1)
	if size < 1 || size > 4 {
		n.fail("the matrices have %d rows, lince computes determinants of up to 4", size)
	}
	b, v := n.b, n.plain(0)
	at := func(i, j int) *graph.Value {
		begin, count := make([]int, x.rank()), slices.Repeat([]int{tensor.Unknown}, x.rank())
		begin[x.rank()-2], begin[x.rank()-1] = i, j
		count[x.rank()-2], count[x.rank()-1] = 1, 1
		return b.Squeeze(b.Squeeze(b.Slice(v, begin, count), x.rank()-1), x.rank()-2)
	}
	var det func(row int, columns []int) *graph.Value
	det = func(row int, columns []int) *graph.Value {
		if len(columns) == 1 {
			return at(row, columns[0])
		}
		var sum *graph.Value
		for i, c := range columns {
			rest := append(append([]int{}, columns[:i]...), columns[i+1:]...)
			term := b.Mul(at(row, c), det(row+1, rest))
			switch {
			case sum == nil:
				sum = term
			case i%2 == 1:
				sum = b.Sub(sum, term)
			default:
				sum = b.Add(sum, term)
			}
		}
		return sum
	}
	n.out(det(0, plain(size)))
}

// binarizer builds Binarizer of ai.onnx.ml.
func binarizer(n *node, x *graph.Value) *graph.Value {
	return n.b.Cast(n.b.Binary(op.Greater, x, constantLike(n.b, x, n.attrFloat("threshold", 0))), x.DType)
}

// featureExtractor builds ArrayFeatureExtractor of ai.onnx.ml: it takes elements along the last dimension.
func featureExtractor(n *node) {
	x := n.in(0)
	if x.rank() == 0 {
		n.fail("operand is a scalar, want at least 1 dimension")
	}
	at := n.b.Reshape(n.indices(1, n.known(x, x.rank()-1)), -1)
	y := n.b.GatherAxis(n.plain(0), at, x.rank()-1)
	if x.rank() == 1 {
		y = n.b.ExpandDims(y, 0)
	}
	n.out(y)
}
