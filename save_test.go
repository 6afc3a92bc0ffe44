package lince

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

func trained(t testing.TB) *Model {
	m := smallModel(t, 5)
	fit(t, m, barsData(12, 5, 1), FitOptions{Epochs: 2})
	m.Classes = []string{"upright", "level"}
	m.Preprocessing = Preprocessing{preprocess.Decode{ColorMode: picture.Grayscale}, preprocess.Resize{Height: 6, Width: 6}, preprocess.Rescale{Scale: 1. / 255}}
	return m
}

func bytesOf(t testing.TB, m *Model) []byte {
	t.Helper()
	var b bytes.Buffer
	if n, err := m.WriteTo(&b); err != nil || n != int64(b.Len()) {
		t.Fatalf("wrote %d bytes of %d: %v", n, b.Len(), err)
	}
	return b.Bytes()
}

func TestSaveAndOpen(t *testing.T) {
	m := trained(t)
	path := filepath.Join(t.TempDir(), "m.keras")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	file := must(os.ReadFile(path))
	if again := bytesOf(t, trained(t)); !bytes.Equal(file, again) {
		t.Error("two equal trainings give different files")
	}
	got, err := on(77).Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytesOf(t, got), file) {
		t.Error("saving the opened model gives another file")
	}
	x, _ := bars(12)
	if a, b := must(m.PredictBatch(x)), must(got.PredictBatch(x)); !bytes.Equal(a.Raw(), b.Raw()) {
		t.Error("predictions differ")
	}
	if !slices.Equal(got.Classes, m.Classes) || !reflect.DeepEqual(got.Preprocessing, m.Preprocessing) {
		t.Errorf("got classes %v, preprocessing %+v", got.Classes, got.Preprocessing)
	}
	// Both continue alike: the file has the optimizer's state and the random streams.
	fit(t, m, barsData(12, 5, 1), FitOptions{InitialEpoch: 2, Epochs: 4})
	fit(t, got, barsData(12, 5, 1), FitOptions{InitialEpoch: 2, Epochs: 4})
	sameWeights(t, m, got)

	bare, err := Options{NoCompile: true, backend: m.backend}.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := bare.Compiled(); ok {
		t.Error("NoCompile: compiled")
	}
}

func TestSaveRefuses(t *testing.T) {
	m := trained(t)
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "m.txt"), filepath.Join(dir, "no", "m.keras")} {
		if err := m.Save(path); err == nil {
			t.Errorf("%s: no error", path)
		}
	}
	m.Classes = []string{"a", "b", "c"}
	if err := m.Save(filepath.Join(dir, "m.keras")); err == nil || !strings.Contains(err.Error(), "3 classes for 2 outputs") {
		t.Errorf("error is %v", err)
	}
	m.Classes = nil
	m.Preprocessing[1] = preprocess.Resize{Height: 7, Width: 6}
	if err := m.Save(filepath.Join(dir, "m.keras")); err == nil || !strings.Contains(err.Error(), "7x6") {
		t.Errorf("error is %v", err)
	}
	if left := must(os.ReadDir(dir)); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

func TestJSON(t *testing.T) {
	m := smallModel(t, 1)
	text := must(m.ToJSON())
	got, err := on(1).FromJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	sameWeights(t, m, got)
	if again := must(got.ToJSON()); !bytes.Equal(again, text) {
		t.Errorf("JSON changed:\n%s\n%s", text, again)
	}
	c, ok := got.Compiled()
	if !ok || !reflect.DeepEqual(loss.ConfigOf(c.Loss), loss.ConfigOf(loss.CategoricalCrossentropy{})) || len(c.Metrics) != 1 || metric.NameOf(c.Metrics[0]) != "accuracy" {
		t.Errorf("compiled as %+v", c)
	}
	if rate := must(got.LearningRate()); float32(rate) != .01 {
		t.Errorf("learning rate is %v", rate)
	}
}

