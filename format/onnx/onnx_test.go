package onnx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/tensor"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

func testdata(t testing.TB, name string) []byte {
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// beside opens files in testdata.
func beside(name string) (io.ReaderAt, int64, error) {
	b, err := os.ReadFile(filepath.Join("testdata", name))
	return bytes.NewReader(b), int64(len(b)), err
}

func read(t testing.TB, b []byte) *Model {
	m, err := Read(bytes.NewReader(b), int64(len(b)), beside)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func initializer(m *Model, name string) *onnxpb.TensorProto {
	for _, t := range m.Graph.Initializer {
		if t.GetName() == name {
			return t
		}
	}
	return nil
}

// texts formats the elements of a tensor for comparison.
func texts(v *tensor.Tensor) []string {
	var s []string
	add := func(x any) { s = append(s, fmt.Sprint(x)) }
	for i := range v.Len() {
		switch v.DType() {
		case tensor.Float32:
			add(float64(v.Float32s()[i]))
		case tensor.Float64:
			add(tensor.Values[float64](v)[i])
		case tensor.BFloat16:
			add(float64(math.Float32frombits(uint32(tensor.Values[tensor.BF16](v)[i]) << 16)))
		case tensor.Int8:
			add(float64(tensor.Values[int8](v)[i]))
		case tensor.Int16:
			add(float64(tensor.Values[int16](v)[i]))
		case tensor.Int32:
			add(float64(tensor.Values[int32](v)[i]))
		case tensor.Int64:
			add(tensor.Values[int64](v)[i])
		case tensor.Uint8:
			add(float64(tensor.Values[uint8](v)[i]))
		case tensor.Bool:
			add(float64(v.Raw()[i]))
		}
	}
	return s
}

func TestTypes(t *testing.T) {
	m := read(t, testdata(t, "types.onnx"))
	var expected map[string][]any
	if err := json.Unmarshal(testdata(t, "expected.json"), &expected); err != nil {
		t.Fatal(err)
	}
	for name, want := range expected {
		if name == "kernel" {
			continue
		}
		for _, form := range []string{"_typed", "_raw"} {
			p := initializer(m, name+form)
			v, err := m.Tensor(p)
			if err != nil {
				t.Error(err)
				continue
			}
			d, err := DType(onnxpb.TensorProto_DataType(p.GetDataType()))
			if err != nil || d != v.DType() {
				t.Errorf("%s: DType is %v, %v; the tensor is %v", name, d, err, v)
			}
			got := texts(v)
			for i, w := range want {
				// uint32 becomes int64
				if s := fmt.Sprint(w); got[i] != s && got[i] != fmt.Sprintf("%.0f", w) {
					t.Errorf("%s%s[%d] = %s, want %s", name, form, i, got[i], s)
				}
			}
		}
	}
	if v, err := m.Tensor(initializer(m, "empty")); err != nil || !v.Shape().Equal(tensor.Shape{2, 0}) {
		t.Errorf("empty: %v, %v", v, err)
	}
	if v, err := m.Tensor(initializer(m, "scalar")); err != nil || v.Shape().Equal(tensor.Shape{1}) || tensor.Values[int64](v)[0] != 4 {
		t.Errorf("scalar: %v, %v", v, err)
	}
	for i, x := range must(m.Tensor(initializer(m, "many"))).Float32s() {
		if x != float32(i) {
			t.Fatalf("many[%d] = %v", i, x)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestExternal(t *testing.T) {
	m := read(t, testdata(t, "external.onnx"))
	want := must(read(t, testdata(t, "conv.onnx")).Tensor(initializer(read(t, testdata(t, "conv.onnx")), "kernel")))
	if got := must(m.Tensor(initializer(m, "kernel"))); !bytes.Equal(got.Raw(), want.Raw()) {
		t.Errorf("got %v, want %v", got.Float32s(), want.Float32s())
	}
	for _, c := range []struct{ key, value, want string }{
		{"location", "../external.bin", "want the name of a file in the model's folder"},
		{"location", "/etc/passwd", "want the name of a file"},
		{"location", `c:\x`, "want the name of a file"},
		{"location", "..", "want the name of a file"},
		{"location", "", "want the name of a file"},
		{"location", "missing.bin", "no such file"},
		{"offset", "-1", "are outside"},
		{"offset", "9223372036854775807", "are outside"},
		{"length", "71", "the length is 71 bytes, the shape needs 72"},
		{"length", "x", "want a number"},
	} {
		m := read(t, testdata(t, "external.onnx"))
		p := initializer(m, "kernel")
		for _, e := range p.ExternalData {
			if e.GetKey() == c.key {
				e.Value = &c.value
			}
		}
		if _, err := m.Tensor(p); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: got %v, want %q", c.key, c.value, err, c.want)
		}
	}
	m.external, m.files = nil, map[string]*externalFile{}
	if _, err := m.Tensor(initializer(m, "kernel")); err == nil || !strings.Contains(err.Error(), "open the model from its folder") {
		t.Errorf("without a function: %v", err)
	}
}

// TestRoundTrip compares what was written with the messages that were read, by the protobuf library, too.
func TestRoundTrip(t *testing.T) {
	for _, name := range []string{"types.onnx", "conv.onnx", "external.onnx"} {
		file := testdata(t, name)
		m := read(t, file)
		whole := &onnxpb.ModelProto{}
		if err := proto.Unmarshal(file, whole); err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(whole, m.ModelProto) {
			t.Errorf("%s: the scanner changed the model", name)
		}
		var b, c bytes.Buffer
		if err := Write(&b, m); err != nil {
			t.Fatal(err)
		}
		if err := Write(&c, m); err != nil || !bytes.Equal(b.Bytes(), c.Bytes()) {
			t.Errorf("%s: the second write differs: %v", name, err)
		}
		if Size(m) != int64(b.Len()) {
			t.Errorf("%s: Size is %d, Write wrote %d bytes", name, Size(m), b.Len())
		}
		again := &onnxpb.ModelProto{}
		if err := proto.Unmarshal(b.Bytes(), again); err != nil || !proto.Equal(whole, again) {
			t.Errorf("%s: writing changed the model: %v", name, err)
		}
	}
}

func TestNewTensor(t *testing.T) {
	for _, v := range []*tensor.Tensor{
		tensor.Of([]float32{1, 2}, 2), tensor.Of([]float64{1}, 1), tensor.Of([]int8{-1}, 1), tensor.Of([]int16{-1}, 1), tensor.Of([]int32{5}, 1, 1),
		tensor.Of([]int64{1 << 40}, 1), tensor.Of([]uint8{255}, 1), tensor.Of([]bool{true, false}, 2), tensor.Of([]tensor.BF16{0x3f80}, 1),
	} {
		p, err := NewTensor("t", v)
		if err != nil {
			t.Error(err)
			continue
		}
		got, err := Tensor(p)
		if err != nil || got.DType() != v.DType() || !got.Shape().Equal(v.Shape()) || !bytes.Equal(got.Raw(), v.Raw()) {
			t.Errorf("%v: got %v, %v", v, got, err)
		}
	}
}

func TestReadTensor(t *testing.T) {
	b := testdata(t, "tensor.pb")
	p, err := ReadTensor(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	v := must(Tensor(p))
	if diff := cmp.Diff(tensor.Shape{3, 4, 5}, v.Shape()); diff != "" || v.Float32s()[59] != 59 {
		t.Errorf("got %v %s", v, diff)
	}
}

// field returns a field with content, in the protobuf encoding.
func field(num protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), content)
}

func TestHostile(t *testing.T) {
	deep := []byte{}
	for range 200 { // a graph in an attribute of a node of a graph ...
		deep = field(1, field(5, field(6, deep)))
	}
	bomb := bytes.Repeat(field(1, nil), 1<<20) // a million nodes of two bytes
	huge := &onnxpb.TensorProto{Dims: []int64{1 << 40, 1 << 40}, DataType: new(int32(1))}
	negative := &onnxpb.TensorProto{Dims: []int64{-1}, DataType: new(int32(1))}
	claimed := &onnxpb.TensorProto{Dims: []int64{1 << 40}, DataType: new(int32(1)), RawData: []byte{1, 2, 3, 4}}
	typed := &onnxpb.TensorProto{Dims: []int64{1 << 40}, DataType: new(int32(1)), FloatData: []float32{1}}
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "no graph"},
		{"text", []byte("hello, world"), "not an ONNX model"},
		{"deep", field(7, deep), "nest more than"},
		{"bomb", field(7, bomb), "more memory than its size justifies"},
		{"truncated", testdata(t, "conv.onnx")[:300], "not an ONNX model"},
	} {
		if _, err := Read(bytes.NewReader(c.file), int64(len(c.file)), nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	for name, p := range map[string]*onnxpb.TensorProto{"huge": huge, "negative": negative, "claimed": claimed, "typed": typed, "text": {DataType: new(int32(8))}} {
		if v, err := Tensor(p); err == nil {
			t.Errorf("%s: got %v, want an error", name, v)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"types.onnx", "conv.onnx", "external.onnx"} {
		f.Add(testdata(f, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Read(bytes.NewReader(b), int64(len(b)), nil)
		if err != nil {
			return
		}
		for _, p := range m.Graph.Initializer {
			_, _ = m.Tensor(p)
		}
		var w bytes.Buffer
		if err := Write(&w, m); err != nil {
			return // text that is not UTF-8
		}
		again, err := Read(bytes.NewReader(w.Bytes()), int64(w.Len()), nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(marshal(t, m), marshal(t, again)) { // proto.Equal distinguishes NaNs
			t.Error("writing changed the model")
		}
	})
}

func marshal(t *testing.T, m *Model) []byte {
	b, err := proto.MarshalOptions{Deterministic: true, AllowPartial: true}.Marshal(m.ModelProto)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
