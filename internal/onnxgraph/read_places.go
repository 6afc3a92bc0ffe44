package onnxgraph

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Ops that take or change elements whose places other values say. The places are turned into indices of the rows of a matrix, for op.Gather and
// op.Scatter.

// indices returns operand i, integers, as int64, with negative ones counted from the end of a dimension of the given size.
func (n *node) indices(i, size int) *graph.Value {
	b, at := n.b, n.b.Cast(n.plain(i), tensor.Int64)
	if t := n.in(i).t; t != nil && !slices.ContainsFunc(numbersOf(t), func(k num) bool { return k.k < 0 }) {
		return at
	}
	return fromEnd(b, at, size)
}

// fromEnd adds size to negative indices.
func fromEnd(b *graph.Builder, at *graph.Value, size int) *graph.Value {
	return b.Select(b.Binary(op.Less, at, constantLike(b, at, 0)), b.Add(at, constantLike(b, at, float64(size))), at)
}

// after returns the number of elements of the dimensions of x after an axis, which must be known.
func (n *node) after(x *value, axis int) int {
	size := 1
	for a := axis + 1; a < x.rank(); a++ {
		size *= n.known(x, a)
	}
	return size
}

// places returns for each element of at, indices along an axis of x, the index of the element of x, if all its dimensions are merged.
func (n *node) places(x *value, at *graph.Value, axis int) *graph.Value {
	b := n.b
	flat := b.Mul(at, constantLike(b, at, float64(n.after(x, axis))))
	for a := range x.dims {
		if a != axis {
			flat = b.Add(flat, b.Mul(b.Op(op.Iota{Axis: a}, at), constantLike(b, at, float64(n.after(x, a)))))
		}
	}
	return flat
}

// elementAxis returns the axis of GatherElements and ScatterElements, and the indices along it.
func (n *node) elementAxis() (axis int, at *graph.Value) {
	x := n.in(0)
	if x.rank() == 0 || n.in(1).rank() != x.rank() {
		n.fail("operands have shapes %v and %v, want as many dimensions, at least 1", x.shape(), n.in(1).shape())
	}
	axis = n.axis(n.attrInt("axis", 0), x.rank())
	n.across(x, axis)
	return axis, n.indices(1, n.known(x, axis))
}

// gatherElements builds GatherElements.
func gatherElements(n *node) {
	axis, at := n.elementAxis()
	n.out(n.b.Gather(n.b.Reshape(n.plain(0), -1), n.places(n.in(0), at, axis)))
}

// scatterElements builds ScatterElements, and Scatter, its name before opset 11.
func scatterElements(n *node) {
	axis, at := n.elementAxis()
	n.out(n.scattered(n.plain(0), n.places(n.in(0), at, axis), n.plain(2))).like(n.in(0))
}

// scattered changes the elements of x at places; see places.
func (n *node) scattered(x, places, updates *graph.Value) *graph.Value {
	b := n.b
	y := b.Scatter(b.Reshape(x, -1), b.Reshape(places, -1), b.Reshape(updates, -1), n.scatterFn())
	return b.Op(op.ReshapeLike{}, y, x)
}

// scatterFn returns the function by which an op scatters.
func (n *node) scatterFn() op.BinaryFn {
	name := n.attrString("reduction", "none")
	fn, ok := map[string]op.BinaryFn{"none": "", "add": op.Add, "mul": op.Mul, "max": op.Max, "min": op.Min}[name]
	if !ok {
		n.fail("reduction is %q, want none, add, mul, max or min", name)
	}
	return fn
}