// Keras' to_json of a model that was never built has no shape.
func TestJSONUnbuilt(t *testing.T) {
	text := `{"module": "keras", "class_name": "Sequential", "config": {"name": "sequential", "trainable": true, "layers": [
		{"module": "keras.layers", "class_name": "Dense", "config": {"name": "dense", "units": 2}, "registered_name": null}]}, "registered_name": null}`
	_, err := on(1).FromJSON([]byte(text))
	if err == nil || !strings.Contains(err.Error(), "does not have the shape of the model's input") {
		t.Errorf("error is %v", err)
	}
	built := strings.Replace(text, `"layers"`, `"build_input_shape": [null, 3], "layers"`, 1)
	if m, err := on(1).FromJSON([]byte(built)); err != nil || m.CountParams() != 8 {
		t.Errorf("model %v, error %v", m, err)
	}
	for conf, want := range map[string]string{
		`{"class_name": "Dense", "config": {"units": 0}}`: "layer without a name: Dense: units is 0",
		`{"class_name": "Danse", "config": {}}`:           "Danse (layer without a name; did you mean Dense?)",
	} {
		if _, err := on(1).FromJSON([]byte(strings.Replace(built, `"layers": [`, `"layers": [`+conf+",", 1))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want %s", conf, err, want)
		}
	}
}

// All that a compile config can hold is restored.
func TestCompileConfig(t *testing.T) {
	m := smallModel(t, 1)
	c := CompileOptions{
		Optimizer: optimizer.Adam{LearningRate: 1e-4, AMSGrad: true}, Loss: loss.CategoricalCrossentropy{LabelSmoothing: .1},
		Metrics:         []metric.Metric{metric.CategoricalAccuracy{}, metric.Accuracy{Name: "acc"}, metric.Accuracy{Name: "mine"}},
		WeightedMetrics: []metric.Metric{metric.Accuracy{}},
	}
	if err := m.Compile(c); err != nil {
		t.Fatal(err)
	}
	want := fit(t, m, barsData(12, 5, 1), FitOptions{}).Names()
	if !slices.Equal(want, []string{"acc", "accuracy", "categorical_accuracy", "loss", "mine"}) {
		t.Errorf("history has %v", want)
	}
	b := bytesOf(t, m)
	got, err := on(1).Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	fit(t, m, barsData(12, 5, 1), FitOptions{})
	if names := fit(t, got, barsData(12, 5, 1), FitOptions{}).Names(); !slices.Equal(names, want) {
		t.Errorf("history has %v, want %v", names, want)
	}
	sameWeights(t, m, got)
}

// A file in the form that Keras writes for a model that was compiled but not trained: it has no slots.
func TestOptimizerWithoutSlots(t *testing.T) {
	m := smallModel(t, 1)
	b := bytesOf(t, m)
	f := must(keras.Read(bytes.NewReader(b), int64(len(b))))
	for i := range f.Weights {
		if f.Weights[i].Path == "optimizer" {
			f.Weights[i].Vars = []*tensor.Tensor{tensor.Scalar(int32(0)), tensor.Scalar(float32(.25))}
		}
	}
	got, err := reread(f)
	if err != nil {
		t.Fatal(err)
	}
	if rate := must(got.LearningRate()); rate != .25 {
		t.Errorf("learning rate is %v", rate)
	}
	fit(t, got, barsData(8, 4, 1), FitOptions{})
}

func reread(f *keras.File) (*Model, error) {
	var b bytes.Buffer
	if err := keras.Write(&b, f); err != nil {
		return nil, err
	}
	return on(1).Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
}

// ramp is a custom layer.
type ramp struct {
	Slope float64 `json:"slope"`
}

func (ramp) Class() string            { return "Ramp" }
func (ramp) Named() string            { return "" }
func (l ramp) Config() map[string]any { return map[string]any{"slope": l.Slope} }

func (l ramp) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Mul(x, b.Constant(x.DType, l.Slope))
}

