package tflitegraph

import (
	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
)

// writers is the table of ops that Write knows. patterns (write_fuse.go) come first.
var writers = map[string]func(w *writer, n *graph.Node){
	// write_elementwise.go
	"Neg":     writeUnary(tflitefb.BuiltinOperatorNEG),
	"Abs":     writeUnary(tflitefb.BuiltinOperatorABS),
	"Sign":    writeUnary(tflitefb.BuiltinOperatorSIGN),
	"Square":  writeUnary(tflitefb.BuiltinOperatorSQUARE),
	"Sqrt":    writeUnary(tflitefb.BuiltinOperatorSQRT),
	"Exp":     writeUnary(tflitefb.BuiltinOperatorEXP),
	"Log":     writeUnary(tflitefb.BuiltinOperatorLOG),
	"ReLU":    writeUnary(tflitefb.BuiltinOperatorRELU),
	"ReLU6":   writeUnary(tflitefb.BuiltinOperatorRELU6),
	"Sigmoid": writeUnary(tflitefb.BuiltinOperatorLOGISTIC),
	"Tanh":    writeUnary(tflitefb.BuiltinOperatorTANH),
	"Ceil":    writeUnary(tflitefb.BuiltinOperatorCEIL),
	"Floor":   writeUnary(tflitefb.BuiltinOperatorFLOOR),
	"Round":   writeUnary(tflitefb.BuiltinOperatorROUND),
	"Sin":     writeUnary(tflitefb.BuiltinOperatorSIN),
	"Cos":     writeUnary(tflitefb.BuiltinOperatorCOS),

	"Log1p":    writeLog1p,
	"Expm1":    writeExpm1,
	"Softplus": writeSoftplus,
	"Erf":      writeErf,

	"Add": writeActivated, "Sub": writeActivated, "Mul": writeActivated, "Div": writeActivated,
	"Max":             writeBinary(tflitefb.BuiltinOperatorMAXIMUM),
	"Min":             writeBinary(tflitefb.BuiltinOperatorMINIMUM),
	"Mod":             writeBinary(tflitefb.BuiltinOperatorFLOOR_MOD),
	"Pow":             writeBinary(tflitefb.BuiltinOperatorPOW),
	"Equal":           writeBinary(tflitefb.BuiltinOperatorEQUAL),
	"Less":            writeBinary(tflitefb.BuiltinOperatorLESS),
	"LessEqual":       writeBinary(tflitefb.BuiltinOperatorLESS_EQUAL),
	"Greater":         writeBinary(tflitefb.BuiltinOperatorGREATER),
	"GreaterEqual":    writeBinary(tflitefb.BuiltinOperatorGREATER_EQUAL),
	"Select":          writeSelect,
	"Cast":            writeCast,
	"StraightThrough": func(w *writer, n *graph.Node) { w.index[n.Out[0]] = w.tensor(n.In[1]) },

	// write_conv.go
	"MatMul":            writeMatMul,
	"BatchMatMul":       writeBatchMatMul,
	"MaxPool2D":         writeActivated,
	"AveragePool2D":     writeActivated,
	"Resize":            writeResize,
	"AdaptiveMaxPool2D": writeAdaptiveMaxPool,

	// write_reduce.go
	"ReduceSum":  writeReduce(tflitefb.BuiltinOperatorSUM),
	"ReduceMax":  writeReduce(tflitefb.BuiltinOperatorREDUCE_MAX),
	"ReduceMin":  writeReduce(tflitefb.BuiltinOperatorREDUCE_MIN),
	"ReduceProd": writeReduce(tflitefb.BuiltinOperatorREDUCE_PROD),
	"Sparsemax":  writeSparsemax,
	"TopK":       writeTopK,
	"ArgMax":     writeArgMax,
	"CumSum":     writeCumSum,
	"LayerNorm":  writeLayerNorm,
	"Size":       writeSize,
	"Softmax": func(w *writer, n *graph.Node) {
		w.emit(tflitefb.BuiltinOperatorSOFTMAX, &tflitefb.SoftmaxOptionsT{Beta: 1}, w.result(n.Out[0]), w.tensor(n.In[0]))
	},

	// write_shape.go
	"BroadcastLike": writeBroadcastLike,
	"Concat":        writeConcat,
	"ExpandDims":    writeExpandDims,
	"Gather":        writeGather,
	"OneHot":        writeOneHot,
	"Pad":           writePad,
	"Reshape":       writeReshape,
	"ReshapeLike":   writeReshapeLike,
	"Slice":         writeSlice,
	"Squeeze":       writeSqueeze,
	"Transpose":     writeTranspose,
}

// linearWriters has the ops after which scales, shifts and activations are folded into weights; see linear.
var linearWriters = map[string]func(w *writer, n *graph.Node, out *graph.Value, a affine, f tflitefb.ActivationFunctionType){
	"Conv2D":          writeConv,
	"Conv2DTranspose": writeConvTranspose,
	"DepthwiseConv2D": writeDepthwiseConv,
	"MatMul":          writeProduct,
}

// activated has the operators with which an activation can be fused. out is the result of the activation.
var activated = map[string]func(w *writer, n *graph.Node, out *graph.Value, f tflitefb.ActivationFunctionType){
	"Add": func(w *writer, n *graph.Node, out *graph.Value, f tflitefb.ActivationFunctionType) {
		w.binary(tflitefb.BuiltinOperatorADD, &tflitefb.AddOptionsT{FusedActivationFunction: f, PotScaleInt16: true}, n, out)
	},
	"Sub": func(w *writer, n *graph.Node, out *graph.Value, f tflitefb.ActivationFunctionType) {
		w.binary(tflitefb.BuiltinOperatorSUB, &tflitefb.SubOptionsT{FusedActivationFunction: f, PotScaleInt16: true}, n, out)
	},
	"Mul": func(w *writer, n *graph.Node, out *graph.Value, f tflitefb.ActivationFunctionType) {
		w.binary(tflitefb.BuiltinOperatorMUL, &tflitefb.MulOptionsT{FusedActivationFunction: f}, n, out)
	},
	"Div": func(w *writer, n *graph.Node, out *graph.Value, f tflitefb.ActivationFunctionType) {
		w.binary(tflitefb.BuiltinOperatorDIV, &tflitefb.DivOptionsT{FusedActivationFunction: f}, n, out)
	},
	"MaxPool2D":     writeMaxPool,
	"AveragePool2D": writeAveragePool,
}
