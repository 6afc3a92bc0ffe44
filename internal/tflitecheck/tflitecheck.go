// Package tflitecheck lets the real TensorFlow Lite interpreter run models in tests.
package tflitecheck

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/tensor"
)

// Run is a file, inputs, and the outputs that are expected for them, up to a Bound relative to the largest number.
type Run struct {
	Name     string
	File     []byte
	In, Want []*tensor.Tensor
	Bound    float64
}

// Interpret runs files in one process of the Python that LINCE_PYTHON names, with a subtest for each. Without
// LINCE_PYTHON, the test is skipped.
func Interpret(t *testing.T, runs []Run) {
	t.Helper()
	folder := t.TempDir()
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
		write(r.Name+".tflite", r.File)
		row := row{Name: r.Name}
		for i, x := range r.In {
			write(fmt.Sprintf("%s.in%d", r.Name, i), x.Raw())
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
		t.Run(r.Name, func(t *testing.T) {
			got := results[r.Name]
			if got.Error != "" || len(got.Shapes) != len(r.Want) {
				t.Fatalf("the interpreter: %s; %d outputs, want %d", got.Error, len(got.Shapes), len(r.Want))
			}
			for i, want := range r.Want {
				b, err := os.ReadFile(filepath.Join(folder, fmt.Sprintf("%s.out%d", r.Name, i)))
				if err != nil {
					t.Fatal(err)
				}
				y := tensor.New(want.DType(), got.Shapes[i]...)
				if len(b) != len(y.Raw()) {
					t.Fatalf("output %d has %d bytes for shape %v of %v", i, len(b), got.Shapes[i], want.DType())
				}
				copy(y.Raw(), b)
				Near(t, fmt.Sprintf("output %d", i), y, want, r.Bound)
			}
		})
	}
}

// Near compares tensors with a bound relative to the largest number, but at least to 1. Integers must be equal.
func Near(t testing.TB, what string, got, want *tensor.Tensor, bound float64) {
	t.Helper()
	if !got.Shape().Equal(want.Shape()) || got.DType() != want.DType() {
		t.Errorf("%s: got %v, want %v", what, got, want)
		return
	}
	if got.DType() != tensor.Float32 {
		if !bytes.Equal(got.Raw(), want.Raw()) {
			t.Errorf("%s: other integers", what)
		}
		return
	}
	scale, worst := 1., 0.
	for i, x := range want.Float32s() {
		scale = max(scale, math.Abs(float64(x)))
		d := math.Abs(float64(x) - float64(got.Float32s()[i]))
		if math.IsNaN(d) {
			d = math.Inf(1)
		}
		worst = max(worst, d)
	}
	if worst > bound*scale {
		t.Errorf("%s: differs by %g, of at most %g", what, worst, scale)
	}
}
