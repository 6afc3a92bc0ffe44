package keras

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/format/hdf5"
	"github.com/lince-ml/lince/tensor"
)

func legacyBytes(t testing.TB, l *Legacy) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteLegacy(&b, l); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readLegacyBytes(t testing.TB, b []byte) *Legacy {
	t.Helper()
	l, err := ReadLegacy(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// legacyModelJSON is a model as WriteNetwork writes it.
const legacyModelJSON = `{"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": [{"module": "keras.layers", "class_name": "Dense",
"config": {"units": 2, "kernel_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": null}}, "registered_name": null,
"build_config": {"input_shape": [null, 3]}}]}, "registered_name": null, "build_config": {}, "compile_config":
{"loss": "mean_squared_error", "optimizer": {"module": "keras.optimizers", "class_name": "SGD", "config": {"learning_rate": 0.1}, "registered_name": null}}}`

func legacyExample() *Legacy {
	return &Legacy{
		Config: json.RawMessage(legacyModelJSON),
		Layers: []LegacyGroup{
			{"dense", []LegacyWeight{
				NewLegacyWeight("s/dense/kernel", tensor.Of([]float32{1, 2, 3, 4, 5, 6}, 3, 2)),
				NewLegacyWeight("s/dense/bias", tensor.Of([]float32{7, 8}, 2)),
			}},
			{"flatten", nil},
		},
		Optimizer: []LegacyWeight{NewLegacyWeight("sgd/iteration", tensor.Scalar(int64(3))), NewLegacyWeight("sgd/learning_rate", tensor.Scalar(float32(.1)))},
		Extra:     json.RawMessage(`{"classes": ["a", "b"]}`),
	}
}

// TestLegacy writes a file and reads it. The configs have no members that only .keras files have.
func TestLegacy(t *testing.T) {
	b := legacyBytes(t, legacyExample())
	if again := legacyBytes(t, legacyExample()); !bytes.Equal(b, again) {
		t.Error("two equal models give different files")
	}
	l := readLegacyBytes(t, b)
	config := `{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {"units": 2, ` +
		`"kernel_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": null}}}]}}`
	if diff := cmp.Diff(config, strings.ReplaceAll(string(l.Config), "\n", " ")); diff != "" {
		t.Error(diff)
	}
	compile := `{"loss": "mean_squared_error", "loss_weights": null, "metrics": null, "optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.1}, "module": "keras.optimizers", "registered_name": null}, "weighted_metrics": null}`
	if diff := cmp.Diff(compile, string(l.CompileConfig)); diff != "" {
		t.Error(diff)
	}
	if l.KerasVersion != Version || l.Backend != "tensorflow" || string(l.Extra) != `{"classes": ["a", "b"]}` {
		t.Errorf("version %q, backend %q, extra %s", l.KerasVersion, l.Backend, l.Extra)
	}
	if len(l.Layers) != 2 || len(l.Layers[1].Weights) != 0 || len(l.TopLevel) != 0 || len(l.Optimizer) != 2 {
		t.Fatalf("%+v", l)
	}
	kernel := l.Layers[0].Weights[0]
	v, err := kernel.Read()
	if err != nil || kernel.Name != "s/dense/kernel" || !kernel.Shape.Equal(tensor.Shape{3, 2}) || v.Float32s()[5] != 6 {
		t.Errorf("%s %v: %v, %v", kernel.Name, kernel.Shape, v, err)
	}
}

// TestLegacyPieces: a list of names that is longer than an attribute becomes several attributes.
func TestLegacyPieces(t *testing.T) {
	l := &Legacy{Config: json.RawMessage(legacyModelJSON)}
	for i := range 3000 {
		l.Layers = append(l.Layers, LegacyGroup{Name: fmt.Sprintf("layer_%050d", i)})
	}
	b := legacyBytes(t, l)
	f, err := hdf5.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	root, err := f.Root()
	if err != nil {
		t.Fatal(err)
	}
	g, err := root.Group(modelWeightsGroup)
	if err != nil {
		t.Fatal(err)
	}
	names, err := g.AttrNames()
	if want := []string{"backend", "keras_version", "layer_names0", "layer_names1", "layer_names2"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("attributes %v, %v", names, err)
	}
	got := readLegacyBytes(t, b)
	if len(got.Layers) != 3000 || got.Layers[2999].Name != l.Layers[2999].Name {
		t.Errorf("%d layers", len(got.Layers))
	}
}

// TestLegacyForms reads what older versions wrote: strings of fixed length, JSON inside a JSON string, names with slashes, no version.
func TestLegacyForms(t *testing.T) {
	b := treeBytes(t, func(root *hdf5.Tree) {
		root.Attr("model_config", hdf5.FixedStrings(`"{\"class_name\": \"Sequential\", \"config\": []}"`))
		g := root.Group("model_weights")
		g.Attr("layer_names", hdf5.FixedStrings("model/dense_1", "flatten_1"))
		g.Group("model/dense_1").Attr("weight_names", hdf5.FixedStrings("dense_1_W", "dense_1_b"))
		g.Group("model/dense_1").Dataset("dense_1_W", tensor.Of([]float32{1, 2}, 1, 2))
		g.Group("model/dense_1").Dataset("dense_1_b", tensor.Of([]float32{3, 4}, 2))
		g.Group("flatten_1").Attr("weight_names", hdf5.Numbers(tensor.New(tensor.Float64, 0)))
	})
	l := readLegacyBytes(t, b)
	if string(l.Config) != `{"class_name": "Sequential", "config": []}` || l.CompileConfig != nil || l.KerasVersion != "" || l.Backend != "" {
		t.Errorf("%+v", l)
	}
	if len(l.Layers) != 2 || l.Layers[0].Name != "model/dense_1" || len(l.Layers[0].Weights) != 2 || l.Optimizer != nil {
		t.Errorf("%+v", l.Layers)
	}
	// A file of weights alone has the same form without model_weights.
	b = treeBytes(t, func(root *hdf5.Tree) {
		root.Attr("layer_names", hdf5.Strings("a"))
		root.Attr("keras_version", hdf5.String("2.3.1"))
		root.Group("a").Attr("weight_names", hdf5.Strings("a/kernel:0"))
		root.Group("a/a").Dataset("kernel:0", tensor.Of([]float32{1}, 1))
	})
	if l = readLegacyBytes(t, b); l.Config != nil || len(l.Layers) != 1 || l.Layers[0].Weights[0].Name != "a/kernel:0" || l.KerasVersion != "2.3.1" {
		t.Errorf("%+v", l)
	}
}

// legacyAttack is a tree with a model_config, which do changes.
func legacyAttack(t testing.TB, do func(root, weights *hdf5.Tree)) []byte {
	return treeBytes(t, func(root *hdf5.Tree) {
		root.Attr("model_config", hdf5.String(`{"class_name": "Sequential", "config": []}`))
		do(root, root.Group("model_weights"))
	})
}

func TestLegacyRefused(t *testing.T) {
	one := tensor.Of([]float32{1}, 1)
	for want, do := range map[string]func(root, weights *hdf5.Tree){
		"no attribute layer_names": func(_, _ *hdf5.Tree) {},
		"no such group":            func(_, w *hdf5.Tree) { w.Attr("layer_names", hdf5.Strings("../a")) },
		"want a list of strings":   func(_, w *hdf5.Tree) { w.Attr("layer_names", hdf5.Numbers(tensor.Of([]float32{1, 2}, 2))) },
		`"a" appears twice`: func(_, w *hdf5.Tree) {
			w.Attr("layer_names", hdf5.Strings("a", "a"))
			w.Group("a")
		},
		"the same object": func(_, w *hdf5.Tree) {
			w.Attr("layer_names", hdf5.Strings("a"))
			w.Group("a").Attr("weight_names", hdf5.Strings("x", "x"))
			w.Group("a").Dataset("x", one)
		},
		"not a dataset": func(_, w *hdf5.Tree) {
			w.Attr("layer_names", hdf5.Strings("a"))
			w.Group("a").Attr("weight_names", hdf5.Strings("x"))
			w.Group("a/x")
		},
		"has more than 64 parts": func(_, w *hdf5.Tree) { w.Attr("layer_names", hdf5.Strings(strings.Repeat("a/", 100)+"a")) },
		"want at most 10000 layers": func(_, w *hdf5.Tree) {
			names := make([]string, 1000)
			for i := range 1000 {
				w.Attr(fmt.Sprintf("layer_names%d", i), hdf5.Strings(names...))
			}
		},
		"attribute training_config: it is not a JSON object": func(root, _ *hdf5.Tree) { root.Attr("training_config", hdf5.String("[1]")) },
		"attribute training_config: not JSON":                func(root, _ *hdf5.Tree) { root.Attr("training_config", hdf5.String("{")) },
		"want a string, got":                                 func(root, _ *hdf5.Tree) { root.Attr("keras_version", hdf5.Strings("1", "2")) },
	} {
		b := legacyAttack(t, do)
		_, err := ReadLegacy(bytes.NewReader(b), int64(len(b)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// TestLegacyMemory: names and pieces cost memory in proportion to the file.
func TestLegacyMemory(t *testing.T) {
	b := legacyAttack(t, func(_, w *hdf5.Tree) {
		w.Attr("layer_names", hdf5.Strings("a"))
		var names []string
		for i := range 20_000 { // all below one group
			name := fmt.Sprintf("%d", i)
			names = append(names, "x/"+name)
			w.Group("a/x").Dataset(name, tensor.Of([]float32{1}, 1))
		}
		if err := setTexts(w.Group("a"), weightNamesAttr, names); err != nil {
			t.Fatal(err)
		}
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	l := readLegacyBytes(t, b)
	runtime.ReadMemStats(&after)
	if len(l.Layers[0].Weights) != 20_000 {
		t.Errorf("%d weights", len(l.Layers[0].Weights))
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 16*uint64(len(b))+64<<20 {
		t.Errorf("%d bytes of memory for a file of %d", used, len(b))
	}
}

func TestWriteLegacyRefuses(t *testing.T) {
	one := tensor.Of([]float32{1}, 1)
	for want, change := range map[string]func(*Legacy){
		"not JSON":                           func(l *Legacy) { l.Config = json.RawMessage("{") },
		"is not a Keras object":              func(l *Legacy) { l.Config = json.RawMessage("{}") },
		"compile_config has no optimizer":    func(l *Legacy) { l.Config = json.RawMessage(`{"config": {}, "compile_config": {"loss": "mse"}}`) },
		`two groups of weights have the nam`: func(l *Legacy) { l.Layers = append(l.Layers, LegacyGroup{Name: "dense"}) },
		`have the name "top_level_model_we`:  func(l *Legacy) { l.Layers = append(l.Layers, LegacyGroup{Name: "top_level_model_weights"}) },
		"two datasets of that name": func(l *Legacy) {
			l.Layers[0].Weights = append(l.Layers[0].Weights, NewLegacyWeight("s/dense/bias", one))
		},
	} {
		l := legacyExample()
		change(l)
		if err := WriteLegacy(&bytes.Buffer{}, l); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// TestUpgradeLayer turns configs of Keras 1 and 2 into those of Keras 3.
func TestUpgradeLayer(t *testing.T) {
	for _, c := range []struct{ class, conf, want, config string }{
		{"Dense", `{"units": 2, "name": "d"}`, "Dense", `{"units": 2, "name": "d"}`},
		{"Dense", `{"output_dim": 2, "init": "uniform", "bias": true, "input_dim": 3, "W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.01}, "b_constraint": {"name": "MaxNorm", "m": 2, "axis": 0}}`,
			"Dense", `{"bias_constraint": {"class_name": "MaxNorm", "config": {"axis": 0, "max_value": 2}}, "kernel_initializer": "uniform", "kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.01}}, "units": 2, "use_bias": true}`},
		{"Convolution2D", `{"nb_filter": 4, "nb_row": 3, "nb_col": 2, "border_mode": "same", "subsample": [2, 2], "dim_ordering": "tf"}`,
			"Conv2D", `{"data_format": "channels_last", "filters": 4, "kernel_size": [3, 2], "padding": "same", "strides": [2, 2]}`},
		{"AtrousConvolution2D", `{"nb_filter": 4, "nb_row": 3, "nb_col": 3, "atrous_rate": [2, 2], "dim_ordering": "th"}`,
			"Conv2D", `{"data_format": "channels_first", "dilation_rate": [2, 2], "filters": 4, "kernel_size": [3, 3]}`},
		{"MaxPooling1D", `{"pool_length": 2, "stride": 2, "border_mode": "valid"}`, "MaxPooling1D", `{"padding": "valid", "pool_size": 2, "strides": 2}`},
		{"ZeroPadding2D", `{"padding": [0, 1, 2, 3], "dim_ordering": "tf"}`, "ZeroPadding2D", `{"data_format": "channels_last", "padding": [[0, 1], [2, 3]]}`},
		{"Dropout", `{"p": 0.5}`, "Dropout", `{"rate": 0.5}`},
		{"GaussianNoise", `{"sigma": 0.5}`, "GaussianNoise", `{"stddev": 0.5}`},
		{"BatchNormalization", `{"mode": 0, "axis": 1, "beta_init": "zero"}`, "BatchNormalization", `{"axis": 1, "beta_initializer": "zero"}`},
		{"BatchNormalizationV1", `{"axis": [3]}`, "BatchNormalization", `{"axis": [3]}`},
		{"LeakyReLU", `{"alpha": {"type": "ndarray", "value": 0.1}}`, "LeakyReLU", `{"alpha": 0.1}`},
		{"ThresholdedReLU", `{"theta": 1.0}`, "ReLU", `{"threshold": 1.0}`},
		{"Merge", `{"mode": "concat", "concat_axis": -1, "dot_axes": -1, "name": "m", "output_shape": null}`, "Concatenate", `{"axis": -1, "name": "m"}`},
		{"Merge", `{"mode": "cos", "dot_axes": 1, "name": "m"}`, "Dot", `{"axes": 1, "name": "m", "normalize": true}`},
		{"Custom", `{"kernel_initializer": {"class_name": "VarianceScaling", "config": {"distribution": "normal"}}}`, "Custom", `{"kernel_initializer": {"class_name": "VarianceScaling", "config": {"distribution": "truncated_normal"}}}`},
		{"SeparableConv2D", `{"depth_multiplier": 1, "kernel_initializer": "ones", "kernel_regularizer": null}`, "SeparableConv2D", `{"depth_multiplier": 1}`},
	} {
		class, conf, err := upgradeLayer(c.class, json.RawMessage(c.conf))
		if err != nil || class != c.want || string(conf) != c.config {
			t.Errorf("%s %s:\n%s %s %v, want\n%s %s", c.class, c.conf, class, conf, err, c.want, c.config)
		}
	}
	for conf, want := range map[string]string{
		`{"mode": 1}`:                   "BatchNormalization mode is 1, which Keras 2 removed",
		`{"mode": "lambda"}`:            `Merge mode is "lambda", want one of ave,`,
		`{"mode": "sum", "layers": []}`: "Merge it merges whole models",
	} {
		class, _, _ := strings.Cut(want, " ")
		if _, _, err := upgradeLayer(class, json.RawMessage(conf)); err == nil || !strings.Contains(class+" "+err.Error(), want) {
			t.Errorf("%s %s: error %v, want %s", class, conf, err, want)
		}
	}
}

// TestUpgradeCompile turns training configs of Keras 1 and 2 into compile configs of Keras 3.
func TestUpgradeCompile(t *testing.T) {
	for training, want := range map[string]string{
		`{"loss": "mse", "metrics": ["accuracy"], "optimizer_config": {"class_name": "SGD", "config": {"lr": 0.1, "decay": 0.0, "momentum": 0.9}}}`: `{"loss": "mse", "loss_weights": null, "metrics": ["accuracy"], "optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.1, "momentum": 0.9}, "module": "keras.optimizers", "registered_name": null}, "weighted_metrics": null}`,
		`{"loss": "mse", "optimizer_config": {"class_name": "Custom>Adam", "config": {"learning_rate": 0.5, "decay": 0.25}}}`: `{"loss": "mse", "loss_weights": null, "metrics": null, "optimizer": {"class_name": "Adam", "config": {"learning_rate": ` +
			`{"class_name": "InverseTimeDecay", "config": {"decay_rate": 0.25, "decay_steps": 1, "initial_learning_rate": 0.5, "name": "InverseTimeDecay", "staircase": false}, "module": "keras.optimizers.schedules", "registered_name": null}}, "module": "keras.optimizers", "registered_name": null}, "weighted_metrics": null}`,
		`{"loss": {"a": "mse"}, "metrics": [[{"class_name": "MeanMetricWrapper", "config": {"name": "acc", "dtype": "float32", "fn": "sparse_categorical_accuracy"}}]], "optimizer_config": null}`: `{"loss": {"a": "mse"}, "loss_weights": null, "metrics": [[{"class_name": "SparseCategoricalAccuracy", "config": {"dtype": "float32", "name": "acc"}}]], "optimizer": null, "weighted_metrics": null}`,
	} {
		got, err := upgradeCompile(json.RawMessage(training))
		if err != nil {
			t.Error(err)
		} else if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s: %s", training, diff)
		}
	}
}

// TestUpgradeLegacy turns the optimizers of keras.optimizers.legacy in .keras files of Keras 2.11 to 2.15 into those of Keras 3.
func TestUpgradeLegacy(t *testing.T) {
	for compile, want := range map[string]string{
		`{"loss": "mse", "optimizer": {"module": "keras.optimizers.legacy", "class_name": "Adam", "config": {"name": "Adam", "learning_rate": 0.5, "decay": 0.25, "beta_1": 0.75, "amsgrad": false}, "registered_name": null}}`: `{"loss": "mse", "optimizer": {"class_name": "Adam", "config": {"amsgrad": false, "beta_1": 0.75, "learning_rate": ` +
			`{"class_name": "InverseTimeDecay", "config": {"decay_rate": 0.25, "decay_steps": 1, "initial_learning_rate": 0.5, "name": "InverseTimeDecay", "staircase": false}, "module": "keras.optimizers.schedules", "registered_name": null}, "name": "Adam"}, "module": "keras.optimizers", "registered_name": null}}`,
		`{"optimizer": {"module": "keras.src.optimizers.legacy.sgd", "class_name": "SGD", "config": {"learning_rate": 0.5, "decay": 0.0}}}`: `{"optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.5}, "module": "keras.optimizers", "registered_name": null}}`,
		`{"optimizer": {"module": "keras.optimizers", "class_name": "SGD", "config": {"learning_rate": 0.5, "decay": 0.25}}}`:               "", // Keras never wrote it
		`{"optimizer": "adam"}`: "", `{"optimizer": null}`: "", `[]`: "", `{`: "",
	} {
		if want == "" {
			want = compile
		}
		if diff := cmp.Diff(want, string(upgradeLegacy(json.RawMessage(compile)))); diff != "" {
			t.Errorf("%s: %s", compile, diff)
		}
	}
}

// TestChannelsLast rewrites networks whose images have the channels first, or says which layer prevents it.
func TestChannelsLast(t *testing.T) {
	chain := func(layers ...string) string {
		return `{"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Conv2D", "config": {"name": "c", "data_format": "channels_first", "batch_input_shape": [null, 3, 8, 9]}}, ` +
			strings.Join(layers, ", ") + `]}}`
	}
	n := readNetwork(t, []byte(chain(
		`{"class_name": "BatchNormalization", "config": {"name": "b", "axis": 1}}`, `{"class_name": "Flatten", "config": {"name": "f"}}`,
		`{"class_name": "Activation", "config": {"name": "a"}}`, `{"class_name": "Dense", "config": {"name": "d"}}`, `{"class_name": "Dense", "config": {"name": "e"}}`)))
	if !n.BuildInputShape.Equal(tensor.Shape{tensor.Unknown, 8, 9, 3}) || !n.Layers[0].ChannelsFirst || n.Layers[4].Flattened != "f" || n.Layers[5].Flattened != "" {
		t.Errorf("%+v", n)
	}
	if got := string(n.Layers[0].Config) + string(n.Layers[1].Config); got != `{"name": "c", "data_format": "channels_last"}{"name": "b", "axis": -1}` {
		t.Error(got)
	}
	// With data_format, Flatten has moved the channels to the end before.
	n = readNetwork(t, []byte(chain(`{"class_name": "Flatten", "config": {"name": "f", "data_format": "channels_first"}}`, `{"class_name": "Dense", "config": {"name": "d"}}`)))
	if n.Layers[2].Flattened != "" {
		t.Errorf("%+v", n.Layers[2])
	}
	for want, layers := range map[string][]string{
		"1 layers have data_format channels_first and 1 have channels_last": {`{"class_name": "MaxPooling2D", "config": {"name": "p", "data_format": "channels_last"}}`},
		`layer "r" (Reshape) depends on the order`:                          {`{"class_name": "Reshape", "config": {"name": "r"}}`},
		`layer "b" (BatchNormalization) normalizes dimension -1`:            {`{"class_name": "BatchNormalization", "config": {"name": "b"}}`},
		`layer "a" (Activation) applies softmax along the width`:            {`{"class_name": "Activation", "config": {"name": "a", "activation": "softmax"}}`},
		`its output has the order of layer "f"`:                             {`{"class_name": "Flatten", "config": {"name": "f"}}`},
	} {
		if _, err := ReadNetwork([]byte(chain(layers...))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func FuzzReadLegacy(f *testing.F) {
	f.Add(legacyBytes(f, legacyExample()))
	f.Add(legacyAttack(f, func(_, w *hdf5.Tree) {
		w.Attr("layer_names0", hdf5.FixedStrings("a", "b/c"))
		w.Attr("layer_names1", hdf5.Strings("d"))
		w.Group("a").Attr("weight_names", hdf5.Strings("a/W:0"))
		w.Group("a/a").Dataset("W:0", tensor.Of([]float64{1}, 1))
		w.Group("b/c")
		w.Group("d")
		w.Group(topLevelGroup)
	}))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ReadLegacy(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for _, g := range l.Layers {
			for _, w := range g.Weights {
				if v, err := w.Read(); err == nil && !v.Shape().Equal(w.Shape) {
					t.Errorf("shape %v, the file claims %v", v.Shape(), w.Shape)
				}
			}
		}
		if l.Config != nil {
			_, _ = ReadNetwork(l.Config) // any answer will do
		}
	})
}

// FuzzUpgrade: configs of layers and of training, of any form, give an answer.
func FuzzUpgrade(f *testing.F) {
	f.Add("Convolution2D", []byte(`{"nb_filter": 4, "nb_row": 3, "nb_col": 2, "dim_ordering": "th", "W_regularizer": {"name": "L1L2Regularizer", "l1": 0}}`))
	f.Add("Merge", []byte(`{"mode": "concat", "concat_axis": 1}`))
	f.Add("TFOpLambda", []byte(`{"function": "math.add", "optimizer_config": {"class_name": "SGD", "config": {"lr": 0.1, "decay": 1}}, "metrics": [[{"class_name": "MeanMetricWrapper", "config": {"fn": "x"}}]]}`))
	f.Fuzz(func(t *testing.T, class string, conf []byte) {
		if !json.Valid(conf) {
			return
		}
		if _, text, err := upgradeLayer(class, conf); err == nil && !json.Valid(text) {
			t.Errorf("not JSON: %s", text)
		}
		if text, err := upgradeCompile(conf); err == nil && text != nil && !json.Valid(text) {
			t.Errorf("not JSON: %s", text)
		}
	})
}
