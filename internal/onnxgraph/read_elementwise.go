package onnxgraph

import (
	"math"
	"slices"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// broadcast returns operands for an op that broadcasts them as NumPy does, and the layout of its result. A value that
// is computed keeps its layout if it can; constants are stored in that layout. Dimensions of size 1 at the front of a constant
// are left out, so that one number for each channel is a row, as the compiler's patterns want it.
func (n *node) broadcast(operands ...int) ([]*graph.Value, layout) {
	n.alignOld()
	rank := 0
	for _, i := range operands {
		rank = max(rank, n.in(i).rank())
	}
	l, full := plain(rank), false
	for _, i := range operands {
		x := n.in(i)
		if x.v == nil || x.rank() < rank {
			continue
		}
		full = true
		if l.isPlain() {
			l = x.layout
		}
	}
	values := make([]*graph.Value, len(operands))
	for j, i := range operands {
		values[j] = n.spread(i, l, full)
	}
	return values, l
}

// alignOld makes the dimensions of operand 1 those of operand 0 from the attribute axis on, as opsets before 7 did if the attribute
// broadcast was set. PRelu's slopes were one for each channel.
func (n *node) alignOld() {
	if n.opset >= 7 || len(n.operands) != 2 || !n.has(1) {
		return
	}
	x, y := n.in(0), n.in(1)
	last := x.rank() - y.rank() // the place of the first dimension of y if nothing is to be done
	axis := n.attrInt("axis", last)
	if n.key == "PRelu" && y.rank() == 1 && x.rank() > 1 {
		axis = 1
	} else if !n.attrFlag("broadcast", false) {
		return
	}
	if axis < 0 {
		axis += x.rank()
	}
	after := last - axis
	if axis < 0 || after <= 0 {
		return
	}
	shape := append(y.shape(), slices.Repeat([]int{1}, after)...)
	if y.t != nil {
		t := constant(y.name, y.t.Reshape(shape...))
		t.weight, t.path = y.weight, y.path
		n.operands[1] = t
		return
	}
	v := n.plain(1)
	for range after {
		v = n.b.ExpandDims(v, v.Rank())
	}
	n.operands[1] = &value{name: y.name, dtype: y.dtype, dims: dimsOf(v, plain(v.Rank())), v: v, layout: plain(v.Rank())}
}

// spread returns an operand as broadcasting to a value in layout l needs it. full says that another operand has all
// dimensions, so that dimensions of size 1 at the front may be left out.
func (n *node) spread(i int, l layout, full bool) *graph.Value {
	x := n.in(i)
	missing := len(l) - x.rank()
	if x.v == nil && allFixed(x.dims) {
		f := operandForm{perm: l}
		if missing > 0 {
			f.pre = append(slices.Repeat(tensor.Shape{1}, missing), x.shape()...)
		}
		if full {
			f.post = store(l, append(slices.Repeat(tensor.Shape{1}, missing), x.shape()...))
			for len(f.post) > 0 && f.post[0] == 1 {
				f.post = f.post[1:]
			}
		}
		return n.form(i, f)
	}
	if missing == 0 {
		return n.stored(i, l)
	}
	v := n.plain(i)
	if l.isPlain() {
		return v
	}
	for range missing {
		v = n.b.ExpandDims(v, 0)
	}
	return move(n.b, v, l)
}

// setBroadcast sets the first result of an op that broadcasts operands.
func (n *node) setBroadcast(v *graph.Value, l layout, operands ...int) *value {
	y := n.set(0, v, l)
	for _, i := range operands {
		x := n.in(i)
		for a, d := range x.dims {
			if to := y.rank() - x.rank() + a; !y.bad && d.s != nil && y.dims[to].s != nil {
				y.dims[to] = d
			}
		}
	}
	return y
}

// elementwise returns the build function of an op on each element of one operand.
func elementwise(f func(b *graph.Builder, x *graph.Value) *graph.Value) func(n *node) {
	return func(n *node) {
		x, l := n.any(0)
		n.set(0, f(n.b, x), l).like(n.in(0))
	}
}

// unary returns the build function of a function of one number.
func unary(fn op.UnaryFn) func(n *node) {
	return elementwise(func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Op(op.Unary{Fn: fn}, x) })
}

