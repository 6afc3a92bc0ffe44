package onnxcheck

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/internal/pyrun"
	"github.com/lince-ml/lince/tensor"
)

// model is y = x + w for vectors of 2 numbers.
func model() *onnx.Model {
	vector := func(name string) *onnxpb.ValueInfoProto {
		dim := &onnxpb.TensorShapeProto_Dimension{Value: &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: 2}}
		return &onnxpb.ValueInfoProto{Name: proto.String(name), Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{
			TensorType: &onnxpb.TypeProto_Tensor{ElemType: proto.Int32(1), Shape: &onnxpb.TensorShapeProto{Dim: []*onnxpb.TensorShapeProto_Dimension{dim}}},
		}}}
	}
	w, err := onnx.NewTensor("w", tensor.Of([]float32{1, 2}, 2))
	if err != nil {
		panic(err)
	}
	return &onnx.Model{ModelProto: &onnxpb.ModelProto{
		IrVersion: proto.Int64(8), OpsetImport: []*onnxpb.OperatorSetIdProto{{Domain: proto.String(""), Version: proto.Int64(17)}},
		Graph: &onnxpb.GraphProto{
			Name: proto.String("g"), Input: []*onnxpb.ValueInfoProto{vector("x")}, Output: []*onnxpb.ValueInfoProto{vector("y")},
			Initializer: []*onnxpb.TensorProto{w},
			Node:        []*onnxpb.NodeProto{{OpType: proto.String("Add"), Name: proto.String("add"), Input: []string{"x", "w"}, Output: []string{"y"}}},
		},
	}}
}

func TestStructure(t *testing.T) {
	if err := Structure(model()); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*onnxpb.GraphProto){
		`a weight: the name "x"`:      func(g *onnxpb.GraphProto) { g.Initializer[0].Name = proto.String("x") },
		`operand "w" is not there`:    func(g *onnxpb.GraphProto) { g.Initializer = nil },
		`the output "y" is not there`: func(g *onnxpb.GraphProto) { g.Node = nil },
		"there are no outputs":        func(g *onnxpb.GraphProto) { g.Output = nil },
		"the name is not unique":      func(g *onnxpb.GraphProto) { g.Node = append(g.Node, g.Node[0]) },
		`an input: the name ""`:       func(g *onnxpb.GraphProto) { g.Input[0].Name = nil },
	} {
		m := model()
		change(m.Graph)
		if err := Structure(m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}

func TestRun(t *testing.T) {
	python := os.Getenv("LINCE_PYTHON")
	if python == "" {
		t.Skip("needs onnxruntime: set LINCE_PYTHON to a Python that has internal/golden/requirements.txt")
	}
	dir := t.TempDir()
	wrong := model()
	wrong.Graph.Node[0].OpType = proto.String("Ad")
	var jobs []pyrun.Job
	for name, m := range []*onnx.Model{model(), wrong} {
		path := filepath.Join(dir, string(rune('a'+name)))
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := onnx.Write(f, m); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, pyrun.Job{Path: path, Inputs: []*tensor.Tensor{tensor.Of([]float32{10, 20}, 2)}})
	}
	got, err := Run(context.Background(), python, jobs)
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Err != nil || got[0].Outputs[0].Float32s()[0] != 11 || got[0].Outputs[0].Float32s()[1] != 22 {
		t.Errorf("got %v", got[0])
	}
	if got[1].Err == nil || !strings.Contains(got[1].Err.Error(), "Ad") {
		t.Errorf("error is %v, want one that names the operator", got[1].Err)
	}
}

func TestRunWithoutPython(t *testing.T) {
	if _, err := Run(context.Background(), filepath.Join(t.TempDir(), "python"), nil); err == nil || !strings.Contains(err.Error(), "python") {
		t.Errorf("error is %v", err)
	}
}
