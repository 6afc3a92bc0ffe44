package cli

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
)

// TestFlags checks that flags reach the model, run.json and the choice of the best epoch.
func TestFlags(t *testing.T) {
	long(t)
	workIn(t)
	args := []string{"train", "demo:cats-and-dogs?n=60", "--size", "20", "--epochs", "4", "--optimizer", "adamw", "--lr", "1e-3", "--schedule", "cosine", "--warmup", "1", "--weight-decay", ".01",
		"--monitor", "val_auc", "--metrics", "precision,recall,auc", "--dropout", ".3", "--label-smoothing", ".1", "--tensorboard"}
	o := succeed(t, append(args, "--out", "one", "--threads", "1")...)
	contains(t, "the output", o.stdout, "dropout (Dropout)", "Learning rate: cosine, from 0 to 0.001 in the first 3 steps, then to 0 in 9 steps", " - val_auc: ", " - recall: ", "has the highest val_auc")
	r := decode[record](t, read(t, "one", "run.json"))
	if m := r.Model; m.Optimizer != "AdamW" || m.OptimizerConfig["weight_decay"] != .01 || m.LearningRate != .001 || m.LossConfig["label_smoothing"] != .1 ||
		!slices.Equal(m.Metrics, []string{"auc", "precision", "recall"}) || m.Monitor != "val_auc" || m.MonitorMode != "max" {
		t.Errorf("run.json has %+v", m)
	}
	values := r.History.Values("val_auc")
	if best := slices.Index(values, slices.Max(values)); r.BestEpoch == nil || *r.BestEpoch != best {
		t.Errorf("the best epoch is %v, val_auc is %v", r.BestEpoch, values)
	}
	m := open(t, filepath.Join("one", "best.keras"))
	c, _ := m.Compiled()
	if l, ok := c.Loss.(loss.CategoricalCrossentropy); !ok || l.LabelSmoothing != .1 {
		t.Errorf("the loss is %+v", c.Loss)
	}
	if a, ok := c.Optimizer.(optimizer.AdamW); !ok || a.Schedule == nil || *a.WeightDecay != .01 {
		t.Errorf("the optimizer is %+v", c.Optimizer)
	}
	layers := m.Layers()
	if c := layers[len(layers)-2].Config(); c["rate"] != .3 {
		t.Errorf("before the last layer is %v", c)
	}
	succeed(t, append(args, "--out", "two", "--threads", "2", "-q")...)
	one, two := snapshot(t, "one"), snapshot(t, "two")
	for name := range one {
		if name != "run.json" && name != logName && name != pageName && !strings.HasPrefix(name, boardName) && one[name] != two[name] {
			t.Errorf("%s differs between one thread and two", name)
		}
	}
	sameBoard(t, filepath.Join("one", boardName), filepath.Join("two", boardName))
	// The defaults.
	if plain := decode[record](t, succeed(t, "train", "demo:cats-and-dogs?n=60", "--size", "20", "--epochs", "1", "--json", "-q").stdout); plain.Model.Monitor != "val_loss" ||
		!slices.Equal(plain.Model.Metrics, []string{"accuracy"}) || plain.Model.Schedule != "" {
		t.Errorf("the defaults are %+v", plain.Model)
	}
}

