package cli

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lince-ml/lince/layer"
)

// TestDivergence checks that a training with a diverging loss ends with advice, and leaves no model of it as best.keras.
func TestDivergence(t *testing.T) {
	workIn(t)
	args := func(out string, more ...string) []string {
		return append([]string{"train", "demo:cats-and-dogs?n=24", "--model", network("two.json"), "--batch", "6", "--epochs", "4", "--out", out, "-q"}, more...)
	}
	for _, c := range []struct {
		out, flags, want, advice string
	}{
		{"steps", "--lr 1e6", "training has diverged: loss is ", "try --lr 0.01"}, // of SGD
		{"nan", "--lr 1e30", "the loss is ", "try --lr 0.01"},
		{"one-cycle", "--lr 1234567 --schedule one-cycle", "training has diverged: loss is ", "try --lr 0.01"},
		{"weights", "--class-weight cat=123456789,dog=1", "lower the class weights or example weights, which reach 1.2e+08: their mean should be near 1. Or ", "try --class-weight balanced, or --lr 0.001"},
	} {
		o := run(t, args(c.out, append([]string{"--optimizer", "sgd"}, strings.Fields(c.flags)...)...)...)
		if o.code != exitFailure {
			t.Fatalf("%s: exit code %d\n%s", c.out, o.code, o.stderr)
		}
		contains(t, c.out, o.stderr, c.want, "lower the learning rate", "\n  "+c.advice+"\n", "model.keras, curves.png and run.json are in "+c.out)
		if rate := regexp.MustCompile(`lower the learning rate \((\d(?:\.\d)?(?:e[+-]\d+)?|\d\d0*|0\.0*\d\d?)\)`); !rate.MatchString(o.stderr) {
			t.Errorf("%s: the rate does not have two figures: %s", c.out, o.stderr)
		}
		r := decode[record](t, read(t, c.out, "run.json"))
		if r.Status != failed || r.StoppedBy != "error" || !strings.Contains(r.Error, c.advice) {
			t.Errorf("%s: run.json has %s, %s, %q", c.out, r.Status, r.StoppedBy, r.Error)
		}
		if _, ok := snapshot(t, c.out)["best.keras"]; ok {
			t.Errorf("%s: there is a best.keras", c.out)
		}
		contains(t, "train.log", read(t, c.out, logName), c.want)
	}
	o := run(t, args("json", "--optimizer", "sgd", "--lr", "1e6", "--json")...)
	if r := decode[record](t, o.stdout); o.code != exitFailure || r.Status != failed || !strings.Contains(r.Error, "try --lr 0.01") {
		t.Errorf("--json: exit code %d, %s, %q", o.code, r.Status, r.Error)
	}
}

// TestSeveralDiverge checks that several trainings, of which one diverges, do not offer to resume: that would diverge again.
func TestSeveralDiverge(t *testing.T) {
	workIn(t)
	for out, flags := range map[string]string{"folds": "--folds 2", "tune": "--tune 1ms"} {
		o := run(t, append([]string{"train", "demo:cats-and-dogs?n=24", "--model", network("two.json"), "--batch", "6", "--epochs", "3", "--optimizer", "sgd", "--lr", "1e6", "--out", out, "-q"}, strings.Fields(flags)...)...)
		if o.code != exitFailure || strings.Contains(o.stderr, "to resume") {
			t.Errorf("%s: exit code %d, %s", out, o.code, o.stderr)
		}
		contains(t, out, o.stderr, "diverged", "lr", "start again with others, and with --overwrite or another --out")
		if r := decode[record](t, read(t, out, "run.json")); r.Status != failed {
			t.Errorf("%s: run.json has %s", out, r.Status)
		}
	}
}

// TestRise checks that a training whose loss rises, but does not diverge, ends with advice on standard error, in run.json and with --json, with --quiet too.
func TestRise(t *testing.T) {
	workIn(t)
	args := func(rate string, more ...string) []string {
		return append([]string{"train", "demo:cats-and-dogs?n=24", "--model", network("two.json"), "--batch", "24", "--epochs", "2", "--optimizer", "adam", "-q", "--out", "at" + rate, "--lr", rate}, more...)
	}
	const rose = "the loss rose from 0.7017 in the first epoch to "
	o := succeed(t, args(".1", "--json")...)
	contains(t, "standard error", o.stderr, rose, "lower the learning rate, for example --lr 0.001")
	for from, text := range map[string]string{"--json": o.stdout, "run.json": read(t, "at.1", "run.json")} {
		if r := decode[record](t, text); r.Status != finished || !strings.HasPrefix(r.Advice, rose) {
			t.Errorf("%s: %s, %q", from, r.Status, r.Advice)
		}
	}
	if o := succeed(t, args(".0001", "--json")...); decode[record](t, o.stdout).Advice != "" || strings.Contains(o.stderr, "rose") {
		t.Errorf("a low rate: %s", o.stderr)
	}
}

