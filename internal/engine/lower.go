package engine

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/conv"
	"github.com/lince-ml/lince/tensor"
)

// lowering is a node with the kernels that run it.
type lowering struct {
	node    *graph.Node
	isa     kernel.ISA
	work    int // working memory in the arena, in floats
	scratch int // memory for each worker, in floats

	flops   int                  // multiplications and additions in the op's definition, for profiles
	choices func() []conv.Choice // the algorithms to choose from, for profiles and traces; nil if there is no choice

	bind func(b *binding) // adds the steps of the node
}

// lowerers maps the name of each op to the function that prepares its kernels.
var lowerers = map[string]func(l *lowering) error{
	"Neg":     unary,
	"Abs":     unary,
	"Sign":    unary,
	"Square":  unary,
	"Sqrt":    unary,
	"Exp":     unary,
	"Log":     unary,
	"Log1p":   unary,
	"ReLU":    unary,
	"ReLU6":   unary,
	"Sigmoid": unary,
	"Tanh":    unary,
	"Copy":    unary,

	"Add":          binary,
	"Sub":          binary,
	"Mul":          binary,
	"Div":          binary,
	"Max":          binary,
	"Min":          binary,
	"Pow":          binary,
	"Equal":        binary,
	"Less":         binary,
	"LessEqual":    binary,
	"Greater":      binary,
	"GreaterEqual": binary,
	"ReLUGrad":     binary,
	"ReLU6Grad":    binary,
	"Select":       choose,
	"Cast":         cast,

	"Reshape":       view,
	"ReshapeLike":   view,
	"Transpose":     transpose,
	"BroadcastLike": broadcast,
	"SumLike":       sumLike,
	"Pad":           pad,
	"Concat":        concat,
	"Slice":         slice,
	"Size":          size,
	"OneHot":        oneHot,
	"ReduceSum":     reduceAxes,
	"ReduceMax":     reduceAxes,
	"ArgMax":        argMax,
	"RandomUniform": randomUniform,

	"MatMul":                         matMul,
	"FusedMatMul":                    matMul,
	"BatchMatMul":                    batchMatMul,
	"Conv2D":                         conv2D,
	"FusedConv2D":                    conv2D,
	"Conv2DGradInput":                convGradInput,
	"FusedConv2DGradInput":           convGradInput,
	"Conv2DGradFilter":               convGradFilter,
	"FusedConv2DGradFilter":          convGradFilter,
	"DepthwiseConv2D":                depthwiseConv2D,
	"FusedDepthwiseConv2D":           depthwiseConv2D,
	"DepthwiseConv2DGradInput":       depthwiseConv2DGradInput,
	"DepthwiseConv2DGradFilter":      depthwiseConv2DGradFilter,
	"FusedDepthwiseConv2DGradFilter": depthwiseConv2DGradFilter,
	"FusedGroupedConv2D":             groupedConv2D,
	"MaxPool2D":                      maxPool,
	"MaxPool2DGrad":                  maxPoolGrad,
	"AveragePool2D":                  averagePool,
	"AveragePool2DGrad":              averagePoolGrad,

	"Softmax":                 softmaxRows,
	"SoftmaxGrad":             softmaxGrad,
	"SoftmaxCrossEntropy":     crossEntropy,
	"SoftmaxCrossEntropyGrad": crossEntropyGrad,

	"BatchNorm":          batchNorm,
	"FusedBatchNorm":     batchNorm,
	"FusedConvBatchNorm": convBatchNorm,
	"BatchNormGrad":      batchNormGrad,
	"FusedBatchNormGrad": batchNormGrad,
	"FusedScaleShift":    scaleShift,
	"MovingAverage":      movingAverage,

	"Assign":  assign,
	"SGD":     update,
	"RMSprop": update,
	"Adam":    update,

	"FusedMatMulUpdate": matMulUpdate,
}

// sourceOf reports whether a node is an input, a variable or a constant. Such a node computes
// nothing.
func sourceOf(n *graph.Node) bool {
	switch n.Op.(type) {
	case op.Input, op.Variable, op.Const:
		return true
	}
	return false
}

func supportsSource(n *graph.Node) error {
	_, constant := n.Op.(op.Const)
	switch d := n.Out[0].DType; d {
	case tensor.Float32, tensor.Uint8, tensor.Int32, tensor.Int64:
		return nil
	case tensor.Bool:
		if constant {
			return nil
		}
		fallthrough
	default:
		return fmt.Errorf("%s: the CPU engine has no %s of type %v", n.Layer, n.Op.Name(), d)
	}
}

// target implements compile.Target. It keeps the lowering of each node.
type target struct {
	isa     kernel.ISA
	lowered map[*graph.Node]*lowering
}

// Workspace implements compile.Target.
func (t *target) Workspace(n *graph.Node) (int, error) {
	if sourceOf(n) {
		return 0, supportsSource(n)
	}
	l := &lowering{node: n, isa: t.isa}
	lower, ok := lowerers[n.Op.Name()]
	if !ok {
		return 0, fmt.Errorf("%s: the CPU engine has no kernel for %s", n.Layer, n.Op.Name())
	}
	if err := lower(l); err != nil {
		return 0, fmt.Errorf("%s: %s: %w", n.Layer, n.Op.Name(), err)
	}
	t.lowered[n] = l
	return l.work * 4, nil
}

// InPlace implements compile.Target.
func (t *target) InPlace(n *graph.Node, result int) []int { return inPlace(n.Op, len(n.In), result) }

// Size implements compile.Target.
func (t *target) Size(v *graph.Value) int { return v.Shape.Elements() * elementSize(v.DType) }

// elementSize is the size of an element in the arena, in bytes.
func elementSize(d tensor.DType) int {
	if d == tensor.Bool {
		return 4
	}
	return d.Size()
}

// types checks that the node's first operands have the given types.
func (l *lowering) types(want ...tensor.DType) error {
	for i, d := range want {
		if got := l.node.In[i].DType; got != d {
			return fmt.Errorf("operand %d is %v, but the kernel takes %v", i, got, d)
		}
	}
	return nil
}

// floats checks that all of the node's operands are float32.
func (l *lowering) floats() error {
	for i, v := range l.node.In {
		if v.DType != tensor.Float32 {
			return fmt.Errorf("operand %d is %v, but the kernel takes float32", i, v.DType)
		}
	}
	return nil
}
