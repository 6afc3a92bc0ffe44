package engine

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/compile"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/conv"
	"github.com/lince-ml/lince/internal/kernel/eltwise"
	"github.com/lince-ml/lince/tensor"
)

// lowering is a node with the kernels that run it.
type lowering struct {
	node    *graph.Node
	isa     kernel.ISA
	kept    func(v *graph.Value) bool // see compile.Target
	work    int                       // working memory in the arena, in floats
	packs   []pack
	scratch int // memory for each worker, in floats

	flops   int                  // multiplications and additions in the op's definition, for profiles
	choices func() []conv.Choice // the algorithms to choose from, for profiles and traces; nil if there is no choice

	bind func(b *binding) // adds the steps of the node
}

// pack is an operand that bind packs.
type pack struct {
	operand, length int  // length is in floats
	kept            bool // the packed operand is kept between runs; otherwise it is in the arena, behind the working memory
}

// pack says that bind will pack an operand to this length, in floats. The calls of binding.pack are in the same order.
func (l *lowering) pack(operand, length int) {
	l.packs = append(l.packs, pack{operand, length, l.kept(l.node.In[operand])})
}

// arena returns the length of the node's memory in the arena, in floats.
func (l *lowering) arena() int {
	n := l.work
	for _, p := range l.packs {
		if !p.kept {
			n = aligned(n) + p.length
		}
	}
	return n
}

// aligned returns the first length, in floats, that is at least n and keeps what follows aligned.
func aligned(n int) int {
	const unit = tensor.Align / 4
	return (n + unit - 1) / unit * unit
}

// lowerers maps the name of each op to the function that prepares its kernels. typedLowerers has other functions for other element types.
var lowerers = map[string]func(l *lowering) error{
	"Neg":     unary(eltwise.Neg),
	"Abs":     unary(eltwise.Abs),
	"Sign":    unary(eltwise.Sign),
	"Square":  unary(eltwise.Square),
	"Sqrt":    unary(eltwise.Sqrt),
	"Exp":     unary(eltwise.Exp),
	"Log":     unary(eltwise.Log),
	"Log1p":   unary(eltwise.Log1p),
	"ReLU":    unary(eltwise.ReLU),
	"ReLU6":   unary(eltwise.ReLU6),
	"Sigmoid": unary(eltwise.Sigmoid),
	"Tanh":    unary(eltwise.Tanh),

	"Erf":      unary(eltwise.Erf),
	"Expm1":    unary(eltwise.Expm1),
	"Softplus": unary(eltwise.Softplus),
	"Floor":    unary(eltwise.Floor),
	"Round":    unary(eltwise.Round),
	"Sin":      unary(eltwise.Sin),
	"Cos":      unary(eltwise.Cos),
	"Ceil":     unary(eltwise.Ceil),
	"Atan":     unary(eltwise.Atan),

	"Copy": duplicate[float32],

	"Add":          binary(eltwise.Add),
	"Sub":          binary(eltwise.Sub),
	"Mul":          binary(eltwise.Mul),
	"Div":          binary(eltwise.Div),
	"Max":          binary(eltwise.Max),
	"Min":          binary(eltwise.Min),
	"Pow":          binary(eltwise.Pow),
	"Mod":          binary(eltwise.Mod),
	"FMod":         binary(eltwise.FMod),
	"BitAnd":       (*lowering).noKernel,
	"BitOr":        (*lowering).noKernel,
	"BitXor":       (*lowering).noKernel,
	"ShiftLeft":    (*lowering).noKernel,
	"ShiftRight":   (*lowering).noKernel,
	"Equal":        binary(eltwise.Equal),
	"Less":         binary(eltwise.Less),
	"LessEqual":    binary(eltwise.LessEqual),
	"Greater":      binary(eltwise.Greater),
	"GreaterEqual": binary(eltwise.GreaterEqual),
	"ReLUGrad":     binary(eltwise.ReLUGrad),
	"ReLU6Grad":    binary(eltwise.ReLU6Grad),
	"Select":       choose,
	"Cast":         cast,
	"FusedChain":   chain,

	"Reshape":       view,
	"ReshapeLike":   view,
	"Transpose":     transpose[float32],
	"BroadcastLike": broadcast[float32],
	"SumLike":       sumLike,
	"Pad":           pad[float32],
	"Concat":        concat[float32],
	"Slice":         slice[float32],
	"Size":          size,
	"OneHot":        oneHot,
	"ReduceSum":     reduceAxes,
	"ReduceMax":     reduceAxes,
	"ReduceMin":     typedReduce[float32],
	"ReduceProd":    typedReduce[float32],
	"TopK":          topK[float32],
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

	"BatchNorm":           batchNorm,
	"FusedBatchNorm":      batchNorm,
	"FusedBatchNormApply": batchNormApply,
	"FusedConvBatchNorm":  convBatchNorm,
	"BatchNormGrad":       batchNormGrad,
	"FusedBatchNormGrad":  batchNormGrad,
	"FusedScaleShift":     scaleShift,
	"MovingAverage":       movingAverage,

	"Assign":  assign[float32],
	"SGD":     update,
	"RMSprop": update,
	"Adam":    update,

	"FusedMatMulUpdate": matMulUpdate,

	"SegmentSum":    segmentSum,
	"Iota":          indices[float32],
	"CumSum":        cumSum[float32],
	"Sparsemax":     sparsemax,
	"SparsemaxGrad": sparsemaxGrad,

	"ExpandDims":              view,
	"Squeeze":                 view,
	"SliceGrad":               sliceGrad[float32],
	"Conv2DTranspose":         convTranspose,
	"FusedConv2DTranspose":    fusedConvTranspose,
	"AdaptiveMaxPool2D":       adaptiveMaxPool,
	"AdaptiveMaxPool2DGrad":   adaptiveMaxPoolGrad,
	"Resize":                  resize,
	"ResizeGrad":              resizeGrad,
	"RandomNormal":            randomNormal,
	"LayerNorm":               layerNorm,
	"LayerNormGrad":           layerNormGrad,
	"Gather":                  gatherRows[float32],
	"GatherGrad":              gatherRowsGrad,
	"Scatter":                 scatter[float32],
	"StraightThrough":         straightThrough,
	"ProjectiveTransform":     projectiveTransform,
	"ProjectiveTransformGrad": projectiveTransformGrad,
	"MapCoordinates":          mapCoordinates,
	"MapCoordinatesGrad":      mapCoordinatesGrad,
	"Index":                   index,
	"Homography":              homography,
	"EqualizeHistogram":       equalizeHistogram,
	"LocalEqualization":       localEqualization,
	"RandomPermutation":       randomPermutation,
	"RandomLogGamma":          randomLogGamma,
	"AverageWeights":          averageWeights,
	"Every":                   every,
	"Schedule":                scheduled,
}