func TestOwnLayers(t *testing.T) {
	m := must(on(1).Sequential(layer.Input{Shape: []int{2}}, layer.Dense{Units: 2}, ramp{Slope: 2.5}))
	file := filepath.Join(t.TempDir(), "own.keras")
	if err := m.Save(file); err != nil {
		t.Fatal(err)
	}
	if text := string(must(m.ToJSON())); !strings.Contains(text, `"registered_name": "Ramp"`) || !strings.Contains(text, `"class_name": "Dense"`) || strings.Count(text, `"module": "custom"`) != 1 {
		t.Errorf("Keras would not look for the class among custom_objects: %s", text)
	}
	if _, err := on(1).Open(file); err == nil || !strings.Contains(err.Error(), "does not support: Ramp (layer ramp)") {
		t.Errorf("without the class: error is %v", err)
	}
	own := on(1)
	own.Layers = map[string]func(json.RawMessage) (layer.Layer, error){
		"Ramp": func(config json.RawMessage) (layer.Layer, error) {
			var l ramp
			err := json.Unmarshal(config, &l)
			return l, err
		},
	}
	got, err := own.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(tensor.Float32, 1, 2)
	copy(x.Float32s(), []float32{1, -1})
	if a, b := must(m.PredictBatch(x)), must(got.PredictBatch(x)); !bytes.Equal(a.Raw(), b.Raw()) {
		t.Errorf("predictions %v, want %v", b.Float32s(), a.Float32s())
	}
	own.Layers["Ramp"] = func(json.RawMessage) (layer.Layer, error) { return nil, errors.New("too steep") }
	if _, err := own.Open(file); err == nil || !strings.Contains(err.Error(), "layer ramp (Ramp): too steep") {
		t.Errorf("an error of the custom class: error is %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	whole := bytesOf(t, trained(t))
	read := func() *keras.File { return must(keras.Read(bytes.NewReader(whole), int64(len(whole)))) }
	replace := func(old, new string) *keras.File {
		f := read()
		if !bytes.Contains(f.Config, []byte(old)) {
			t.Fatalf("the configuration has no %s", old)
		}
		f.Config = bytes.Replace(f.Config, []byte(old), []byte(new), 1)
		return f
	}
	change := func(how func(f *keras.File)) *keras.File {
		f := read()
		how(f)
		return f
	}
	find := func(f *keras.File, path string) *keras.Entry {
		for i := range f.Weights {
			if f.Weights[i].Path == path {
				return &f.Weights[i]
			}
		}
		t.Fatalf("no %s", path)
		return nil
	}
	for name, c := range map[string]struct {
		f    *keras.File
		want string
	}{
		"unknown layer": {replace(`"class_name": "Flatten"`, `"class_name": "Lambda"`), "does not support: Lambda (layer flatten; it calls a Python function; write the layer in Go)"},
		"unknown key":   {replace(`"filters": 3`, `"filters": 3, "filtres": 3`), "filtres"},
		"huge layer":    {replace(`"units": 4`, `"units": 4000000`), "dense/kernel must be float32 (12, 4000000), the file has float32 (12, 4)"},
		"another model": {replace(`"class_name": "Sequential"`, `"class_name": "MyModel"`), `its class is "MyModel"`},
		"other preprocessing": {change(func(f *keras.File) {
			f.Extra = json.RawMessage(`{"preprocessing":{"target_size":[100000,100000]}}`)
		}), "100000x100000"},
		"other classes":            {change(func(f *keras.File) { f.Extra = json.RawMessage(`{"classes":["a"]}`) }), "1 classes"},
		"one name for two classes": {change(func(f *keras.File) { f.Extra = json.RawMessage(`{"classes":["a","a"]}`) }), `two classes have the name "a"`},
		"unknown step": {change(func(f *keras.File) {
			f.Extra = json.RawMessage(`{"preprocessing":[{"step":"resise","height":6,"width":6}]}`)
		}), `preprocessing step 1: unknown step "resise"; did you mean resize?`},
		"other color mode": {change(func(f *keras.File) {
			f.Extra = json.RawMessage(`{"preprocessing":{"target_size":[6,6],"color_mode":"rgb","interpolation":"nearest","rescale":0}}`)
		}), "images of 6x6 with 3 channels, the model takes (None, 6, 6, 1)"},
		"odd extra":     {change(func(f *keras.File) { f.Extra = json.RawMessage(`[1]`) }), "the part of the file that Keras ignores"},
		"missing layer": {change(func(f *keras.File) { find(f, "layers/dense").Vars = nil }), "layer dense: want 2 variables, the file has 0"},
		"other shape": {change(func(f *keras.File) {
			find(f, "layers/conv2d").Vars[1] = tensor.New(tensor.Float32, 5)
		}), "conv2d/bias must be float32 (3,), the file has float32 (5,)"},
	} {
		if _, err := reread(c.f); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", name, err, c.want)
		}
	}
	// What only training needs does not keep a model from predicting.
	x, y := bars(8)
	ds := must(data.Tensors(x, y, data.TensorOptions{NoShuffle: true}))
	for name, c := range map[string]struct {
		f    *keras.File
		want string
	}{
		"unknown optimizer": {replace(`"class_name": "RMSprop"`, `"class_name": "Lion"`), "Lion"},
		"unknown metric":    {replace(`"metrics": ["accuracy"]`, `"metrics": ["accuracy", "fbeta"]`), "fbeta"},
		"unknown loss":      {replace(`"class_name": "CategoricalCrossentropy"`, `"class_name": "Dice"`), "Dice"},
		"odd loss weights":  {replace(`"loss_weights": null`, `"loss_weights": "a"`), "loss_weights"},
		"other slots": {change(func(f *keras.File) {
			e := find(f, "optimizer")
			e.Vars = e.Vars[:4]
		}), "the file has 2 slots, RMSprop needs 6"},
		"other slot": {change(func(f *keras.File) {
			find(f, "optimizer").Vars[2] = tensor.New(tensor.Float32, 5)
		}), "optimizer's state"},
	} {
		m, err := reread(c.f)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(m.Unknown()) != 1 || !strings.Contains(m.Unknown()[0].Error(), c.want) {
			t.Errorf("%s: unknown is %v, want one with %q", name, m.Unknown(), c.want)
		}
		if _, err := m.PredictBatch(x); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		logs, err := m.Evaluate(t.Context(), ds, EvaluateOptions{Verbose: Silent})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if _, ok := logs.Get("accuracy"); !ok {
			t.Errorf("%s: evaluated without accuracy: %v", name, logs)
		}
		if _, err := m.Fit(t.Context(), ds, FitOptions{Verbose: Silent}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Fit's error is %v", name, err)
		}
		if err := m.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := m.Fit(t.Context(), ds, FitOptions{Verbose: Silent}); err != nil || m.Unknown() != nil {
			t.Errorf("%s: compiled again: %v, %v", name, err, m.Unknown())
		}
	}
	for n := 0; n < len(whole); n += 97 {
		if _, err := on(1).Read(bytes.NewReader(whole[:n]), int64(n)); err == nil {
			t.Errorf("the first %d bytes of %d: no error", n, len(whole))
		}
	}
	dir := t.TempDir()
	for _, path := range []string{filepath.Join(dir, "none.keras"), dir} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error is %v", path, err)
		}
	}
	for _, text := range []string{"", "{}", "[]", `{"class_name": "Sequential"}`, `{"class_name": "Sequential", "config": {"layers": []}}`, `{"class_name": "Sequential", "config": {"layers": [{}]}}`, `{"class_name":"Functional","config":{"layers":[]}}`} {
		if _, err := FromJSON([]byte(text)); err == nil {
			t.Errorf("JSON %s: no error", text)
		}
	}
}

