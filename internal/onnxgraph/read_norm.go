package onnxgraph

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// readBatchNormalization builds BatchNormalization with its statistics, as at prediction, and as the layer does it: one
// multiplication and one addition. The compiler folds them into the convolution before it.
func readBatchNormalization(n *node) {
	training := n.attrFlag("training_mode", false)
	if n.wants(1) && !training || n.wants(3) {
		n.fail("lince reads models for predictions, and has no statistics of a batch normalization of this opset")
	}
	x := n.in(0)
	if x.rank() < 2 {
		n.fail("operand 0 has shape %v, want (batch, channels, ...)", x.shape())
	}
	for i := 1; i < 5; i++ {
		n.wantRank(i, 1)
		n.trainable(i)
	}
	for i := 3; i < 5; i++ {
		n.in(i).role = graph.State
	}
	b, l := n.b, channelsLast(x.rank())
	v := n.stored(0, l)
	if training { // the statistics are those of the batch; the other results are moving averages
		n.across(x, 0)
		n.note("%s normalizes with the statistics of the batch, as in training.", n.label)
		y, mean, variance := b.BatchNorm(v, n.plain(1), n.plain(2), n.attrFloat("epsilon", 1e-5))
		n.set(0, y, l).like(x)
		momentum := n.attrFloat("momentum", .9)
		for i, v := range []*graph.Value{mean, variance} {
			if n.wants(1 + i) {
				n.set(1+i, b.Add(b.Scale(n.plain(3+i), momentum), b.Scale(v, 1-momentum)), plain(1))
			}
		}
		return
	}
	scale := b.Div(n.plain(1), b.Sqrt(b.Offset(n.plain(4), n.attrFloat("epsilon", 1e-5))))
	shift := b.Sub(n.plain(2), b.Mul(n.plain(3), scale))
	n.set(0, b.Add(b.Mul(v, scale), shift), l).like(x)
}

// instanceNormalization builds InstanceNormalization: each channel of each image gets the mean 0 and the variance 1.
func instanceNormalization(n *node) {
	x := n.in(0)
	if x.rank() < 3 {
		n.fail("operand 0 has shape %v, want (batch, channels, ...)", x.shape())
	}
	l := channelsLast(x.rank())
	y := normalize(n.b, n.stored(0, l), plain(x.rank() - 1)[1:], n.attrFloat("epsilon", 1e-5))
	n.set(0, n.b.Add(n.b.Mul(y, n.plain(1)), n.plain(2)), l).like(x)
}

// normalize subtracts the mean along axes and divides by the deviation.
func normalize(b *graph.Builder, x *graph.Value, axes []int, epsilon float64) *graph.Value {
	d := b.Sub(x, meanKeep(b, x, axes))
	return b.Div(d, b.Sqrt(b.Offset(meanKeep(b, b.Square(d), axes), epsilon)))
}

// groupNormalization builds GroupNormalization. Scale and bias are one number for each group before opset 21, and for
// each channel from then on.
func groupNormalization(n *node) {
	x := n.in(0)
	if x.rank() < 3 {
		n.fail("operand 0 has shape %v, want (batch, channels, ...)", x.shape())
	}
	groups, channels := n.attrInt("num_groups", 0), n.known(x, 1)
	if groups < 1 || channels%groups != 0 {
		n.fail("%d channels in %d groups", channels, groups)
	}
	b, l := n.b, channelsLast(x.rank())
	v := n.stored(0, l)
	shape := v.Shape.Clone()
	pixels := 1
	for a := range x.rank() - 2 {
		pixels *= n.known(x, 2+a)
	}
	y := normalize(b, b.Reshape(v, tensor.Unknown, pixels, groups, channels/groups), []int{1, 3}, n.attrFloat("epsilon", 1e-5))
	back := func(y *graph.Value) *graph.Value {
		shape[0] = tensor.Unknown
		return b.Reshape(y, shape...)
	}
	if n.in(1).rank() != 1 || n.in(2).rank() != 1 {
		n.fail("scale and bias have shapes %v and %v, want vectors", n.in(1).shape(), n.in(2).shape())
	}
	if n.opset < 21 {
		column := operandForm{post: tensor.Shape{groups, 1}}
		n.set(0, back(b.Add(b.Mul(y, n.form(1, column)), n.form(2, column))), l).like(x)
		return
	}
	n.set(0, b.Add(b.Mul(back(y), n.plain(1)), n.plain(2)), l).like(x)
}

