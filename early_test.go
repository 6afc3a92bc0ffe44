package lince

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/tensor"
)

// augmentedSmall is smallModel with augmentation.
func augmentedSmall(t testing.TB, seed uint64) *Model {
	t.Helper()
	augmentation := []layer.Layer{layer.RandomTranslation{HeightFactor: layer.Factor{.3}, WidthFactor: layer.Factor{.3}}, layer.RandomFlip{}}
	m := must(on(seed).Sequential(slices.Insert(small(), 1, augmentation...)...))
	if err := m.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{metric.Accuracy{}}}); err != nil {
		t.Fatal(err)
	}
	if m.compiled.early == nil {
		t.Fatal("the training step is not divided")
	}
	return m
}

// TestEarlyBits holds that the divided training step gives the bits of the undivided one.
func TestEarlyBits(t *testing.T) {
	for name, o := range map[string]FitOptions{
		"epochs": {Epochs: 3}, "steps": {Epochs: 4, StepsPerEpoch: 3}, "validation": {Epochs: 2, Validation: colorful(7)},
		"class weights": {ClassWeight: map[int]float64{0: 2}},
	} {
		var files [][]byte
		for _, divided := range []bool{true, false} {
			m := must(augmentedModel(Options{Seed: 3, Threads: 2}))
			if m.compiled.early == nil {
				t.Fatal("the training step is not divided")
			}
			if !divided {
				m.compiled.early.close()
				m.compiled.early = nil
			}
			fit(t, m, colorful(17), o)
			files = append(files, bytesOf(t, m))
		}
		if !bytes.Equal(files[0], files[1]) {
			t.Errorf("%s: the divided step gives another file", name)
		}
	}
}

// TestNotDivided holds that networks that do not begin with random layers are not divided.
func TestNotDivided(t *testing.T) {
	in, dense := layer.Input{Shape: []int{6, 6, 1}}, layer.Dense{Units: 2, Activation: layer.Softmax}
	for name, layers := range map[string][]layer.Layer{
		"no random layer":       {in, layer.Rescaling{Scale: []float64{2}}, layer.Flatten{}, dense},
		"dropout after weights": {in, layer.Flatten{}, layer.Dense{Units: 3}, layer.Dropout{Rate: .5}, dense},
		"in the middle":         {in, layer.Conv2D{Filters: 1, Kernel: layer.Size{1, 1}}, layer.RandomFlip{}, layer.Flatten{}, dense},
	} {
		m := must(on(1).Sequential(layers...))
		if err := m.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}}); err != nil {
			t.Fatal(err)
		}
		if m.compiled.early != nil {
			t.Errorf("%s: the training step is divided", name)
		}
	}
}

// setStep sets the step of the random numbers after a training step.
type setStep struct{ m *Model }

func (c setStep) Begin(callback.Run) (callback.Hooks, error) {
	return callback.Hooks{BatchEnd: func(step int, _ *Logs) error {
		if step == 1 {
			return c.m.store.Set(c.m.store.Lookup(layer.StepPath), tensor.Of([]int64{100}).Reshape())
		}
		return nil
	}}, nil
}

// TestEarlyStepChanges holds that batches that were made ahead are made again if a callback sets the step.
func TestEarlyStepChanges(t *testing.T) {
	var files [][]byte
	for _, divided := range []bool{true, false} {
		m := augmentedSmall(t, 5)
		if !divided {
			m.compiled.early = nil
		}
		fit(t, m, gaps{barsData(24, 4, 2)}, FitOptions{Epochs: 2, Callbacks: []callback.Callback{setStep{m}}})
		files = append(files, bytesOf(t, m))
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("the divided step gives another file")
	}
}

// broken is a dataset whose third batch is bad.
type broken struct {
	data.Dataset
	batch func() (data.Batch, error)
}

func (d broken) Batches(ctx context.Context, epoch, step int) iter.Seq2[data.Batch, error] {
	return func(yield func(data.Batch, error) bool) {
		n := 0
		for b, err := range d.Dataset.Batches(ctx, epoch, step) {
			if n++; n == 3 {
				b, err = d.batch()
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// TestEarlyErrors holds that errors of batches that are made ahead appear in the step that needs the batch.
func TestEarlyErrors(t *testing.T) {
	bad := errors.New("unreadable")
	for name, c := range map[string]struct {
		batch func() (data.Batch, error)
		want  string
	}{
		"error":    {func() (data.Batch, error) { return data.Batch{}, bad }, "unreadable"},
		"shape":    {func() (data.Batch, error) { return data.Batch{X: tensor.New(tensor.Float32, 2, 5, 6, 1)}, nil }, "epoch 1, step 3: the examples have shape (2, 5, 6, 1)"},
		"nothing":  {func() (data.Batch, error) { return data.Batch{X: tensor.New(tensor.Float32, 0, 6, 6, 1)}, nil }, "epoch 1, step 3: the batch has no examples"},
		"no batch": {func() (data.Batch, error) { return data.Batch{}, nil }, "epoch 1, step 3: there are no examples"},
	} {
		m := augmentedSmall(t, 5)
		h, err := m.Fit(context.Background(), broken{barsData(24, 4, 2), c.batch}, quiet(FitOptions{}))
		if err == nil || !strings.Contains(err.Error(), c.want) || h.Partial == nil || h.Partial.Steps != 2 {
			t.Errorf("%s: got %v, %+v", name, err, h)
		}
	}
	defer func() {
		if v := recover(); v == nil || fmt.Sprint(v) != "lost" {
			t.Errorf("a dataset that panics: recovered %v", v)
		}
	}()
	m := augmentedSmall(t, 5)
	_, _ = m.Fit(context.Background(), broken{barsData(24, 4, 2), func() (data.Batch, error) { panic("lost") }}, quiet(FitOptions{}))
}

// TestEarlyCancelled holds that training that is cancelled ends after its step, and can be resumed.
func TestEarlyCancelled(t *testing.T) {
	whole := augmentedSmall(t, 5)
	fit(t, whole, barsData(24, 4, 2), FitOptions{Epochs: 2})
	m := augmentedSmall(t, 5)
	ctx, cancel := context.WithCancel(context.Background())
	var state callback.State
	stop := take{func(run callback.Run) error {
		if p := run.Position(); p.Epoch == 0 && p.Step == 2 {
			cancel()
			var err error
			state, err = run.State()
			return err
		}
		return nil
	}}
	f := FitOptions{Epochs: 2, Callbacks: []callback.Callback{stop}}
	if _, err := m.Fit(ctx, barsData(24, 4, 2), quiet(f)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	f.Resume = &state
	fit(t, m, barsData(24, 4, 2), f)
	if !bytes.Equal(bytesOf(t, m), bytesOf(t, whole)) {
		t.Error("resumed training gives another file")
	}
}

// take calls a function after each step.
type take struct{ f func(callback.Run) error }

func (c take) Begin(run callback.Run) (callback.Hooks, error) {
	return callback.Hooks{BatchEnd: func(int, *Logs) error { return c.f(run) }}, nil
}
