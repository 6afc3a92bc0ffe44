package lince

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// TestSaveAndOpenH5: an .h5 file has the whole model, as a .keras file has.
func TestSaveAndOpenH5(t *testing.T) {
	m := trained(t)
	path := filepath.Join(t.TempDir(), "m.h5")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	file := must(os.ReadFile(path))
	got, err := on(77).Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytesOf(t, got), bytesOf(t, m)) {
		t.Error("the opened model is another one")
	}
	again := filepath.Join(t.TempDir(), "again.hdf5")
	if err := got.Save(again); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(must(os.ReadFile(again)), file) {
		t.Error("saving the opened model gives another file")
	}
	x, _ := bars(12)
	if a, b := must(m.PredictBatch(x)), must(got.PredictBatch(x)); !bytes.Equal(a.Raw(), b.Raw()) {
		t.Error("predictions differ")
	}
	if !slices.Equal(got.Classes, m.Classes) {
		t.Errorf("classes %v", got.Classes)
	}
	fit(t, m, barsData(12, 5, 1), FitOptions{InitialEpoch: 2, Epochs: 4})
	fit(t, got, barsData(12, 5, 1), FitOptions{InitialEpoch: 2, Epochs: 4})
	sameWeights(t, m, got)
}

// legacyModels are models whose weights .h5 files have in an order that is not that of model.Layers.
func legacyModels(t *testing.T) map[string]*Model {
	t.Helper()
	body := func(prefix string) *Model {
		x := Input(layer.Input{Shape: []int{6, 6, 1}})
		y := Apply(layer.Conv2D{Filters: 3, Kernel: layer.Size{3, 3}, Name: prefix + "low"}, x)
		y = Apply(layer.BatchNormalization{Name: prefix + "low_bn"}, y)
		y = Apply(layer.Conv2D{Filters: 3, Kernel: layer.Size{3, 3}, NoBias: true, Name: prefix + "high"}, y)
		y = Apply(layer.BatchNormalization{Name: prefix + "high_bn", NoScale: true}, y)
		return must(Options{Name: prefix + "body"}.Functional(x, y))
	}
	outer := func(bodies ...*Model) *Model {
		x := Input(layer.Input{Shape: []int{6, 6, 1}})
		y := x
		for i, b := range bodies {
			if i > 0 {
				y = Apply(layer.ZeroPadding2D{Padding: &layer.Pads{{2, 2}, {2, 2}}}, y)
				y = Apply(layer.Conv2D{Filters: 1, Kernel: layer.Size{1, 1}}, y)
			}
			y = Apply(b, y)
		}
		y = Apply(layer.Flatten{}, y)
		head := must(Options{Name: "head"}.Sequential(layer.Input{Shape: []int{12}}, layer.Dense{Units: 4}, layer.Dense{Units: 2, Activation: layer.Softmax}))
		return must(Options{Seed: 3}.Functional(x, Apply(head, y)))
	}
	half := body("")
	half.Layer("low").SetTrainable(false)
	half.Layer("low_bn").SetTrainable(false)
	frozen := body("")
	frozen.SetTrainable(false)
	child := body("")
	child.SetTrainable(false)
	child.Layer("high").SetTrainable(true)
	chain := must(Options{Name: "chain"}.Sequential(body("inner_"), layer.ReLULayer{}))
	chain.SetTrainable(false)
	chain.Layers()[0].Model().Layer("inner_low").SetTrainable(true)
	return map[string]*Model{
		"free": outer(body("")), "half": outer(half), "frozen": outer(frozen), "child": outer(child), "two": outer(body(""), body("second_")), "deep": outer(chain),
	}
}

