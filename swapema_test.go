package lince

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
)

func averaging(t *testing.T, o Options) *Model {
	t.Helper()
	m := must(o.Sequential(layer.Input{Shape: []int{6, 6, 1}}, layer.Flatten{}, layer.Dense{Units: 4, Activation: layer.Tanh}, layer.Dense{Units: 2, Activation: layer.Softmax}))
	err := m.Compile(CompileOptions{Optimizer: optimizer.SGD{LearningRate: .3, UseEMA: true, EMAMomentum: new(.8)}, Loss: loss.CategoricalCrossentropy{}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Keras evaluates with the same averages, and ends with the same weights.
func TestSwapEMAWeightsAgainstKeras(t *testing.T) {
	dir := t.TempDir()
	x, y := bars(10)
	type result struct {
		Loss    []float64
		Weights [][]float32
		Saved   []float32 // the bias that a later callback sees at the end of the last epoch
	}
	var got, want []result
	for _, onEpoch := range []bool{false, true} {
		m := averaging(t, Options{Seed: 8})
		if err := m.Save(filepath.Join(dir, "m.keras")); err != nil {
			t.Fatal(err)
		}
		var r result
		see := callback.Func(func(run callback.Run) (callback.Hooks, error) {
			return callback.Hooks{EpochEnd: func(int, *Logs) error {
				r.Saved = slices.Clone(run.Weights()[3].Float32s())
				return nil
			}}, nil
		})
		ds := must(data.Tensors(x, y, data.TensorOptions{BatchSize: 4, NoShuffle: true}))
		h := fit(t, m, ds, FitOptions{Epochs: 3, Validation: must(data.Tensors(x, y, data.TensorOptions{NoShuffle: true})),
			Callbacks: []callback.Callback{callback.SwapEMAWeights{SwapOnEpoch: onEpoch}, see}})
		r.Loss = h.Values("val_loss")
		for _, w := range m.Weights() {
			r.Weights = append(r.Weights, w.Float32s())
		}
		got = append(got, r)
	}
	graphtest.Keras(t, `
import json, sys
import numpy as np, keras
i = json.load(sys.stdin)
x, y = np.array(i["x"], "f").reshape(10, 6, 6, 1), np.array(i["y"], "f").reshape(10, 2)
results = []
for on_epoch in False, True:
    m = keras.models.load_model(i["path"])
    saved = []
    see = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: saved.append(m.get_weights()[3].tolist()))
    h = m.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0, validation_data=(x, y), callbacks=[keras.callbacks.SwapEMAWeights(on_epoch), see])
    results.append({"Loss": h.history["val_loss"], "Weights": [w.reshape(-1).tolist() for w in m.get_weights()], "Saved": saved[-1]})
json.dump(results, sys.stdout)
`, map[string]any{"path": filepath.Join(dir, "m.keras"), "x": x.Float32s(), "y": y.Float32s()}, &want)
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-4, 1e-5)); diff != "" {
		t.Errorf("-Keras +lince\n%s", diff)
	}
}

// Training that resumes from a State in any hook ends with the same bits, also while the weights are exchanged.
func TestSwapEMAWeightsResumes(t *testing.T) {
	train := func(m *Model, taken *[]snapshot, resume *callback.State) (*History, error) {
		return m.Fit(context.Background(), barsData(10, 4, 2), quiet(FitOptions{
			Epochs: 3, Validation: barsData(6, 4, 0), Resume: resume,
			Callbacks: []callback.Callback{snapper{m, "the first", taken}, callback.SwapEMAWeights{SwapOnEpoch: true}, snapper{m, "the last", taken}},
		}))
	}
	whole := averaging(t, on(8))
	var taken []snapshot
	want := exactly(t, must(train(whole, &taken, nil)))
	for _, s := range taken {
		var state callback.State
		if err := json.Unmarshal(s.state, &state); err != nil {
			t.Fatal(err)
		}
		m := must(on(8).Read(bytes.NewReader(s.model), int64(len(s.model))))
		h, err := train(m, nil, &state)
		if err != nil {
			t.Fatalf("%s: %v", s.where, err)
		}
		if got := exactly(t, h); got != want {
			t.Errorf("resumed from %s: the history is %s, want %s", s.where, got, want)
		}
		if !slices.Equal(allWeights(m), allWeights(whole)) {
			t.Errorf("resumed from %s: the weights differ", s.where)
		}
	}
	if len(taken) < 30 {
		t.Errorf("only %d snapshots", len(taken))
	}
}

// Evaluate and Predict use the averages, and leave the weights as they were, also after an error.
func TestSwapEMAWeightsElsewhere(t *testing.T) {
	ctx := context.Background()
	swap := callback.SwapEMAWeights{}
	m := averaging(t, on(8))
	untrained := must(m.Evaluate(ctx, barsData(6, 4, 0), EvaluateOptions{Verbose: Silent}))
	if got := must(m.Evaluate(ctx, barsData(6, 4, 0), EvaluateOptions{Verbose: Silent, Callbacks: []callback.Callback{swap}})); fmt.Sprint(got) != fmt.Sprint(untrained) {
		t.Errorf("an untrained model has %v, want %v", got, untrained)
	}
	x, y := bars(10)
	for range 3 {
		must(m.TrainOnBatch(data.Batch{X: x, Y: y}, BatchOptions{}))
	}
	before := allWeights(m)
	averages := averaging(t, on(8))
	if err := averages.SetWeights(m.Weights()); err != nil {
		t.Fatal(err)
	}
	if err := m.SwapAverages(); err != nil {
		t.Fatal(err)
	}
	if err := averages.SetWeights(m.Weights()); err != nil {
		t.Fatal(err)
	}
	if err := m.SwapAverages(); err != nil {
		t.Fatal(err)
	}
	bad := errors.New("bad")
	fail := callback.Func(func(callback.Run) (callback.Hooks, error) {
		return callback.Hooks{TestBatchEnd: func(int, *Logs) error { return bad }, PredictBatchBegin: func(int) error { return bad }}, nil
	})
	want := must(averages.Evaluate(ctx, barsData(6, 4, 0), EvaluateOptions{Verbose: Silent}))
	if got := must(m.Evaluate(ctx, barsData(6, 4, 0), EvaluateOptions{Verbose: Silent, Callbacks: []callback.Callback{swap}})); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("Evaluate returns %v, want %v", got, want)
	}
	p := must(m.Predict(ctx, barsData(6, 4, 0), PredictOptions{Verbose: Silent, Callbacks: []callback.Callback{swap}}))
	q := must(averages.Predict(ctx, barsData(6, 4, 0), PredictOptions{Verbose: Silent}))
	if !slices.Equal(p.Float32s(), q.Float32s()) {
		t.Errorf("Predict returns %v, want %v", p.Float32s(), q.Float32s())
	}
	if _, err := m.Evaluate(ctx, barsData(6, 4, 0), EvaluateOptions{Verbose: Silent, Callbacks: []callback.Callback{swap, fail}}); !errors.Is(err, bad) {
		t.Error(err)
	}
	if _, err := m.Predict(ctx, barsData(6, 4, 0), PredictOptions{Verbose: Silent, Callbacks: []callback.Callback{swap, fail}}); !errors.Is(err, bad) {
		t.Error(err)
	}
	if !slices.Equal(allWeights(m), before) {
		t.Error("the weights have changed")
	}
	plain := smallModel(t, 1)
	if _, err := plain.Evaluate(ctx, barsData(6, 4, 0), EvaluateOptions{Verbose: Silent, Callbacks: []callback.Callback{swap}}); err == nil || !strings.Contains(err.Error(), "set its UseEMA") {
		t.Errorf("without averages, the error is %v", err)
	}
}
