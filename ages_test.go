package lince_test

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/tensor"
)

// age is what internal/golden/ages.py and keras1.py say about a model.
type age struct {
	Layers []string
	Input  struct {
		Salt      int
		Low, High float64
		Shape     []int
	}
	Target      []int
	Predictions []float32
	Losses      []float64
	MadeFrom    string `json:"made_from"` // the version and the model, in layouts.zip

	tolerance float64 // of the losses after the first
}

// input returns the batch for which the predictions are.
func (a age) input() *tensor.Tensor {
	return graphtest.Formula(a.Input.Salt, a.Input.Low, a.Input.High, a.Input.Shape...)
}

// openAges calls do for each model of each archive in testdata/ages, with the folder to which its files were unpacked.
func openAges(t *testing.T, do func(t *testing.T, folder, name string, want age)) {
	t.Helper()
	archives, err := filepath.Glob(filepath.Join("testdata", "ages", "*.zip"))
	if err != nil || len(archives) < 7 {
		t.Fatalf("%d archives, %v", len(archives), err)
	}
	for _, archive := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(archive), ".zip"), func(t *testing.T) {
			folder := t.TempDir()
			unzip(t, archive, folder)
			var texts map[string]json.RawMessage
			readJSON(t, &texts, filepath.Join(folder, "expected.json"))
			for name, text := range texts {
				var want age
				if json.Unmarshal(text, &want) != nil {
					continue // a version
				}
				want.tolerance = 1e-5
				version, _, _ := strings.Cut(cmp.Or(want.MadeFrom, filepath.Base(archive)), "/")
				if slices.Contains([]string{"1.2", "2.0", "2.0-tf", "2.2", "2.2-tf", "2.3"}, strings.TrimSuffix(version, ".zip")) {
					// With TensorFlow 1, it is a matter of luck whether Adam sees the number of a step or of the next one.
					want.tolerance = 1e-2
				}
				t.Run(name, func(t *testing.T) { do(t, folder, name, want) })
			}
		})
	}
}

// TestAges opens the whole-model files that Keras 1.2 to 3.15 wrote: .keras, .h5, and the network alone as JSON. The
// predictions must be Keras', and where Keras restores the optimizer, the losses of further training steps as well.
func TestAges(t *testing.T) {
	openAges(t, func(t *testing.T, folder, name string, want age) {
		opened := 0
		for _, suffix := range []string{".keras", ".h5"} {
			path := filepath.Join(folder, name+suffix)
			if _, err := os.Stat(path); err != nil {
				continue
			}
			opened++
			t.Run(suffix[1:], func(t *testing.T) {
				m, err := lince.Open(path)
				if err != nil {
					t.Fatal(err)
				}
				// A key that later versions refuse means nothing in prediction, but prevents training.
				if unknown := m.Unknown(); (unknown != nil) != (name == "value_range") {
					t.Errorf("unknown: %v", unknown)
				}
				for _, suffix := range []string{".keras", ".h5"} {
					checkCopy(t, m, suffix, want, name == "value_range")
				}
				checkAge(t, m, want)
			})
		}
		if opened == 0 {
			t.Error("no files")
		}
		text, err := os.ReadFile(filepath.Join(folder, name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		m, err := lince.FromJSON(text)
		if err != nil {
			t.Fatal(err)
		}
		layers := slices.DeleteFunc(want.Layers, func(name string) bool {
			return strings.HasPrefix(name, "tf.") // functions of TensorFlow, which are layers in Keras 2
		})
		if got := len(m.Layers()); got != len(layers) {
			t.Errorf("the JSON has %d layers, want %d", got, len(layers))
		}
	})
}

// checkCopy saves a model and opens the new file, whose predictions must have the same bits. A model with settings that lince does not have cannot
// be saved.
func checkCopy(t *testing.T, m *lince.Model, suffix string, want age, refused bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy"+suffix)
	if err := m.Save(path); (err != nil) != refused {
		t.Fatal(err)
	}
	if refused {
		return
	}
	again, err := lince.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	a, err := m.PredictBatch(want.input())
	if err != nil {
		t.Fatal(err)
	}
	b, err := again.PredictBatch(want.input())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Raw(), b.Raw()) {
		t.Errorf("%s: the copy's predictions are %v, want %v", suffix, b, a)
	}
	if unknown := again.Unknown(); unknown != nil {
		t.Errorf("%s: unknown in the copy: %v", suffix, unknown)
	}
}

// checkAge compares a model with what its file's Keras computed.
func checkAge(t *testing.T, m *lince.Model, want age) {
	t.Helper()
	x := want.input()
	y, err := m.PredictBatch(x)
	if err != nil {
		t.Fatal(err)
	}
	compareArray(t, y, tensor.Of(want.Predictions, y.Shape()...), 1e-5)
	classes := y.Shape()[1]
	target := tensor.New(tensor.Float32, len(want.Target), classes)
	for i, c := range want.Target {
		target.Float32s()[i*classes+c] = 1
	}
	for i, loss := range want.Losses {
		logs, err := m.TrainOnBatch(data.Batch{X: x, Y: target}, lince.BatchOptions{})
		if err != nil {
			t.Fatal(err)
		}
		tolerance := 1e-5
		if i > 0 {
			tolerance = want.tolerance
		}
		if got, _ := logs.Get("loss"); math.Abs(got-loss) > tolerance {
			t.Errorf("the loss of step %d is %v, want %v", i, got, loss)
		}
	}
}

// unzip unpacks an archive of test files.
func unzip(t *testing.T, archive, folder string) {
	t.Helper()
	z, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, f.Name), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
