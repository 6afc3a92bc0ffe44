package onnx

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/tensor"
	"google.golang.org/protobuf/proto"
)

// TestView reads tensors that begin at any place of a file: View and Tensor have the same values, and View does not copy long ones.
func TestView(t *testing.T) {
	m := &onnxpb.ModelProto{Graph: &onnxpb.GraphProto{}}
	for i := range 8 {
		values := make([]float32, 10+20*i)
		for j := range values {
			values[j] = float32(i*1000 + j)
		}
		p, err := NewTensor(strings.Repeat("n", 1+i), tensor.Of(values, len(values)))
		if err != nil {
			t.Fatal(err)
		}
		m.Graph.Initializer = append(m.Graph.Initializer, p)
	}
	file, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(file), int64(len(file)), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range got.Graph.Initializer {
		x, err := got.Tensor(p)
		if err != nil {
			t.Fatal(err)
		}
		v, err := got.View(p)
		if err != nil {
			t.Fatal(err)
		}
		want := m.Graph.Initializer[i].RawData
		if !bytes.Equal(x.Raw(), want) || !bytes.Equal(v.Raw(), want) || !v.Shape().Equal(x.Shape()) {
			t.Errorf("tensor %d has other values", i)
		}
		if len(want) >= 128 && &v.Raw()[0] != &p.RawData[0] {
			t.Errorf("View copied the %d bytes of tensor %d", len(want), i)
		}
		if &x.Raw()[0] == &p.RawData[0] {
			t.Errorf("Tensor did not copy tensor %d", i)
		}
		p.Dims[0]++
		if _, err := got.View(p); err == nil || !strings.Contains(err.Error(), "want") {
			t.Errorf("a shape that is too large: error is %v", err)
		}
	}
}

// TestExternalShared reads the same bytes of another file again and again.
func TestExternalShared(t *testing.T) {
	data := make([]byte, 1<<20)
	m := &Model{ModelProto: &onnxpb.ModelProto{}, files: map[string]*externalFile{}, left: freeBytes, external: func(string) (io.ReaderAt, int64, error) {
		return bytes.NewReader(data), int64(len(data)), nil
	}}
	p := &onnxpb.TensorProto{
		Dims: []int64{1 << 18}, DataType: new(int32(onnxpb.TensorProto_FLOAT)), DataLocation: onnxpb.TensorProto_EXTERNAL.Enum(),
		ExternalData: []*onnxpb.StringStringEntryProto{{Key: new("location"), Value: new("data")}},
	}
	for i := range 41 {
		_, err := m.Tensor(p)
		if i < 40 && err != nil {
			t.Fatal(err)
		}
		if i == 40 && (err == nil || !strings.Contains(err.Error(), "share the bytes")) {
			t.Errorf("error is %v", err)
		}
	}
}

// zeros is a file of zeros of any size.
type zeros struct{}

func (zeros) ReadAt(b []byte, _ int64) (int, error) {
	clear(b)
	return len(b), nil
}

// TestExternalLarge reads a tensor from a file of a terabyte. Only the bytes of tensors are read, so the size of the file does not matter.
func TestExternalLarge(t *testing.T) {
	const size = 1 << 40
	m := &Model{ModelProto: &onnxpb.ModelProto{}, files: map[string]*externalFile{}, external: func(string) (io.ReaderAt, int64, error) {
		return zeros{}, size, nil
	}}
	p := &onnxpb.TensorProto{
		Dims: []int64{4}, DataType: new(int32(onnxpb.TensorProto_FLOAT)), DataLocation: onnxpb.TensorProto_EXTERNAL.Enum(),
		ExternalData: []*onnxpb.StringStringEntryProto{
			{Key: new("location"), Value: new("data")},
			{Key: new("offset"), Value: new(strconv.Itoa(size - 16))},
		},
	}
	v, err := m.Tensor(p)
	if err != nil || v.Len() != 4 {
		t.Errorf("got %v, %v", v, err)
	}
	p.ExternalData[1].Value = new(strconv.Itoa(size - 15))
	if _, err := m.Tensor(p); err == nil || !strings.Contains(err.Error(), "are outside") {
		t.Errorf("error is %v", err)
	}
}