// TestKerasOpensH5: real Keras opens the .h5 files of lince without a warning, predicts the same, and finds the compile options.
func TestKerasOpensH5(t *testing.T) {
	dir := t.TempDir()
	x, y := bars(12)
	if err := os.WriteFile(filepath.Join(dir, "x"), x.Raw(), 0o666); err != nil {
		t.Fatal(err)
	}
	models := legacyModels(t)
	for name, m := range models {
		err := m.Compile(CompileOptions{
			Optimizer: optimizer.Adam{LearningRate: .02}, Loss: loss.CategoricalCrossentropy{LabelSmoothing: .1},
			Metrics: []metric.Metric{metric.Accuracy{}, metric.MeanSquaredError{}},
		})
		if err != nil {
			t.Fatal(err)
		}
		train(t, m, x, y)
		path := filepath.Join(dir, name+".h5")
		if err := m.Save(path); err != nil {
			t.Fatal(err)
		}
		got, err := Open(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sameWeights(t, m, got)
		if got.Unknown() != nil {
			t.Errorf("%s: unknown %v", name, got.Unknown())
		}
	}
	testenv.Python(t, "interop.py", "legacy", dir)
	var result map[string]struct {
		Optimizer string
		Rate      float64
		Smoothing float64
		Metrics   []string
		Trainable int
	}
	readResult(t, dir, &result)
	for name, m := range models {
		compare(t, name, must(m.PredictBatch(x)).Float32s(), readFloats(t, dir, name+".predictions"), 1e-6)
		r := result[name]
		trainable := 0
		for _, v := range m.Variables() {
			if v.Trainable() {
				trainable++
			}
		}
		if name == "deep" { // Keras does not restore the flag of a Sequential
			trainable = r.Trainable
		}
		if r.Optimizer != "Adam" || !near(r.Rate, .02, 1e-8) || r.Smoothing != .1 || !slices.Equal(r.Metrics, []string{"accuracy", "mean_squared_error"}) || r.Trainable != trainable {
			t.Errorf("%s: Keras finds %+v, want %d trainable weights", name, r, trainable)
		}
	}
}

// TestMatchLegacy finds the variables that the weights of a group belong to.
func TestMatchLegacy(t *testing.T) {
	m := legacyModels(t)["half"]
	var body *layerInstance
	for _, l := range m.layers {
		if l.name == "body" {
			body = l
		}
	}
	vs := body.legacyVariables(map[*layerInstance]bool{})
	for i, v := range vs {
		vs[i].form = m.innermost(v).storedForm(v.layer, v.Variable, origin{})
	}
	names := func(order []legacyVariable, name func(v legacyVariable) string) (list []keras.LegacyWeight) {
		for _, v := range order {
			list = append(list, keras.NewLegacyWeight(name(v), tensor.New(tensor.Float32, v.Shape...)))
		}
		return list
	}
	keras2 := func(v legacyVariable) string { return v.layer.name + "/" + v.name() + ":0" }
	renamed := func(v legacyVariable) string { return v.layer.name + "_7/" + v.name() + ":0" } // as conv2d_1_1/kernel:0
	bare := func(v legacyVariable) string { return fmt.Sprint("Variable_", v.born()) }
	reversed := slices.Clone(vs)
	slices.Reverse(reversed)
	for what, c := range map[string]struct {
		order []legacyVariable
		name  func(legacyVariable) string
	}{
		"any order by names":      {reversed, keras2},
		"by flags, odd names":     {trainedFirst(vs), renamed},
		"layer by layer, renamed": {vs, renamed},
		"flags of an older Keras": {orders(vs)[2], renamed},
		"by flags, without names": {trainedFirst(vs), bare},
		"Keras 1's names": {vs, func(v legacyVariable) string {
			return v.layer.name + "_" + map[string]string{"kernel": "W", "bias": "b", "gamma": "gamma", "beta": "beta", "moving_mean": "running_mean", "moving_variance": "running_std"}[v.name()]
		}},
		"a model's name before it": {vs, func(v legacyVariable) string { return "body/" + keras2(v) }},
	} {
		got, err := matchLegacy(vs, names(c.order, c.name))
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		for i := range got {
			if got[i].Variable != c.order[i].Variable {
				t.Errorf("%s: weight %d is for %s of %s, want %s of %s", what, i, got[i].name(), got[i].layer.name, c.order[i].name(), c.order[i].layer.name)
			}
		}
	}
	// In one layer, names decide: TensorFlow's Keras of 2017 stored beta before gamma.
	bn := vs[2:6]
	got, err := matchLegacy(bn, names([]legacyVariable{bn[1], bn[0], bn[2], bn[3]}, func(v legacyVariable) string { return "batch_normalization_9/" + v.name() + ":0" }))
	if err != nil || got[0].Variable != bn[1].Variable || got[1].Variable != bn[0].Variable {
		t.Errorf("beta and gamma: %v, %v", got, err)
	}
	for want, list := range map[string][]keras.LegacyWeight{
		"want 10 weights, the file has 9":             names(vs[1:], keras2),
		"kernel of layer high has shape (3, 3, 3, 3)": names(append(slices.Clone(vs[1:]), vs[0]), bare),
	} {
		if _, err := matchLegacy(vs, list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// born returns a number for tests.
func (v legacyVariable) born() int { return v.layer.born*10 + int(v.Role) }

// TestOpenH5Refuses: what cannot be read is named.
func TestOpenH5Refuses(t *testing.T) {
	write := func(config string, groups ...keras.LegacyGroup) string {
		path := filepath.Join(t.TempDir(), "m.h5")
		var b bytes.Buffer
		if err := keras.WriteLegacy(&b, &keras.Legacy{Config: []byte(config), Layers: groups}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	chain := func(layers string) string {
		return `{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "InputLayer", "config": {"batch_input_shape": [null, 2], "name": "in"}}, ` + layers + `]}}`
	}
	dense := chain(`{"class_name": "Dense", "config": {"name": "d", "units": 3}}`)
	kernel := func(shape ...int) keras.LegacyWeight {
		return keras.NewLegacyWeight("d/kernel:0", tensor.New(tensor.Float32, shape...))
	}
	bias := keras.NewLegacyWeight("d/bias:0", tensor.New(tensor.Float32, 3))
	for want, path := range map[string]string{
		"Lambda (layer l; it calls a Python function; write the layer in Go)":      write(chain(`{"class_name": "Lambda", "config": {"name": "l", "function": ["4wEAAAAAAAAA", null, null]}}`)),
		"the file has weights for 0 layers, the network has 1 layers with weights": write(dense, keras.LegacyGroup{Name: "d"}),
		"want 2 weights, the file has 1":                                           write(dense, keras.LegacyGroup{Name: "d", Weights: []keras.LegacyWeight{bias}}),
		`weight "d/kernel:0" has shape (3, 2), kernel of layer d has shape (2, 3)`: write(dense, keras.LegacyGroup{Name: "d", Weights: []keras.LegacyWeight{kernel(3, 2), bias}}),
		"lets": write(chain(`{"class_name": "Dense", "config": {"name": "d", "units": 16777216}}, {"class_name": "Dense", "config": {"name": "e", "units": 16777216}}`), keras.LegacyGroup{Name: "d", Weights: []keras.LegacyWeight{kernel(2, 3), bias}}),
	} {
		_, err := Open(path)
		if want == "lets" {
			want = "more than 2147483648 numbers"
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
