package compile

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// ScaleShift is x*scale + shift for each channel, followed by the addition of a residual and a
// ReLU or ReLU6. Operands: x, scale (channels), shift (channels), (residual, of the shape of x).
type ScaleShift struct{ Residual, ReLU, ReLU6 bool }

// BatchNorm is op.BatchNorm followed by the addition of a residual and a ReLU or ReLU6. Operands:
// those of op.BatchNorm, (residual, of the shape of x). Results: y after all of these, the mean,
// the variance.
//
// With Statistics, y is not computed, and the flags Center, Residual, ReLU and ReLU6 are not set. The first result
// is the scale gamma/sqrt(variance+Epsilon) of each channel.
type BatchNorm struct {
	op.BatchNorm
	Residual, ReLU, ReLU6 bool
	Statistics            bool
}

// ConvBatchNorm is a convolution with a bias, followed by BatchNorm. The sums for the mean and the
// variance are computed while the convolution's results are in the cache. Operands: images, filter,
// (bias), then those of BatchNorm without x. Results: those of BatchNorm, and the convolution's.
type ConvBatchNorm struct {
	Conv2D
	BatchNorm
}

// BatchNormGrad is op.BatchNormGrad together with ReLUGrad or ReLU6Grad, whose result it takes as
// the gradient of y. Operands: the gradient of the ReLU's result, x, mean, variance, (gamma), and:
//   - with Result: the ReLU's result. The gradient of the ReLU's operand is then the fourth result.
//   - without Result: (beta), if Center is set. The kernel computes the ReLU's operand from x again.
type BatchNormGrad struct {
	op.BatchNormGrad
	Center, ReLU6, Result bool
}

// Name implements op.Op.
func (ScaleShift) Name() string { return "FusedScaleShift" }

// Name implements op.Op.
func (BatchNorm) Name() string { return "FusedBatchNorm" }

// Name implements op.Op.
func (ConvBatchNorm) Name() string { return "FusedConvBatchNorm" }

// Name implements op.Op.
func (BatchNormGrad) Name() string { return "FusedBatchNormGrad" }

// Attributes prints the op's attributes.
func (o ScaleShift) Attributes() string {
	return flags("", "+residual", o.Residual, "+relu", o.ReLU, "+relu6", o.ReLU6)
}

// Attributes prints the op's attributes.
func (o BatchNorm) Attributes() string {
	return flags(o.BatchNorm.Attributes(), "+residual", o.Residual, "+relu", o.ReLU, "+relu6", o.ReLU6, "statistics only", o.Statistics)
}

// Attributes prints the op's attributes.
func (o ConvBatchNorm) Attributes() string {
	return o.Conv2D.Attributes() + " " + o.BatchNorm.Attributes()
}

// Attributes prints the op's attributes.
func (o BatchNormGrad) Attributes() string {
	return flags(o.BatchNormGrad.Attributes(), "center", o.Center, "+relu", !o.ReLU6, "+relu6", o.ReLU6, "of result", o.Result)
}

// Infer implements op.Op.
func (o ScaleShift) Infer(in []op.Type) ([]op.Type, error) {
	residual := 0
	if o.Residual {
		residual = 1
	}
	if len(in) != 3+residual {
		return nil, fmt.Errorf("%d operands, want %d", len(in), 3+residual)
	}
	// The operands are like those of a normalization.
	out, err := BatchNorm{BatchNorm: op.BatchNorm{Scale: true, Center: true}, Residual: o.Residual}.Infer(in)
	if err != nil {
		return nil, err
	}
	return out[:1], nil
}

// Infer implements op.Op.
func (o BatchNorm) Infer(in []op.Type) ([]op.Type, error) {
	operands := in
	if o.Residual {
		if len(in) == 0 {
			return nil, errors.New("no residual")
		}
		operands = in[:len(in)-1]
	}
	out, err := o.BatchNorm.Infer(operands)
	if err != nil {
		return nil, err
	}
	if residual := in[len(in)-1]; o.Residual && !residual.Equal(out[0]) {
		return nil, fmt.Errorf("residual is %v, want %v like the result", residual, out[0])
	}
	if o.Statistics {
		out[0] = out[2]
	}
	return out, nil
}

// Operands is the number of operands of the convolution, which come first.
func (o ConvBatchNorm) Operands() int {
	if o.Bias {
		return 3
	}
	return 2
}

// Infer implements op.Op.
func (o ConvBatchNorm) Infer(in []op.Type) ([]op.Type, error) {
	n := o.Operands()
	if len(in) < n {
		return nil, fmt.Errorf("%d operands, want at least %d", len(in), n)
	}
	x, err := o.Conv2D.Infer(in[:n])
	if err != nil {
		return nil, err
	}
	out, err := o.BatchNorm.Infer(slices.Concat(x, in[n:]))
	if err != nil {
		return nil, err
	}
	return append(out, x...), nil
}

// Infer implements op.Op.
func (o BatchNormGrad) Infer(in []op.Type) ([]op.Type, error) {
	n := len(in)
	if o.Result || o.Center {
		n--
	}
	if n < 2 {
		return nil, fmt.Errorf("%d operands, want at least %d", len(in), len(in)-n+2)
	}
	out, err := o.BatchNormGrad.Infer(in[:n])
	switch {
	case err != nil:
		return nil, err
	case o.Result && !in[n].Equal(in[1]):
		return nil, fmt.Errorf("the ReLU's result is %v, want %v", in[n], in[1])
	case o.Result:
		return append(out, in[1]), nil
	case o.Center && !in[n].Equal(out[1]):
		return nil, fmt.Errorf("beta is %v, want %v", in[n], out[1])
	}
	return out, nil
}

