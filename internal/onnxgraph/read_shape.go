package onnxgraph

import (
	"math"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/tensor"
)

// readReshape builds Reshape.
func readReshape(n *node) {
	x := n.in(0)
	to := n.newShape()
	if len(to) > maxRank {
		n.fail("the new shape has %d dimensions, lince allows %d", len(to), maxRank)
	}
	free := -1
	for i, d := range to {
		switch {
		case d == fixed(0) && !n.attrFlag("allowzero", false):
			if i >= x.rank() {
				n.fail("dimension %d of the new shape is that of %v, which has fewer", i, x.shape())
			}
			to[i] = x.dims[i]
		case d == fixed(-1) && free < 0:
			free = i
		case d.k < 0 || d.k > maxElements:
			n.fail("the new shape is %v", shapeOf(to))
		}
	}
	n.reshapedBatch(x.dims, to, free)
	total, ok := product(x.dims...)
	if !ok {
		n.reshapeTo(to, free)
		return
	}
	rest := fixed(1)
	for i, d := range to {
		if i != free && ok {
			rest, ok = product(rest, d)
		}
	}
	if !ok {
		n.reshapeTo(to, free)
		return
	}
	if free >= 0 {
		switch {
		case rest.k == 0 || math.Mod(total.k, rest.k) != 0 || rest.s != nil && rest.s != total.s:
			n.fail("cannot reshape %v to %v", x.shape(), shapeOf(to))
		case rest.s != nil:
			to[free] = num{total.k / rest.k, nil}
		default:
			to[free] = num{total.k / rest.k, total.s}
		}
	} else if total != rest {
		n.fail("cannot reshape %v to %v", x.shape(), shapeOf(to))
	}
	n.reshapeTo(to, -1)
}

// newShape returns the shape that Reshape asks for: an attribute before opset 5, then an operand.
func (n *node) newShape() []num {
	if n.opset >= 5 {
		if !n.has(1) {
			n.fail("it has no shape")
		}
		return slices.Clone(n.numbers(1))
	}
	var to []num
	for _, d := range n.attrInts("shape") {
		to = append(to, fixed(d))
	}
	return to
}

// reshapeTo gives operand 0 a new shape. Dimension open, if it is not negative, follows from the others; it is known in a run only.
func (n *node) reshapeTo(to []num, open int) {
	x := n.in(0)
	if x.t != nil && open < 0 && allFixed(to) {
		n.put(0, constant("", x.t.Reshape(shapeOf(to)...)))
		return
	}
	shape := shapeOf(to)
	if open >= 0 {
		shape[open] = tensor.Unknown
		to[open] = num{1, &symbol{}}
	}
	_, l := n.data()
	m := layout(nil)
	if open < 0 {
		l, m = reshapedLayout(x.dims, to, l)
	}
	if m == nil {
		l, m = plain(x.rank()), plain(len(to))
	}
	v := n.stored(0, l)
	unknown := 0
	for _, d := range shape {
		if d == tensor.Unknown {
			unknown++
		}
	}
	if unknown > 1 {
		n.fail("the new shape %v has more than one dimension that is not known; give the shapes of the model's inputs (--input-shape, Options.InputShapes)", shape)
	}
	stored := store(m, shape)
	if !v.Shape.Equal(stored) {
		v = n.b.Reshape(v, stored...)
	}
	y := n.set(0, v, m)
	for i, d := range to {
		if d.s == nil || d.s.of != nil {
			y.dims[i] = d
		}
	}
}

