package onnxgraph

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/format/onnx"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/onnxcheck"
	"github.com/lince-ml/lince/internal/pyrun"
	"github.com/lince-ml/lince/tensor"
)

// TestWriteNodes reads the models in testdata/nodes.tar.gz, writes them again, and compares ONNX Runtime's outputs with those of the tests.
func TestWriteNodes(t *testing.T) {
	python := os.Getenv("LINCE_PYTHON")
	if python == "" {
		t.Skip("needs ONNX Runtime: set LINCE_PYTHON to a Python that has internal/golden/requirements.txt")
	}
	files, dir := someNodes(t), t.TempDir()
	paths, err := fs.Glob(files, "*/*/model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	var jobs []pyrun.Job
	var of []*nodeTest
	var opsets []int
	refused := map[string]string{}
	for _, p := range paths {
		n, err := loadNodeTest(files, path.Dir(p))
		if err != nil {
			t.Fatal(p, err)
		}
		r, err := n.read()
		if err != nil {
			t.Fatal(n.name, err)
		}
		for _, opset := range Opsets {
			m, err := Write(r.Graph, r.Store, WriteOptions{Opset: opset})
			if err != nil {
				if opset == Opsets[len(Opsets)-1] {
					refused[n.name] = reason(err)
				}
				continue
			}
			if err := onnxcheck.Structure(m); err != nil {
				t.Errorf("%s: %v", n.name, err)
			}
			file := filepath.Join(dir, fmt.Sprintf("%d.onnx", len(jobs)))
			f, err := os.Create(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := onnx.Write(f, m); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			var in []*tensor.Tensor
			for _, v := range r.Graph.Inputs {
				x := n.inputs[v.Node.Op.(op.Input).Key]
				if x.DType() != v.DType && x.DType().IsFloat() {
					x = widened(x)
				}
				in = append(in, x)
			}
			jobs, of, opsets = append(jobs, pyrun.Job{Path: file, Inputs: in}), append(of, n), append(opsets, opset)
		}
	}
	results, err := onnxcheck.Run(context.Background(), python, jobs)
	if err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for i, r := range results {
		err := r.Err
		for k, want := range of[i].outputs {
			if err == nil {
				err = similar(r.Outputs[k], want, of[i].tolerance())
			}
		}
		if err != nil {
			wrong++
			t.Errorf("%s, opset %d: %v", of[i].name, opsets[i], err)
		}
	}
	t.Logf("%d files, %d wrong", len(jobs), wrong)
	want := map[string]string{"node/test_bitshift_left_int8": "z: ShiftLeft: ONNX has this operator for unsigned numbers only"}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("refused: want -, got +:\n%s", diff)
	}
}

// read reads the model of a test, with the values of those inputs that ops need as numbers.
func (n *nodeTest) read() (*Result, error) {
	o := ReadOptions{Values: map[string]*tensor.Tensor{}}
	r, err := Read(n.model, o)
	for range 8 { // a value may show that others are needed
		var needs *NeedsValue
		if !errors.As(err, &needs) {
			break
		}
		for _, name := range needs.Inputs {
			o.Values[name] = n.inputs[name]
		}
		r, err = Read(n.model, o)
	}
	return r, err
}