// rows returns operand 0 as a table whose rows are those that the vectors in the last dimension of operand 1 name, and the index of the
// row of each vector. The first batch dimensions are those of both operands.
func (n *node) rows(batch int) (table, at *graph.Value) {
	x, y, b := n.in(0), n.in(1), n.b
	if y.rank() == 0 {
		n.fail("the indices are a scalar, want at least 1 dimension")
	}
	last := y.rank() - 1
	depth := n.known(y, last)
	if batch < 0 || batch >= min(x.rank(), y.rank()) || depth < 1 || batch+depth > x.rank() {
		n.fail("indices have shape %v, which does not fit %v with %d batch dimensions", y.shape(), x.shape(), batch)
	}
	rest := tensor.Shape{}
	for a := batch + depth; a < x.rank(); a++ {
		rest = append(rest, n.known(x, a))
	}
	stride := func(v *graph.Value, axis int) *graph.Value {
		return constantLike(b, v, float64(n.after(x, axis)/max(rest.Elements(), 1)))
	}
	all := b.Cast(n.plain(1), tensor.Int64)
	for j := range depth {
		n.across(x, batch+j)
		k := fromEnd(b, b.Squeeze(n.cut(all, last, j, 1), last), n.known(x, batch+j))
		k = b.Mul(k, stride(k, batch+j))
		if at != nil {
			k = b.Add(at, k)
		}
		at = k
	}
	for a := range batch {
		at = b.Add(at, b.Mul(b.Op(op.Iota{Axis: a}, at), stride(at, a)))
	}
	return b.Reshape(n.plain(0), append([]int{-1}, rest...)...), at
}

// gatherND builds GatherND.
func gatherND(n *node) {
	table, at := n.rows(n.attrInt("batch_dims", 0))
	n.out(n.b.Gather(table, at))
}

// scatterND builds ScatterND.
func scatterND(n *node) {
	table, at := n.rows(0)
	y := n.b.Scatter(table, at, n.plain(2), n.scatterFn())
	n.out(n.b.Op(op.ReshapeLike{}, y, n.plain(0))).like(n.in(0))
}

// tensorScatter builds TensorScatter: it writes entries into a cache, from a position of each example on.
func tensorScatter(n *node) {
	x, y, b := n.in(0), n.in(1), n.b
	axis := n.axis(n.attrInt("axis", -2), x.rank())
	if axis == 0 || y.rank() != x.rank() {
		n.fail("the cache has shape %v and the update %v, along axis %d: want as many dimensions, and an axis that is not the batch", x.shape(), y.shape(), axis)
	}
	update := n.plain(1)
	at := b.Op(op.Iota{Axis: axis}, b.BroadcastLike(b.Constant(tensor.Int64, 0), update))
	if n.has(2) {
		at = b.Add(at, b.Reshape(b.Cast(n.plain(2), tensor.Int64), append([]int{-1}, slices.Repeat([]int{1}, x.rank()-1)...)...))
	}
	switch mode := n.attrString("mode", "linear"); mode {
	case "linear":
	case "circular":
		at = b.Binary(op.Mod, at, constantLike(b, at, float64(n.known(x, axis))))
	default:
		n.fail("mode is %q, want linear or circular", mode)
	}
	n.out(n.scattered(n.plain(0), n.places(x, at, axis), update)).like(x)
}

// toEnd moves an axis of x to the end, and returns a function that moves it back.
func (n *node) toEnd(x *graph.Value, axis int) (y *graph.Value, back func(y *graph.Value) *graph.Value) {
	rank := x.Rank()
	l := append(slices.Delete(plain(rank), axis, axis+1), axis)
	return move(n.b, x, l), func(y *graph.Value) *graph.Value { return move(n.b, y, l.to(plain(rank))) }
}

// readTopK builds TopK.
func readTopK(n *node) {
	x := n.in(0)
	k := n.attrInt("k", 0)
	if n.opset >= 10 {
		if !n.has(1) {
			n.fail("operand 1 is left out, but it is needed")
		}
		k = n.int(1)
	}
	axis := n.axis(n.attrInt("axis", -1), x.rank())
	n.across(x, axis)
	y, back := n.toEnd(n.plain(0), axis)
	top := n.b.Op(op.TopK{K: k, Smallest: !n.attrFlag("largest", true)}, y)
	if !top.Valid() {
		n.put(0, &value{bad: true})
		n.put(1, &value{bad: true})
		return
	}
	n.out(back(top)).like(x)
	n.set(1, back(n.b.Cast(top.Node.Out[1], tensor.Int64)), plain(x.rank())).like(x)
}

// readOneHot builds OneHot.
func readOneHot(n *node) {
	depth := n.int(1)
	if depth < 1 || depth > largest || n.in(2).rank() != 1 || n.known(n.in(2), 0) != 2 {
		n.fail("depth is %d and the values have shape %v, want a depth of 1 to %d and two values", depth, n.in(2).shape(), largest)
	}
	rank := n.in(0).rank()
	axis := n.axis(n.attrInt("axis", -1), rank+1)
	b, values := n.b, n.plain(2)
	shape := slices.Repeat([]int{1}, rank+1)
	shape[axis] = depth
	at := b.ExpandDims(n.indices(0, depth), axis)
	pick := func(i int) *graph.Value { return b.Reshape(n.cut(values, 0, i, 1)) }
	n.out(b.Select(b.Binary(op.Equal, at, b.Op(op.Const{Value: n.counted(depth).Reshape(shape...)})), pick(1), pick(0)))
}

