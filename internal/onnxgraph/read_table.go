package onnxgraph

import (
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// operator is a row of the table of ops: how a node of the file becomes nodes of the graph.
type operator struct {
	// build builds the node's part of the graph and sets its results. It handles all opsets from 7. It calls node.fail for
	// what it cannot read.
	build func(n *node)
	// least and most are the numbers of operands; -1 means any number. The first least operands are given.
	least, most int
	// numbers follows scalars and vectors of numbers through the node, some of which may depend on the batch. It reports
	// false where it cannot. nil means that it never can.
	numbers func(n *node) (*value, bool)
	// joins marks nodes that become one op, however many operands they have.
	joins bool
	// control marks ops that contain graphs.
	control bool
}

// operators has a row for each op that can be read. The key is the op's name, with the domain before it if that is not ai.onnx.
var operators = map[string]operator{
	// read_conv.go
	"Conv":                    {build: readConv, least: 2, most: 3},
	"ConvTranspose":           {build: readConvTranspose, least: 2, most: 3},
	"com.microsoft.FusedConv": {build: fusedConv, least: 2, most: 4},
	"com.microsoft.FusedGemm": {build: fusedGemm, least: 2, most: 3},
	"com.microsoft.Gelu":      {build: activation(readGelu), least: 1, most: 1},
	"com.microsoft.QuickGelu": {build: activation(quickGelu), least: 1, most: 1},
	"com.microsoft.FastGelu":  {build: fastGelu, least: 1, most: 2},
	"com.microsoft.BiasGelu":  {build: biasGelu, least: 2, most: 2},

	// read_recurrent.go
	"GRU":  {build: readGRU, least: 3, most: 6},
	"LSTM": {build: readLSTM, least: 3, most: 8},
	"RNN":  {build: readRNN, least: 3, most: 6},

	// read_pool.go
	"AveragePool":       {build: averagePool, least: 1, most: 1},
	"GlobalAveragePool": {build: global(globalAverage), least: 1, most: 1},
	"GlobalLpPool":      {build: global(globalLp), least: 1, most: 1},
	"GlobalMaxPool":     {build: global(globalMax), least: 1, most: 1},
	"LpPool":            {build: lpPool, least: 1, most: 1},
	"MaxPool":           {build: maxPool, least: 1, most: 1},

	// read_norm.go
	"BatchNormalization":        {build: readBatchNormalization, least: 5, most: 5},
	"GroupNormalization":        {build: groupNormalization, least: 3, most: 3},
	"InstanceNormalization":     {build: instanceNormalization, least: 3, most: 3},
	"LRN":                       {build: lrn, least: 1, most: 1},
	"LayerNormalization":        {build: readLayerNormalization, least: 2, most: 3},
	"LpNormalization":           {build: lpNormalization, least: 1, most: 1},
	"MeanVarianceNormalization": {build: meanVarianceNormalization, least: 1, most: 1},

	// read_elementwise.go
	"Abs":            {build: unary(op.Abs), least: 1, most: 1},
	"Add":            {build: binary(op.Add), least: 2, most: 2, numbers: addNumbers},
	"And":            {build: binary(op.Min), least: 2, most: 2},
	"Cast":           {build: readCast, least: 1, most: 1, numbers: castNumbers},
	"CastLike":       {build: castLike, least: 2, most: 2},
	"Ceil":           {build: unary(op.Ceil), least: 1, most: 1, numbers: roundNumbers(math.Ceil)},
	"Clip":           {build: readClip, least: 1, most: 3},
	"Cos":            {build: unary(op.Cos), least: 1, most: 1},
	"Div":            {build: binary(op.Div), least: 2, most: 2, numbers: divNumbers},
	"Dropout":        {build: dropout, least: 1, most: 3},
	"Equal":          {build: binary(op.Equal), least: 2, most: 2, numbers: equalNumbers},
	"Erf":            {build: unary(op.Erf), least: 1, most: 1},
	"Exp":            {build: unary(op.Exp), least: 1, most: 1},
	"Floor":          {build: unary(op.Floor), least: 1, most: 1, numbers: roundNumbers(math.Floor)},
	"Greater":        {build: binary(op.Greater), least: 2, most: 2},
	"GreaterOrEqual": {build: binary(op.GreaterEqual), least: 2, most: 2},
	"Identity":       {build: readIdentity, least: 1, most: 1, numbers: sameNumbers},
	"IsInf":          {build: isInf, least: 1, most: 1},
	"IsNaN":          {build: elementwise(isNaN), least: 1, most: 1},
	"Less":           {build: binary(op.Less), least: 2, most: 2},
	"LessOrEqual":    {build: binary(op.LessEqual), least: 2, most: 2},
	"Log":            {build: unary(op.Log), least: 1, most: 1},
	"Max":            {build: many(op.Max, false), least: 1, most: -1, numbers: maxNumbersOf},
	"Mean":           {build: many(op.Add, true), least: 1, most: -1},
	"Min":            {build: many(op.Min, false), least: 1, most: -1, numbers: minNumbersOf},
	"Mul":            {build: binary(op.Mul), least: 2, most: 2, numbers: mulNumbers},
	"Neg":            {build: unary(op.Neg), least: 1, most: 1},
	"Not":            {build: elementwise(not), least: 1, most: 1},
	"Or":             {build: binary(op.Max), least: 2, most: 2},
	"Pow":            {build: power, least: 2, most: 2},
	"Reciprocal":     {build: elementwise(reciprocal), least: 1, most: 1},
	"Round":          {build: unary(op.Round), least: 1, most: 1, numbers: roundNumbers(math.RoundToEven)},
	"Sign":           {build: unary(op.Sign), least: 1, most: 1},
	"Sin":            {build: unary(op.Sin), least: 1, most: 1},
	"Sqrt":           {build: unary(op.Sqrt), least: 1, most: 1},
	"Sub":            {build: binary(op.Sub), least: 2, most: 2, numbers: subNumbers},
	"Sum":            {build: many(op.Add, false), least: 1, most: -1},
	"Where":          {build: where, least: 3, most: 3, numbers: whereNumbers},
	"Xor":            {build: pairs(xor), least: 2, most: 2},

	// read_activation.go
	"Celu":            {build: activation(readCelu), least: 1, most: 1},
	"Elu":             {build: activation(readElu), least: 1, most: 1},
	"Gelu":            {build: activation(readGelu), least: 1, most: 1},
	"HardSigmoid":     {build: activation(readHardSigmoid), least: 1, most: 1},
	"HardSwish":       {build: elementwise(readHardSwish), least: 1, most: 1},
	"LeakyRelu":       {build: activation(readLeakyReLU), least: 1, most: 1},
	"Mish":            {build: elementwise(readMish), least: 1, most: 1},
	"PRelu":           {build: readPrelu, least: 2, most: 2},
	"Relu":            {build: unary(op.ReLU), least: 1, most: 1},
	"Selu":            {build: activation(readSelu), least: 1, most: 1},
	"Shrink":          {build: activation(shrink), least: 1, most: 1},
	"Sigmoid":         {build: unary(op.Sigmoid), least: 1, most: 1},
	"Softplus":        {build: unary(op.Softplus), least: 1, most: 1},
	"Softsign":        {build: elementwise(readSoftsign), least: 1, most: 1},
	"Swish":           {build: activation(swish), least: 1, most: 1},
	"Tanh":            {build: unary(op.Tanh), least: 1, most: 1},
	"ThresholdedRelu": {build: activation(thresholdedReLU), least: 1, most: 1},

	// read_shape.go
	"Constant":        {build: constantNode, least: 0, most: 0},
	"ConstantOfShape": {build: constantOfShape, least: 1, most: 1},
	"Expand":          {build: expand, least: 2, most: 2},
	"Flatten":         {build: flatten, least: 1, most: 1},
	"Range":           {build: span, least: 3, most: 3},
	"Reshape":         {build: readReshape, least: 1, most: 2, numbers: regroup},
	"Shape":           {build: never, least: 1, most: 1, numbers: shape},
	"Size":            {build: count, least: 1, most: 1, numbers: sizeNumbers},
	"Squeeze":         {build: readSqueeze, least: 1, most: 2, numbers: regroup},
	"Transpose":       {build: readTranspose, least: 1, most: 1},
	"Unsqueeze":       {build: unsqueeze, least: 1, most: 2, numbers: regroup},

	// read_index.go
	"Concat":       {build: readConcat, joins: true, least: 1, most: -1, numbers: concatNumbers},
	"DepthToSpace": {build: depthToSpace, least: 1, most: 1},
	"Gather":       {build: readGather, least: 2, most: 2, numbers: gatherNumbers},
	"Pad":          {build: readPad, least: 1, most: 4},
	"Slice":        {build: slice, least: 1, most: 5, numbers: sliceNumbers},
	"SpaceToDepth": {build: spaceToDepth, least: 1, most: 1},
	"Split":        {build: split, least: 1, most: 2},
	"Tile":         {build: tile, least: 2, most: 2},

	// read_reduce.go
	"ArgMax":          {build: argument(1), least: 1, most: 1},
	"ArgMin":          {build: argument(-1), least: 1, most: 1},
	"Hardmax":         {build: readSoftmax(hardmax), least: 1, most: 1},
	"LogSoftmax":      {build: readSoftmax(readLogSoftmax), least: 1, most: 1},
	"ReduceL1":        {build: readReduction(18, reduceL1), least: 1, most: 2},
	"ReduceL2":        {build: readReduction(18, reduceL2), least: 1, most: 2},
	"ReduceLogSum":    {build: readReduction(18, reduceLogSum), least: 1, most: 2},
	"ReduceLogSumExp": {build: readReduction(18, reduceLogSumExp), least: 1, most: 2},
	"ReduceMax":       {build: readReduction(18, reduceMax), least: 1, most: 2},
	"ReduceMean":      {build: readReduction(18, reduceMean), least: 1, most: 2},
	"ReduceMin":       {build: readReduction(18, reduceMin), least: 1, most: 2},
	"ReduceProd":      {build: readReduction(18, reduceProd), least: 1, most: 2, numbers: reduceNumbers(18, product)},
	"ReduceSum":       {build: readReduction(13, reduceSum), least: 1, most: 2},
	"ReduceSumSquare": {build: readReduction(18, reduceSumSquare), least: 1, most: 2},
	"Softmax":         {build: readSoftmax((*graph.Builder).Softmax), least: 1, most: 1},

	// read_matmul.go
	"Gemm":   {build: readGemm, least: 2, most: 3},
	"MatMul": {build: readMatMul, least: 2, most: 2},

	// read_resize.go
	"Resize":   {build: readResize, least: 1, most: 4},
	"Upsample": {build: readResize, least: 1, most: 2},

	// read_quantize.go
	"ConvInteger":                            {build: convInteger, least: 2, most: 4},
	"DequantizeLinear":                       {build: dequantizeLinear, least: 2, most: 3},
	"DynamicQuantizeLinear":                  {build: dynamicQuantizeLinear, least: 1, most: 1},
	"MatMulInteger":                          {build: matMulInteger, least: 2, most: 4},
	"QLinearConv":                            {build: qLinearConv, least: 8, most: 9},
	"QLinearMatMul":                          {build: qLinearMatMul, least: 8, most: 8},
	"QuantizeLinear":                         {build: quantizeLinear, least: 2, most: 3},
	"com.microsoft.DequantizeLinear":         {build: dequantizeLinear, least: 2, most: 3},
	"com.microsoft.QGemm":                    {build: qGemm, least: 6, most: 9},
	"com.microsoft.QLinearAdd":               {build: qLinearBinary(binary(op.Add)), least: 7, most: 8},
	"com.microsoft.QLinearConcat":            {build: qLinearConcat, least: 5, most: -1},
	"com.microsoft.QLinearGlobalAveragePool": {build: qLinearUnary(global(globalAverage)), least: 4, most: 5},
	"com.microsoft.QLinearLeakyRelu":         {build: qLinearUnary(activation(readLeakyReLU)), least: 4, most: 5},
	"com.microsoft.QLinearMul":               {build: qLinearBinary(binary(op.Mul)), least: 7, most: 8},
	"com.microsoft.QLinearSigmoid":           {build: qLinearUnary(unary(op.Sigmoid)), least: 4, most: 5},
	"com.microsoft.QuantizeLinear":           {build: quantizeLinear, least: 2, most: 3},

	// read_functions.go
	"Tan":                              {build: elementwise(tan), least: 1, most: 1},
	"Asin":                             {build: elementwise(asin), least: 1, most: 1},
	"Acos":                             {build: elementwise(acos), least: 1, most: 1},
	"Sinh":                             {build: elementwise(sinh), least: 1, most: 1},
	"Cosh":                             {build: elementwise(cosh), least: 1, most: 1},
	"Asinh":                            {build: elementwise(asinh), least: 1, most: 1},
	"Acosh":                            {build: elementwise(acosh), least: 1, most: 1},
	"Atanh":                            {build: elementwise(atanh), least: 1, most: 1},
	"Atan":                             {build: unary(op.Atan), least: 1, most: 1},
	"Mod":                              {build: modulo, least: 2, most: 2},
	"BitShift":                         {build: bitShift, least: 2, most: 2},
	"BitwiseAnd":                       {build: binary(op.BitAnd), least: 2, most: 2},
	"BitwiseOr":                        {build: binary(op.BitOr), least: 2, most: 2},
	"BitwiseXor":                       {build: binary(op.BitXor), least: 2, most: 2},
	"BitwiseNot":                       {build: bitwiseNot, least: 1, most: 1},
	"Det":                              {build: determinant, least: 1, most: 1},
	"ai.onnx.ml.Binarizer":             {build: activation(binarizer), least: 1, most: 1},
	"ai.onnx.ml.ArrayFeatureExtractor": {build: featureExtractor, least: 2, most: 2},

	// read_index.go
	"GatherElements":  {build: gatherElements, least: 2, most: 2},
	"GatherND":        {build: gatherND, least: 2, most: 2},
	"ScatterElements": {build: scatterElements, least: 3, most: 3},
	"Scatter":         {build: scatterElements, least: 3, most: 3},
	"ScatterND":       {build: scatterND, least: 3, most: 3},
	"TensorScatter":   {build: tensorScatter, least: 2, most: 3},
	"TopK":            {build: readTopK, least: 1, most: 2},
	"OneHot":          {build: readOneHot, least: 3, most: 3},
	"Trilu":           {build: triangle, least: 1, most: 2},
	"CumSum":          {build: cumulative(false), least: 2, most: 2},
	"CumProd":         {build: cumulative(true), least: 2, most: 2},
	"ReverseSequence": {build: reverseSequence, least: 2, most: 2},

	// read_sample.go
	"GridSample": {build: gridSample, least: 2, most: 2},
	"AffineGrid": {build: affineGrid, least: 2, most: 2},
	"RoiAlign":   {build: roiAlign, least: 3, most: 3},

	// read_unpool.go
	"MaxUnpool":     {build: maxUnpool, least: 2, most: 3},
	"Col2Im":        {build: columnsToImage, least: 3, most: 3},
	"CenterCropPad": {build: centerCropPad, least: 2, most: 2},
	"DeformConv":    {build: deformableConvolution, least: 3, most: 5},

	// read_known.go
	"NonZero":           {build: nonZero, least: 1, most: 1},
	"Compress":          {build: compress, least: 2, most: 2},
	"EyeLike":           {build: eyeLike, least: 1, most: 1},
	"Unique":            {build: unique, least: 1, most: 1},
	"NonMaxSuppression": {build: suppress, least: 2, most: 5},

	// read_loss.go
	"NegativeLogLikelihoodLoss": {build: likelihoodLoss, least: 2, most: 3},
	"SoftmaxCrossEntropyLoss":   {build: crossEntropyLoss, least: 2, most: 3},

	// read_attention.go
	"Attention":           {build: attention, least: 3, most: 7},
	"RotaryEmbedding":     {build: rotaryEmbedding, least: 3, most: 4},
	"RMSNormalization":    {build: rmsNormalization, least: 2, most: 2},
	"SwiGLU":              {build: swiGLU, least: 2, most: 2},
	"CausalConvWithState": {build: causalConvolution, least: 2, most: 4},

	// read_loop.go
	"Loop": {build: loop, least: 0, most: -1, control: true},
	"Scan": {build: scan, least: 1, most: -1, control: true},

	// read_einsum.go
	"Einsum": {build: einsum, least: 1, most: -1},

	// read_control.go
	"If": {build: branch, least: 1, most: 1, control: true},
}