// scaleShift fuses a Mul and an Add of one number for each channel, and the ops that follow them,
// into one pass over memory. Such ops are a normalization with known statistics that foldScale could
// not fold into a convolution.
func (f *fuser) scaleShift(mul *graph.Node) {
	if mul.Op.Name() != "Mul" {
		return
	}
	x, scale := mul.In[0], mul.In[1]
	if x.Rank() < scale.Rank() {
		x, scale = scale, x
	}
	if x.Rank() < 2 || scale.Rank() != 1 || scale.Shape[0] != x.Shape[x.Rank()-1] || !x.DType.IsFloat() {
		return
	}
	add, shift := f.bias(mul.Out[0])
	if add == nil {
		return
	}
	var e epilogue
	chain, residual := f.following(add.Out[0], true, &e)
	in := []*graph.Value{x, scale, shift}
	if e.residual {
		in = append(in, residual)
	}
	chain = slices.Concat([]*graph.Node{mul, add}, chain)
	last := chain[len(chain)-1]
	n := f.node(ScaleShift{e.residual, e.relu, e.relu6}, mul.Layer, in...)
	f.before(last, n)
	f.replace(last.Out[0], n.Out[0])
	f.remove(chain...)
}

// batchNorm fuses a normalization and the ops that follow it into one pass.
func (f *fuser) batchNorm(bn *graph.Node) {
	o, ok := bn.Op.(op.BatchNorm)
	if !ok {
		return
	}
	var e epilogue
	chain, residual := f.following(bn.Out[0], true, &e)
	if len(chain) == 0 {
		return
	}
	for _, v := range bn.Out[1:] {
		for _, u := range f.users[v] {
			switch u.Op.(type) {
			case op.BatchNormGrad, BatchNormGrad, op.Updater:
			default: // such a node may come before the end of the chain
				return
			}
		}
	}
	in := slices.Clone(bn.In)
	if e.residual {
		in = append(in, residual)
	}
	last := chain[len(chain)-1]
	n := f.node(BatchNorm{BatchNorm: o, Residual: e.residual, ReLU: e.relu, ReLU6: e.relu6}, bn.Layer, in...)
	f.before(last, n)
	f.replace(last.Out[0], n.Out[0])
	for i := 1; i < 3; i++ {
		f.replace(bn.Out[i], n.Out[i])
	}
	f.remove(append(chain, bn)...)
}

// batchNormGrad computes the ReLU's gradient in the pass that sums the gradients of gamma and beta.
// If the ReLU directly follows the normalization, its result need not be read.
func (f *fuser) batchNormGrad(grad *graph.Node) {
	o, ok := grad.Op.(op.BatchNormGrad)
	if !ok {
		return
	}
	mask := grad.In[0].Node
	if f.drop[mask] {
		return
	}
	relu6 := mask.Op.Name() == "ReLU6Grad"
	if !relu6 && mask.Op.Name() != "ReLUGrad" {
		return
	}
	fused := BatchNormGrad{BatchNormGrad: o, ReLU6: relu6}
	in := append([]*graph.Value{mask.In[0]}, grad.In[1:]...)
	if bn := grad.In[2].Node; f.only(mask.Out[0]) == grad && f.activates(mask.In[1], bn, relu6) {
		if fused.Center = bn.Op.(op.BatchNorm).Center; fused.Center {
			in = append(in, bn.In[len(bn.In)-1])
		}
		f.put(grad, grad, f.node(fused, grad.Layer, in...))
		f.remove(mask)
		return
	}
	if f.output(mask.Out[0]) {
		return
	}
	fused.Result = true
	n := f.node(fused, grad.Layer, append(in, mask.In[1])...)
	f.put(mask, grad, n)
	f.replace(mask.Out[0], n.Out[3])
	f.remove(mask)
}

// put replaces grad, the gradient of a normalization, with n, which is inserted before at.
func (f *fuser) put(at, grad, n *graph.Node) {
	f.before(at, n)
	for i, v := range grad.Out {
		f.replace(v, n.Out[i])
	}
	f.remove(grad)
}

// activates reports whether y is the ReLU, or ReLU6, of the normalization's result.
func (f *fuser) activates(y *graph.Value, bn *graph.Node, relu6 bool) bool {
	name := "ReLU"
	if relu6 {
		name = "ReLU6"
	}
	_, ok := bn.Op.(op.BatchNorm)
	return ok && y.Is(name) && y.Node.In[0] == bn.Out[0]
}

// convBatchNorm fuses a convolution with the normalization of its results: each part of the
// convolution sums its results for the mean and the variance.
func (f *fuser) convBatchNorm(n *graph.Node) {
	bn, ok := n.Op.(BatchNorm)
	if plain, is := n.Op.(op.BatchNorm); is {
		bn, ok = BatchNorm{BatchNorm: plain}, true
	}
	if !ok || f.output(n.In[0]) || slices.Contains(n.In[1:], n.In[0]) {
		return
	}
	conv := n.In[0].Node
	c, ok := conv.Op.(Conv2D)
	if plain, is := conv.Op.(op.Conv2D); is && plain.Groups <= 1 {
		c, ok = Conv2D{Window: plain.Window}, true
	}
	if !ok || c.Residual || c.ReLU || c.ReLU6 || c.Pool || f.drop[conv] {
		return
	}
	for _, u := range f.users[n.In[0]] {
		switch u.Op.(type) {
		case op.BatchNormGrad, BatchNormGrad: // these come later
		default:
			if u != n {
				return
			}
		}
	}
	fused := f.node(ConvBatchNorm{c, bn}, conv.Layer, slices.Concat(conv.In, n.In[1:])...)
	f.before(n, fused)
	for i, v := range n.Out {
		f.replace(v, fused.Out[i])
	}
	f.replace(conv.Out[0], fused.Out[3])
	f.remove(conv, n)
}
