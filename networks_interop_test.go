package lince_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/testenv"
)

// kerasResult describes a network that real Keras trained, as internal/golden/interop.py reports it.
type kerasResult struct {
	Config        json.RawMessage // model.to_json()
	FromJSON      json.RawMessage `json:"from_json"` // of the model that Keras makes of lince's JSON
	Iterations    int
	Logs          []map[string]float64
	Predictions10 [][]float32
	Predictions20 [][]float32
	Weights       []float64 // every 37th
}

func readJSON(t *testing.T, v any, path ...string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// compareSample compares the model's weights with a sample of Keras'.
func compareSample(t *testing.T, m *lince.Model, want []float64) {
	t.Helper()
	i := 0
	for _, w := range m.Weights() {
		for _, x := range w.Float32s() {
			if i%37 == 0 && math.Abs(float64(x)-want[i/37]) > 1e-3 {
				t.Errorf("weight %d is %v, Keras' %v", i, x, want[i/37])
				return
			}
			i++
		}
	}
	if n := (i + 36) / 37; n != len(want) {
		t.Errorf("%d weights in the sample, Keras has %d", n, len(want))
	}
}

// networkOf returns the network in Keras' JSON, without the compile config and without what Keras itself does not keep:
// keyword arguments of calls, and the flag of a Sequential as a whole.
func networkOf(t *testing.T, text []byte) any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	delete(m, "compile_config")
	var clear func(v any)
	clear = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				clear(x)
			}
		case map[string]any:
			delete(v, "kwargs")
			if conf, ok := v["config"].(map[string]any); ok && v["class_name"] == "Sequential" {
				delete(conf, "trainable")
			}
			for _, x := range v {
				clear(x)
			}
		}
	}
	clear(m)
	return m
}

// TestNetworksBothWays exchanges the five networks with real Keras in the middle of their training, on every
// instruction set of the machine. lince opens Keras' files of step 10 and continues training; Keras opens lince's
// files, without a warning, and continues. Losses, metrics, predictions and weights must agree to 1e-4 relative with a
// training in Keras alone. From lince's file and JSON, Keras must make the same network as from its own code.
func TestNetworksBothWays(t *testing.T) {
	folder := t.TempDir()
	testenv.Python(t, "interop.py", "networks", folder)
	var folders []string
	for _, isa := range kernel.Available() {
		dir := filepath.Join(folder, isa.String())
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		folders = append(folders, dir)
		t.Run(isa.String(), func(t *testing.T) {
			t.Setenv("LINCE_ISA", isa.String())
			for name, build := range networks {
				t.Run(name, func(t *testing.T) {
					continueKeras(t, folder, name)
					var keras kerasResult
					readJSON(t, &keras, folder, name+".result.json")
					ours, err := build()
					if err != nil {
						t.Fatal(err)
					}
					writeForKeras(t, ours, dir, batches{name, networkSalt(t, name)}, keras)
				})
			}
		})
	}
	testenv.Python(t, "interop.py", append([]string{"resume"}, folders...)...)
	for _, dir := range folders {
		for name := range networks {
			t.Run(filepath.Base(dir)+"/"+name+"/Keras", func(t *testing.T) { comparedByKeras(t, folder, dir, name) })
		}
	}
}

func networkSalt(t *testing.T, name string) int {
	t.Helper()
	var golden struct{ Salt int }
	readJSON(t, &golden, "testdata", "networks", name+".json")
	return golden.Salt
}

// continueKeras opens Keras' files of steps 10 and 20, and trains from the first to the second.
func continueKeras(t *testing.T, folder, name string) {
	var keras kerasResult
	readJSON(t, &keras, folder, name+".result.json")
	ds := batches{name, networkSalt(t, name)}
	m := openKnown(t, filepath.Join(folder, name+"-10.keras"))
	comparePredictions(t, "Keras' file of step 10", m, ds, keras.Predictions10)
	if name == "frozen" {
		if err := compileNetwork(m, 10); err != nil {
			t.Fatal(err)
		}
	}
	trainNetwork(t, m, ds, 10, 20, keras.Logs)
	comparePredictions(t, "step 20", m, ds, keras.Predictions20)
	compareSample(t, m, keras.Weights)
	comparePredictions(t, "Keras' file of step 20", openKnown(t, filepath.Join(folder, name+"-20.keras")), ds, keras.Predictions20)
}

// openKnown opens a file in which nothing may be unknown.
func openKnown(t *testing.T, path string) *lince.Model {
	t.Helper()
	m, err := lince.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if errs := m.Unknown(); errs != nil {
		t.Errorf("%s: unknown: %v", path, errs)
	}
	return m
}

// writeForKeras trains ten steps, and saves the model and its JSON for Keras.
func writeForKeras(t *testing.T, m *lince.Model, dir string, ds batches, keras kerasResult) {
	if err := compileNetwork(m, 0); err != nil {
		t.Fatal(err)
	}
	if err := m.SetWeights(firstWeights(m)); err != nil {
		t.Fatal(err)
	}
	text, err := m.ToJSON()
	if err != nil {
		t.Fatal(err)
	}
	trainNetwork(t, m, ds, 0, 10, keras.Logs)
	if err := os.WriteFile(filepath.Join(dir, ds.network+".json"), text, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := m.Save(filepath.Join(dir, ds.network+".keras")); err != nil {
		t.Fatal(err)
	}
}

// comparedByKeras compares a training that Keras continued from lince's file with one in Keras alone, and opens the
// file that Keras saved then.
func comparedByKeras(t *testing.T, folder, dir, name string) {
	var want, got kerasResult
	readJSON(t, &want, folder, name+".result.json")
	readJSON(t, &got, dir, name+".result.json")
	if got.Iterations != 10 {
		t.Errorf("Keras finds %d steps, want 10", got.Iterations)
	}
	for _, text := range []json.RawMessage{got.Config, got.FromJSON} {
		if diff := cmp.Diff(networkOf(t, want.Config), networkOf(t, text)); diff != "" {
			t.Errorf("the network that Keras makes: want -, got +:\n%s", diff)
		}
	}
	if len(got.Logs) != 10 {
		t.Fatalf("Keras ran %d steps, want 10", len(got.Logs))
	}
	for i, logs := range got.Logs {
		if len(logs) != len(want.Logs[10+i]) {
			t.Errorf("step %d: Keras' logs are %v, want %v", 10+i, logs, want.Logs[10+i])
		}
		for key, w := range want.Logs[10+i] {
			if x, ok := logs[key]; !ok || math.Abs(x-w) > 1e-4*math.Abs(w) {
				t.Errorf("step %d: %s is %v, want %v", 10+i, key, x, w)
			}
		}
	}
	ds := batches{name, networkSalt(t, name)}
	m := openKnown(t, filepath.Join(dir, name+".again.keras"))
	comparePredictions(t, "Keras' file of lince's", m, ds, got.Predictions20)
	comparePredictions(t, "Keras' file of lince's", m, ds, want.Predictions20)
	compareSample(t, m, want.Weights)
}
