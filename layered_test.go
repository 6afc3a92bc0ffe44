package lince

import (
	"path/filepath"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/tensor"
)

// examplesOf returns values for a model's inputs.
func examplesOf(m *Model) (list []*tensor.Tensor) {
	for _, s := range m.inputs {
		shape := s.Shape()
		for i, d := range shape {
			if d == tensor.Unknown {
				shape[i] = []int{2, 16, 16, 3}[i]
			}
		}
		list = append(list, graphtest.Formula(3, -1, 1, shape...))
	}
	return list
}

func TestZZ(t *testing.T) {
	paths, _ := filepath.Glob(onnxModels + "/*.onnx")
	more, _ := filepath.Glob("internal/tflitegraph/testdata/*.tflite")
	more2, _ := filepath.Glob("/work/tmp/models/*.onnx")
	for _, path := range append(append(paths, more...), more2...) {
		m, err := on(1).Open(path)
		if err != nil {
			t.Log("OPEN", path, err)
			continue
		}
		l, err := m.Layered()
		if err != nil {
			t.Log("FAIL", path, err)
			continue
		}
		ops := 0
		for _, x := range l.layers {
			if x.isOp() {
				ops++
			}
		}
		x := examplesOf(m)
		a, err := m.Call(x...)
		if err != nil {
			t.Log("CALL", path, err)
			continue
		}
		b, err := l.Call(x...)
		if err != nil {
			t.Error("CALL", path, err)
			continue
		}
		worst := float32(0)
		for i := range a {
			for j, v := range a[i].Float32s() {
				worst = max(worst, v-b[i].Float32s()[j], b[i].Float32s()[j]-v)
			}
		}
		t.Log("ok  ", path, len(l.layers), "layers", ops, "ops", worst)
	}
}

var _ graph.Graph