// reshapedLayout returns a layout for the operand of a Reshape that is stored in layout l, and one for its result, such that as
// little as possible moves in memory. It divides the dimensions of both shapes into groups with equal products. The dimensions of a
// group must be stored one after the other. The result is nil if there are no groups.
func reshapedLayout(from, to []num, l layout) (operand, result layout) {
	if l.isPlain() {
		return l, plain(len(to))
	}
	const prime = 1000003 // stands for the size of a dimension that is not known
	symbols := map[*symbol]float64{}
	sizes := func(dims []num) []float64 {
		s := make([]float64, len(dims))
		for i, d := range dims {
			s[i] = d.k
			if d.s != nil {
				if symbols[d.s] == 0 {
					symbols[d.s] = prime + float64(2*len(symbols))
				}
				s[i] *= symbols[d.s]
			}
		}
		return s
	}
	a, b := sizes(from), sizes(to)
	total := [2]float64{1, 1}
	for _, k := range a {
		total[0] *= k
	}
	for _, k := range b {
		total[1] *= k
	}
	if total[0] != total[1] || total[0] == 0 || total[0] > 1<<52 {
		return nil, nil
	}
	type group struct{ from, to []int }
	var groups []group
	for i, j := 0, 0; i < len(a) || j < len(b); {
		var g group
		p, q := 1.0, 1.0
		switch {
		case i < len(a) && a[i] == 1:
			g.from = []int{i}
			i++
		case j < len(b) && b[j] == 1:
			g.to = []int{j}
			j++
		default:
			for p == 1 || p != q {
				if p <= q && i < len(a) {
					p *= a[i]
					g.from = append(g.from, i)
					i++
				} else {
					q *= b[j]
					g.to = append(g.to, j)
					j++
				}
			}
		}
		groups = append(groups, g)
	}
	var used layout // dimensions of from, in the order in which they must be stored
	var m layout
	for _, axis := range l {
		if slices.Contains(used, axis) {
			continue
		}
		if a[axis] == 1 {
			used = append(used, axis)
			continue
		}
		g := groups[slices.IndexFunc(groups, func(g group) bool { return slices.Contains(g.from, axis) })]
		for _, d := range g.from {
			if !slices.Contains(used, d) {
				used = append(used, d)
			}
		}
		m = append(m, g.to...)
	}
	for _, g := range groups {
		if len(g.to) > 0 && !slices.Contains(m, g.to[0]) {
			m = append(m, g.to...)
		}
	}
	return used, m
}

// flatten builds Flatten.
func flatten(n *node) {
	x := n.in(0)
	axis := n.attrInt("axis", 1)
	if axis < -x.rank() || axis > x.rank() {
		n.fail("axis is %d for shape %v", axis, x.shape())
	}
	if axis < 0 {
		axis += x.rank()
	}
	rows, ok := product(x.dims[:axis]...)
	columns, ok2 := product(x.dims[axis:]...)
	switch {
	case ok && ok2:
		n.reshapeTo([]num{rows, columns}, -1)
	case ok2 && columns.s == nil:
		n.reshapeTo([]num{{}, columns}, 0)
	case ok && axis <= 1:
		n.reshapeTo([]num{rows, {}}, 1)
	default:
		n.fail("shape %v has more than one dimension that is not known; give the shapes of the model's inputs (--input-shape, Options.InputShapes)", x.shape())
	}
}

// readTranspose builds Transpose: it changes the layout only.
func readTranspose(n *node) {
	x := n.in(0)
	perm := n.attrInts("perm")
	if perm == nil {
		perm = plain(x.rank())
		slices.Reverse(perm)
	}
	sorted := slices.Clone(perm)
	slices.Sort(sorted)
	if len(perm) != x.rank() || !layout(sorted).isPlain() {
		n.fail("perm is %v for shape %v", perm, x.shape())
	}
	if x.t != nil && n.spend(x.t.Len()) {
		n.put(0, constant("", numbers.Permute(x.t, perm)))
		return
	}
	v, l := n.data()
	y := n.set(0, v, layout(perm).inverse().through(l))
	for i, a := range perm {
		y.dims[i] = x.dims[a]
	}
}

// inverse returns the inverse of a permutation.
func (l layout) inverse() layout { return l.to(plain(len(l))) }

// through returns the elements of l at the places that m lists.
func (l layout) through(m layout) layout {
	y := make(layout, len(m))
	for i, a := range m {
		y[i] = l[a]
	}
	return y
}

// spend reports whether k elements may be computed while reading.
func (r *reader) spend(k int) bool {
	if k > r.work {
		return false
	}
	r.work -= k
	return true
}

// readSqueeze builds Squeeze. Its axes are an operand from opset 13 on.
func readSqueeze(n *node) {
	x := n.in(0)
	axes := n.attrAxes(13)
	if axes == nil {
		for a, d := range x.dims {
			if d == fixed(1) {
				axes = append(axes, a)
			}
		}
	}
	axes = n.axes(axes, x.rank())
	n.across(x, axes...)
	v, l := n.data()
	stored := l.ats(axes)
	slices.Sort(stored)
	for i, a := range stored {
		v = n.b.Squeeze(v, a-i) // the dimensions before it are gone
	}
	y := n.set(0, v, l.without(axes))
	copyDims(y, x, func(i int) bool { return !slices.Contains(axes, i) })
}

// copyDims makes the dimensions of y those of x that keep says, in order.
func copyDims(y, x *value, keep func(axis int) bool) {
	if y.bad {
		return
	}
	i := 0
	for a, d := range x.dims {
		if keep(a) {
			y.dims[i] = d
			i++
		}
	}
}

