package tflitegraph_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/format/tflite"
	"github.com/lince-ml/lince/internal/tflitecheck"
	"github.com/lince-ml/lince/internal/tflitegraph"
)

// readFile reads a model of the real converter.
func readFile(t testing.TB, path string) *tflite.Model {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := tflite.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// modelOf makes a model of a file's content.
func modelOf(t testing.TB, m *tflite.Model) (*lince.Model, *tflitegraph.Result) {
	t.Helper()
	r, err := tflitegraph.Read(m)
	if err != nil {
		t.Fatal(err)
	}
	model, err := lince.FromGraph(r.Graph, r.Store)
	if err != nil {
		t.Fatal(err)
	}
	return model, r
}

// Models of the real converter must give the results of the real interpreter.
func TestConverted(t *testing.T) {
	files, err := filepath.Glob("testdata/*.tflite")
	if err != nil || len(files) < 9 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".tflite")
		t.Run(name, func(t *testing.T) {
			content := readFile(t, file)
			m, r := modelOf(t, content)
			names := []string{"x"}
			for i := range r.Graph.Outputs {
				names = append(names, fmt.Sprintf("y%d", i))
			}
			arrays, err := npy.ReadArchive(strings.TrimSuffix(file, ".tflite")+".npz", names...)
			if err != nil {
				t.Fatal(err)
			}
			tolerance := 1e-5
			switch {
			case name == "weights": // the interpreter quantizes the operands, too
				tolerance = 5e-3
				if len(r.Notes) != 1 {
					t.Errorf("notes %q, want one about the quantized weights", r.Notes)
				}
			case name == "int8": // the interpreter computes with integers of limited precision
				tolerance = 3. / 256 // three steps of the output
				if !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.HasPrefix(n, "The model is quantized") }) {
					t.Errorf("notes %q", r.Notes)
				}
			case r.Notes != nil:
				t.Errorf("notes %q", r.Notes)
			}
			out, err := m.Call(arrays["x"])
			if err != nil {
				t.Fatal(err)
			}
			for i, y := range out {
				tflitecheck.Near(t, fmt.Sprintf("output %d", i), y, arrays[fmt.Sprintf("y%d", i)], tolerance)
			}
		})
	}
}
