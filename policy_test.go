package lince

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/tensor"
)

// TestPolicy checks that a model with a dtype policy that lince does not support predicts, and that it is neither trained
// nor saved as if it were float32.
func TestPolicy(t *testing.T) {
	body, err := on(1).Sequential(layer.Input{Shape: []int{3}}, layer.Dense{Units: 2, DType: layer.MixedFloat16, Name: "half"})
	if err != nil {
		t.Fatal(err)
	}
	m, err := on(1).Sequential(layer.Input{Shape: []int{3}}, body)
	if err != nil {
		t.Fatal(err)
	}
	const want = "layer half: dtype mixed_float16"
	for _, m := range []*Model{body, m} {
		if _, err := m.PredictBatch(tensor.New(tensor.Float32, 1, 3)); err != nil {
			t.Errorf("predicting: %v", err)
		}
		if err := m.Compile(CompileOptions{Loss: loss.MeanSquaredError{}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("compiling: %v, want %q", err, want)
		}
		if err := m.Save(filepath.Join(t.TempDir(), "half.keras")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("saving: %v, want %q", err, want)
		}
	}
}
