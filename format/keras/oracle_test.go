package keras

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/tensor"
)

// tinyNet is a small version of the tutorial's network, as a compiled and trained model. Its configuration holds only what Keras needs.
func tinyNet(t *testing.T) *File {
	t.Helper()
	object := func(module, class string, config any) Object {
		b, err := Marshal(config)
		if err != nil {
			t.Fatal(err)
		}
		return Object{Module: module, ClassName: class, Config: b}
	}
	type dict map[string]any
	layer := func(class string, config dict) Object { return object("keras.layers", class, config) }
	model := object("keras", "Sequential", dict{"name": "tiny", "layers": []Object{
		layer("InputLayer", dict{"batch_shape": []any{nil, 8, 8, 3}, "dtype": "float32", "name": "image"}),
		layer("Conv2D", dict{"name": "eyes", "filters": 2, "kernel_size": []int{3, 3}, "activation": "relu"}),
		layer("MaxPooling2D", dict{"name": "pool", "pool_size": []int{2, 2}}),
		layer("Flatten", dict{"name": "flat"}),
		layer("Dense", dict{"name": "verdict", "units": 2, "activation": "softmax"}),
	}})
	optimizer := object("keras.optimizers", "RMSprop", dict{"name": "rm_sprop", "learning_rate": Float(0.25), "rho": Float(0.9), "momentum": Float(0)})
	compiled, err := Marshal(dict{"optimizer": optimizer, "loss": "categorical_crossentropy", "metrics": []string{"accuracy"}})
	if err != nil {
		t.Fatal(err)
	}
	model.BuildConfig = json.RawMessage(`{"input_shape": [null, 8, 8, 3]}`)
	model.CompileConfig = compiled
	config, err := Marshal(model)
	if err != nil {
		t.Fatal(err)
	}

	ramp := func(shape ...int) *tensor.Tensor {
		v := tensor.New(tensor.Float32, shape...)
		for i := range v.Float32s() {
			v.Float32s()[i] = float32(i*7%31-15) / 64
		}
		return v
	}
	vars := []*tensor.Tensor{ramp(3, 3, 3, 2), ramp(2), ramp(18, 2), ramp(2)}
	rate := float32(0.125) // differs from the configuration's, because the variable counts
	var slots []*tensor.Tensor
	for _, v := range vars {
		s := v.Clone()
		for i := range s.Float32s() {
			s.Float32s()[i] = float32(i%5) / 8
		}
		slots = append(slots, s)
	}
	paths := LayerPaths([]string{"Conv2D", "MaxPooling2D", "Flatten", "Dense"})
	return &File{
		Config: config,
		Extra:  json.RawMessage(`{"classes": ["gato", "perro"], "rescale": 0.00392156862745098}`),
		Weights: Weights{
			{Path: "", Name: "tiny"},
			{Path: paths[0], Name: "eyes", Vars: vars[:2]},
			{Path: paths[1], Name: "pool"},
			{Path: paths[2], Name: "flat"},
			{Path: paths[3], Name: "verdict", Vars: vars[2:]},
			// An entry that the model does not have. Keras ignores it.
			{Path: "layers/extra", Name: "línce", Vars: []*tensor.Tensor{
				tensor.Of([]tensor.BF16{0x3f80, 0xc040}, 2), tensor.Of([]bool{true, false}, 2), tensor.Of([]int64{1 << 40}, 1, 1),
			}},
			Optimizer{Name: "rm_sprop", Iterations: 1234, LearningRate: &rate, Slots: slots}.Entry(),
		},
	}
}