// lowererOf returns the node's row in lowerers.
func lowererOf(n *graph.Node) (func(l *lowering) error, error) {
	w, conditional := n.Op.(op.When)
	name := n.Op.Name()
	if conditional {
		name = w.Update.Name()
	}
	lower, ok := typedLowerers[elementType(n)][name]
	if !ok {
		lower, ok = lowerers[name]
	}
	if !ok {
		return nil, &graph.Error{Where: n.Layer, Err: fmt.Errorf("the CPU engine has no kernel for %s", name)}
	}
	if conditional {
		return whenLowering(lower), nil
	}
	return lower, nil
}

// empty reports whether a node computes no numbers: it has results, and all of them have no elements.
func empty(n *graph.Node) bool {
	return len(n.Out) > 0 && !slices.ContainsFunc(n.Out, func(v *graph.Value) bool { return v.Shape.Elements() > 0 })
}

// nothing lowers an empty node. Kernels need not be able to run without elements.
func nothing(l *lowering) error {
	l.bind = func(*binding) {}
	return nil
}

// elements returns an error if the first operand has no elements.
func (l *lowering) elements() error {
	if s := l.node.In[0].Shape; s.Elements() == 0 {
		return fmt.Errorf("operand 0 has shape %v, want at least one element", s)
	}
	return nil
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
	_, variable := n.Op.(op.Variable)
	switch d := n.Out[0].DType; d {
	case tensor.Float32, tensor.Float64, tensor.Int8, tensor.Int16, tensor.Int32, tensor.Int64, tensor.Uint8:
		return nil
	case tensor.Bool:
		if !variable {
			return nil
		}
		fallthrough
	default:
		return &graph.Error{Where: n.Layer, Err: fmt.Errorf("the CPU engine has no %s of type %v", n.Op.Name(), d)}
	}
}

// target implements compile.Target. It keeps the lowering of each node.
type target struct {
	isa     kernel.ISA
	lowered map[*graph.Node]*lowering
}

// Workspace implements compile.Target.
func (t *target) Workspace(n *graph.Node, kept func(*graph.Value) bool) (int, error) {
	if sourceOf(n) {
		return 0, supportsSource(n)
	}
	l := &lowering{node: n, isa: t.isa, kept: kept}
	lower, err := lowererOf(n)
	if err != nil {
		return 0, err
	}
	if empty(n) {
		lower = nothing
	}
	if err := lower(l); err != nil {
		return 0, &graph.Error{Where: n.Layer, Op: n.Op.Name(), Err: err}
	}
	t.lowered[n] = l
	return l.arena() * 4, nil
}

// InPlace implements compile.Target.
func (t *target) InPlace(n *graph.Node, result int) []int {
	if o, ok := n.Op.(compile.Chain); ok {
		return chainInPlace(o, n, result)
	}
	return inPlace(n.Op, len(n.In), result)
}

// inPlace lists the operands that a result of an op may overwrite: the kernels read an element of such an operand
// before they write the result's element.
func inPlace(o op.Op, operands, result int) []int {
	residual := func(add bool) []int {
		if add {
			return []int{operands - 1, 0}
		}
		return []int{0}
	}
	switch o := o.(type) {
	case compile.ScaleShift:
		return residual(o.Residual)
	case compile.BatchNormApply:
		return residual(o.Residual)
	case op.BatchNorm:
		if result == 0 {
			return residual(false)
		}
	case compile.BatchNorm:
		if result == 0 && !o.Statistics {
			return residual(o.Residual)
		}
	case compile.ConvBatchNorm:
		if result == 0 && o.BatchNorm.Residual {
			return []int{operands - 1}
		}
	case op.LayerNorm:
		if result == 0 {
			return residual(false)
		}
	case op.LayerNormGrad:
		if result == 0 { // each part sums its rows before it writes them
			return []int{1, 0}
		}
	case op.BatchNormGrad, compile.BatchNormGrad:
		switch result {
		case 0: // written after all sums
			return []int{1, 0}
		case 3: // written in the pass that sums
			return []int{0}
		}
	}
	return nil
}

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
