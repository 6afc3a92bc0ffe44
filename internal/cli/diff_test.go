package cli

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// differ runs diff, which must find differences.
func differ(t *testing.T, args ...string) outcome {
	t.Helper()
	o := run(t, append([]string{"diff"}, args...)...)
	if o.code != exitFailure || strings.Contains(o.stderr, "error") {
		t.Errorf("diff %s: exit code %d, %s\n%s", strings.Join(args, " "), o.code, o.stderr, o.stdout)
	}
	return o
}

func TestDiff(t *testing.T) {
	workIn(t)
	build := func(seed uint64, units int, activation layer.Activation) *lince.Model {
		body, err := lince.Options{Seed: seed, Name: "body"}.Sequential(layer.Input{Shape: []int{6, 6, 3}}, layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 3}, Activation: activation}, layer.GlobalAveragePool2D{})
		if err != nil {
			t.Fatal(err)
		}
		m, err := lince.Options{Seed: seed, Name: "m"}.Sequential(body, layer.Dense{Units: units})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	a := build(1, 2, layer.ReLU)
	saved(t, "a.keras", a, nil)
	saved(t, "a.h5", a, nil)
	contains(t, "equal files", succeed(t, "diff", "a.keras", "a.h5").stdout, "0 of 4 weights differ", "output dense: equal", "The files are equal")

	// One weight differs.
	b := build(1, 2, layer.ReLU)
	v := b.Layer("dense").Variables()[1]
	if err := v.Set(tensor.Of([]float32{0, .25}, 2)); err != nil {
		t.Fatal(err)
	}
	saved(t, "b.keras", b, nil)
	o := differ(t, "a.keras", "b.keras")
	contains(t, "a weight", o.stdout, "weight dense/bias: largest difference 0.25 at (1,), mean 0.125", "1 of 4 weights differ", "predictions on noise, output dense: largest difference 0.25")
	if strings.Contains(o.stdout, "layer ") || strings.Contains(o.stdout, "equal in what") {
		t.Errorf("more than a weight differs:\n%s", o.stdout)
	}
	r := decode[modelDiff](t, differ(t, "a.keras", "b.keras", "--json").stdout)
	if r.Equal || len(r.Layers) != 0 || len(r.Weights) != 1 || r.Weights[0].Weight != "dense/bias" || *r.Weights[0].Values.Max != .25 || !r.Predictions[0].Beyond {
		t.Errorf("the result is %+v", r)
	}
	succeed(t, "diff", "a.keras", "b.keras", "--tolerance", ".25")
	differ(t, "a.keras", "b.keras", "--tolerance", ".24")

	// Settings, shapes and layers.
	saved(t, "linear.keras", build(1, 2, layer.Linear), nil)
	o = differ(t, "a.keras", "linear.keras")
	contains(t, "a setting", o.stdout, `layer body/conv2d: activation: "relu" -> "linear"`, "0 of 4 weights differ")
	saved(t, "three.keras", build(1, 3, layer.ReLU), nil)
	o = differ(t, "a.keras", "three.keras")
	contains(t, "a shape", o.stdout, "layer dense: units: 2 -> 3", "weight dense/kernel: shape (2, 2) -> (2, 3)", "layer the model: outputs: \"(None, 2)\" -> \"(None, 3)\"", "predictions were not compared")
	flat, err := lince.Options{Seed: 1}.Sequential(layer.Input{Shape: []int{6, 6, 3}}, layer.Flatten{}, layer.Dense{Units: 2})
	saved(t, "flat.keras", flat, err)
	o = differ(t, "a.keras", "flat.keras")
	contains(t, "layers", o.stdout, "layer body (Sequential): only in a.keras", "layer body/conv2d (Conv2D): only in a.keras", "layer flatten (Flatten): only in flat.keras", `layer dense: inputs: ["body"] -> ["flatten"]`)

	// Files of weights, alone and with a model.
	succeed(t, "convert", "a.keras", "a.weights.h5", "-q")
	succeed(t, "convert", "b.keras", "b.weights.h5", "-q")
	contains(t, "weights in their network", succeed(t, "diff", "a.keras", "a.weights.h5").stdout, "0 of 4 weights differ", "output dense: equal")
	contains(t, "weights in their network", differ(t, "b.weights.h5", "a.keras").stdout, "weight dense/bias")
	contains(t, "weights alone", differ(t, "a.weights.h5", "b.weights.h5").stdout, "weight layers/dense/vars/1: largest difference 0.25", "only weights were compared")
	succeed(t, "diff", "a.weights.h5", "a.weights.h5")

	// Graphs have no layers.
	succeed(t, "convert", "a.keras", "a.onnx", "-q")
	succeed(t, "convert", "b.keras", "b.onnx", "-q")
	contains(t, "a graph", succeed(t, "diff", "a.keras", "a.onnx", "--tolerance", "1e-6").stdout, "layers and weights were not compared: a.onnx is a graph without Keras layers", "predictions on noise")
	contains(t, "two graphs", differ(t, "a.onnx", "b.onnx").stdout, "weight ", "1 of 4 weights differ")
	o = succeed(t, "diff", "a.keras", "b.onnx", "--no-predictions")
	if strings.Contains(o.stdout, "predictions on") {
		t.Errorf("--no-predictions changes nothing:\n%s", o.stdout)
	}

	// Images.
	put(t, "photos", pngs(t, 4))
	contains(t, "images", differ(t, "a.keras", "b.keras", "--data", "photos", "--limit", "3").stdout, "predictions on 3 images, output dense: largest difference 0.25")
}

