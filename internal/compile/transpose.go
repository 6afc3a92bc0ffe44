package compile

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// Conv2DTranspose is op.Conv2DTranspose with a stride of more than 1 followed by the addition of a bias and a ReLU or
// ReLU6. Operands: images, filter, (bias).
type Conv2DTranspose struct {
	op.Conv2DTranspose
	Bias, ReLU, ReLU6 bool
}

// Name implements op.Op.
func (Conv2DTranspose) Name() string { return "FusedConv2DTranspose" }

// Attributes prints the op's attributes.
func (o Conv2DTranspose) Attributes() string {
	return flags(o.Conv2DTranspose.Attributes(), "+bias", o.Bias, "+relu", o.ReLU, "+relu6", o.ReLU6)
}

// Infer implements op.Op.
func (o Conv2DTranspose) Infer(in []op.Type) ([]op.Type, error) {
	return withBias(o.Conv2DTranspose, in)
}

// transposeBias is convEpilogue for a transposed convolution, without a residual. With a stride of 1, a faster
// algorithm without an epilogue may be available.
func (f *fuser) transposeBias(conv *graph.Node) {
	if o, ok := conv.Op.(op.Conv2DTranspose); ok && o.Stride != [2]int{1, 1} {
		f.fuseEpilogue(conv, false, func(e epilogue) op.Op { return Conv2DTranspose{o, e.bias, e.relu, e.relu6} })
	}
}