// readLayerNormalization builds LayerNormalization over the axes from axis on.
func readLayerNormalization(n *node) {
	x, b := n.in(0), n.b
	axis := n.axis(n.attrInt("axis", -1), x.rank())
	last := x.rank() - axis
	v := n.plain(0)
	row := 1
	for a := axis; a < x.rank(); a++ {
		row *= n.known(x, a)
	}
	shape := v.Shape.Clone()
	if last > 1 {
		v = b.Reshape(v, append(shape[:axis:axis], row)...)
	}
	operand := func(i int) *graph.Value {
		if !n.has(i) {
			return nil
		}
		if s := n.in(i).shape(); !s.Known() || s.Elements() != row {
			n.fail("operand %d has shape %v, want %v", i, s, shape[axis:])
		}
		return n.form(i, operandForm{post: tensor.Shape{row}})
	}
	o := op.LayerNorm{Epsilon: n.attrFloat("epsilon", 1e-5), Scale: n.has(1), Center: n.has(2)}
	in := []*graph.Value{v}
	for i := 1; i < 3; i++ {
		if w := operand(i); w != nil {
			in = append(in, w)
		}
	}
	y := b.Op(o, in...)
	if !y.Valid() {
		n.out(y)
		return
	}
	statistics := y.Node.Out[1:]
	if last > 1 {
		y = b.Reshape(y, shape...)
	}
	n.out(y).like(x)
	for i, s := range statistics {
		if n.wants(1 + i) {
			for range last {
				s = b.ExpandDims(s, axis)
			}
			n.set(1+i, s, plain(x.rank())).like(x)
		}
	}
}

// lrn builds LRN. The sum over neighboring channels is a product with a matrix of zeros and ones.
func lrn(n *node) {
	x, b := n.in(0), n.b
	if x.rank() != 3 && x.rank() != 4 {
		n.fail("operand 0 has shape %v, want 3 or 4 dimensions: (batch, channels, ...)", x.shape())
	}
	size, channels := n.attrInt("size", 0), n.known(x, 1)
	if size < 1 || channels > 1<<12 {
		n.fail("size is %d and there are %d channels", size, channels)
	}
	band := tensor.New(tensor.Float32, channels, channels)
	for to := range channels {
		for from := max(0, to-(size-1)/2); from <= min(channels-1, to+size/2); from++ {
			band.Row(from).Float32s()[to] = 1
		}
	}
	l := channelsLast(x.rank())
	v := n.stored(0, l)
	// A convolution of 1x1 pixels is the product for each pixel.
	squares := b.Square(v)
	for range 4 - x.rank() {
		squares = b.ExpandDims(squares, 1)
	}
	sum := b.Conv2D(squares, b.Op(op.Const{Value: band.Reshape(1, 1, channels, channels)}), op.Window{Size: [2]int{1, 1}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}})
	for range 4 - x.rank() {
		sum = b.Squeeze(sum, 1)
	}
	base := b.Offset(b.Scale(sum, n.attrFloat("alpha", 1e-4)/float64(size)), n.attrFloat("bias", 1))
	n.set(0, b.Div(v, b.Binary(op.Pow, base, constantLike(b, base, n.attrFloat("beta", .75)))), l).like(x)
}

// lpNormalization builds LpNormalization.
func lpNormalization(n *node) {
	p := n.attrInt("p", 2)
	if p != 1 && p != 2 {
		n.fail("p is %d, want 1 or 2", p)
	}
	x, l := n.data()
	axis := n.axis(n.attrInt("axis", -1), len(l))
	n.across(n.in(0), axis)
	size := n.root(n.b.SumKeep(n.norm(n.b.Abs(x), p), l.at(axis)), p)
	// A vector of zeros stays zero.
	zero := n.b.Binary(op.Equal, size, constantLike(n.b, x, 0))
	n.set(0, n.b.Div(x, n.b.Select(zero, constantLike(n.b, x, 1), size)), l).like(n.in(0))
}

// meanVarianceNormalization builds MeanVarianceNormalization.
func meanVarianceNormalization(n *node) {
	axes := n.attrInts("axes")
	if axes == nil {
		axes = []int{0, 2, 3}
	}
	x, l := n.data()
	axes = n.axes(axes, len(l))
	n.across(n.in(0), axes...)
	b, at := n.b, l.ats(axes)
	d := b.Sub(x, meanKeep(b, x, at))
	n.set(0, b.Div(d, b.Offset(b.Sqrt(meanKeep(b, b.Square(d), at)), 1e-9)), l).like(n.in(0))
}