func FuzzRead(f *testing.F) {
	whole := bytesOf(f, trained(f))
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Fuzz(readHostile)
}

// FuzzConfig changes the JSON of a file whose archive is intact.
func FuzzConfig(f *testing.F) {
	b := bytesOf(f, trained(f))
	file := must(keras.Read(bytes.NewReader(b), int64(len(b))))
	f.Add([]byte(file.Config), []byte(file.Extra))
	f.Add([]byte(functional), []byte("{}"))
	f.Fuzz(func(t *testing.T, config, extra []byte) { configHostile(t, config, extra, file) })
}

// The same seed gives the same bytes, for any number of threads.
func TestThreads(t *testing.T) {
	var files [][]byte
	for _, threads := range []int{1, 2, 3} {
		m := must(Options{Seed: 3, Threads: threads}.Sequential(small()...))
		if err := m.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{metric.Accuracy{}}}); err != nil {
			t.Fatal(err)
		}
		fit(t, m, barsData(24, 7, 1), FitOptions{Epochs: 3})
		files = append(files, bytesOf(t, m))
	}
	for i, f := range files[1:] {
		if !bytes.Equal(f, files[0]) {
			t.Errorf("%d threads give another file than one", i+2)
		}
	}
}

// functional is, in short form, what Keras 3.15.1 writes for Input -> Dense -> Activation, with its layers in another
// order.
const functional = `{"module": "keras.src.models.functional", "class_name": "Functional", "config": {"name": "functional_2", "trainable": true, "layers": [
{"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [null, 8], "dtype": "float32", "sparse": false, "ragged": false, "name": "input_layer_2", "optional": false}, "registered_name": null, "name": "input_layer_2", "inbound_nodes": []},
{"module": "keras.layers", "class_name": "Activation", "config": {"name": "act", "trainable": true, "dtype": "float32", "activation": "relu"}, "registered_name": null, "name": "act", "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"shape": [null, 2], "dtype": "float32", "keras_history": ["dense_2", 0, 0]}}], "kwargs": {}}]},
{"module": "keras.layers", "class_name": "Dense", "config": {"name": "dense_2", "trainable": true, "dtype": "float32", "units": 2, "activation": "linear", "use_bias": true}, "registered_name": null, "build_config": {"input_shape": [null, 8]}, "name": "dense_2", "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__", "config": {"shape": [null, 8], "dtype": "float32", "keras_history": ["input_layer_2", 0, 0]}}], "kwargs": {}}]}],
"input_layers": ["input_layer_2", 0, 0], "output_layers": ["act", 0, 0]}, "registered_name": "Functional", "build_config": {"input_shape": null}}`

