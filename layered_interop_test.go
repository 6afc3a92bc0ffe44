package lince_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/pyrun"
	"github.com/lince-ml/lince/tensor"
)

// Real Keras opens what Save writes of ONNX and TFLite models, and predicts the same.
func TestLayeredInKeras(t *testing.T) {
	python := os.Getenv("LINCE_PYTHON")
	if python == "" {
		t.Skip("LINCE_PYTHON names no Python interpreter")
	}
	e := &exports{dir: t.TempDir()}
	for _, pattern := range []string{"internal/onnxgraph/testdata/models/*.onnx", "internal/tflitegraph/testdata/*.tflite"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			m, err := lince.Open(path)
			if err != nil {
				continue // other tests know which files lince opens
			}
			l, err := m.Layered()
			if err != nil {
				continue // TestLayered knows which graphs become layers
			}
			var inputs []*tensor.Tensor
			for _, in := range m.Inputs().Values() {
				shape := in.Shape().Clone()
				if shape[0] == tensor.Unknown {
					shape[0] = 2
				}
				x := tensor.New(in.DType(), shape...)
				if in.DType() == tensor.Float32 {
					for i := range x.Float32s() {
						x.Float32s()[i] = float32(i%17)/8 - 1
					}
				}
				inputs = append(inputs, x)
			}
			want, err := m.Call(inputs...)
			if err != nil {
				t.Fatal(path, err)
			}
			for _, suffix := range []string{".keras", ".h5"} {
				file := filepath.Join(e.dir, filepath.Base(path)+suffix)
				if err := l.Save(file); err != nil {
					t.Fatal(path, err)
				}
				e.jobs, e.want, e.name = append(e.jobs, pyrun.Job{Path: file, Inputs: inputs}), append(e.want, want), append(e.name, filepath.Base(file))
			}
		}
	}
	if len(e.jobs) < 40 {
		t.Errorf("%d files, want at least 40", len(e.jobs))
	}
	results, err := pyrun.Run(t.Context(), python, pyrun.Keras(), e.jobs)
	if err != nil {
		t.Fatal(err)
	}
	e.judge(t, results)
}
