package lince_test

import (
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/tensor"
)

// readArray reads little-endian float32 numbers that internal/golden/interop.py wrote.
func readArray(t *testing.T, shape []int, path ...string) *tensor.Tensor {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(tensor.Float32, shape...)
	if len(b) != len(x.Raw()) {
		t.Fatalf("%s has %d bytes, want %d", filepath.Join(path...), len(b), len(x.Raw()))
	}
	copy(x.Raw(), b)
	return x
}

func compareArray(t *testing.T, got, want *tensor.Tensor, tolerance float64) {
	t.Helper()
	if !got.Shape().Equal(want.Shape()) {
		t.Fatalf("the shape is %v, want %v", got.Shape(), want.Shape())
	}
	for i, x := range got.Float32s() {
		if w := want.Float32s()[i]; !(math.Abs(float64(x-w)) <= tolerance) {
			t.Fatalf("number %d is %v, want %v", i, x, w)
		}
	}
}

// TestOnlyPredicts opens models of real Keras that lince cannot train yet, and models with a fixed batch. They must
// predict as a model with the same weights in float32. Training and saving must be refused, with the names of the layer
// and of the setting.
func TestOnlyPredicts(t *testing.T) {
	folder := t.TempDir()
	testenv.Python(t, "interop.py", "policies", folder)
	x := readArray(t, []int{4, 6, 6, 1}, folder, "x")
	ds, err := data.Tensors(x, tensor.Of([]float32{1, 0, 0, 1, 1, 0, 0, 1}, 4, 2), data.TensorOptions{BatchSize: 4})
	if err != nil {
		t.Fatal(err)
	}
	for name, refused := range map[string][]string{
		"mixed_float16":  {"layer conv2d: dtype mixed_float16", "layer batch_normalization: dtype mixed_float16"},
		"mixed_bfloat16": {"layer conv2d: dtype mixed_bfloat16"},
		"float16":        {"layer conv2d: dtype float16"},
		"bfloat16":       {"layer conv2d: dtype bfloat16"},
		"regularizer":    nil,
		"constraint":     nil,
		"batch":          nil,
	} {
		t.Run(name, func(t *testing.T) {
			m, err := lince.Open(filepath.Join(folder, name+".keras"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.PredictBatch(x)
			if err != nil {
				t.Fatal(err)
			}
			compareArray(t, got, readArray(t, []int{4, 2}, folder, name+".predictions"), 1e-6)
			if _, err := m.Evaluate(t.Context(), ds, lince.EvaluateOptions{Verbose: lince.Silent}); err != nil {
				t.Errorf("evaluating: %v", err)
			}
			_, fitErr := m.Fit(t.Context(), ds, lince.FitOptions{Verbose: lince.Silent})
			saveErr := m.Save(filepath.Join(t.TempDir(), "again.keras"))
			if refused == nil {
				if fitErr != nil || saveErr != nil {
					t.Errorf("training: %v, saving: %v", fitErr, saveErr)
				}
				return
			}
			for _, want := range refused {
				if fitErr == nil || !strings.Contains(fitErr.Error(), want) {
					t.Errorf("training: %v, want %q", fitErr, want)
				}
			}
			if saveErr == nil || !strings.Contains(saveErr.Error(), refused[0]) {
				t.Errorf("saving: %v, want %q", saveErr, refused[0])
			}
		})
	}
	// The batch size of an Input in a file is ignored, as in Keras.
	m, err := lince.Open(filepath.Join(folder, "batch.keras"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.PredictBatch(tensor.New(tensor.Float32, 3, 6, 6, 1)); err != nil || !got.Shape().Equal(tensor.Shape{3, 2}) {
		t.Errorf("predicting 3 examples: %v, %v", got, err)
	}
}

// TestCompileForms opens a model with two outputs that real Keras compiled in every way it allows. Evaluate must return
// Keras' numbers. Keras opens what lince writes of these models, and must return them again.
func TestCompileForms(t *testing.T) {
	folder, back := t.TempDir(), t.TempDir()
	testenv.Python(t, "interop.py", "forms", folder)
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-6 })
	var told, again map[string]map[string]float64
	readJSON(t, &told, folder, "result.json")
	if len(told) < 8 {
		t.Fatalf("the golden file has %d models, want at least 8", len(told))
	}
	ds, err := data.NamedTensors(
		map[string]*tensor.Tensor{"image": readArray(t, []int{12, 6, 6, 1}, folder, "x")},
		map[string]*tensor.Tensor{"a": readArray(t, []int{12, 2}, folder, "a"), "b": readArray(t, []int{12, 2}, folder, "b")},
		data.TensorOptions{BatchSize: 12, NoShuffle: true},
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(told)) {
		t.Run(name, func(t *testing.T) {
			m := openKnown(t, filepath.Join(folder, name+".keras"))
			logs, err := m.Evaluate(t.Context(), ds, lince.EvaluateOptions{Verbose: lince.Silent})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(told[name], logs.Map(), near); diff != "" {
				t.Errorf("Evaluate: want -, got +:\n%s", diff)
			}
			if err := m.Save(filepath.Join(back, name+".keras")); err != nil {
				t.Fatal(err)
			}
		})
	}
	testenv.Python(t, "interop.py", "evaluate", back)
	readJSON(t, &again, back, "result.json")
	if diff := cmp.Diff(told, again, near); diff != "" {
		t.Errorf("Keras' evaluate of what lince wrote: want -, got +:\n%s", diff)
	}
}