// TestRealKeras lets Keras open the written file, continue training and save it again.
func TestRealKeras(t *testing.T) {
	python := os.Getenv("LINCE_PYTHON")
	if python == "" {
		t.Skip("needs a Python with the packages of internal/golden/requirements.txt: set LINCE_PYTHON to it")
	}
	dir := t.TempDir()
	path, again := filepath.Join(dir, "tiny.keras"), filepath.Join(dir, "again.keras")
	f := tinyNet(t)
	if err := os.WriteFile(path, writeBytesOf(t, f), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{filepath.Join("testdata", "check.py"), path, again}
	for _, name := range []string{"rmsprop.keras", "adam.keras", "nested.keras"} {
		copied := filepath.Join(dir, name)
		if err := os.WriteFile(copied, writeBytesOf(t, readBytes(t, readTestdata(t, name))), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, filepath.Join("testdata", name), copied)
	}
	cmd := exec.Command(python, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	_, result, found := strings.Cut(string(stdout), "RESULT ")
	if !found {
		t.Fatalf("no result in %s", stdout)
	}
	got := parse[struct {
		Name            string
		Layers          []string
		Weights         [][]float64
		Optimizer       string
		Iterations      int64
		LearningRate    float64 `json:"learning_rate"`
		Slots           [][]float64
		Prediction      []float64
		IterationsAfter int64 `json:"iterations_after"`
		Damaged         *string
		Members         []string
		Metadata        map[string]any
		MetadataAgain   map[string]any `json:"metadata_again"`
		WeightsReloaded bool           `json:"weights_reloaded"`
		Appended        []string
		Copies          []bool
		ExtraLayer      [][2]any `json:"extra_layer"`
	}](t, []byte(result))

	if got.Name != "tiny" || !slices.Equal(got.Layers, []string{"eyes", "pool", "flat", "verdict"}) {
		t.Errorf("Keras finds model %q with layers %q", got.Name, got.Layers)
	}
	conv, _ := f.Weights.Find("layers/conv2d")
	dense, _ := f.Weights.Find("layers/dense")
	for i, v := range slices.Concat(conv.Vars, dense.Vars) {
		if !slices.Equal(got.Weights[i], float64s(t, v)) {
			t.Errorf("weights %d: Keras has %v, want %v", i, got.Weights[i], float64s(t, v))
		}
	}
	o, err := f.Weights.Optimizer(false)
	if err != nil {
		t.Fatal(err)
	}
	if got.Optimizer != "RMSprop" || got.Iterations != o.Iterations || got.LearningRate != float64(*o.LearningRate) || len(got.Slots) != len(o.Slots) {
		t.Errorf("optimizer %s, iterations %d, learning rate %v, %d slots", got.Optimizer, got.Iterations, got.LearningRate, len(got.Slots))
	}
	for i, v := range o.Slots {
		if !slices.Equal(got.Slots[i], float64s(t, v)) {
			t.Errorf("slot %d: Keras has %v, want %v", i, got.Slots[i], float64s(t, v))
		}
	}
	if len(got.Prediction) != 8 || got.IterationsAfter != o.Iterations+2 {
		t.Errorf("prediction %v, %d iterations after training", got.Prediction, got.IterationsAfter)
	}
	if got.Damaged != nil || !slices.Equal(got.Members, []string{"metadata.json", "config.json", "model.weights.h5"}) {
		t.Errorf("members %q, damaged %v", got.Members, got.Damaged)
	}
	if got.Metadata["lince"] == nil || got.MetadataAgain["lince"] != nil {
		t.Errorf("metadata %v, saved again by Keras %v", got.Metadata, got.MetadataAgain)
	}
	if !got.WeightsReloaded || len(got.Appended) != 3 {
		t.Errorf("weights reloaded: %v; groups %q", got.WeightsReloaded, got.Appended)
	}
	extra, err := json.Marshal(got.ExtraLayer)
	if want := `[["bfloat16",[1,-3]],["bool",[1,0]],["int64",[1099511627776]]]`; err != nil || string(extra) != want {
		t.Errorf("Keras reads %s, want %s", extra, want)
	}

	if !slices.Equal(got.Copies, []bool{true, true, true}) {
		t.Errorf("copies of Keras' own files are equal in Keras: %v", got.Copies)
	}

	// Read Keras' file.
	b, err := os.ReadFile(again)
	if err != nil {
		t.Fatal(err)
	}
	back := readBytes(t, b)
	after, err := back.Weights.Optimizer(false)
	if err != nil || after.Iterations != o.Iterations+2 || *after.LearningRate != *o.LearningRate {
		t.Errorf("saved by Keras: %+v, %v", after, err)
	}
	if _, ok := back.Weights.Find("layers/extra"); ok || back.Extra != nil {
		t.Error("Keras kept what is not its own")
	}
}
