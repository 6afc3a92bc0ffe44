package lince_test

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/format/npy"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/internal/testenv"
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

// TestAgesInKeras: real Keras opens old networks that lince has saved as .keras, and predicts the same: those with operations between the layers, and
// those whose images had the channels first.
func TestAgesInKeras(t *testing.T) {
	dir := t.TempDir()
	predictions := map[string]*tensor.Tensor{}
	openAges(t, func(t *testing.T, folder, name string, want age) {
		path := filepath.Join(folder, name+".h5")
		if !slices.Contains([]string{"scaled", "preprocess", "channels_first"}, name) {
			return
		}
		m, err := lince.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		file := fmt.Sprintf("%02d-%s", len(predictions), name)
		if err := m.Save(filepath.Join(dir, file+".keras")); err != nil {
			t.Fatal(err)
		}
		x := want.input()
		var npz bytes.Buffer
		if err := npy.WriteArchive(&npz, []npy.Named{{Name: "x", Value: x}}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file+".npz"), npz.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		if predictions[file], err = m.PredictBatch(x); err != nil {
			t.Fatal(err)
		}
	})
	if len(predictions) < 15 {
		t.Fatalf("%d models", len(predictions))
	}
	testenv.Python(t, "interop.py", "predict", dir)
	for file, want := range predictions {
		compareArray(t, readArray(t, want.Shape(), dir, file+".predictions"), want, 1e-6)
	}
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

// TestHardSigmoidNote: hard_sigmoid of Keras 1 and 2 has another slope than that of Keras 3. Each kind of file must say so.
func TestHardSigmoidNote(t *testing.T) {
	folders := map[string]string{}
	for _, version := range []string{"2.15", "3.15"} {
		folders[version] = t.TempDir()
		unzip(t, filepath.Join("testdata", "ages", version+".zip"), folders[version])
	}
	change := func(text []byte) []byte {
		return bytes.Replace(text, []byte(`"activation": "relu"`), []byte(`"activation": "hard_sigmoid"`), 1)
	}
	read := func(path string) []byte {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	archive := func(text []byte) []byte {
		f, err := keras.Read(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			t.Fatal(err)
		}
		f.Config = change(f.Config)
		var b bytes.Buffer
		if err := keras.Write(&b, f); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	legacy := func(text []byte) []byte {
		f, err := keras.ReadLegacy(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			t.Fatal(err)
		}
		f.Config = change(f.Config)
		var b bytes.Buffer
		if err := keras.WriteLegacy(&b, f); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for _, test := range []struct {
		version, file string
		change        func([]byte) []byte
		want          bool
	}{
		{"2.15", "cnn.keras", archive, true},
		{"2.15", "cnn.h5", legacy, true},
		{"2.15", "cnn.json", change, true},
		{"3.15", "cnn.keras", archive, false},
		{"3.15", "cnn.h5", legacy, false},
		{"3.15", "cnn.json", change, false},
	} {
		path := filepath.Join(t.TempDir(), test.file)
		if err := os.WriteFile(path, test.change(read(filepath.Join(folders[test.version], test.file))), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := lince.Open(path)
		if err != nil {
			t.Fatalf("%s, %s: %v", test.version, test.file, err)
		}
		if text, err := m.ToJSON(); err != nil || !bytes.Contains(text, []byte("hard_sigmoid")) {
			t.Fatalf("%s, %s: the activation was not changed (%v)", test.version, test.file, err)
		}
		if got := strings.Contains(strings.Join(m.Notes(), "\n"), "In Keras 2 it was clip(0.2*x+0.5, 0, 1)"); got != test.want {
			t.Errorf("%s, %s: notes %q; with one about hard_sigmoid: %v, want %v", test.version, test.file, m.Notes(), got, test.want)
		}
	}
}
