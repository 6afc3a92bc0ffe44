package lince

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// batchOf returns rows a to b of the bars.
func batchOf(a, b int) data.Batch {
	x, y := bars(10)
	return data.Batch{X: x.Rows(a, b), Y: y.Rows(a, b)}
}

// train_on_batch and test_on_batch return the same logs in Keras.
func TestOnBatchAgainstKeras(t *testing.T) {
	m := must(Options{Seed: 4}.Sequential(layer.Input{Shape: []int{6, 6, 1}}, layer.Flatten{}, layer.Dense{Units: 2, Activation: layer.Softmax}))
	err := m.Compile(CompileOptions{
		Optimizer: optimizer.SGD{LearningRate: .5}, Loss: loss.CategoricalCrossentropy{},
		Metrics: []metric.Metric{metric.CategoricalAccuracy{}}, WeightedMetrics: []metric.Metric{metric.CategoricalAccuracy{Name: "w"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.keras")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	weighted := batchOf(4, 7)
	weighted.Weights = tensor.Of([]float32{1, 2, .5}, 3)
	var got []map[string]float64
	note := func(l *Logs, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, l.Map())
	}
	note(m.TrainOnBatch(batchOf(0, 4), BatchOptions{}))
	note(m.TrainOnBatch(weighted, BatchOptions{}))
	note(m.TrainOnBatch(batchOf(7, 10), BatchOptions{ClassWeight: map[int]float64{0: 3, 1: .5}}))
	note(m.TrainOnBatch(batchOf(0, 4), BatchOptions{}))
	note(m.TestOnBatch(batchOf(0, 4)))
	note(m.TestOnBatch(weighted))
	x, y := bars(10)
	var want []map[string]float64
	graphtest.Keras(t, `
import json, sys
import numpy as np, keras
i = json.load(sys.stdin)
m = keras.models.load_model(i["path"])
x, y = np.array(i["x"], "f").reshape(10, 6, 6, 1), np.array(i["y"], "f").reshape(10, 2)
w = np.array([1, 2, .5], "f")
logs = [m.train_on_batch(x[:4], y[:4], return_dict=True), m.train_on_batch(x[4:7], y[4:7], sample_weight=w, return_dict=True),
        m.train_on_batch(x[7:], y[7:], class_weight={0: 3, 1: .5}, return_dict=True)]
logs.append(m.train_on_batch(x[:4], y[:4], return_dict=True))
logs += [m.test_on_batch(x[:4], y[:4], return_dict=True), m.test_on_batch(x[4:7], y[4:7], sample_weight=w, return_dict=True)]
json.dump([{k: float(v) for k, v in l.items()} for l in logs], sys.stdout)
`, map[string]any{"path": path, "x": x.Float32s(), "y": y.Float32s()}, &want)
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-5, 1e-6)); diff != "" {
		t.Errorf("-Keras +lince\n%s", diff)
	}
}

// Batch by batch, the weights are those of Fit, and the mean of the losses is that of Fit and Evaluate.
func TestOnBatchEqualsFit(t *testing.T) {
	a, b := smallModel(t, 5), smallModel(t, 5)
	x, y := bars(10)
	ds := must(data.Tensors(x, y, data.TensorOptions{BatchSize: 4, NoShuffle: true}))
	h := must(a.Fit(context.Background(), ds, quiet(FitOptions{})))
	want := must(a.Evaluate(context.Background(), ds, EvaluateOptions{Verbose: Silent}))
	train, test := 0., 0.
	mean := func(sum *float64, logs *Logs, n int) {
		l, _ := logs.Get("loss")
		*sum += l * float64(n) / 10
	}
	for _, at := range []int{0, 4, 8} {
		mean(&train, must(b.TrainOnBatch(batchOf(at, min(at+4, 10)), BatchOptions{})), min(4, 10-at))
	}
	for _, at := range []int{0, 4, 8} {
		mean(&test, must(b.TestOnBatch(batchOf(at, min(at+4, 10)))), min(4, 10-at))
	}
	if l, _ := want.Get("loss"); !near(train, h.Last("loss"), 1e-6) || !near(test, l, 1e-6) {
		t.Errorf("the losses are %v and %v, want %v and %v", train, test, h.Last("loss"), l)
	}
	for i, w := range a.Weights() {
		if !cmp.Equal(w.Float32s(), b.Weights()[i].Float32s()) {
			t.Errorf("%s differs", a.Variables()[i].Path())
		}
	}
	if b.iterations() != 3 {
		t.Errorf("%d iterations, want 3", b.iterations())
	}
}

func TestOnBatchMistakes(t *testing.T) {
	m := smallModel(t, 1)
	plain := must(on(1).Sequential(small()...))
	frozen := smallModel(t, 1)
	frozen.SetTrainable(false)
	if err := frozen.Compile(must2(frozen.Compiled())); err != nil {
		t.Fatal(err)
	}
	stale := smallModel(t, 1)
	stale.SetTrainable(false)
	x, y := bars(2)
	train := func(m *Model, b data.Batch, o BatchOptions) error { _, err := m.TrainOnBatch(b, o); return err }
	test := func(m *Model, b data.Batch) error { _, err := m.TestOnBatch(b); return err }
	good := data.Batch{X: x, Y: y}
	for i, c := range []struct {
		err  error
		want string
	}{
		{train(plain, good, BatchOptions{}), "training on a batch: the model is not compiled"},
		{test(plain, good), "testing on a batch: the model is not compiled"},
		{train(frozen, good, BatchOptions{}), "there is nothing to train"},
		{train(stale, good, BatchOptions{}), "call Compile again"},
		{train(m, data.Batch{}, BatchOptions{}), "there are no examples"},
		{train(m, data.Batch{X: x}, BatchOptions{}), "the batch has no targets"},
		{train(m, data.Batch{X: y, Y: y}, BatchOptions{}), "the examples have shape (2, 2)"},
		{train(m, data.Batch{X: x.Rows(0, 0), Y: y.Rows(0, 0)}, BatchOptions{}), "the batch has no examples"},
		{train(m, good, BatchOptions{ClassWeight: map[int]float64{2: 1}}), "ClassWeight has class 2"},
		{test(m, data.Batch{X: x, Y: x}), "testing on a batch: "},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("case %d: the error is %v, want one with %q", i, c.err, c.want)
		}
	}
	m.fitting.Lock()
	if err := train(m, good, BatchOptions{}); err == nil || !strings.Contains(err.Error(), "already training") {
		t.Errorf("while the model trains, the error is %v", err)
	}
	m.fitting.Unlock()
	// A loss that is not finite is no error.
	w := m.Weights()
	w[len(w)-1].Float32s()[0] = float32(math.NaN())
	if err := m.SetWeights(w); err != nil {
		t.Fatal(err)
	}
	logs, err := m.TrainOnBatch(good, BatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if l, _ := logs.Get("loss"); !math.IsNaN(l) {
		t.Errorf("the loss is %v, want NaN", l)
	}
}

func must2[T any](v T, ok bool) T {
	if !ok {
		panic("not ok")
	}
	return v
}

// ModelCheckpoint's files of weights can be loaded.
func TestCheckpointOfWeights(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w", "{epoch}.weights.h5")
	m := smallModel(t, 1)
	must(m.Fit(context.Background(), barsData(6, 4, 2), quiet(FitOptions{Epochs: 2, Callbacks: []callback.Callback{callback.ModelCheckpoint{Path: path, SaveWeightsOnly: true}}})))
	again := smallModel(t, 2)
	if _, err := again.LoadWeights(strings.Replace(path, "{epoch}", "2", 1), WeightsOptions{}); err != nil {
		t.Fatal(err)
	}
	for i, w := range m.Weights() {
		if !cmp.Equal(w.Float32s(), again.Weights()[i].Float32s()) {
			t.Errorf("%s differs", m.Variables()[i].Path())
		}
	}
}

// fit(x, y, validation_split) trains on the first rows and evaluates the last ones, as with Validation.
func TestFitValidationSplit(t *testing.T) {
	x, y := bars(10)
	o := data.TensorOptions{BatchSize: 4, Seed: 2}
	a, b := smallModel(t, 5), smallModel(t, 5)
	got := fit(t, a, must(data.Tensors(x, y, o)), FitOptions{Epochs: 2, ValidationSplit: .25})
	validation := must(data.Tensors(x.Rows(7, 10), y.Rows(7, 10), data.TensorOptions{BatchSize: 4, NoShuffle: true}))
	want := fit(t, b, must(data.Tensors(x.Rows(0, 7), y.Rows(0, 7), o)), FitOptions{Epochs: 2, Validation: validation})
	if got, want := exactly(t, got), exactly(t, want); got != want {
		t.Errorf("the history is %s, want %s", got, want)
	}
	for want, c := range map[string]struct {
		ds data.Dataset
		o  FitOptions
	}{
		"set only one of them":                       {must(data.Tensors(x, y, o)), FitOptions{ValidationSplit: .5, Validation: validation}},
		"must be between 0 and 1, got -0.5":          {must(data.Tensors(x, y, o)), FitOptions{ValidationSplit: -.5}},
		"ValidationSplit: 10 examples are too few":   {must(data.Tensors(x, y, o)), FitOptions{ValidationSplit: .95}},
		"divides arrays (data.Tensors), got a lince": {gaps{barsData(8, 4, 0)}, FitOptions{ValidationSplit: .5}},
	} {
		if _, err := a.Fit(context.Background(), c.ds, quiet(c.o)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
}
