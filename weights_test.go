package lince

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

func TestSaveWeights(t *testing.T) {
	m := twoHeads(t)
	fit(t, m, twoHeadsData(t, 10), FitOptions{})
	dir := t.TempDir()
	path := filepath.Join(dir, "two.weights.h5")
	if err := m.SaveWeights(path); err != nil {
		t.Fatal(err)
	}
	other := twoHeads(t)
	if _, err := other.LoadWeights(path, WeightsOptions{}); err != nil {
		t.Fatal(err)
	}
	x, _ := bars(4)
	a, b := must(m.Call(x, x)), must(other.Call(x, x))
	for i := range a {
		if !bytes.Equal(a[i].Raw(), b[i].Raw()) {
			t.Errorf("output %d differs", i)
		}
	}
	if err := m.SaveWeights(filepath.Join(dir, "two.bin")); err == nil || !strings.Contains(err.Error(), "must end in .h5 or .weights.h5 or .safetensors") {
		t.Errorf("another name: error is %v", err)
	}
	small := smallModel(t, 1)
	before := small.Weights()
	if _, err := small.LoadWeights(path, WeightsOptions{}); err == nil || !strings.Contains(err.Error(), "layer conv2d: want 2 variables, the file has 0") || !strings.Contains(err.Error(), "layer dense_1") {
		t.Errorf("of another model: error is %v", err)
	}
	for i, w := range small.Weights() {
		if !bytes.Equal(w.Raw(), before[i].Raw()) {
			t.Error("an error has changed weights")
		}
	}
	if err := os.WriteFile(path, []byte("no HDF5"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := m.LoadWeights(path, WeightsOptions{}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("of nonsense: error is %v", err)
	}
}

// A file whose loss does not fit the last layer opens, and training prints a warning.
func TestDoubts(t *testing.T) {
	m := must(on(1).Sequential(layer.Input{Shape: []int{6, 6, 1}}, layer.Flatten{}, layer.Dense{Units: 1, Activation: layer.Sigmoid}))
	text := string(must(m.ToJSON()))
	text = strings.Replace(text, `"activation": "sigmoid"`, `"activation": "softmax"`, 1)
	text = strings.TrimSuffix(text, "}")
	text = strings.Replace(text, `"compile_config": {}`, `"compile_config": {"optimizer": "sgd", "loss": "binary_crossentropy", "metrics": ["accuracy"]}`, 1) + "}"
	got, err := on(1).FromJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := got.Compiled(); !ok {
		t.Fatalf("not compiled: %v", got.Unknown())
	}
	var out bytes.Buffer
	if _, err := got.Fit(t.Context(), barsOne(t), FitOptions{Verbose: Lines, Output: &out}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "warning: the last layer is a softmax of 1 unit, which is always 1") {
		t.Errorf("Fit said:\n%s", out.String())
	}
}

// barsOne is bars with one target each.
func barsOne(t *testing.T) data.Dataset {
	t.Helper()
	x, _ := bars(8)
	return must(data.Tensors(x, tensor.New(tensor.Float32, 8, 1), data.TensorOptions{}))
}
