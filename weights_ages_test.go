package lince_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/tensor"
)

// TestAgesWeights loads the weights that Keras 1.2 to 3.15 saved, from files of weights and from files of whole models, into the network of
// the JSON. The predictions must be Keras'.
func TestAgesWeights(t *testing.T) {
	loaded, unnamed := map[string]bool{}, false
	openAges(t, func(t *testing.T, folder, name string, want age) {
		text, err := os.ReadFile(filepath.Join(folder, name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, suffix := range []string{".weights.h5", "-weights.h5", ".h5", ".keras"} {
			path := filepath.Join(folder, name+suffix)
			if _, err := os.Stat(path); err != nil {
				continue
			}
			m, err := lince.Options{Seed: 7, NoCompile: true}.FromJSON(text)
			if err != nil {
				t.Skip(err) // TestAges says what cannot be opened yet
			}
			before := m.Weights()
			r, err := m.LoadWeights(path, lince.WeightsOptions{})
			if err != nil {
				t.Errorf("%s: %v", suffix, err)
				continue
			}
			if len(r.Loaded) != len(before) || len(r.Skipped)+len(r.Unused) > 0 {
				t.Errorf("%s: %+v", suffix, r)
			}
			loaded[r.Kind] = true
			x := want.input()
			y, err := m.PredictBatch(x)
			if err != nil {
				t.Fatal(err)
			}
			compareArray(t, y, tensor.Of(want.Predictions, y.Shape()...), 1e-5)

			// By name, the same weights are loaded if the file has the names of layers.
			again, err := lince.Options{Seed: 8, NoCompile: true}.FromJSON(text)
			if err != nil {
				t.Fatal(err)
			}
			_, err = again.LoadWeights(path, lince.WeightsOptions{ByName: true})
			if r.Kind == "weights.h5" && err != nil && strings.Contains(err.Error(), "has no names of layers") {
				unnamed = true // before Keras 3.5
				continue
			}
			if err != nil {
				t.Errorf("%s by name: %v", suffix, err)
				continue
			}
			for i, w := range m.Weights() {
				if !bytes.Equal(w.Raw(), again.Weights()[i].Raw()) {
					t.Errorf("%s by name: %s differs", suffix, m.Variables()[i].Path())
				}
			}
		}
	})
	if !unnamed {
		t.Error("no file without names of layers")
	}
	for _, kind := range []string{"keras", "h5", "weights.h5", "legacy-weights"} {
		if !loaded[kind] {
			t.Errorf("no file of kind %s", kind)
		}
	}
}
