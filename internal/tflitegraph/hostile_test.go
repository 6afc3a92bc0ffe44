package tflitegraph_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/format/tflite"
	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/internal/mutate"
	"github.com/lince-ml/lince/internal/tflitegraph"
)

// small is a model with one operator, which gets x (batch, 4, 4, 2) and the constants.
func small(code tflitefb.BuiltinOperator, options any, constants ...tflite.Tensor) *tflite.Model {
	s := tflite.Subgraph{Tensors: []tflite.Tensor{
		{Name: "x", Shape: []int{1, 4, 4, 2}, Signature: []int{-1, 4, 4, 2}},
		{Name: "y", Shape: []int{1, 1}, Signature: []int{-1, 1}},
	}}
	o := tflite.Operator{Code: code, Version: 1, Inputs: []int{0}, Outputs: []int{1}, Options: options}
	for _, c := range constants {
		s.Tensors = append(s.Tensors, c)
		o.Inputs = append(o.Inputs, len(s.Tensors)-1)
	}
	s.Inputs, s.Outputs, s.Operators = []int{0}, []int{1}, []tflite.Operator{o}
	return &tflite.Model{Subgraphs: []tflite.Subgraph{s}}
}

func integers(list ...int32) tflite.Tensor {
	t := tflite.Tensor{Name: "list", Type: tflitefb.TensorTypeINT32, Shape: []int{len(list)}}
	for _, n := range list {
		t.Data = append(t.Data, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	}
	return t
}

func numbers(shape ...int) tflite.Tensor {
	n := 4
	for _, d := range shape {
		n *= d
	}
	return tflite.Tensor{Name: "numbers", Shape: shape, Data: make([]byte, n)}
}

// TestMistakes expects an error for a model that is wrong, or that lince cannot read, which says what is wrong.
func TestMistakes(t *testing.T) {
	quantized := numbers(2, 4)
	quantized.Type, quantized.Data = tflitefb.TensorTypeINT8, quantized.Data[:8]
	quantized.Quantization = &tflite.Quantization{Scale: []float32{1, 2, 3}, Axis: 5}
	sparse := numbers(2, 32)
	sparse.Sparse = true
	valid := &tflitefb.Conv2DOptionsT{StrideH: 1, StrideW: 1, DilationHFactor: 1, DilationWFactor: 1}
	cases := []struct {
		name, want string
		m          *tflite.Model
	}{
		{"no operator like this", "lince cannot read the operators CUSTOM \"magic\", LSTM", both(small(tflitefb.BuiltinOperatorLSTM, nil), tflitefb.BuiltinOperatorCUSTOM, "magic")},
		{"too few inputs", "operator 0 (ADD): has 1 inputs", small(tflitefb.BuiltinOperatorADD, nil)},
		{"a gap among the inputs", "operator 0 (ADD_N): lacks input 1", gap(small(tflitefb.BuiltinOperatorADD_N, nil, numbers(2)))},
		{"a gap among the values", "operator 0 (CONCATENATION): lacks input 1", gap(small(tflitefb.BuiltinOperatorCONCATENATION, nil, numbers(2)))},
		{"a gap among the sizes", "operator 1 (CONCATENATION): lacks input 1", gap(after(tflitefb.BuiltinOperatorSHAPE, small(tflitefb.BuiltinOperatorCONCATENATION, nil, numbers(2))))},
		{"no options", "operator 0 (MAX_POOL_2D): MaxPool2D: pads [[0 0] [0 0]] of a window of 0x0", small(tflitefb.BuiltinOperatorMAX_POOL_2D, nil)},
		{"options of another operator", "a window of 0x0", small(tflitefb.BuiltinOperatorMAX_POOL_2D, &tflitefb.GeluOptionsT{})},
		{"a filter of another rank", "want 4 dimensions", small(tflitefb.BuiltinOperatorCONV_2D, valid, numbers(3, 3))},
		{"a filter for other channels", "images have 2 channels", small(tflitefb.BuiltinOperatorCONV_2D, valid, numbers(1, 3, 3, 5))},
		{"a filter without channels", "operator 0 (CONV_2D)", small(tflitefb.BuiltinOperatorCONV_2D, valid, numbers(1, 3, 3, 0))},
		{"a depthwise filter for other channels", "for 2 channels", small(tflitefb.BuiltinOperatorDEPTHWISE_CONV_2D, nil, numbers(1, 3, 3, 5))},
		{"an axis that does not exist", "there is no axis 4", small(tflitefb.BuiltinOperatorMEAN, nil, integers(4))},
		{"not a permutation", "[0 1 2 2] is not a permutation", small(tflitefb.BuiltinOperatorTRANSPOSE, nil, integers(0, 1, 2, 2))},
		{"a shape of other elements", "cannot reshape", small(tflitefb.BuiltinOperatorRESHAPE, nil, integers(-1, 5))},
		{"three free sizes", "more than one size", small(tflitefb.BuiltinOperatorRESHAPE, nil, integers(-1, -1, -1))},
		{"a shape of floats", "want integers", small(tflitefb.BuiltinOperatorRESHAPE, nil, numbers(2))},
		{"negative padding", "want at least 0", small(tflitefb.BuiltinOperatorPAD, nil, integers(0, 0, -1, 0, 0, 0, 0, 0))},
		{"huge padding", "too large", small(tflitefb.BuiltinOperatorPAD, nil, integers(0, 0, 1<<30, 0, 0, 0, 0, 0))},
		{"too much to mirror", "cannot mirror 5", small(tflitefb.BuiltinOperatorMIRROR_PAD, nil, integers(0, 0, 5, 0, 0, 0, 0, 0))},
		{"a slice outside", "do not fit", small(tflitefb.BuiltinOperatorSLICE, nil, integers(0, 3, 0, 0), integers(-1, 2, 4, 2))},
		{"a negative stride", "stride -1", small(tflitefb.BuiltinOperatorSTRIDED_SLICE, nil, integers(0, 3, 0, 0), integers(1, 0, 4, 2), integers(1, -1, 1, 1))},
		{"a huge tile", "too much", small(tflitefb.BuiltinOperatorTILE, nil, integers(1, 1<<30, 1, 1))},
		{"a huge broadcast", "too much", small(tflitefb.BuiltinOperatorBROADCAST_TO, nil, integers(1<<15, 1<<15, 4, 2))},
		{"a huge image", "want 4 dimensions and a known height", small(tflitefb.BuiltinOperatorRESIZE_BILINEAR, nil, integers(1<<20, 1<<20))},
		{"depth to space", "blocks of", small(tflitefb.BuiltinOperatorDEPTH_TO_SPACE, &tflitefb.DepthToSpaceOptionsT{BlockSize: 3})},
		{"a block of 0", "blocks of at least 1", small(tflitefb.BuiltinOperatorSPACE_TO_DEPTH, nil)},
		{"sparse weights", "sparse", small(tflitefb.BuiltinOperatorFULLY_CONNECTED, nil, sparse)},
		{"another format of weights", "format 1 of weights", small(tflitefb.BuiltinOperatorFULLY_CONNECTED, &tflitefb.FullyConnectedOptionsT{WeightsFormat: 1}, numbers(1, 32))},
		{"scales along no axis", "quantized along dimension 5", small(tflitefb.BuiltinOperatorFULLY_CONNECTED, nil, quantized)},
		{"a batch that comes back from nowhere", "only after SPACE_TO_BATCH_ND", small(tflitefb.BuiltinOperatorBATCH_TO_SPACE_ND, nil, integers(2, 2), integers(0, 0, 0, 0))},
		{"an activation", "lince lacks the activation function SIGN_BIT", small(tflitefb.BuiltinOperatorADD, &tflitefb.AddOptionsT{FusedActivationFunction: tflitefb.ActivationFunctionTypeSIGN_BIT}, numbers(2))},
	}
	for _, c := range cases {
		_, err := tflitegraph.Read(c.m)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}

// gap takes input 1 from the last operator.
func gap(m *tflite.Model) *tflite.Model {
	list := m.Subgraphs[0].Operators
	list[len(list)-1].Inputs[1] = -1
	return m
}

// after puts an operator between the operator of a small model and x.
func after(code tflitefb.BuiltinOperator, m *tflite.Model) *tflite.Model {
	s := &m.Subgraphs[0]
	s.Tensors = append(s.Tensors, tflite.Tensor{Name: "between", Type: tflitefb.TensorTypeINT32, Shape: []int{4}})
	between := len(s.Tensors) - 1
	s.Operators[0].Inputs[0] = between
	s.Operators = append([]tflite.Operator{{Code: code, Version: 1, Inputs: []int{0}, Outputs: []int{between}}}, s.Operators...)
	return m
}

func both(m *tflite.Model, code tflitefb.BuiltinOperator, custom string) *tflite.Model {
	s := &m.Subgraphs[0]
	o := s.Operators[0]
	o.Code, o.Custom = code, custom
	s.Operators = append(s.Operators, o, o)
	return m
}

// An operator that uses a value before it is computed is an error, as is a list of operators in a circle.
func TestOrder(t *testing.T) {
	m := readFile(t, "testdata/cnn.tflite")
	slices.Reverse(m.Subgraphs[0].Operators)
	if _, err := tflitegraph.Read(m); err == nil || !strings.Contains(err.Error(), "used before it is computed") {
		t.Errorf("error %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, b := range testFiles(f) {
		f.Add(b)
	}
	f.Fuzz(readHostile)
}

// TestMutants runs the reader on changed bytes, and on changed models that are well-formed files.
func TestMutants(t *testing.T) {
	runs := mutate.Runs{Seeds: testFiles(t), Fuzz: "FuzzRead", Read: readHostile}
	t.Run("bytes", runs.Test)
	runs.Mutant = func(r *rand.Rand, b []byte) []byte {
		m, err := tflite.Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return mutate.Bytes(r, b)
		}
		mutate.Value(r, m)
		var file bytes.Buffer
		if err := tflite.Write(&file, m); err != nil {
			return mutate.Bytes(r, b)
		}
		return file.Bytes()
	}
	t.Run("models", runs.Test)
}

func testFiles(t testing.TB) [][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.tflite")
	if err != nil || len(paths) < 9 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	var all [][]byte
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// readHostile reads a file that may be damaged, and writes its graph if it is not.
func readHostile(t *testing.T, b []byte) {
	m, err := tflite.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return
	}
	r, err := tflitegraph.Read(m)
	if err != nil {
		return
	}
	if err := r.Graph.Verify(); err != nil {
		t.Error(err)
	}
	_, _ = tflitegraph.Write(r.Graph, r.Store, tflitegraph.WriteOptions{})
}