func TestDiffMistakes(t *testing.T) {
	workIn(t)
	addAndMultiply(t, "m.keras")
	put(t, ".", map[string][]byte{"text.keras": []byte("hello")})
	for _, c := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"m.keras"}, 2, []string{"<b>"}},
		{[]string{"no.keras", "text.keras"}, 1, []string{"no.keras: no such file", "text.keras: is no model file that lince knows"}},
		{[]string{"m.keras", "m.keras", "--tolerance=-1"}, 2, []string{"--tolerance must be at least 0"}},
		{[]string{"m.keras", "m.keras", "--data", "photos"}, 1, []string{"--data", "photos", "no such file"}},
		{[]string{"m.keras", "m.keras", "--batch-size", "3"}, 2, []string{"--batch-size"}},
	} {
		o := run(t, append([]string{"diff"}, c.args...)...)
		if o.code != c.code {
			t.Errorf("diff %s: exit code %d, want %d", strings.Join(c.args, " "), o.code, c.code)
		}
		contains(t, "diff "+strings.Join(c.args, " "), o.stderr, append(c.want, "lince: error: ")...)
	}
}

// TestSummaryKinds: ops of graphs, and the tensors of files of weights.
func TestSummaryKinds(t *testing.T) {
	workIn(t)
	m, err := lince.Options{Name: "net"}.Sequential(layer.Input{Shape: []int{6, 6, 3}, Name: "image"}, layer.Conv2D{Filters: 2, Kernel: layer.Size{3, 3}, Activation: layer.ReLU}, layer.GlobalAveragePool2D{})
	saved(t, "m.keras", m, err)
	for _, name := range []string{"m.onnx", "m.weights.h5", "m.h5", "m.json"} {
		succeed(t, "convert", "m.keras", name, "-q")
	}
	layers := succeed(t, "summary", "m.keras").stdout
	for _, name := range []string{"m.h5", "m.json"} {
		if got := succeed(t, "summary", name).stdout; got != layers {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, layers)
		}
	}
	ops := succeed(t, "summary", "m.keras", "--ops").stdout
	contains(t, "ops", ops, "image (Input)", "conv2d (Conv2D)", "conv2d (ReLU)", "54", "Total params: 56")
	succeed(t, "convert", "m.keras", "old.h5", "--to", "legacy-weights", "-q")
	contains(t, "tensors of Keras 2", succeed(t, "summary", "old.h5").stdout, "conv2d/kernel", "(3, 3, 3, 2)  float32", "2 tensors, 56 numbers")
	pool, err := lince.Sequential(layer.Input{Shape: []int{6, 6, 3}}, layer.MaxPool2D{}, layer.GlobalAveragePool2D{})
	saved(t, "pool.keras", pool, err)
	if got := succeed(t, "summary", "pool.keras", "--ops").stdout; strings.Contains(got, "[(") { // the argmax is not shown
		t.Errorf("the ops of a pool are\n%s", got)
	}
	contains(t, "ops of ONNX", succeed(t, "summary", "m.onnx").stdout, "image (Input)", "(Conv2D)", "54", "Total params: 56")
	type result struct {
		Kind    string
		Layers  []struct{ Class string }
		Ops     []struct{ Op string }
		Tensors []struct {
			Name, Type string
			Params     int
		}
		Params int
	}
	if r := decode[result](t, succeed(t, "summary", "m.onnx", "--json").stdout); r.Kind != "onnx" || len(r.Ops) < 3 || r.Params != 56 {
		t.Errorf("the JSON of a graph is %+v", r)
	}
	if r := decode[result](t, succeed(t, "summary", "m.keras", "--json").stdout); r.Kind != "keras" || r.Ops != nil || len(r.Layers) != 2 {
		t.Errorf("the JSON of a model is %+v", r)
	}
	r := decode[result](t, succeed(t, "summary", "m.weights.h5", "--json").stdout)
	if r.Kind != "weights.h5" || len(r.Tensors) != 2 || r.Tensors[0].Name != "layers/conv2d/vars/0" || r.Tensors[0].Type != "float32" || r.Tensors[0].Params != 54 || r.Params != 56 {
		t.Errorf("the JSON of weights is %+v", r)
	}
	contains(t, "weights", succeed(t, "summary", "m.weights.h5").stdout, "m.weights.h5: a file of Keras weights", "layers/conv2d/vars/0  (3, 3, 3, 2)  float32", "2 tensors, 56 numbers")
	o := run(t, "summary", "m.weights.h5", "--memory")
	if o.code != exitUsage {
		t.Errorf("exit code %d", o.code)
	}
	contains(t, "the error", o.stderr, "need a network, which m.weights.h5 does not have")
	if o := run(t, "predict", "m.json", "x.png"); o.code != exitFailure || !strings.Contains(o.stderr, "m.json: is a Keras network in JSON, which has no weights") {
		t.Errorf("predict with a network: %+v", o)
	}
}