// TestPatienceOfMonitor checks that early stopping and its restored weights follow --monitor, in both directions.
func TestPatienceOfMonitor(t *testing.T) {
	long(t)
	workIn(t)
	for _, key := range []string{"val_accuracy", "val_loss", "loss"} {
		o := succeed(t, "train", "demo:cats-and-dogs?n=24", "--model", network("two.json"), "--epochs", "30", "--batch", "6", "--optimizer", "sgd", "--lr", ".5", "--monitor", key, "--patience", "2", "--out", key)
		r := decode[record](t, read(t, key, "run.json"))
		better := func(a, b float64) bool { return a < b }
		if key == "val_accuracy" {
			better = func(a, b float64) bool { return a > b }
		}
		values := r.History.Values(key)
		best := 0
		for i, v := range values {
			if better(v, values[best]) {
				best = i
			}
		}
		if r.BestEpoch == nil || *r.BestEpoch != best || r.StoppedBy == "patience" && len(values) != best+3 {
			t.Errorf("%s: stopped by %s, the best epoch is %v, the values are %v", key, r.StoppedBy, r.BestEpoch, values)
		}
		if r.StoppedBy != "patience" {
			continue
		}
		contains(t, "the output", o.stdout, "restored by --patience")
		last, saved := open(t, filepath.Join(key, "model.keras")), open(t, filepath.Join(key, "best.keras"))
		for i, w := range last.Weights() {
			if string(w.Raw()) != string(saved.Weights()[i].Raw()) {
				t.Errorf("%s: model.keras does not have the weights of the best epoch", key)
			}
		}
	}
}

// TestMetricsOfHeads checks metrics with each kind of output: what Keras computes for it.
func TestMetricsOfHeads(t *testing.T) {
	long(t)
	workIn(t)
	p := pngs(t, 18)
	for i, name := range sorted(p) {
		put(t, "three", map[string][]byte{[]string{"a", "b", "c"}[i%3] + "/" + name: p[name]})
	}
	for _, c := range []struct{ model, data, metrics string }{
		{"two.json", "demo:cats-and-dogs?n=16", "acc,precision,recall,auc,f1_score,top_k_categorical_accuracy"},
		{"binary.json", "demo:cats-and-dogs?n=16", "accuracy,precision,recall,auc,binary_io_u,true_positives"},
		{"three.json", "three", "accuracy,precision,recall,auc,f1_score,categorical_crossentropy"},
		{"sparse.json", "demo:cats-and-dogs?n=16", "accuracy,sparse_categorical_crossentropy,sparse_top_k_categorical_accuracy"},
	} {
		names := strings.Split(c.metrics, ",")
		out := filepath.Join("out", c.model)
		r := decode[record](t, succeed(t, "train", c.data, "--model", network(c.model), "--epochs", "2", "--metrics", c.metrics, "--out", out, "--json", "-q").stdout)
		slices.Sort(names)
		if !slices.Equal(r.Model.Metrics, names) {
			t.Errorf("%s: the metrics are %v, want %v", c.model, r.Model.Metrics, names)
		}
		// The metrics are in the file: evaluate computes them, and those of the report agree.
		e := decode[evaluation](t, succeed(t, "evaluate", filepath.Join(out, "model.keras"), c.data, "--json", "-q").stdout)
		for _, name := range names {
			if e.Values[name] == nil {
				t.Errorf("%s: evaluate has no %s: %v", c.model, name, e.Values)
			}
		}
		if scores, ok := e.Values["f1_score"].([]any); ok {
			for i, s := range scores {
				if want := e.Classification.PerClass[i].F1; math.Abs(s.(float64)-want) > 1e-6 {
					t.Errorf("%s: f1_score is %v, that of the report %v", c.model, scores, e.Classification.PerClass)
				}
			}
			o := succeed(t, "evaluate", filepath.Join(out, "model.keras"), c.data, "-q")
			contains(t, "the text", o.stdout, "\nf1_score: [0.", "\nauc: 0.")
		} else if strings.Contains(c.metrics, "f1_score") {
			t.Errorf("%s: f1_score is %v, want a vector", c.model, e.Values["f1_score"])
		}
	}
}