func TestFunctionalChain(t *testing.T) {
	m, err := on(1).FromJSON([]byte(functional))
	if err != nil {
		t.Fatal(err)
	}
	ls := m.Layers()
	if m.Name() != "functional_2" || len(ls) != 3 || ls[1].Name() != "dense_2" || ls[2].Class() != "Activation" {
		t.Errorf("%s: layers are %+v", m.Name(), ls)
	}
	for old, new := range map[string]string{
		`"keras_history": ["input_layer_2", 0, 0`: `"keras_history": ["dense_2", 0, 0`,
		`"inbound_nodes": []`:                     `"inbound_nodes": [{"args": [], "kwargs": {}}]`,
		`"input_layers": ["input_layer_2", 0, 0]`: `"input_layers": [["a", 0, 0], ["b", 0, 0]]`,
	} {
		if !strings.Contains(functional, old) {
			t.Fatalf("no %s", old)
		}
		if _, err := on(1).FromJSON([]byte(strings.Replace(functional, old, new, 1))); err == nil {
			t.Errorf("%s: error is %v", new, err)
		}
	}
}

func TestPredict(t *testing.T) {
	m := trained(t)
	x, y := bars(11)
	all := must(m.PredictBatch(x))
	ds := must(data.Tensors(x, y, data.TensorOptions{BatchSize: 4, NoShuffle: true}))
	got, err := m.Predict(context.Background(), ds, PredictOptions{Verbose: Silent})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Raw(), all.Raw()) || !got.Shape().Equal(all.Shape()) {
		t.Error("Predict and PredictBatch differ")
	}
	if part, err := m.Predict(context.Background(), ds, PredictOptions{Steps: 2, Verbose: Silent}); err != nil || part.Shape()[0] != 8 {
		t.Errorf("two steps: %v, %v", part, err)
	}
	if _, err := m.Predict(context.Background(), nil, PredictOptions{Verbose: Silent}); err == nil || !strings.Contains(err.Error(), "the dataset is nil") {
		t.Errorf("of nil: error is %v", err)
	}
	for _, err := range m.Predictions(context.Background(), nil) {
		if err == nil {
			t.Error("predictions of nil: no error")
		}
	}
	whole := tensor.New(tensor.Uint8, 1, 6, 6, 1)
	if p, err := m.PredictBatch(whole); err != nil || !near(float64(p.Float32s()[0]+p.Float32s()[1]), 1, 1e-6) {
		t.Errorf("of whole numbers: %v, %v", p, err)
	}
	if p, err := m.PredictBatch(tensor.New(tensor.Float32, 0, 6, 6, 1)); err != nil || p.Shape()[0] != 0 {
		t.Errorf("of nothing: %v, %v", p, err)
	}
	for _, bad := range []*tensor.Tensor{nil, tensor.New(tensor.Float32), tensor.New(tensor.Float32, 6, 6, 1), tensor.New(tensor.Float32, 1, 6, 6, 3), tensor.New(tensor.Bool, 1, 6, 6, 1)} {
		if _, err := m.PredictBatch(bad); err == nil {
			t.Errorf("of %v: no error", bad)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.Predict(ctx, ds, PredictOptions{Verbose: Silent}); err == nil {
		t.Error("cancelled: no error")
	}
}

// Images of any size, if the network takes them.
func TestPredictAnySize(t *testing.T) {
	m := must(on(1).Sequential(layer.Input{Shape: []int{tensor.Unknown, tensor.Unknown, 1}}, layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 3}}))
	for _, size := range []int{5, 8} {
		p, err := m.PredictBatch(tensor.New(tensor.Float32, 2, size, 4, 1))
		if err != nil || !p.Shape().Equal(tensor.Shape{2, size - 2, 2, 2}) {
			t.Errorf("size %d: %v, %v", size, p, err)
		}
	}
}