// binary returns the build function of a function of two numbers.
func binary(fn op.BinaryFn) func(n *node) {
	return pairs(func(b *graph.Builder, x, y *graph.Value) *graph.Value { return b.Binary(fn, x, y) })
}

// pairs returns the build function of an op on the elements of two operands.
func pairs(f func(b *graph.Builder, x, y *graph.Value) *graph.Value) func(n *node) {
	return func(n *node) {
		v, l := n.broadcast(0, 1)
		n.setBroadcast(f(n.b, v[0], v[1]), l, 0, 1)
	}
}

// many returns the build function of an op on the elements of any number of operands.
func many(fn op.BinaryFn, mean bool) func(n *node) {
	return func(n *node) {
		all := make([]int, len(n.operands))
		for i := range all {
			all[i] = i
		}
		v, l := n.broadcast(all...)
		y := v[0]
		for _, x := range v[1:] {
			y = n.b.Binary(fn, y, x)
		}
		if mean {
			y = n.b.Scale(y, 1/float64(len(v)))
		}
		n.setBroadcast(y, l, all...)
	}
}

// constantLike returns a constant of the type of x.
func constantLike(b *graph.Builder, x *graph.Value, k float64) *graph.Value {
	if !x.Valid() {
		return b.Invalid()
	}
	return b.Op(op.Const{Value: fromFloats([]float64{k}, x.DType, nil)})
}

// not is the negation of a Bool.
func not(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Binary(op.Equal, x, constantLike(b, x, 0))
}

// xor is true where two Bools differ.
func xor(b *graph.Builder, x, y *graph.Value) *graph.Value {
	return not(b, b.Binary(op.Equal, x, y))
}

// isNaN is true for NaN, which does not equal itself.
func isNaN(b *graph.Builder, x *graph.Value) *graph.Value {
	return not(b, b.Binary(op.Equal, x, x))
}

// isInf builds IsInf.
func isInf(n *node) {
	x, l := n.any(0)
	b, positive, negative := n.b, n.attrFlag("detect_positive", true), n.attrFlag("detect_negative", true)
	var y *graph.Value
	switch {
	case positive && negative:
		y = b.Binary(op.Equal, b.Abs(x), constantLike(b, x, math.Inf(1)))
	case positive:
		y = b.Binary(op.Equal, x, constantLike(b, x, math.Inf(1)))
	case negative:
		y = b.Binary(op.Equal, x, constantLike(b, x, math.Inf(-1)))
	default:
		y = b.Binary(op.Less, x, x)
	}
	n.set(0, y, l).like(n.in(0))
}

// power builds Pow. The exponent may have another type than the base.
func power(n *node) {
	if e := n.in(1).nums(); len(e) == 1 && e[0].s == nil && n.in(0).dtype.IsFloat() && n.in(1).rank() <= n.in(0).rank() {
		x, l := n.any(0)
		switch e[0].k {
		case 2:
			n.set(0, n.b.Square(x), l).like(n.in(0))
			return
		case .5:
			n.set(0, n.b.Sqrt(x), l).like(n.in(0))
			return
		}
	}
	v, l := n.broadcast(0, 1)
	n.setBroadcast(n.b.Binary(op.Pow, v[0], n.b.Cast(v[1], v[0].DType)), l, 0, 1)
}

// where builds Where.
func where(n *node) {
	v, l := n.broadcast(0, 1, 2)
	n.setBroadcast(n.b.Select(v[0], v[1], v[2]), l, 0, 1, 2)
}

