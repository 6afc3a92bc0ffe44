package lince

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/optimizer/schedule"
	"github.com/lince-ml/lince/tensor"
)

func TestTrainingLearns(t *testing.T) {
	m := smallModel(t, 1)
	ds := barsData(24, 8, 3)
	h := fit(t, m, ds, FitOptions{Epochs: 30, Validation: ds})
	if got, want := h.Names(), []string{"accuracy", "loss", "val_accuracy", "val_loss"}; !slices.Equal(got, want) {
		t.Errorf("history has %v, want %v", got, want)
	}
	if n := len(h.Epochs); n != 30 || h.Epochs[0] != 0 || h.Epochs[29] != 29 {
		t.Errorf("epochs are %v, want 0 to 29", h.Epochs)
	}
	if first, last := h.Values("loss")[0], h.Last("loss"); !(last < first/2) {
		t.Errorf("the loss went from %v to %v, want less than half", first, last)
	}
	if a := h.Last("val_accuracy"); a < .9 {
		t.Errorf("val_accuracy is %v, want at least .9", a)
	}
}

// The logged loss is the weighted sum over all examples divided by their number, even if the last batch is smaller.
func TestLossOfPartialBatches(t *testing.T) {
	m := smallModel(t, 1)
	x, y := bars(10)
	weights := []float32{1, 2, 3, 0, 1, .5, 1, 1, 2, 4}
	ds := must(data.Tensors(x, y, data.TensorOptions{BatchSize: 4, NoShuffle: true, Weights: tensor.Of(weights, len(weights))}))
	logs, err := m.Evaluate(context.Background(), ds, EvaluateOptions{Verbose: Silent})
	if err != nil {
		t.Fatal(err)
	}
	p := must(m.PredictBatch(x)).Float32s()
	want, hits := 0., 0.
	for i := range 10 {
		want -= float64(weights[i]) * math.Log(float64(p[i*2+i%2]))
		if best := p[i*2] < p[i*2+1]; best == (i%2 == 1) {
			hits++
		}
	}
	if got, _ := logs.Get("loss"); !near(got, want/10, 1e-5) {
		t.Errorf("loss is %v, want %v", got, want/10)
	}
	if got, _ := logs.Get("accuracy"); !near(got, hits/10, 1e-6) {
		t.Errorf("accuracy is %v, want %v, without weights", got, hits/10)
	}
}

func TestClassWeights(t *testing.T) {
	x, y := bars(12)
	plain := must(data.Tensors(x, y, data.TensorOptions{BatchSize: 5}))
	weights := make([]float32, 12)
	for i := range weights {
		weights[i] = []float32{.5, 3}[i%2]
	}
	weighted := must(data.Tensors(x, y, data.TensorOptions{BatchSize: 5, Weights: tensor.Of(weights, len(weights))}))
	a, b := smallModel(t, 1), smallModel(t, 1)
	fit(t, a, plain, FitOptions{Epochs: 2, ClassWeight: map[int]float64{0: .5, 1: 3}})
	fit(t, b, weighted, FitOptions{Epochs: 2})
	sameWeights(t, a, b)
	c := smallModel(t, 1)
	fit(t, c, plain, FitOptions{Epochs: 2})
	if bytes.Equal(c.Weights()[0].Raw(), a.Weights()[0].Raw()) {
		t.Error("class weights change nothing")
	}
	for _, bad := range []map[int]float64{{2: 1}, {-1: 1}, {0: -1}, {0: math.NaN()}, {0: 0, 1: 0}} {
		if _, err := a.Fit(context.Background(), plain, quiet(FitOptions{ClassWeight: bad})); err == nil {
			t.Errorf("class weights %v: no error", bad)
		}
	}
}