// TestTrainGraph trains a graph, whose files are opened and written as ONNX again.
func TestTrainGraph(t *testing.T) {
	long(t)
	workIn(t)
	succeed(t, "convert", filepath.Join(trained(t), "best.keras"), "best.onnx", "-q")
	put(t, ".", map[string][]byte{"one.png": pngs(t, 2)["cat.0.png"]})
	if a, b := succeed(t, "predict", "best.onnx", "one.png").stdout, succeed(t, "predict", filepath.Join(trained(t), "best.keras"), "one.png").stdout; a != b {
		t.Errorf("ONNX predicts %s, want %s", a, b)
	}
	o := succeed(t, "train", "demo:cats-and-dogs?n=24", "--model", "best.onnx", "--epochs", "1", "--out", "out")
	contains(t, "the hint", o.stdout, "The model is a graph without Keras layers", "lince convert "+filepath.Join("out", "best.keras")+" model.onnx")
	succeed(t, "convert", "out/best.keras", "model.onnx", "-q")
	var record struct {
		Status string `json:"status"`
	}
	if err := json.Unmarshal([]byte(read(t, "out", "run.json")), &record); err != nil || record.Status != "finished" {
		t.Errorf("the run is %+v, %v", record, err)
	}
	succeed(t, "evaluate", "model.onnx", "demo:cats-and-dogs?n=12")
	succeed(t, "diff", "out/best.keras", "model.onnx", "--tolerance", "1e-6")
}