// readClip builds Clip. Its limits are attributes before opset 11.
func readClip(n *node) {
	x, l := n.any(0)
	limits := [2]float64{math.Inf(-1), math.Inf(1)}
	var computed [2]*graph.Value
	if n.opset < 11 {
		limits = [2]float64{n.attrFloat("min", limits[0]), n.attrFloat("max", limits[1])}
	}
	for i := range limits {
		if !n.has(1 + i) {
			continue
		}
		if k := n.in(1 + i).nums(); len(k) == 1 && k[0].s == nil {
			limits[i] = k[0].k
		} else {
			computed[i] = n.plain(1 + i)
		}
	}
	if x.DType.IsFloat() { // the largest float32 stands for no limit
		if limits[0] <= -math.MaxFloat32 {
			limits[0] = math.Inf(-1)
		}
		if limits[1] >= math.MaxFloat32 {
			limits[1] = math.Inf(1)
		}
	}
	y := x
	switch {
	case computed == [2]*graph.Value{} && x.DType.IsFloat() && limits == [2]float64{0, 6}:
		y = n.b.ReLU6(x)
	case computed == [2]*graph.Value{} && x.DType.IsFloat() && limits == [2]float64{0, math.Inf(1)}:
		y = n.b.ReLU(x)
	default:
		for i, fn := range []op.BinaryFn{op.Max, op.Min} {
			if limit := computed[i]; limit != nil {
				y = n.b.Binary(fn, y, limit)
			} else if !math.IsInf(limits[i], 2*i-1) {
				y = n.b.Binary(fn, y, constantLike(n.b, x, limits[i]))
			}
		}
	}
	n.set(0, y, l).like(n.in(0))
}

// readCast builds Cast.
func readCast(n *node) {
	d, err := n.dtype(int32(n.attrInt("to", int(onnxpb.TensorProto_UNDEFINED))))
	if err != nil {
		n.fail("%w", err)
	}
	castTo(n, d)
}

func castTo(n *node, d tensor.DType) {
	if n.in(0).dtype == d {
		n.alias(0, n.in(0))
		return
	}
	x, l := n.any(0)
	n.set(0, n.b.Cast(x, d), l).like(n.in(0))
}

// castLike builds CastLike.
func castLike(n *node) { castTo(n, n.in(1).dtype) }

// castNumbers follows numbers through Cast.
func castNumbers(n *node) (*value, bool) {
	x := n.in(0)
	d, err := n.dtype(int32(n.attrInt("to", int(onnxpb.TensorProto_UNDEFINED))))
	if x.nums() == nil || err != nil || d == tensor.Bool {
		return nil, false
	}
	y := slices.Clone(x.numbers)
	for i, k := range y {
		if k.s == nil && !d.IsFloat() {
			y[i].k = math.Trunc(k.k)
		}
	}
	return numeric(d, x.rank(), y)
}

// readIdentity builds Identity.
func readIdentity(n *node) { n.alias(0, n.in(0)) }

// dropout builds Dropout, which does nothing at prediction. The second result, a mask, is all true.
func dropout(n *node) {
	if n.has(2) {
		t := n.numbers(2)
		if len(t) != 1 || t[0].s != nil {
			n.unknown(2)
		}
		if t[0].k != 0 && (!n.has(1) || n.float(1) != 0) {
			n.fail("training_mode is set; lince reads models for predictions")
		}
	}
	n.alias(0, n.in(0))
	if n.wants(1) {
		x, l := n.any(0)
		n.set(1, n.b.BroadcastLike(n.b.Constant(tensor.Bool, 1), x), l).like(n.in(0))
	}
}

// arithmetic follows numbers through a function of two numbers, broadcast. f reports false if the result is not known.
func arithmetic(f func(x, y num, integers bool) (num, bool)) func(n *node) (*value, bool) {
	return func(n *node) (*value, bool) {
		if n.opset < 7 || len(n.operands) != 2 || !n.has(0) || !n.has(1) {
			return nil, false
		}
		x, y := n.in(0), n.in(1)
		if x.nums() == nil || y.nums() == nil || x.dtype == tensor.Bool {
			return nil, false
		}
		size := max(len(x.numbers), len(y.numbers))
		if min(len(x.numbers), len(y.numbers)) == 0 {
			return nil, false
		}
		z := make([]num, size)
		for i := range z {
			a, b := x.numbers[i%len(x.numbers)], y.numbers[i%len(y.numbers)]
			if len(x.numbers) != size && len(x.numbers) != 1 || len(y.numbers) != size && len(y.numbers) != 1 {
				return nil, false
			}
			k, ok := f(a, b, !x.dtype.IsFloat())
			if !ok {
				return nil, false
			}
			if x.dtype.IsFloat() {
				k.k = float64(float32(k.k))
			}
			z[i] = k
		}
		return numeric(x.dtype, max(x.rank(), y.rank()), z)
	}
}