// Predictions may run at the same time, and during training.
func TestPredictConcurrently(t *testing.T) {
	m := trained(t)
	x, _ := bars(3)
	done := make(chan error)
	for range 4 {
		go func() {
			var err error
			for range 20 {
				if _, e := m.PredictBatch(x); e != nil {
					err = e
				}
			}
			done <- err
		}()
	}
	fit(t, m, barsData(12, 4, 1), FitOptions{Epochs: 3})
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestCallOn checks that predictions have the same bits on any number of threads.
func TestCallOn(t *testing.T) {
	m, err := Options{Seed: 1, Threads: 3}.Sequential(
		layer.Input{Shape: []int{24, 24, 3}},
		layer.Conv2D{Filters: 16, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.Flatten{},
		layer.Dense{Units: 10},
	)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(tensor.Float32, 4, 24, 24, 3)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(i%17) / 16
	}
	want, err := m.Call(x)
	if err != nil {
		t.Fatal(err)
	}
	for _, threads := range []int{0, 1, 2, 3, 100} {
		got, err := m.CallOn(threads, x)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got[0].Float32s(), want[0].Float32s()) {
			t.Errorf("other results on %d threads", threads)
		}
	}
	if _, err := m.CallOn(-1, x); err == nil || !strings.Contains(err.Error(), "-1") {
		t.Errorf("got %v, want an error about -1 threads", err)
	}
}