// Names as Keras 3.15.1 gives them.
func TestMetricNames(t *testing.T) {
	m := smallModel(t, 1)
	err := m.Compile(CompileOptions{
		Loss:            loss.CategoricalCrossentropy{},
		Metrics:         []metric.Metric{metric.Accuracy{}, metric.Accuracy{}},
		WeightedMetrics: []metric.Metric{metric.Accuracy{}, metric.CategoricalAccuracy{Name: "accuracy"}, metric.BinaryAccuracy{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	x, y := bars(4)
	ds := must(data.Tensors(x, y, data.TensorOptions{Weights: tensor.Of([]float32{1, 2, 3, 4}, 4)}))
	logs := must(m.Evaluate(context.Background(), ds, EvaluateOptions{Verbose: Silent}))
	want := []string{"accuracy", "accuracy_1", "binary_accuracy", "loss", "weighted_accuracy", "weighted_accuracy_1"}
	if !slices.Equal(logs.Names(), want) {
		t.Errorf("names are %v, want %v", logs.Names(), want)
	}
	values := logs.Map()
	if values["accuracy"] != values["accuracy_1"] || values["weighted_accuracy"] != values["weighted_accuracy_1"] {
		t.Errorf("values are %v", values)
	}
	again := must(on(1).Read(bytes.NewReader(bytesOf(t, m)), int64(len(bytesOf(t, m)))))
	if got := must(again.Evaluate(context.Background(), ds, EvaluateOptions{Verbose: Silent})); !slices.Equal(got.Names(), want) {
		t.Errorf("names in the file are %v, want %v", got.Names(), want)
	}
}

func sameWeights(t *testing.T, a, b *Model) {
	t.Helper()
	for i, w := range a.Weights() {
		if !bytes.Equal(w.Raw(), b.Weights()[i].Raw()) {
			t.Errorf("the two models' %s differ", a.Variables()[i].Path())
		}
	}
}

// Class indices and one-hot rows of any type must train alike.
func TestTargetForms(t *testing.T) {
	x, y := bars(12)
	labels := tensor.New(tensor.Float32, 12)
	whole := tensor.New(tensor.Int64, 12, 1)
	for i := range 12 {
		labels.Float32s()[i] = float32(i % 2)
		tensor.Values[int64](whole)[i] = int64(i % 2)
	}
	var models []*Model
	for i, target := range []*tensor.Tensor{y, labels, whole} {
		m, err := on(1).Sequential(small()...)
		if err != nil {
			t.Fatal(err)
		}
		var l loss.Loss = loss.SparseCategoricalCrossentropy{}
		if i == 0 {
			l = loss.CategoricalCrossentropy{}
		}
		if err := m.Compile(CompileOptions{Optimizer: optimizer.SGD{}, Loss: l, Metrics: []metric.Metric{metric.Accuracy{Name: "acc"}}}); err != nil {
			t.Fatal(err)
		}
		h := fit(t, m, must(data.Tensors(x, target, data.TensorOptions{BatchSize: 5})), FitOptions{Epochs: 2})
		if !slices.Equal(h.Names(), []string{"acc", "loss"}) {
			t.Errorf("history has %v", h.Names())
		}
		models = append(models, m)
	}
	sameWeights(t, models[1], models[2])
	for i, w := range models[0].Weights() {
		for j, v := range w.Float32s() {
			if !near(float64(v), float64(models[1].Weights()[i].Float32s()[j]), 1e-5) {
				t.Fatalf("one-hot and sparse differ in %s", models[0].Variables()[i].Path())
			}
		}
	}
}

// Targets of one unit may have shape (batch) or (batch, 1).
func TestBinary(t *testing.T) {
	layers := small()
	layers[len(layers)-1] = layer.Dense{Units: 1, Activation: layer.Sigmoid}
	m := must(on(1).Sequential(layers...))
	if err := m.Compile(CompileOptions{Optimizer: optimizer.Adam{LearningRate: .01}, Loss: loss.BinaryCrossentropy{}, Metrics: []metric.Metric{metric.Accuracy{}}}); err != nil {
		t.Fatal(err)
	}
	x, _ := bars(24)
	y := tensor.New(tensor.Uint8, 24)
	for i := range 24 {
		y.Raw()[i] = byte(i % 2)
	}
	h := fit(t, m, must(data.Tensors(x, y, data.TensorOptions{BatchSize: 8})), FitOptions{Epochs: 30})
	if h.Last("accuracy") < .9 {
		t.Errorf("accuracy is %v, want at least .9", h.Last("accuracy"))
	}
}

// With StepsPerEpoch, the data continue across epochs, and may start over in the middle of an epoch.
func TestStepsPerEpochCycle(t *testing.T) {
	m := smallModel(t, 1)
	x, y := bars(10)
	ds := &recorder{Dataset: must(data.Tensors(x, y, data.TensorOptions{BatchSize: 4, NoShuffle: true}))}
	var seen []int
	count := callback.Func(func(callback.Run) (callback.Hooks, error) {
		return callback.Hooks{EpochEnd: func(int, *Logs) error {
			seen = append(seen, len(ds.rows))
			return nil
		}}, nil
	})
	fit(t, m, ds, FitOptions{Epochs: 3, StepsPerEpoch: 5, Callbacks: []callback.Callback{count}})
	if !slices.Equal(seen, []int{5, 10, 15}) {
		t.Errorf("steps after each epoch: %v, want 5, 10, 15", seen)
	}
	for i, row := range ds.rows {
		if row != i%3*4 {
			t.Fatalf("first rows of the batches are %v, want 0, 4, 8, 0, 4, ...", ds.rows)
		}
	}
}

// recorder records the first row of each batch, and can run a function before a batch.
type recorder struct {
	data.Dataset
	rows   []int
	before func(step int)
}

func (r *recorder) Batches(ctx context.Context, epoch, step int) iter.Seq2[data.Batch, error] {
	return func(yield func(data.Batch, error) bool) {
		for b, err := range r.Dataset.Batches(ctx, epoch, step) {
			if err == nil {
				r.rows = append(r.rows, b.Index[0])
				if r.before != nil {
					r.before(len(r.rows))
				}
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

func TestCancel(t *testing.T) {
	m := smallModel(t, 1)
	ctx, cancel := context.WithCancelCause(context.Background())
	because := errors.New("enough")
	ds := &recorder{Dataset: barsData(24, 4, 1), before: func(n int) {
		if n == 9 {
			cancel(because)
		}
	}}
	ended := false
	h, err := m.Fit(ctx, ds, quiet(FitOptions{Epochs: 5, Callbacks: []callback.Callback{callback.Func(func(callback.Run) (callback.Hooks, error) {
		return callback.Hooks{End: func() error { ended = true; return nil }}, nil
	})}}))
	if !errors.Is(err, because) || !strings.Contains(err.Error(), "epoch 2 of 5, after step 3 of 6") {
		t.Errorf("error is %v", err)
	}
	if len(h.Epochs) != 1 || h.Partial == nil || h.Partial.Epoch != 1 || h.Partial.Steps != 3 {
		t.Fatalf("history is %+v, partial %+v; want 1 epoch and 3 steps of the second", h, h.Partial)
	}
	if loss, ok := h.Partial.Logs.Get("loss"); !ok || math.IsNaN(loss) {
		t.Error("the partial epoch has no loss")
	}
	if !ended {
		t.Error("End was not called")
	}
	if _, err := m.WriteTo(&bytes.Buffer{}); err != nil {
		t.Errorf("the model cannot be saved afterwards: %v", err)
	}
	fit(t, m, barsData(24, 4, 1), FitOptions{})
}

func TestNaN(t *testing.T) {
	x, y := bars(12)
	y.Float32s()[2*9] = float32(math.NaN()) // in the third batch
	ds := must(data.Tensors(x, y, data.TensorOptions{BatchSize: 4, NoShuffle: true}))
	m := smallModel(t, 1)
	before := m.Weights()
	h, err := m.Fit(context.Background(), ds, quiet(FitOptions{Epochs: 2}))
	var nan *NaNError
	if !errors.As(err, &nan) || nan.Epoch != 0 || nan.Step != 2 || !math.IsNaN(nan.Loss) || !near(nan.Rate, .01, 1e-8) {
		t.Errorf("error is %v", err)
	}
	unchanged(t, m, before)
	if h.Partial == nil || h.Partial.Steps != 3 {
		t.Errorf("partial epoch is %+v", h.Partial)
	}
	h, err = m.Fit(context.Background(), ds, quiet(FitOptions{Epochs: 2, Callbacks: []callback.Callback{callback.TerminateOnNaN{}}}))
	if err != nil || len(h.Epochs) != 1 || !math.IsNaN(h.Last("loss")) {
		t.Errorf("with TerminateOnNaN: history %+v, error %v; want one epoch, without an error", h, err)
	}
	m = smallModel(t, 1)
	h, err = m.Fit(context.Background(), ds, quiet(FitOptions{Epochs: 2, AllowNaN: true}))
	if err != nil || len(h.Epochs) != 2 {
		t.Errorf("with AllowNaN: history %+v, error %v; want two epochs, without an error", h, err)
	}
}

// A step can make weights NaN without a NaN in its own loss. At the end of an epoch, the weights reveal it.
func TestNaNWeights(t *testing.T) {
	m := must(on(1).Sequential(layer.Input{Shape: []int{1}}, layer.Dense{Units: 1}))
	if err := m.Compile(CompileOptions{Optimizer: optimizer.SGD{LearningRate: 1e30}, Loss: loss.MeanSquaredError{}}); err != nil {
		t.Fatal(err)
	}
	before := m.Weights()
	ds := must(data.Tensors(tensor.Of([]float32{1e10}, 1, 1), tensor.Of([]float32{1}, 1, 1), data.TensorOptions{}))
	_, err := m.Fit(context.Background(), ds, quiet(FitOptions{Epochs: 3}))
	var nan *NaNError
	if !errors.As(err, &nan) || nan.Variable != "dense/kernel" || math.IsInf(nan.Loss, 0) || nan.Epoch != 0 || nan.Step != 0 {
		t.Errorf("error is %v", err)
	}
	unchanged(t, m, before)
}

// Weights of examples that are far from 1 make a training diverge. The error names them before the learning rate.
func TestHeavyWeights(t *testing.T) {
	x, y := bars(12)
	w := tensor.New(tensor.Float32, 12)
	for i := range w.Float32s() {
		w.Float32s()[i] = 1e12
	}
	ds := must(data.Tensors(x, y, data.TensorOptions{BatchSize: 4, Weights: w}))
	m := smallModel(t, 1)
	if err := m.Compile(CompileOptions{Optimizer: optimizer.SGD{}, Loss: loss.CategoricalCrossentropy{}}); err != nil {
		t.Fatal(err)
	}
	_, err := m.Fit(context.Background(), ds, quiet(FitOptions{Epochs: 9, Callbacks: []callback.Callback{callback.TerminateOnDivergence{}}}))
	var nan *NaNError
	var diverged *callback.DivergenceError
	switch {
	case errors.As(err, &nan) && near(nan.Weight, 1e12, 1e6), errors.As(err, &diverged) && near(diverged.Weight, 1e12, 1e6):
	default:
		t.Fatalf("error is %v", err)
	}
	if !strings.Contains(err.Error(), "lower the class weights or example weights, which reach 1e+12") {
		t.Error(err)
	}
}

func unchanged(t *testing.T, m *Model, before []*tensor.Tensor) {
	t.Helper()
	for i, w := range m.Weights() {
		if !bytes.Equal(w.Raw(), before[i].Raw()) {
			t.Errorf("%s is not as before the epoch", m.Variables()[i].Path())
		}
	}
}

// A training that is interrupted, saved, opened and resumed must end with the same bits as one that is not.
func TestResume(t *testing.T) {
	f := FitOptions{Epochs: 4, StepsPerEpoch: 4, Callbacks: []callback.Callback{
		callback.EarlyStopping{Monitor: "loss", Patience: 10, RestoreBestWeights: true},
		callback.ReduceLROnPlateau{Monitor: "loss", Patience: new(0), MinDelta: new(10.), Factor: .5},
	}}
	whole := smallModel(t, 7)
	want := fit(t, whole, barsData(24, 5, 2), f)

	part := smallModel(t, 7)
	var state []byte
	var file bytes.Buffer
	stop := callback.Func(func(run callback.Run) (callback.Hooks, error) {
		return callback.Hooks{EpochEnd: func(epoch int, _ *Logs) error {
			if epoch != 1 {
				return nil
			}
			s, err := run.State()
			if err != nil {
				return err
			}
			if state, err = json.Marshal(s); err != nil {
				return err
			}
			_, err = part.WriteTo(&file)
			run.Stop()
			return err
		}}, nil
	})
	first := f
	first.Callbacks = append(slices.Clone(f.Callbacks), stop)
	fit(t, part, barsData(24, 5, 2), first)

	opened, err := on(999).Read(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var s callback.State
	if err := json.Unmarshal(state, &s); err != nil {
		t.Fatal(err)
	}
	second := f
	second.Resume = &s
	if _, err := opened.Fit(context.Background(), barsData(24, 5, 2), quiet(second)); err == nil {
		t.Error("resuming with another number of callbacks: no error")
	}
	second.Callbacks = append(slices.Clone(f.Callbacks), callback.Func(func(callback.Run) (callback.Hooks, error) { return callback.Hooks{}, nil }))
	got := fit(t, opened, barsData(24, 5, 2), second)
	sameWeights(t, whole, opened)
	a, b := must(json.Marshal(want)), must(json.Marshal(got))
	if !bytes.Equal(a, b) {
		t.Errorf("histories differ:\n%s\n%s", a, b)
	}
	if !slices.Equal(got.Names(), []string{"loss", "accuracy", "learning_rate"}) && !slices.Equal(got.Names(), []string{"accuracy", "loss", "learning_rate"}) {
		t.Errorf("history has %v", got.Names())
	}
}

func TestFitRefuses(t *testing.T) {
	m := smallModel(t, 1)
	ok := barsData(8, 4, 1)
	x, y := bars(8)
	for name, c := range map[string]struct {
		ds   data.Dataset
		f    FitOptions
		want string
	}{
		"nil data":        {nil, FitOptions{}, "the dataset is nil"},
		"nil arrays":      {(*data.Arrays)(nil), FitOptions{}, "the dataset is nil"},
		"nil validation":  {ok, FitOptions{Validation: (*data.Flow)(nil)}, "the validation dataset is nil"},
		"nil to divide":   {(*data.Arrays)(nil), FitOptions{ValidationSplit: .5}, "the dataset is nil"},
		"no targets":      {must(data.Tensors(x, nil, data.TensorOptions{})), FitOptions{}, "no targets"},
		"other images":    {must(data.Tensors(tensor.New(tensor.Float32, 8, 7, 7, 1), y, data.TensorOptions{})), FitOptions{}, "(None, 7, 7, 1), the model takes (None, 6, 6, 1)"},
		"three classes":   {must(data.Tensors(x, tensor.New(tensor.Float32, 8, 3), data.TensorOptions{})), FitOptions{}, "Units: 3"},
		"class indexes":   {must(data.Tensors(x, tensor.New(tensor.Int32, 8), data.TensorOptions{})), FitOptions{}, "SparseCategoricalCrossentropy"},
		"validation":      {ok, FitOptions{Validation: must(data.Tensors(x, nil, data.TensorOptions{}))}, "validation data: there are no targets"},
		"negative epochs": {ok, FitOptions{Epochs: -1}, "Epochs must be at least 0, got -1"},
		"nil callback":    {ok, FitOptions{Callbacks: []callback.Callback{nil}}, "callback 0 is nil"},
		"no validation":   {ok, FitOptions{Callbacks: []callback.Callback{callback.EarlyStopping{}}}, "there is no val_loss to monitor"},
		"no weights":      {ok, FitOptions{ClassWeight: map[int]float64{0: 0, 1: 0}}, "ClassWeight is 0 for all classes, so the loss is always 0"},
		"bad verbose":     {ok, FitOptions{Verbose: 9}, "Verbose must be Auto, Silent, Bar or Lines, got 9"},
	} {
		if c.f.Verbose == 0 {
			c.f = quiet(c.f)
		}
		h, err := m.Fit(context.Background(), c.ds, c.f)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", name, err, c.want)
		}
		if h != nil && len(h.Epochs) > 0 {
			t.Errorf("%s: trained", name)
		}
	}
	bare := must(on(1).Sequential(small()...))
	if _, err := bare.Fit(context.Background(), ok, FitOptions{}); err == nil || !strings.Contains(err.Error(), "not compiled") {
		t.Errorf("not compiled: error is %v", err)
	}
	if _, err := bare.Evaluate(context.Background(), ok, EvaluateOptions{}); err == nil || !strings.Contains(err.Error(), "not compiled") {
		t.Errorf("not compiled: error is %v", err)
	}
	sparse := must(on(1).Sequential(small()...))
	if err := sparse.Compile(CompileOptions{Loss: loss.SparseCategoricalCrossentropy{}}); err != nil {
		t.Fatal(err)
	}
	if _, err := sparse.Fit(context.Background(), ok, quiet(FitOptions{})); err == nil || !strings.Contains(err.Error(), "one-hot") {
		t.Errorf("one-hot for sparse: error is %v", err)
	}
	labels := tensor.Of([]float32{0, 1, 2, 0, 1, 0, 1, 0}, 8)
	if _, err := sparse.Fit(context.Background(), must(data.Tensors(x, labels, data.TensorOptions{NoShuffle: true})), quiet(FitOptions{})); err == nil || !strings.Contains(err.Error(), "has class 2") {
		t.Errorf("class out of range: error is %v", err)
	}
	labels.Float32s()[2] = .5
	if _, err := sparse.Fit(context.Background(), must(data.Tensors(x, labels, data.TensorOptions{NoShuffle: true})), quiet(FitOptions{})); err == nil || !strings.Contains(err.Error(), "must be an integer") {
		t.Errorf("class .5: error is %v", err)
	}
}

// A callback may predict and evaluate during training without changing the result.
func TestCallbacksUseTheModel(t *testing.T) {
	a, b := smallModel(t, 1), smallModel(t, 1)
	x, _ := bars(4)
	peek := callback.Func(func(callback.Run) (callback.Hooks, error) {
		return callback.Hooks{BatchEnd: func(int, *Logs) error {
			if _, err := b.PredictBatch(x); err != nil {
				return err
			}
			_, err := b.Evaluate(context.Background(), barsData(6, 4, 0), EvaluateOptions{Verbose: Silent})
			return err
		}, EpochEnd: func(int, *Logs) error {
			if err := b.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}}); err == nil {
				t.Error("Compile during training: no error")
			}
			return nil
		}}, nil
	})
	ha := fit(t, a, barsData(12, 4, 1), FitOptions{Epochs: 2})
	hb := fit(t, b, barsData(12, 4, 1), FitOptions{Epochs: 2, Callbacks: []callback.Callback{peek}})
	sameWeights(t, a, b)
	if !bytes.Equal(must(json.Marshal(ha)), must(json.Marshal(hb))) {
		t.Error("histories differ")
	}
}

func TestProgress(t *testing.T) {
	m := smallModel(t, 1)
	var out bytes.Buffer
	_, err := m.Fit(context.Background(), barsData(12, 4, 1), FitOptions{Epochs: 2, Validation: barsData(4, 4, 0), Output: &out, Callbacks: []callback.Callback{
		callback.LearningRateScheduler{Schedule: func(epoch int, rate float64) float64 { return rate / 2 }, Verbose: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if len(lines) != 7 || lines[0] != "Epoch 1/2" || !strings.HasPrefix(lines[1], "Epoch 1: LearningRateScheduler setting learning rate to 0.0049") ||
		!strings.HasPrefix(lines[2], "3/3 - ") || lines[3] != "Epoch 2/2" || !strings.HasPrefix(lines[5], "3/3 - ") {
		t.Errorf("progress is\n%s", out.String())
	}
	want := []string{"accuracy", "loss", "val_accuracy", "val_loss", "learning_rate"}
	at := 0
	for _, name := range want {
		i := strings.Index(lines[2], " - "+name+": ")
		if i < at {
			t.Errorf("line %q: want %v in this order", lines[2], want)
		}
		at = i
	}
}

// preparer records what is prepared and used, and what of the former is not discarded.
type preparer struct {
	data.Dataset
	name string
	log  *[]string
	open map[int]bool
}

func (p *preparer) Prepare(_ context.Context, epoch, step int) func() {
	*p.log = append(*p.log, fmt.Sprintf("%s %d.%d ahead", p.name, epoch, step))
	n := len(p.open)
	p.open[n] = true
	return func() { p.open[n] = false }
}

func (p *preparer) Batches(ctx context.Context, epoch, step int) iter.Seq2[data.Batch, error] {
	*p.log = append(*p.log, fmt.Sprintf("%s %d.%d", p.name, epoch, step))
	return p.Dataset.Batches(ctx, epoch, step)
}

// TestPrepare expects the next epoch's first batches to be made during the validation, and the validation's first
// batches during the last step.
func TestPrepare(t *testing.T) {
	var log []string
	train := &preparer{barsData(24, 8, 1), "train", &log, map[int]bool{}}
	val := &preparer{barsData(8, 8, 1), "val", &log, map[int]bool{}}
	fit(t, smallModel(t, 1), train, FitOptions{Epochs: 3, Validation: val, ValidationFreq: 2})
	want := "train 0.0, train 1.0 ahead, train 1.0, val 0.0 ahead, train 2.0 ahead, val 0.0, train 2.0"
	if got := strings.Join(log, ", "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, p := range []*preparer{train, val} {
		if n := len(p.open); n == 0 || p.open[n-1] {
			t.Errorf("%s: what was prepared last was not discarded", p.name)
		}
	}
}

// A schedule and ReduceLROnPlateau do not fit together. This is an error before the first step.
func TestPlateauOfSchedule(t *testing.T) {
	m := smallModel(t, 1)
	err := m.Compile(CompileOptions{Optimizer: optimizer.SGD{Schedule: schedule.CosineDecay{InitialLearningRate: .1, DecaySteps: 9}}, Loss: loss.CategoricalCrossentropy{}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Fit(t.Context(), barsData(8, 4, 1), quiet(FitOptions{Epochs: 2, Callbacks: []callback.Callback{callback.ReduceLROnPlateau{Monitor: "loss"}}}))
	if want := "ReduceLROnPlateau: the learning rate is computed by the schedule CosineDecay and cannot be set"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %v, want %s", err, want)
	}
	if n := m.iterations(); n != 0 {
		t.Errorf("%d steps", n)
	}
}