// unsqueeze builds Unsqueeze. Its axes are an operand from opset 13 on.
func unsqueeze(n *node) {
	x := n.in(0)
	axes := n.attrAxes(13)
	rank := x.rank() + len(axes)
	if rank > maxRank {
		n.fail("the result has %d dimensions, lince allows %d", rank, maxRank)
	}
	axes = n.axes(axes, rank)
	v, l := n.data()
	for _, a := range axes {
		// The dimensions from a on move up by one. The new one is stored before the first of them.
		at := slices.Index(l, a)
		if at < 0 {
			at = len(l)
		}
		l = slices.Clone(l)
		for i, d := range l {
			if d >= a {
				l[i]++
			}
		}
		l = slices.Insert(l, at, a)
		v = n.b.ExpandDims(v, at)
	}
	y := n.set(0, v, l)
	if y.bad {
		return
	}
	i := 0
	for a := range y.dims {
		if !slices.Contains(axes, a) {
			y.dims[a] = x.dims[i]
			i++
		}
	}
}

// shape follows numbers through Shape.
func shape(n *node) (*value, bool) {
	dims := n.in(0).dims
	from, to := n.attrInt("start", 0), n.attrInt("end", len(dims))
	bound := func(k int) int {
		if k < 0 {
			k += len(dims)
		}
		return min(max(k, 0), len(dims))
	}
	from, to = bound(from), bound(to)
	return numeric(tensor.Int64, 1, slices.Clone(dims[from:max(from, to)]))
}

// sizeNumbers follows numbers through Size.
func sizeNumbers(n *node) (*value, bool) {
	p, ok := product(n.in(0).dims...)
	if !ok {
		return nil, false
	}
	return numeric(tensor.Int64, 0, []num{p})
}

// count builds Size, where more than one dimension is not known.
func count(n *node) {
	x, _ := n.data()
	n.out(n.b.Op(op.Size{DType: tensor.Int64}, x))
}

// never fails: an op whose numbers are always known does not come here.
func never(n *node) { n.fail("its result must be known when the graph is built") }

// regroup follows numbers through Reshape, Squeeze and Unsqueeze of scalars and vectors.
func regroup(n *node) (*value, bool) {
	x := n.in(0)
	if x.nums() == nil {
		return nil, false
	}
	rank := 1
	switch n.pb.GetOpType() {
	case "Squeeze":
		axes := n.attrAxes(13)
		if len(x.numbers) != 1 {
			return nil, false
		}
		rank = x.rank() - len(axes)
		if axes == nil {
			rank = 0
		}
	case "Unsqueeze":
		rank = x.rank() + len(n.attrAxes(13))
	case "Reshape":
		if !n.has(1) {
			return nil, false
		}
		to := n.in(1)
		if to.nums() == nil || len(to.numbers) > 1 {
			return nil, false
		}
		rank = len(to.numbers)
		if rank == 1 && to.numbers[0] != fixed(-1) && to.numbers[0] != fixed(len(x.numbers)) || rank == 0 && len(x.numbers) != 1 {
			return nil, false
		}
	}
	if rank < 0 || rank > 1 || rank == 0 && len(x.numbers) != 1 {
		return nil, false
	}
	return numeric(x.dtype, rank, x.numbers)
}

// expand builds Expand.
func expand(n *node) {
	x, shape := n.in(0), n.numbers(1)
	to := slices.Clone(shape)
	for len(to) < x.rank() {
		to = slices.Insert(to, 0, fixed(1))
	}
	if len(to) > maxRank {
		n.fail("the new shape has %d dimensions, lince allows %d", len(to), maxRank)
	}
	same := len(to) == x.rank()
	for i, d := range x.dims {
		j := len(to) - x.rank() + i
		switch {
		case to[j] == fixed(1) || to[j] == fixed(-1) || n.keepsBatch(d, to[j]):
			to[j] = d
		case d == fixed(1):
			same = same && to[j] == d
		case to[j] != d && to[j].s == nil && d.s == nil:
			n.fail("cannot expand %v to %v", x.shape(), shapeOf(shape))
		}
		same = same && to[j] == d
	}
	if same {
		n.alias(0, x)
		return
	}
	n.expandTo(n.plain(0), to)
}

// expandTo broadcasts a value to dimensions.
func (n *node) expandTo(v *graph.Value, to []num) {
	size := 1.0
	for _, d := range to {
		if size *= max(d.k, 1); d.k < 0 || size > maxElements {
			n.fail("the new shape %v is too large", shapeOf(to))
		}
	}
	y := n.out(n.b.BroadcastLike(v, n.reference(to)))
	if !y.bad {
		y.dims = to
	}
}

