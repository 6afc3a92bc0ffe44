package compile

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// DepthwiseConv2D is op.DepthwiseConv2D followed by the addition of a bias and a ReLU or ReLU6.
// Operands: images, filter, (bias).
type DepthwiseConv2D struct {
	op.Window
	Bias, ReLU, ReLU6 bool
}

// GroupedConv2D is op.Conv2D with Groups > 1 followed by the addition of a bias and a ReLU or ReLU6.
// Operands: images, filter, (bias).
type GroupedConv2D struct {
	op.Conv2D
	Bias, ReLU, ReLU6 bool
}

// DepthwiseConv2DGradFilter is op.DepthwiseConv2DGradFilter with the gradient of the
// bias as a second result.
type DepthwiseConv2DGradFilter struct{ op.Window }

// Name implements op.Op.
func (DepthwiseConv2D) Name() string { return "FusedDepthwiseConv2D" }

// Name implements op.Op.
func (GroupedConv2D) Name() string { return "FusedGroupedConv2D" }

// Name implements op.Op.
func (DepthwiseConv2DGradFilter) Name() string { return "FusedDepthwiseConv2DGradFilter" }

// ShapeOnly implements op.ShapeOnly.
func (DepthwiseConv2DGradFilter) ShapeOnly(i int) bool { return i == 2 }

// Attributes prints the op's attributes.
func (o DepthwiseConv2D) Attributes() string {
	return attributes(o.Window, "+bias", o.Bias, "+relu", o.ReLU, "+relu6", o.ReLU6)
}

// Attributes prints the op's attributes.
func (o GroupedConv2D) Attributes() string {
	return fmt.Sprintf("%s groups %d", attributes(o.Window, "+bias", o.Bias, "+relu", o.ReLU, "+relu6", o.ReLU6), o.Groups)
}

// Attributes prints the op's attributes.
func (o DepthwiseConv2DGradFilter) Attributes() string {
	return attributes(o.Window, "+bias", true)
}

// Infer implements op.Op.
func (o DepthwiseConv2D) Infer(in []op.Type) ([]op.Type, error) {
	return withBias(op.DepthwiseConv2D{Window: o.Window}, in)
}

// Infer implements op.Op.
func (o GroupedConv2D) Infer(in []op.Type) ([]op.Type, error) { return withBias(o.Conv2D, in) }

// withBias infers the result of a convolution whose third operand, if there is one, is a bias.
func withBias(o op.Op, in []op.Type) ([]op.Type, error) {
	out, err := o.Infer(in[:2])
	if err == nil && len(in) > 2 {
		err = checkBias(in[2], out[0].Shape[3])
	}
	return out, err
}

// Infer implements op.Op.
func (o DepthwiseConv2DGradFilter) Infer(in []op.Type) ([]op.Type, error) {
	out, err := op.DepthwiseConv2DGradFilter(o).Infer(in)
	if err != nil {
		return nil, err
	}
	return append(out, op.Type{DType: in[1].DType, Shape: in[1].Shape[3:]}), nil
}

// depthwiseBias is convEpilogue for a depthwise convolution, without a residual.
func (f *fuser) depthwiseBias(conv *graph.Node) {
	if o, ok := conv.Op.(op.DepthwiseConv2D); ok {
		f.fuseEpilogue(conv, false, func(e epilogue) op.Op { return DepthwiseConv2D{o.Window, e.bias, e.relu, e.relu6} })
	}
}

// groupedBias is convEpilogue for a convolution in groups, without a residual.
func (f *fuser) groupedBias(conv *graph.Node) {
	if o, ok := conv.Op.(op.Conv2D); ok && o.Groups > 1 {
		f.fuseEpilogue(conv, false, func(e epilogue) op.Op { return GroupedConv2D{o, e.bias, e.relu, e.relu6} })
	}
}

// depthwiseBiasGrad is convBiasGrad for a depthwise convolution.
func (f *fuser) depthwiseBiasGrad(filter *graph.Node) {
	o, ok := filter.Op.(op.DepthwiseConv2DGradFilter)
	if !ok {
		return
	}
	sum := f.biasGradient(filter, filter.In[1].Shape[3])
	if sum == nil {
		return
	}
	f.withBias(filter, sum, f.node(DepthwiseConv2DGradFilter(o), filter.Layer, filter.In...))
}