// TestOneSoftmaxUnit checks that training with a softmax of one unit, whose result is always 1, is refused or warned of, for each kind of file.
func TestOneSoftmaxUnit(t *testing.T) {
	plots(t)
	workIn(t)
	layers := func(activation layer.Function) []byte {
		return jsonOf(t, layer.Input{Shape: []int{12, 12, 3}}, layer.Flatten{}, layer.Dense{Units: 1, Activation: activation})
	}
	put(t, ".", map[string][]byte{"sigmoid.json": layers(layer.Sigmoid), "softmax.json": layers(layer.Softmax)})
	data := "demo:cats-and-dogs?n=12"
	succeed(t, "train", data, "--model", "sigmoid.json", "--epochs", "1", "--out", "out", "-q")
	put(t, ".", map[string][]byte{"compiled.keras": rezip(t, []byte(read(t, "out", "model.keras")), "config.json", func(s string) string {
		return strings.ReplaceAll(s, `"sigmoid"`, `"softmax"`)
	})})
	succeed(t, "convert", "compiled.keras", "softmax.onnx", "-q")
	succeed(t, "convert", "compiled.keras", "softmax.tflite", "-q")
	const words = "the last layer is a softmax of 1 unit, which is always 1"
	for i, quiet := range [][]string{nil, {"-q"}} {
		o := succeed(t, append([]string{"train", data, "--model", "compiled.keras", "--epochs", "1", "--out", filepath.Join("c", string(rune('a'+i)))}, quiet...)...)
		if n := strings.Count(o.stdout+o.stderr, words); n != 1 {
			t.Errorf("%v: %d warnings in\n%s%s", quiet, n, o.stdout, o.stderr)
		}
	}
	// As in Keras, the loss is that of the logits.
	put(t, ".", map[string][]byte{"sigmoid.keras": []byte(read(t, "out", "model.keras"))})
	var losses []any
	for _, file := range []string{"sigmoid.keras", "compiled.keras"} {
		e := decode[evaluation](t, succeed(t, "evaluate", file, data, "--json", "-q").stdout)
		losses = append(losses, e.Values["loss"])
		if file == "compiled.keras" && (e.Values["accuracy"] != .5 || losses[0] != losses[1]) {
			t.Errorf("evaluated as %v, with a sigmoid the loss is %v", e.Values, losses[0])
		}
	}
	for _, file := range []string{"softmax.json", "softmax.onnx", "softmax.tflite"} {
		o := run(t, "train", data, "--model", file, "--epochs", "1", "--out", "d", "-q")
		if o.code != exitFailure {
			t.Errorf("%s: exit code %d", file, o.code)
		}
		contains(t, file, o.stderr, words)
	}
}

// TestInitialModel checks that a model file of any kind that is trained further is the bar for best.keras.
func TestInitialModel(t *testing.T) {
	workIn(t)
	data := "demo:cats-and-dogs?n=24"
	succeed(t, "train", data, "--model", network("two.json"), "--epochs", "8", "--optimizer", "adam", "--lr", ".01", "--out", "base", "-q")
	base := filepath.Join("base", "best.keras")
	for _, file := range []string{base, "base.h5", "base.onnx"} {
		if file != base {
			succeed(t, "convert", base, file, "-q")
		}
		out := strings.ReplaceAll(filepath.Ext(file), ".", "on-")
		o := succeed(t, "train", data, "--model", file, "--epochs", "1", "--optimizer", "sgd", "--lr", "2", "--out", out)
		contains(t, file, o.stdout, "Initial model "+file+": val_accuracy: ", "No epoch was better than the initial model, so best.keras is the initial model.")
		r := decode[record](t, read(t, out, "run.json"))
		if r.Start == nil || r.Start.Model != file || len(r.Start.Fingerprint) != 64 || r.BestEpoch != nil {
			t.Errorf("%s: run.json has the start %+v and the best epoch %v", file, r.Start, r.BestEpoch)
		}
		want := decode[evaluation](t, succeed(t, "evaluate", base, data, "--json", "-q").stdout)
		got := decode[evaluation](t, succeed(t, "evaluate", filepath.Join(out, "best.keras"), data, "--json", "-q").stdout)
		if d := want.Values["loss"].(float64) - got.Values["loss"].(float64); d > 1e-5 || d < -1e-5 {
			t.Errorf("%s: best.keras has the loss %v, the initial model %v", file, got.Values["loss"], want.Values["loss"])
		}
	}
}

// TestHalfPrecision checks that a model with layers in another type than float32 predicts and is evaluated in float32. For training, the error does not
// advise flags that would not help.
func TestHalfPrecision(t *testing.T) {
	workIn(t)
	model := rezip(t, []byte(read(t, trained(t), "model.keras")), "config.json", func(s string) string {
		return strings.ReplaceAll(s, `"dtype": "float32", "filters"`, `"dtype": "mixed_float16", "filters"`)
	})
	put(t, ".", map[string][]byte{"half.keras": model})
	data := "demo:cats-and-dogs?n=12"
	succeed(t, "predict", "half.keras", data)
	o := succeed(t, "evaluate", "half.keras", data)
	contains(t, "evaluate", o.stderr, "warning: evaluated without settings that only training needs: layer conv2d: dtype mixed_float16")
	contains(t, "evaluate", o.stdout, "loss: ")
	for _, args := range [][]string{nil, {"--optimizer", "adam"}} {
		o := run(t, append([]string{"train", data, "--model", "half.keras", "--epochs", "1", "--out", "r"}, args...)...)
		if o.code != exitFailure || strings.Contains(o.stderr, "--optimizer") {
			t.Errorf("train %v: exit code %d, %s", args, o.code, o.stderr)
		}
		contains(t, "train", o.stderr, "half.keras", "the model can only predict", "layer conv2d: dtype mixed_float16")
	}
}