// reference returns a value of the given dimensions, of which only the shape matters.
func (n *node) reference(dims []num) *graph.Value {
	b := n.b
	ref := b.Constant(tensor.Float32, 0)
	for i, d := range dims {
		shape := slices.Repeat([]int{1}, len(dims))
		var part *graph.Value
		if d.s == nil {
			if shape[i] = toInt(d.k); !n.spend(shape[i]) {
				n.fail("the shape %v is too large", shapeOf(dims))
			}
			part = b.Op(op.Const{Value: tensor.New(tensor.Float32, shape...)})
		} else {
			if d.k != 1 || d.s.of == nil || !d.s.of.DType.IsFloat() {
				n.fail("lince cannot make a value of shape %v", shapeOf(dims))
			}
			shape[i] = tensor.Unknown
			part = b.Reshape(b.Index(d.s.of, d.s.axis), shape...)
		}
		ref = b.Add(ref, part)
	}
	return ref
}

// constantOfShape builds ConstantOfShape.
func constantOfShape(n *node) {
	fill := n.attrTensor("value")
	if fill == nil {
		fill = tensor.Scalar(float32(0))
	}
	if fill.Len() != 1 {
		n.fail("attribute value is %v, want one element", fill)
	}
	fill = fill.Reshape()
	to := slices.Clone(n.numbers(0))
	if len(to) > maxRank {
		n.fail("the shape has %d dimensions, lince allows %d", len(to), maxRank)
	}
	elements := 1.0
	for _, d := range to {
		elements *= d.k
		if d.k < 0 {
			n.fail("the shape is %v", shapeOf(to))
		}
	}
	if allFixed(to) && elements < maxElements && n.spend(int(elements)) {
		t := tensor.New(fill.DType(), shapeOf(to)...)
		for size, raw := fill.DType().Size(), t.Raw(); len(raw) > 0; raw = raw[size:] {
			copy(raw[:size], fill.Raw())
		}
		n.put(0, constant("", t))
		return
	}
	if allFixed(to) && elements < maxElements {
		n.put(0, &value{dtype: fill.DType(), dims: to, fill: fill})
		return
	}
	n.expandTo(n.b.Op(op.Const{Value: fill}), to)
}

// span builds Range.
func span(n *node) {
	if limit := n.numbers(1); len(limit) == 1 && limit[0].s != nil && limit[0].k == 1 && n.float(0) == 0 && n.float(2) == 1 {
		// One number for each element of a dimension that is not known.
		d := limit[0]
		if d.s.of == nil || !d.s.of.DType.IsFloat() {
			n.unknown(1)
		}
		y := n.out(n.b.Cast(n.b.Reshape(n.b.Index(d.s.of, d.s.axis), tensor.Unknown), n.in(1).dtype))
		if !y.bad {
			y.dims[0] = d
		}
		return
	}
	start, limit, delta := n.float(0), n.float(1), n.float(2)
	if delta == 0 {
		n.fail("the step is 0")
	}
	count := max(0, math.Ceil((limit-start)/delta))
	if !(count < maxElements) || !n.spend(int(count)) {
		n.fail("%v elements are too many", count)
	}
	x := make([]float64, int(count))
	for i := range x {
		x[i] = start + float64(i)*delta
	}
	n.put(0, constant("", fromFloats(x, n.in(0).dtype, tensor.Shape{len(x)})))
}

// constantNode builds Constant.
func constantNode(n *node) {
	var t *tensor.Tensor
	for _, a := range n.pb.Attribute {
		switch a.GetName() {
		case "value":
			t = n.attrTensor("value")
		case "value_float":
			t = tensor.Scalar(float32(n.attrFloat("value_float", 0)))
		case "value_floats":
			x := n.attrFloats("value_floats")
			t = fromFloats(x, tensor.Float32, tensor.Shape{len(x)})
		case "value_int":
			t = tensor.Scalar(int64(n.attrInt("value_int", 0)))
		case "value_ints":
			x := n.attrInts("value_ints")
			t = tensor.New(tensor.Int64, len(x))
			for i, k := range x {
				tensor.Values[int64](t)[i] = int64(k)
			}
		default:
			n.fail("lince has no constants of the kind %s", a.GetName())
		}
	}
	if t == nil {
		n.fail("it has no value")
	}
	x := constant("", t)
	if len(n.pb.Output) > 0 {
		x.path = n.path + n.pb.Output[0]
	}
	n.put(0, x)
}
