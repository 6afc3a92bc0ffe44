package tflitegraph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/lince-ml/lince/format/tflite"
	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/tensor"
)

// run is a model that the real interpreter is to run.
type run struct {
	name  string
	model *tflite.Model
	in    []*tensor.Tensor
	want  []*tensor.Tensor
	bound float64
}

// interpret lets the real interpreter run models, in one process, and compares the results.
func interpret(t *testing.T, runs []run) {
	t.Helper()
	if os.Getenv("LINCE_PYTHON") == "" {
		t.Skip("needs the TensorFlow Lite interpreter: set LINCE_PYTHON to a Python that has internal/golden/requirements.txt")
	}
	folder := t.TempDir()
	if keep := os.Getenv("LINCE_KEEP"); keep != "" {
		folder = keep
	}
	type array struct {
		Shape []int  `json:"shape"`
		DType string `json:"dtype"`
	}
	type row struct {
		Name   string  `json:"name"`
		Inputs []array `json:"inputs"`
	}
	write := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(folder, name), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	var rows []row
	for _, r := range runs {
		var b bytes.Buffer
		if err := tflite.Write(&b, r.model); err != nil {
			t.Fatal(r.name, err)
		}
		write(r.name+".tflite", b.Bytes())
		row := row{Name: r.name}
		for i, x := range r.in {
			write(fmt.Sprintf("%s.in%d", r.name, i), x.Raw())
			row.Inputs = append(row.Inputs, array{x.Shape(), x.DType().String()})
		}
		rows = append(rows, row)
	}
	text, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	write("runs.json", text)
	testenv.Python(t, "tflite_run.py", folder)
	var results map[string]struct {
		Error  string
		Shapes [][]int
	}
	if text, err = os.ReadFile(filepath.Join(folder, "results.json")); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &results); err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		t.Run(r.name, func(t *testing.T) {
			got := results[r.name]
			if got.Error != "" || len(got.Shapes) != len(r.want) {
				t.Fatalf("the interpreter: %s; %d outputs, want %d", got.Error, len(got.Shapes), len(r.want))
			}
			for i, want := range r.want {
				b, err := os.ReadFile(filepath.Join(folder, fmt.Sprintf("%s.out%d", r.name, i)))
				if err != nil {
					t.Fatal(err)
				}
				y := tensor.New(want.DType(), got.Shapes[i]...)
				if copy(y.Raw(), b) != len(b) || len(b) != len(y.Raw()) {
					t.Fatalf("output %d has %d bytes for shape %v of %v", i, len(b), got.Shapes[i], want.DType())
				}
				near(t, fmt.Sprintf("output %d", i), y, want, r.bound)
			}
		})
	}
}
