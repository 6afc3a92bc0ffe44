package tflitegraph

import (
	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// row says how an operator is read. inputs is the least number of inputs, all of which must be given.
type row struct {
	inputs int
	read   func(n *node)
}

// readers is the table of operators that Read knows.
var readers = map[tflitefb.BuiltinOperator]*row{
	// read_conv.go
	tflitefb.BuiltinOperatorAVERAGE_POOL_2D:   {1, readAveragePool},
	tflitefb.BuiltinOperatorMAX_POOL_2D:       {1, readMaxPool},
	tflitefb.BuiltinOperatorBATCH_MATMUL:      {2, readBatchMatMul},
	tflitefb.BuiltinOperatorCONV_2D:           {2, readConv},
	tflitefb.BuiltinOperatorDEPTHWISE_CONV_2D: {2, readDepthwiseConv},
	tflitefb.BuiltinOperatorFULLY_CONNECTED:   {2, readFullyConnected},
	tflitefb.BuiltinOperatorTRANSPOSE_CONV:    {3, readTransposeConv},
	tflitefb.BuiltinOperatorSPACE_TO_BATCH_ND: {3, readSpaceToBatch},
	tflitefb.BuiltinOperatorBATCH_TO_SPACE_ND: {3, readBatchToSpace},

	tflitefb.BuiltinOperatorRESIZE_BILINEAR:         {2, readResizeBilinear},
	tflitefb.BuiltinOperatorRESIZE_NEAREST_NEIGHBOR: {2, readResizeNearest},

	// read_elementwise.go
	tflitefb.BuiltinOperatorADD:                unlessKnown(func(a, b int) int { return a + b }, readBinary(op.Add)),
	tflitefb.BuiltinOperatorSUB:                unlessKnown(func(a, b int) int { return a - b }, readBinary(op.Sub)),
	tflitefb.BuiltinOperatorMUL:                unlessKnown(func(a, b int) int { return a * b }, readBinary(op.Mul)),
	tflitefb.BuiltinOperatorFLOOR_DIV:          unlessKnown(floorDiv, readFloorDiv),
	tflitefb.BuiltinOperatorFLOOR_MOD:          {2, readBinary(op.Mod)},
	tflitefb.BuiltinOperatorDIV:                {2, readBinary(op.Div)},
	tflitefb.BuiltinOperatorMAXIMUM:            unlessKnown(func(a, b int) int { return max(a, b) }, readBinary(op.Max)),
	tflitefb.BuiltinOperatorMINIMUM:            unlessKnown(func(a, b int) int { return min(a, b) }, readBinary(op.Min)),
	tflitefb.BuiltinOperatorPOW:                {2, readBinary(op.Pow)},
	tflitefb.BuiltinOperatorEQUAL:              {2, readBinary(op.Equal)},
	tflitefb.BuiltinOperatorLESS:               {2, readBinary(op.Less)},
	tflitefb.BuiltinOperatorLESS_EQUAL:         {2, readBinary(op.LessEqual)},
	tflitefb.BuiltinOperatorGREATER:            {2, readBinary(op.Greater)},
	tflitefb.BuiltinOperatorGREATER_EQUAL:      {2, readBinary(op.GreaterEqual)},
	tflitefb.BuiltinOperatorNOT_EQUAL:          {2, readNotEqual},
	tflitefb.BuiltinOperatorLOGICAL_AND:        {2, readLogicalAnd},
	tflitefb.BuiltinOperatorLOGICAL_OR:         {2, readLogicalOr},
	tflitefb.BuiltinOperatorLOGICAL_NOT:        {1, readLogicalNot},
	tflitefb.BuiltinOperatorSELECT:             {3, readSelect},
	tflitefb.BuiltinOperatorSELECT_V2:          {3, readSelect},
	tflitefb.BuiltinOperatorSQUARED_DIFFERENCE: {2, readSquaredDifference},
	tflitefb.BuiltinOperatorADD_N:              {1, readAddN},
	tflitefb.BuiltinOperatorPRELU:              {2, readPReLU},
	tflitefb.BuiltinOperatorLEAKY_RELU:         {1, readLeakyReLU},
	tflitefb.BuiltinOperatorGELU:               {1, readGELU},
	tflitefb.BuiltinOperatorCAST:               {1, readCast},

	tflitefb.BuiltinOperatorABS:          unary((*graph.Builder).Abs),
	tflitefb.BuiltinOperatorCEIL:         unary(ceil),
	tflitefb.BuiltinOperatorCOS:          unary((*graph.Builder).Cos),
	tflitefb.BuiltinOperatorELU:          unary(readELU),
	tflitefb.BuiltinOperatorEXP:          unary((*graph.Builder).Exp),
	tflitefb.BuiltinOperatorFLOOR:        unary((*graph.Builder).Floor),
	tflitefb.BuiltinOperatorHARD_SWISH:   unary(readHardSwish),
	tflitefb.BuiltinOperatorLOG:          unary((*graph.Builder).Log),
	tflitefb.BuiltinOperatorLOGISTIC:     unary((*graph.Builder).Sigmoid),
	tflitefb.BuiltinOperatorNEG:          unary((*graph.Builder).Neg),
	tflitefb.BuiltinOperatorRELU:         unary((*graph.Builder).ReLU),
	tflitefb.BuiltinOperatorRELU6:        unary((*graph.Builder).ReLU6),
	tflitefb.BuiltinOperatorRELU_0_TO_1:  unary(func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Clip(x, 0, 1) }),
	tflitefb.BuiltinOperatorRELU_N1_TO_1: unary(func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Clip(x, -1, 1) }),
	tflitefb.BuiltinOperatorROUND:        unary((*graph.Builder).Round),
	tflitefb.BuiltinOperatorRSQRT:        unary(rsqrt),
	tflitefb.BuiltinOperatorSIGN:         unary((*graph.Builder).Sign),
	tflitefb.BuiltinOperatorSIN:          unary((*graph.Builder).Sin),
	tflitefb.BuiltinOperatorSQRT:         unary((*graph.Builder).Sqrt),
	tflitefb.BuiltinOperatorSQUARE:       unary((*graph.Builder).Square),
	tflitefb.BuiltinOperatorTANH:         unary((*graph.Builder).Tanh),
	tflitefb.BuiltinOperatorZEROS_LIKE:   unary(func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Scale(x, 0) }),

	// read_reduce.go
	tflitefb.BuiltinOperatorARG_MAX:          {2, readArgMax},
	tflitefb.BuiltinOperatorARG_MIN:          {2, readArgMin},
	tflitefb.BuiltinOperatorCUMSUM:           {2, readCumSum},
	tflitefb.BuiltinOperatorL2_NORMALIZATION: {1, readL2Normalization},
	tflitefb.BuiltinOperatorLOG_SOFTMAX:      {1, readLogSoftmax},
	tflitefb.BuiltinOperatorMEAN:             {2, readMean},
	tflitefb.BuiltinOperatorREDUCE_MAX:       {2, readReduce(op.ReduceMax)},
	tflitefb.BuiltinOperatorREDUCE_MIN:       {2, readReduce(op.ReduceMin)},
	tflitefb.BuiltinOperatorREDUCE_PROD:      {2, readReduceProd},
	tflitefb.BuiltinOperatorTOPK_V2:          {2, readTopK},
	tflitefb.BuiltinOperatorSOFTMAX:          {1, readSoftmax},
	tflitefb.BuiltinOperatorSUM:              {2, readReduce(op.ReduceSum)},

	// read_shape.go, read_pieces.go, read_pad.go, read_strided.go
	tflitefb.BuiltinOperatorBROADCAST_TO:   {2, readBroadcastTo},
	tflitefb.BuiltinOperatorCONCATENATION:  {1, readConcatenation},
	tflitefb.BuiltinOperatorDEPTH_TO_SPACE: {1, readDepthToSpace},
	tflitefb.BuiltinOperatorDEQUANTIZE:     {1, readDequantize},
	tflitefb.BuiltinOperatorQUANTIZE:       {1, readQuantize},
	tflitefb.BuiltinOperatorEXPAND_DIMS:    {2, readExpandDims},
	tflitefb.BuiltinOperatorFILL:           {2, readFill},
	tflitefb.BuiltinOperatorGATHER:         {2, readGather},
	tflitefb.BuiltinOperatorMIRROR_PAD:     {2, readMirrorPad},
	tflitefb.BuiltinOperatorONE_HOT:        {4, readOneHot},
	tflitefb.BuiltinOperatorPACK:           {1, readPack},
	tflitefb.BuiltinOperatorPAD:            {2, readPad},
	tflitefb.BuiltinOperatorPADV2:          {3, readPad},
	tflitefb.BuiltinOperatorRESHAPE:        {1, readReshape},
	tflitefb.BuiltinOperatorSHAPE:          {1, readShape},
	tflitefb.BuiltinOperatorSLICE:          {3, readSlice},
	tflitefb.BuiltinOperatorSPACE_TO_DEPTH: {1, readSpaceToDepth},
	tflitefb.BuiltinOperatorSPLIT:          {2, readSplit},
	tflitefb.BuiltinOperatorSPLIT_V:        {3, readSplitV},
	tflitefb.BuiltinOperatorSQUEEZE:        {1, readSqueeze},
	tflitefb.BuiltinOperatorSTRIDED_SLICE:  {4, readStridedSlice},
	tflitefb.BuiltinOperatorTILE:           {2, readTile},
	tflitefb.BuiltinOperatorTRANSPOSE:      {2, readTranspose},
	tflitefb.BuiltinOperatorUNPACK:         {1, readUnpack},
}
