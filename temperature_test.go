package lince

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// identityModel returns a model whose output is its input of n numbers, with an activation.
func identityModel(t *testing.T, n int, a layer.Activation) *Model {
	t.Helper()
	m, err := Sequential(layer.Input{Shape: []int{n}}, layer.Dense{Units: n, Activation: a, NoBias: true})
	if err != nil {
		t.Fatal(err)
	}
	w := tensor.New(tensor.Float32, n, n)
	for i := range n {
		w.Float32s()[i*n+i] = 1
	}
	if err := m.SetWeights([]*tensor.Tensor{w}); err != nil {
		t.Fatal(err)
	}
	return m
}

func rowsTensor(rows [][]float32) *tensor.Tensor {
	x := tensor.New(tensor.Float32, len(rows), len(rows[0]))
	copy(x.Float32s(), slices.Concat(rows...))
	return x
}

func classified(t *testing.T, m *Model, rows [][]float32) []Classification {
	t.Helper()
	list, err := m.ClassifyBatch(rowsTensor(rows))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestTemperatureSciPy compares temperatures with those that SciPy finds (internal/golden/calibration.py), for models that give
// probabilities and for models that give logits.
func TestTemperatureSciPy(t *testing.T) {
	b, err := os.ReadFile("testdata/temperature.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]struct {
		Logits      [][]float32
		Targets     []int
		Temperature float64
		Loss        [2]float64
		First       []float64
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		for what, a := range map[string]layer.Activation{"softmax": layer.Softmax, "logits": layer.Linear} {
			m := identityModel(t, len(c.Logits[0]), a)
			plain := classified(t, m, c.Logits)
			got, err := FitTemperature(plain, c.Targets)
			if name == "few" { // SciPy reaches the end of its interval: the predictions are worse than chance
				if err == nil || !strings.Contains(err.Error(), "not better than chance") || c.Temperature < 100 {
					t.Errorf("%s: %v, %v", name, got, err)
				}
				continue
			}
			// SciPy's method stops where the loss does not change any more. Probabilities are rounded to float32.
			if err != nil || math.Abs(got/c.Temperature-1) > 1e-5 {
				t.Errorf("%s of %s: got %v, %v, want %v", what, name, got, err, c.Temperature)
			}
			m.Temperature = got
			loss := [2]float64{}
			calibrated := classified(t, m, c.Logits)
			for i, p := range calibrated {
				if p.Class != plain[i].Class || p.Probability != p.Probabilities[p.Class] {
					t.Fatalf("%s of %s: example %d has the class %d with %v, want %d", what, name, i, p.Class, p.Probability, plain[i].Class)
				}
				loss[0] -= math.Log(float64(plain[i].Probabilities[c.Targets[i]])) / float64(len(calibrated))
				loss[1] -= math.Log(float64(p.Probabilities[c.Targets[i]])) / float64(len(calibrated))
			}
			if math.Abs(loss[0]-c.Loss[0]) > 1e-6 || math.Abs(loss[1]-c.Loss[1]) > 1e-6 {
				t.Errorf("%s of %s: the log loss is %v, want %v", what, name, loss, c.Loss)
			}
			for k, w := range c.First {
				if p := calibrated[0].Probabilities[k]; math.Abs(float64(p)-w) > 1e-5 {
					t.Errorf("%s of %s: the first probabilities are %v, want %v", what, name, calibrated[0].Probabilities, c.First)
					break
				}
			}
		}
	}
}

// TestTemperatureSigmoid compares a single unit with two units that have the same probabilities.
func TestTemperatureSigmoid(t *testing.T) {
	var one, two [][]float32
	var targets []int
	for i := range 40 {
		z := float32(i-20) / 4
		one, two = append(one, []float32{z}), append(two, []float32{0, z})
		target := 0
		if z > 0 != (i%4 == 0) { // a quarter is wrong
			target = 1
		}
		targets = append(targets, target)
	}
	want, err := FitTemperature(classified(t, identityModel(t, 2, layer.Softmax), two), targets)
	if err != nil || want < 1.5 {
		t.Fatal(want, err)
	}
	for what, a := range map[string]layer.Activation{"sigmoid": layer.Sigmoid, "a logit": layer.Linear} {
		m := identityModel(t, 1, a)
		got, err := FitTemperature(classified(t, m, one), targets)
		if err != nil || math.Abs(got/want-1) > 1e-5 {
			t.Errorf("%s: got %v, %v, want %v", what, got, err, want)
		}
		m.Temperature = 2
		for _, z := range []float32{-200, -30, -1, 0, 1, 8, 200} {
			c := classified(t, m, [][]float32{{z}})[0]
			p := 1 / (1 + math.Exp(-float64(z)/2))
			most := 1e-6
			if z == 200 { // the sigmoid is rounded to 1
				most = 2e-4
			}
			if math.Abs(float64(c.Probabilities[1])-p) > most || math.Abs(float64(c.Probabilities[0]+c.Probabilities[1])-1) > 1e-6 {
				t.Errorf("%s of %v: got %v, want %v", what, z, c.Probabilities, p)
			}
		}
	}
}

func TestTemperatureErrors(t *testing.T) {
	of := func(p ...float32) Classification { return Classification{Probabilities: p} }
	for want, f := range map[string]func() error{
		"0 predictions for 0 targets": func() error { _, err := FitTemperature(nil, nil); return err },
		"1 predictions for 2 targets": func() error { _, err := FitTemperature([]Classification{of(1)}, []int{0, 0}); return err },
		"target of example 0 is 2":    func() error { _, err := FitTemperature([]Classification{of(.5, .5)}, []int{2}); return err },
		"sum to 1.5":                  func() error { _, err := FitTemperature([]Classification{of(.75, .75)}, []int{1}); return err },
		"sum to NaN": func() error {
			_, err := FitTemperature([]Classification{of(.75, float32(math.NaN()))}, []int{1})
			return err
		},
		"all predictions are correct": func() error { _, err := FitTemperature([]Classification{of(.75, .25)}, []int{0}); return err },
		"not better than chance":      func() error { _, err := FitTemperature([]Classification{of(.75, .25)}, []int{1}); return err },
		"temperature is -1":           func() error { _, err := of(.75, .25).AtTemperature(-1); return err },
		"temperature is NaN":          func() error { _, err := of(.75, .25).AtTemperature(math.NaN()); return err },
		"are scores": func() error {
			_, err := FitTemperature([]Classification{{Probabilities: []float32{.75, .25}, Scores: []float32{2, 1}}}, []int{1})
			return err
		},
		"sum to 1.75": func() error { _, err := of(1, .75).AtTemperature(2); return err },
		"temperature is 1e-05": func() error {
			m := identityModel(t, 2, layer.Softmax)
			m.Temperature = 1e-5
			_, err := m.ClassifyBatch(rowsTensor([][]float32{{1, 2}}))
			return err
		},
		"has the temperature 2": func() error {
			m := identityModel(t, 2, layer.Sigmoid)
			m.Temperature = 2
			_, err := m.ClassifyBatch(rowsTensor([][]float32{{1, 2}}))
			return err
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestTemperatureFiles checks that each kind of file keeps the temperature, and that only classifications depend on it.
func TestTemperatureFiles(t *testing.T) {
	rows := [][]float32{{1, 2, 3}}
	m := identityModel(t, 3, layer.Softmax)
	before := classified(t, m, rows)[0]
	m.Temperature = 2.5
	want := classified(t, m, rows)[0]
	if before.Probability <= want.Probability || before.Class != want.Class {
		t.Fatalf("%v became %v", before, want)
	}
	dir := t.TempDir()
	for _, name := range []string{"m.keras", "m.h5", "m.safetensors", "m.onnx", "m.tflite"} {
		path := filepath.Join(dir, name)
		write := m.Save
		if k := kindFor(path); k.save == nil {
			write = func(path string) error { return m.Export(path, ExportOptions{}) }
		}
		if err := write(path); err != nil {
			t.Fatal(name, err)
		}
		got, err := Open(path)
		if err != nil {
			t.Fatal(name, err)
		}
		c := classified(t, got, rows)[0]
		if got.Temperature != 2.5 || math.Abs(float64(c.Probability-want.Probability)) > 1e-6 {
			t.Errorf("%s: the temperature is %v, and the probability %v, want %v", name, got.Temperature, c.Probability, want.Probability)
		}
		y, err := got.PredictBatch(rowsTensor(rows))
		if err != nil || math.Abs(float64(y.Float32s()[2]-before.Probability)) > 1e-6 {
			t.Errorf("%s: predicts %v, %v, want %v without a temperature", name, y.Float32s(), err, before.Probabilities)
		}
	}
	m.Temperature = -3
	if err := m.Save(filepath.Join(dir, "bad.keras")); err == nil || !strings.Contains(err.Error(), "the temperature is -3") {
		t.Errorf("saved with %v", err)
	}
}
