package cli

import (
	"strings"
	"testing"

	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/tensor"

	"google.golang.org/protobuf/proto"
)

// TestNamesFromStrangers: names in an ONNX file neither control the terminal nor become paths.
func TestNamesFromStrangers(t *testing.T) {
	dir := workIn(t)
	const input, output = "\x1b]0;in\a", "../\x1b[31mout"
	info := func(name string) *onnxpb.ValueInfoProto {
		return &onnxpb.ValueInfoProto{Name: &name, Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{TensorType: &onnxpb.TypeProto_Tensor{
			ElemType: proto.Int32(int32(onnxpb.TensorProto_FLOAT)),
			Shape: &onnxpb.TensorShapeProto{Dim: []*onnxpb.TensorShapeProto_Dimension{
				{Value: &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: "N"}}, {Value: &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: 2}},
			}},
		}}}}
	}
	m := &onnx.Model{ModelProto: &onnxpb.ModelProto{
		IrVersion: proto.Int64(8), OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: proto.Int64(17)}},
		Graph: &onnxpb.GraphProto{
			Name: proto.String("\x1b[2Jgraph"), Input: []*onnxpb.ValueInfoProto{info(input)}, Output: []*onnxpb.ValueInfoProto{info(output)},
			Node: []*onnxpb.NodeProto{{Name: proto.String("\x1b[5mnode"), OpType: proto.String("Relu"), Input: []string{input}, Output: []string{output}}},
		},
	}}
	var b strings.Builder
	if err := onnx.Write(&b, m); err != nil {
		t.Fatal(err)
	}
	put(t, ".", map[string][]byte{"m.onnx": []byte(b.String())})
	for _, args := range [][]string{
		{"run", "m.onnx"}, {"run", "m.onnx", "--random", "--out", "out"}, {"run", "m.onnx", "--random", "--out", "out.npz"},
		{"run", "m.onnx", "--inputs", "none"}, {"run", "m.onnx", "--random", "--shape", "x=1x2"},
		{"summary", "m.onnx"}, {"summary", "m.onnx", "--ops"}, {"diff", "m.onnx", "m.onnx"}, {"convert", "m.onnx", "m.keras"}, {"convert", "m.onnx", "n.onnx"},
	} {
		o := run(t, args...)
		if strings.ContainsAny(o.stdout+o.stderr, "\x1b\a") {
			t.Errorf("lince %s prints %q", strings.Join(args, " "), o.stdout+o.stderr)
		}
	}
	for name := range snapshot(t, dir) {
		if strings.Contains(name, "\x1b") {
			t.Errorf("there is a file %q", name)
		}
	}
	arrays, err := npy.ReadArchive("out.npz")
	if err != nil || len(arrays) != 1 {
		t.Fatal(arrays, err)
	}
	for name, x := range arrays {
		if strings.Contains(name, "..") || x.DType() != tensor.Float32 {
			t.Errorf("the array %q is %v", name, x)
		}
	}
}