// TestTargetsOfLosses checks that each loss gets the targets that it takes: class indices or one number for each class.
func TestTargetsOfLosses(t *testing.T) {
	table, err := data.Open(t.Context(), "demo:cats-and-dogs?n=12", data.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	for _, name := range lossNames() {
		m, err := lince.Sequential(layer.Input{Shape: []int{8, 8, 3}}, layer.Flatten{}, layer.Dense{Units: 2, Activation: layer.Softmax})
		if err != nil {
			t.Fatal(err)
		}
		l, err := loss.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		m.Classes = table.Classes()
		if err := m.Compile(lince.CompileOptions{Optimizer: optimizer.SGD{}, Loss: l, Metrics: []metric.Metric{metric.Accuracy{}}}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		f, err := labeledFlow(m, table, data.ImageOptions{BatchSize: 5})
		if err != nil {
			t.Fatal(err)
		}
		logs, err := m.Evaluate(t.Context(), f, lince.EvaluateOptions{Verbose: lince.Silent})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		right := 0.
		for c, err := range m.Classify(t.Context(), f) {
			if err != nil {
				t.Fatal(err)
			}
			if c.Name == table.Row(c.Row).Label {
				right++
			}
		}
		if a, _ := logs.Get("accuracy"); math.Abs(a-right/12) > 1e-6 {
			t.Errorf("%s: the accuracy is %v, want %v of 12", name, a, right)
		}
		mixup := &training{trainCommand: &trainCommand{}, trainingModel: trainingModel{model: m}}
		mixup.MixUp = new(.2)
		if _, err := mixup.mixed(f); (err != nil) != loss.TakesIndices(l) {
			t.Errorf("--mixup of %s: %v", name, err)
		}
	}
}

// TestMetricNames checks that spaces in --metrics are ignored, and that names of Keras stay the keys.
func TestMetricNames(t *testing.T) {
	f := objectiveFlags{Metrics: []string{" auc", "mse"}}
	if list, err := f.metrics(); err != nil || len(list) != 2 || metric.NameOf(list[0]) != "auc" || metric.NameOf(list[1]) != "mse" {
		t.Errorf("the metrics are %v, %v", list, err)
	}
}

// TestNotFinite checks that metrics that are not finite can be written as JSON.
func TestNotFinite(t *testing.T) {
	var b strings.Builder
	logs := &lince.Logs{}
	logs.Set("loss", math.NaN())
	logs.Set("auc", .5)
	if err := writeJSON(&b, map[string]any{"logs": numbers(logs), "vector": finiteOrNil([]float64{1, math.Inf(1)})}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(strings.Fields(b.String()), ""); got != `{"logs":{"auc":0.5,"loss":null},"vector":[1,null]}` {
		t.Errorf("the JSON is %s", got)
	}
}

// TestAverages checks that with --ema the averages are validated and saved in both models.
func TestAverages(t *testing.T) {
	long(t)
	workIn(t)
	args := []string{"train", "demo:cats-and-dogs?n=24", "--model", network("two.json"), "--epochs", "1", "--batch", "3", "--optimizer", "sgd", "--lr", ".5", "-q", "--out"}
	succeed(t, append(args, "plain")...)
	succeed(t, append(args, "ema", "--ema", ".9")...)
	plain, best, last := open(t, "plain/model.keras"), open(t, "ema/best.keras"), open(t, "ema/model.keras")
	for i, w := range last.Weights() {
		if string(w.Raw()) != string(best.Weights()[i].Raw()) {
			t.Error("best.keras has other weights than model.keras after one epoch")
		}
		if string(w.Raw()) == string(plain.Weights()[i].Raw()) {
			t.Error("the weights are those without --ema")
		}
	}
	a, b := decode[record](t, read(t, "ema", "run.json")), decode[record](t, read(t, "plain", "run.json"))
	if a.History.Last("loss") != b.History.Last("loss") || a.History.Last("val_loss") == b.History.Last("val_loss") {
		t.Errorf("the training has %v and %v, want the same loss; the validation %v and %v, want others",
			a.History.Last("loss"), b.History.Last("loss"), a.History.Last("val_loss"), b.History.Last("val_loss"))
	}
	if math.Abs(a.Results.Accuracy-a.History.Last("val_accuracy")) > 1e-6 {
		t.Errorf("model.keras has the accuracy %v, the validation %v", a.Results.Accuracy, a.History.Last("val_accuracy"))
	}
}

func open(t *testing.T, path string) *lince.Model {
	t.Helper()
	m, err := lince.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
