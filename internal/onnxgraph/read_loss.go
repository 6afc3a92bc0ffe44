package onnxgraph

import (
	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// likelihoodLoss builds NegativeLogLikelihoodLoss.
func likelihoodLoss(n *node) { n.loss(n.classesLast()) }

// crossEntropyLoss builds SoftmaxCrossEntropyLoss. Its second result is the logarithm of the softmax.
func crossEntropyLoss(n *node) {
	x := n.classesLast()
	if x.Valid() {
		x = readLogSoftmax(n.b, x)
	}
	if n.wants(1) {
		n.set(1, x, append(append(layout{0}, plain(n.in(0).rank())[2:]...), 1)).like(n.in(0))
	}
	n.loss(x)
}

// classesLast returns operand 0, whose classes are dimension 1, with the classes last.
func (n *node) classesLast() *graph.Value {
	x := n.in(0)
	if x.rank() < 2 || n.in(1).rank() != x.rank()-1 {
		n.fail("operands have shapes %v and %v, want (batch, classes, ...) and (batch, ...)", x.shape(), n.in(1).shape())
	}
	n.known(x, 1)
	return n.stored(0, append(append(layout{0}, plain(x.rank())[2:]...), 1))
}

// loss sets the first result to the loss for logarithms of probabilities.
func (n *node) loss(x *graph.Value) {
	b, classes := n.b, n.known(n.in(0), 1)
	labels := n.plain(1)
	if !x.Valid() {
		n.put(0, &value{bad: true})
		return
	}
	last := x.Rank() - 1
	hot := b.OneHot(labels, classes, x.DType)
	isHot := b.Binary(op.Greater, hot, constantLike(b, hot, 0))
	loss := b.Neg(b.Sum(b.Select(isHot, x, constantLike(b, x, 0)), last))
	weights := b.BroadcastLike(constantLike(b, x, 1), loss)
	if n.has(2) {
		weights = b.Sum(b.Mul(hot, n.plain(2)), last)
	}
	if a := n.attribute("ignore_index", onnxpb.AttributeProto_INT); a != nil {
		ignored := b.Binary(op.Equal, labels, constantLike(b, labels, float64(a.GetI())))
		weights = b.Select(ignored, constantLike(b, x, 0), weights)
	}
	loss = b.Mul(loss, weights)
	switch r := n.attrString("reduction", "mean"); r {
	case "none":
		n.out(loss).like(n.in(1))
	case "sum":
		n.out(b.Sum(loss))
	case "mean":
		n.out(b.Div(b.Sum(loss), b.Sum(weights)))
	default:
		n.fail("reduction is %q, want none, sum or mean", r)
	}
}
