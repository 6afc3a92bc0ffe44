package onnxgraph

import (
	"bytes"
	"errors"
	"maps"
	"path"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/internal/mutate"
	"github.com/lince-ml/lince/tensor"
)

// FuzzNodes reads damaged models: those of the tests in testdata/nodes.tar.gz, with changes. Read must return, without a panic.
func FuzzNodes(f *testing.F) {
	for name, file := range someNodes(f) {
		if path.Base(name) == "model.onnx" {
			f.Add(file.Data, int64(2))
		}
	}
	f.Fuzz(func(_ *testing.T, b []byte, value int64) { readNode(b, value) })
}

// TestNodeMutants changes the models of the official tests, which have one operator each.
func TestNodeMutants(t *testing.T) {
	var seeds [][]byte
	files := someNodes(t)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Base(name) == "model.onnx" {
			seeds = append(seeds, files[name].Data)
		}
	}
	mutate.Runs{Seeds: seeds, Fuzz: "FuzzNodes", Mutant: mutant, Read: func(_ *testing.T, b []byte) {
		readNode(b, int64(len(b)%5)-1) // depends on the mutant alone, so that LINCE_MUTANT repeats it
	}}.Test(t)
}

// TestOddSizes gives each dimension of each input of these models sizes for which its op may not be defined: an op that refuses its operands has no
// result whose shape the rest of the reader could use.
func TestOddSizes(t *testing.T) {
	for name, file := range someNodes(t) {
		if path.Base(name) != "model.onnx" {
			continue
		}
		m := &onnxpb.ModelProto{}
		if err := proto.Unmarshal(file.Data, m); err != nil {
			t.Fatal(name, err)
		}
		for _, in := range m.GetGraph().GetInput() {
			for _, d := range in.GetType().GetTensorType().GetShape().GetDim() {
				was := d.Value
				for _, size := range []int64{0, 1, -1, 3, 1 << 40} {
					d.Value = nil
					if size >= 0 {
						d.Value = &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: size}
					}
					b, err := proto.Marshal(m)
					if err != nil {
						t.Fatal(err)
					}
					func() {
						defer func() {
							if x := recover(); x != nil {
								t.Errorf("%s, size %d instead of %v of %s: panic: %v", name, size, was, in.GetName(), x)
							}
						}()
						readNode(b, 1)
					}()
				}
				d.Value = was
			}
		}
	}
}

// readNode reads a file that may be damaged. Inputs whose values a model needs have this value.
func readNode(b []byte, value int64) {
	m, err := onnx.Read(bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		return
	}
	o := ReadOptions{Values: map[string]*tensor.Tensor{}}
	for range 3 {
		_, err = Read(m, o)
		var needs *NeedsValue
		if !errors.As(err, &needs) {
			return
		}
		for _, name := range needs.Inputs {
			o.Values[name] = filled(m, name, value)
		}
	}
}

// filled returns a value for an input of a model: all elements are equal.
func filled(m *onnx.Model, name string, x int64) *tensor.Tensor {
	for _, in := range m.Graph.Input {
		if in.GetName() != name {
			continue
		}
		r := &reader{symbols: map[string]*symbol{}}
		d, dims, err := (&scope{reader: r}).inputType(in)
		n, shape := 1.0, tensor.Shape{}
		for _, k := range dims {
			size := max(k.dim(), 0)
			shape = append(shape, size)
			n *= float64(size)
		}
		if err != nil || n > 1<<12 {
			break
		}
		values := make([]float64, int(n))
		for i := range values {
			values[i] = float64(x)
		}
		return fromFloats(values, d, shape)
	}
	return nil
}