var (
	addNumbers = arithmetic(func(x, y num, _ bool) (num, bool) { return num{x.k + y.k, nil}, x.s == nil && y.s == nil })
	subNumbers = arithmetic(func(x, y num, _ bool) (num, bool) {
		if x.s != nil && x.s == y.s && x.k == y.k {
			return num{}, true
		}
		return num{x.k - y.k, nil}, x.s == nil && y.s == nil
	})
	mulNumbers = arithmetic(func(x, y num, _ bool) (num, bool) { return product(x, y) })
	divNumbers = arithmetic(func(x, y num, integers bool) (num, bool) {
		switch {
		case y.k == 0:
			return num{}, false
		case x.s != nil && x.s == y.s:
			x.s, y.s = nil, nil
		case y.s != nil:
			return num{}, false
		}
		q := x.k / y.k
		if integers && q != math.Trunc(q) {
			if x.s != nil {
				return num{}, false
			}
			q = math.Trunc(q)
		}
		return num{q, x.s}, true
	})
	maxNumbersOf = arithmetic(func(x, y num, _ bool) (num, bool) { return num{max(x.k, y.k), nil}, x.s == nil && y.s == nil })
	minNumbersOf = arithmetic(func(x, y num, _ bool) (num, bool) { return num{min(x.k, y.k), nil}, x.s == nil && y.s == nil })
)

// sameNumbers follows numbers through an op that keeps its first operand.
func sameNumbers(n *node) (*value, bool) {
	x := n.in(0)
	if x.t != nil || x.nums() == nil {
		return nil, false
	}
	return numeric(x.dtype, x.rank(), x.numbers)
}

// roundNumbers follows numbers through Floor, Ceil and Round.
func roundNumbers(f func(float64) float64) func(n *node) (*value, bool) {
	return func(n *node) (*value, bool) {
		x := n.in(0)
		if x.nums() == nil {
			return nil, false
		}
		y := slices.Clone(x.numbers)
		for i, k := range y {
			if k.s != nil && k.k != math.Trunc(k.k) {
				return nil, false
			}
			if k.s == nil {
				y[i].k = f(k.k)
			}
		}
		return numeric(x.dtype, x.rank(), y)
	}
}

// equalNumbers follows numbers through Equal. A dimension that is not known does not equal a number below 1: the shape
// of Expand is made so.
func equalNumbers(n *node) (*value, bool) {
	return comparison(n, func(x, y num) (bool, bool) {
		switch {
		case x.s == y.s:
			return x.k == y.k, true
		case x.s == nil && x.k < 1 || y.s == nil && y.k < 1:
			return false, true
		}
		return false, false
	})
}

func comparison(n *node, f func(x, y num) (result, known bool)) (*value, bool) {
	x, y := n.in(0), n.in(1)
	if x.nums() == nil || y.nums() == nil || len(x.numbers) == 0 || len(y.numbers) == 0 {
		return nil, false
	}
	size := max(len(x.numbers), len(y.numbers))
	if size%len(x.numbers) != 0 || size%len(y.numbers) != 0 {
		return nil, false
	}
	z := make([]num, size)
	for i := range z {
		is, known := f(x.numbers[i%len(x.numbers)], y.numbers[i%len(y.numbers)])
		if !known {
			return nil, false
		}
		if is {
			z[i] = fixed(1)
		}
	}
	return numeric(tensor.Bool, max(x.rank(), y.rank()), z)
}

// whereNumbers follows numbers through Where.
func whereNumbers(n *node) (*value, bool) {
	c, x, y := n.in(0), n.in(1), n.in(2)
	if c.nums() == nil || x.nums() == nil || y.nums() == nil || !allFixed(c.numbers) {
		return nil, false
	}
	size := max(len(c.numbers), len(x.numbers), len(y.numbers))
	for _, k := range [][]num{c.numbers, x.numbers, y.numbers} {
		if len(k) != size && len(k) != 1 {
			return nil, false
		}
	}
	z := make([]num, size)
	for i := range z {
		from := y.numbers
		if c.numbers[i%len(c.numbers)].k != 0 {
			from = x.numbers
		}
		z[i] = from[i%len(from)]
	}
	return numeric(x.dtype, max(c.rank(), x.rank(), y.rank()), z)
}