// triangle builds Trilu.
func triangle(n *node) {
	x := n.in(0)
	if x.rank() < 2 {
		n.fail("operand has shape %v, want at least 2 dimensions", x.shape())
	}
	k, upper := 0, n.attrFlag("upper", true)
	if n.has(1) {
		k = n.int(1)
	}
	rows, columns := n.known(x, x.rank()-2), n.known(x, x.rank()-1)
	n.afford(rows * columns)
	mask := tensor.New(tensor.Bool, rows, columns)
	for i := range rows {
		for j := range columns {
			tensor.Values[bool](mask)[i*columns+j] = upper && j-i >= k || !upper && j-i <= k
		}
	}
	v := n.plain(0)
	n.out(n.b.Select(n.b.Op(op.Const{Value: mask}), v, constantLike(n.b, v, 0))).like(x)
}

// cumulative returns the build function of CumSum or CumProd.
func cumulative(product bool) func(n *node) {
	return func(n *node) {
		x, b := n.in(0), n.b
		axis := n.axis(n.int(1), x.rank())
		n.across(x, axis)
		y, back := n.toEnd(n.plain(0), axis)
		size, rank, reverse := n.known(x, axis), y.Rank(), n.attrFlag("reverse", false)
		start := 0.
		if product {
			start = 1
		}
		// shift moves the elements by k places, and puts the start value where none is left.
		shift := func(v *graph.Value, k int) *graph.Value {
			before, after, begin := make([]int, rank), make([]int, rank), 0
			if reverse {
				begin, after[rank-1] = k, k
			} else {
				before[rank-1] = k
			}
			return b.Pad(n.cut(v, rank-1, begin, size-k), before, after, start)
		}
		if !product {
			y = b.CumSum(y, reverse)
		} else {
			for k := 1; k < size; k *= 2 { // after each turn, an element is the product of 2k elements
				y = b.Mul(y, shift(y, k))
			}
		}
		if n.attrFlag("exclusive", false) && size > 0 {
			y = shift(y, 1)
		}
		n.out(back(y)).like(x)
	}
}

// reverseSequence builds ReverseSequence: it reverses the first elements of each example.
func reverseSequence(n *node) {
	x, b := n.in(0), n.b
	batch, time := n.attrInt("batch_axis", 1), n.attrInt("time_axis", 0)
	if x.rank() < 2 || batch+time != 1 || batch*time != 0 {
		n.fail("operand has shape %v, the batch axis is %d and the time axis %d; want at least 2 dimensions, and the axes 0 and 1", x.shape(), batch, time)
	}
	perm := plain(x.rank())
	perm[0], perm[1] = batch, time
	v := move(b, n.plain(0), perm)
	steps := n.known(x, time)
	rest := n.sizes(v)[2:]
	if !rest.Known() {
		n.fail("operand has shape %v; the dimensions after the first two must be known", x.shape())
	}
	lengths := b.ExpandDims(b.Cast(n.plain(1), tensor.Int64), 1)
	at := b.Op(op.Const{Value: n.counted(steps)})
	from := b.Sub(b.Offset(lengths, -1), at)
	from = b.Select(b.Binary(op.Less, at, lengths), from, at)
	from = b.Add(from, b.Scale(b.Op(op.Iota{Axis: 0}, from), float64(steps)))
	y := b.Gather(b.Reshape(v, append([]int{-1}, rest...)...), from)
	n.out(move(b, y, perm.to(plain(x.rank())))).like(x)
}

// afford fails if the node may not make k more elements while reading; see spend.
func (n *node) afford(k int) {
	if k < 0 || !n.spend(k) {
		n.fail("it needs constants that are too large")
	}
}

// counted returns the numbers from 0 to size-1.
func (n *node) counted(size int) *tensor.Tensor {
	n.afford(size)
	t := tensor.New(tensor.Int64, size)
	for i := range size {
		tensor.Values[int64](t)[i] = int64(i)
	}
	return t
}
