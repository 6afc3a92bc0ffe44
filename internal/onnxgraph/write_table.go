package onnxgraph

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// rules has the rules for each op, in the order in which they are tried. An operator that stands for several ops is under the last of these.
// Ops that are not here have no equivalent in ONNX; see refusal.
var rules = map[string][]rule{
	"Input": {input},

	"Neg": {each("Neg")}, "Abs": {each("Abs")}, "Sign": {each("Sign")}, "Sqrt": {each("Sqrt")}, "Exp": {each("Exp")}, "Log": {each("Log")},
	"ReLU": {each("Relu")}, "ReLU6": {relu6}, "Sigmoid": {each("Sigmoid")}, "Tanh": {each("Tanh")}, "Erf": {each("Erf")},
	"Softplus": {each("Softplus")}, "Floor": {each("Floor")}, "Round": {each("Round")}, "Sin": {each("Sin")}, "Cos": {each("Cos")},
	"Ceil": {each("Ceil")}, "Atan": {each("Atan")},
	"Square": {computed(square)}, "Log1p": {computed(log1p)}, "Expm1": {computed(expm1)},

	"Add": {biased, gemm, batchNormalization, celu, broadcast("Add")},
	"Sub": {prelu, logSoftmax, broadcast("Sub")},
	"Mul": {hardSwish, gelu, mish, broadcast("Mul")},
	"Div": {hardSigmoid, average, softsign, broadcast("Div")},
	"Max": {logical("Or"), broadcast("Max")}, "Min": {logical("And"), clip, broadcast("Min")}, "Pow": {broadcast("Pow")},
	"Mod": {floorMod}, "FMod": {truncatedMod},
	"BitAnd": {bitwise("BitwiseAnd")}, "BitOr": {bitwise("BitwiseOr")}, "BitXor": {bitwise("BitwiseXor")}, "ShiftLeft": {shift("LEFT")}, "ShiftRight": {shift("RIGHT")},
	"Equal": {broadcast("Equal")}, "Less": {broadcast("Less")}, "LessEqual": {broadcast("LessOrEqual")},
	"Greater": {broadcast("Greater")}, "GreaterEqual": {broadcast("GreaterOrEqual")},
	"Select": {leakyReLU, elu, selu, broadcast("Where")},
	"Cast":   {cast}, "StraightThrough": {straightThrough},

	"Softmax": {softmax("Softmax")}, "Sparsemax": {sparsemax},
	"LayerNorm": {layerNormalization},

	"Conv2D": {conv}, "DepthwiseConv2D": {conv}, "Conv2DTranspose": {convTranspose},
	"MaxPool2D": {pool("MaxPool")}, "AveragePool2D": {pool("AveragePool")}, "AdaptiveMaxPool2D": {adaptiveMaxPool},
	"Resize": {resize},

	"MatMul": {matMul}, "BatchMatMul": {batchMatMul}, "Gather": {gather}, "OneHot": {oneHot}, "Scatter": {scatter}, "TopK": {sortedEntries},

	"ReduceSum": {reduction}, "ReduceMax": {reduction}, "ReduceMin": {reduction}, "ReduceProd": {reduction}, "ArgMax": {argMax}, "CumSum": {cumSum},

	"Reshape": {dense, kept, groupsNormalized, reshape}, "Transpose": {transpose}, "ExpandDims": {expandDims}, "Squeeze": {squeeze}, "Concat": {concat},
	"Slice": {sliceOf}, "Pad": {pad}, "BroadcastLike": {broadcastLike}, "ReshapeLike": {reshapeLike}, "Size": {size},
	"Index": {index}, "Iota": {iota},
}

// input has been declared before.
func input(*writer, *graph.Node) *plan { return &plan{emit: func() {}} }

// refusal says why a node cannot be written.
func refusal(n *graph.Node) string {
	if len(rules[n.Op.Name()]) > 0 {
		switch o := n.Op.(type) {
		case op.Binary:
			if o.Fn == op.ShiftLeft || o.Fn == op.ShiftRight {
				return "ONNX has this operator for unsigned numbers only"
			}
			return fmt.Sprintf("ONNX has this operator since opset 18; write opset %d", Opsets[len(Opsets)-1])
		case op.Scatter:
			return fmt.Sprintf("ONNX has this reduction since opset 18; write opset %d", Opsets[len(Opsets)-1])
		case op.Resize, op.AdaptiveMaxPool2D:
			return "ONNX has no operator for this with images of unknown height or width; set both in the Shape of the Input"
		case op.MaxPool2D:
			return "ONNX has no operator that returns the second result"
		}
		return "ONNX has no operator for this with operands of unknown size"
	}
	if _, ok := n.Op.(op.Updater); ok {
		return "it updates a variable; ONNX models do not"
	}
	return "ONNX has no such operator"
}
