package compile

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// ScaleShift scales and shifts each channel, and does what follows: a residual is added, then
// comes a ReLU or ReLU6. Operands: x, a scale for each channel, a shift for each channel,
// (residual).
type ScaleShift struct{ Add, ReLU, ReLU6 bool }

// BatchNorm is op.BatchNorm with what follows it. Operands: those of op.BatchNorm, (residual).
// The first result is what comes of all.
type BatchNorm struct {
	op.BatchNorm
	Add, ReLU, ReLU6 bool
}

// ConvBatchNorm is a convolution, with its bias, and BatchNorm of its results: the statistics are
// taken while results are in the cache. Operands: images, kernel, (bias), then those of BatchNorm
// without x. Results: those of BatchNorm, and the convolution's.
type ConvBatchNorm struct {
	Conv2D
	BatchNorm
}

// BatchNormGrad is op.BatchNormGrad with the gradient of a ReLU or ReLU6 before it. Operands:
// the gradient of the ReLU's result, x, mean, variance, (gamma), and what says where the ReLU
// let its operand through. That is the ReLU's result with Result, and then the gradient of the
// ReLU's operand is the fourth result. Otherwise the ReLU's operand is computed from x once
// more, with Center by means of beta.
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
	return flags("", "+residual", o.Add, "+relu", o.ReLU, "+relu6", o.ReLU6)
}

// Attributes prints the op's attributes.
func (o BatchNorm) Attributes() string {
	return flags(o.BatchNorm.Attributes(), "+residual", o.Add, "+relu", o.ReLU, "+relu6", o.ReLU6)
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
	if o.Add {
		residual = 1
	}
	if len(in) != 3+residual {
		return nil, fmt.Errorf("%d operands, want %d", len(in), 3+residual)
	}
	// The operands are those of a normalization.
	out, err := BatchNorm{op.BatchNorm{Scale: true, Center: true}, o.Add, o.ReLU, o.ReLU6}.Infer(in)
	if err != nil {
		return nil, err
	}
	return out[:1], nil
}

// Infer implements op.Op.
func (o BatchNorm) Infer(in []op.Type) ([]op.Type, error) {
	operands := in
	if o.Add {
		if len(in) == 0 {
			return nil, errors.New("no residual")
		}
		operands = in[:len(in)-1]
	}
	out, err := o.BatchNorm.Infer(operands)
	if err != nil {
		return nil, err
	}
	if residual := in[len(in)-1]; o.Add && !residual.Equal(out[0]) {
		return nil, fmt.Errorf("the residual is %v, the result %v", residual, out[0])
	}
	return out, nil
}

// Operands is the number of the convolution's operands, which come first.
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
		return nil, fmt.Errorf("%d operands", len(in))
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

// scaleShift: one pass over what is normalized by known statistics and has no convolution before
// it that could do it.
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

// batchNorm: normalization and what follows are one pass.
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
			default: // it may come before the end of the chain
				return
			}
		}
	}
	in := slices.Clone(bn.In)
	if e.residual {
		in = append(in, residual)
	}
	last := chain[len(chain)-1]
	n := f.node(BatchNorm{o, e.residual, e.relu, e.relu6}, bn.Layer, in...)
	f.before(last, n)
	f.replace(last.Out[0], n.Out[0])
	for i := 1; i < 3; i++ {
		f.replace(bn.Out[i], n.Out[i])
	}
	f.remove(append(chain, bn)...)
}

// batchNormGrad: the ReLU's gradient is taken in the pass that sums. Where there is nothing
// between the normalization and the ReLU, its result need not be read.
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

// put puts n in front of at, in place of the gradient of a normalization.
func (f *fuser) put(at, grad, n *graph.Node) {
	f.before(at, n)
	for i, v := range grad.Out {
		f.replace(v, n.Out[i])
	}
	f.remove(grad)
}

// activates says whether y is the ReLU, or ReLU6, of the normalization's result.
func (f *fuser) activates(y *graph.Value, bn *graph.Node, relu6 bool) bool {
	name := "ReLU"
	if relu6 {
		name = "ReLU6"
	}
	_, ok := bn.Op.(op.BatchNorm)
	return ok && y.Is(name) && y.Node.In[0] == bn.Out[0]
}

// convBatchNorm: the statistics of a convolution's results are taken part by part.
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
	if !ok || c.Add || c.ReLU || c.ReLU6 || c.Pool || f.drop[conv] {
		return
	}
	for _, u := range f.users[n.In[0]] {
		switch u.Op.(type) {
		case op.BatchNormGrad, BatchNormGrad: // which come later
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
