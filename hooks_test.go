package lince

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/tensor"
)

// everyHook records the hooks that are called. stop is the name of the hook that stops the run.
func everyHook(into *[]string, stop string) callback.Callback {
	return callback.Func(func(run callback.Run) (callback.Hooks, error) {
		note := func(format string, a ...any) error {
			var s strings.Builder
			_, err := fmt.Fprintf(&s, format, a...)
			*into = append(*into, s.String())
			if s.String() == stop {
				run.Stop()
			}
			return err
		}
		hooks := callback.Hooks{
			EpochBegin:        func(epoch int) error { return note("EpochBegin %d", epoch) },
			BatchBegin:        func(step int) error { return note("BatchBegin %d after %d", step, run.Iterations()) },
			BatchEnd:          func(step int, logs *Logs) error { return note("BatchEnd %d %v", step, logs.Names()) },
			EpochEnd:          func(epoch int, logs *Logs) error { return note("EpochEnd %d %v", epoch, logs.Names()) },
			TestBegin:         func() error { return note("TestBegin") },
			TestBatchBegin:    func(batch int) error { return note("TestBatchBegin %d", batch) },
			TestBatchEnd:      func(batch int, logs *Logs) error { return note("TestBatchEnd %d %v", batch, logs.Names()) },
			TestEnd:           func(logs *Logs) error { logs.Set("extra", 1); return note("TestEnd %v", logs.Names()) },
			PredictBegin:      func() error { return note("PredictBegin") },
			PredictBatchBegin: func(batch int) error { return note("PredictBatchBegin %d", batch) },
			PredictBatchEnd: func(batch int, out []*tensor.Tensor) error {
				return note("PredictBatchEnd %d %v", batch, out[0].Shape())
			},
			PredictEnd: func() error { return note("PredictEnd") },
			End:        func() error { return note("End finished %v", run.Finished()) },
		}
		return hooks, note("Begin task %d, %d steps", run.Task(), run.Steps())
	})
}

// The hooks are called in Keras' order, in Fit, Evaluate and Predict.
func TestHooks(t *testing.T) {
	ctx := context.Background()
	m := smallModel(t, 1)
	var got []string
	same := func(name, want string) {
		t.Helper()
		if diff := cmp.Diff(strings.Split(strings.TrimSpace(want), "\n"), got); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
		got = nil
	}
	h := must(m.Fit(ctx, barsData(6, 4, 2), quiet(FitOptions{Validation: barsData(3, 2, 0), Callbacks: []callback.Callback{everyHook(&got, "")}})))
	same("Fit", `
Begin task 0, 2 steps
EpochBegin 0
BatchBegin 0 after 0
BatchEnd 0 [accuracy loss]
BatchBegin 1 after 1
BatchEnd 1 [accuracy loss]
TestBegin
TestBatchBegin 0
TestBatchEnd 0 [accuracy loss]
TestBatchBegin 1
TestBatchEnd 1 [accuracy loss]
TestEnd [accuracy loss extra]
EpochEnd 0 [accuracy loss val_accuracy val_loss val_extra]
End finished true`)
	if h.Last("val_extra") != 1 {
		t.Error("the history does not have the value that TestEnd set")
	}
	logs := must(m.Evaluate(ctx, barsData(3, 2, 0), EvaluateOptions{Verbose: Silent, Callbacks: []callback.Callback{everyHook(&got, "")}}))
	same("Evaluate", `
Begin task 1, 2 steps
TestBegin
TestBatchBegin 0
TestBatchEnd 0 [accuracy loss]
TestBatchBegin 1
TestBatchEnd 1 [accuracy loss]
TestEnd [accuracy loss extra]
End finished true`)
	if v, _ := logs.Get("extra"); v != 1 {
		t.Error("Evaluate does not return the value that TestEnd set")
	}
	must(m.Predict(ctx, barsData(3, 2, 0), PredictOptions{Verbose: Silent, Callbacks: []callback.Callback{everyHook(&got, "")}}))
	same("Predict", `
Begin task 2, 2 steps
PredictBegin
PredictBatchBegin 0
PredictBatchEnd 0 (2, 2)
PredictBatchBegin 1
PredictBatchEnd 1 (1, 2)
PredictEnd
End finished true`)
	must(m.Evaluate(ctx, barsData(3, 2, 0), EvaluateOptions{Verbose: Silent, Callbacks: []callback.Callback{everyHook(&got, "TestBatchBegin 0")}}))
	same("stopped Evaluate", `
Begin task 1, 2 steps
TestBegin
TestBatchBegin 0
TestBatchEnd 0 [accuracy loss]
TestEnd [accuracy loss extra]
End finished true`)
	p := must(m.Predict(ctx, barsData(3, 2, 0), PredictOptions{Verbose: Silent, Callbacks: []callback.Callback{everyHook(&got, "PredictBegin")}}))
	if p.Shape()[0] != 2 {
		t.Errorf("a prediction that was stopped has %d rows, want 2", p.Shape()[0])
	}
	got = nil
	must(m.Fit(ctx, barsData(6, 4, 2), quiet(FitOptions{Validation: barsData(3, 2, 0), Callbacks: []callback.Callback{everyHook(&got, "BatchBegin 0 after 2")}})))
	if !strings.Contains(strings.Join(got, "\n"), "TestBatchEnd 1 [accuracy loss]\nTestEnd") {
		t.Errorf("after Stop, the validation is not whole: %q", got)
	}
}

// Callbacks for training only do nothing in Evaluate and Predict.
func TestTrainingCallbacksElsewhere(t *testing.T) {
	dir := t.TempDir()
	history := &History{Epochs: []int{3}}
	list := []callback.Callback{
		callback.CSVLogger{Filename: filepath.Join(dir, "a.csv")},
		callback.BackupAndRestore{Path: filepath.Join(dir, "sub", "b.keras")},
		callback.ModelCheckpoint{Path: filepath.Join(dir, "c.keras")},
		callback.EarlyStopping{}, callback.ReduceLROnPlateau{},
		callback.LearningRateScheduler{Schedule: func(int, float64) float64 { return 1 }},
		callback.TerminateOnNaN{}, history,
	}
	m := smallModel(t, 1)
	must(m.Evaluate(context.Background(), barsData(3, 2, 0), EvaluateOptions{Verbose: Silent, Callbacks: list}))
	must(m.Predict(context.Background(), barsData(3, 2, 0), PredictOptions{Verbose: Silent, Callbacks: list}))
	if files := must(filepath.Glob(filepath.Join(dir, "*"))); len(files) > 0 || len(history.Epochs) != 1 {
		t.Errorf("files %v, history %v", files, history.Epochs)
	}
}

// An error of a hook ends Evaluate and Predict, after the End hooks.
func TestHookErrors(t *testing.T) {
	bad := errors.New("bad hook")
	m := smallModel(t, 1)
	for name, h := range map[string]callback.Hooks{
		"TestBegin":         {TestBegin: func() error { return bad }},
		"TestBatchBegin":    {TestBatchBegin: func(int) error { return bad }},
		"TestBatchEnd":      {TestBatchEnd: func(int, *Logs) error { return bad }},
		"TestEnd":           {TestEnd: func(*Logs) error { return bad }},
		"PredictBegin":      {PredictBegin: func() error { return bad }},
		"PredictBatchBegin": {PredictBatchBegin: func(int) error { return bad }},
		"PredictBatchEnd":   {PredictBatchEnd: func(int, []*tensor.Tensor) error { return bad }},
		"PredictEnd":        {PredictEnd: func() error { return bad }},
	} {
		var out bytes.Buffer
		ended := 0
		list := []callback.Callback{callback.Func(func(run callback.Run) (callback.Hooks, error) {
			h.End = func() error {
				ended++
				if run.Finished() != (strings.HasPrefix(name, "Test") == (run.Task() == callback.Prediction)) {
					t.Errorf("%s: Finished is %v", name, run.Finished())
				}
				if _, err := run.State(); err == nil {
					t.Errorf("%s: there is a State outside Fit", name)
				}
				run.Printf("the end")
				return nil
			}
			return h, nil
		})}
		_, errEvaluate := m.Evaluate(context.Background(), barsData(3, 2, 0), EvaluateOptions{Verbose: Silent, Output: &out, Callbacks: list})
		_, errPredict := m.Predict(context.Background(), barsData(3, 2, 0), PredictOptions{Verbose: Silent, Output: &out, Callbacks: list})
		if test := strings.HasPrefix(name, "Test"); errors.Is(errEvaluate, bad) != test || errors.Is(errPredict, bad) == test {
			t.Errorf("%s: Evaluate returned %v, Predict %v", name, errEvaluate, errPredict)
		}
		if ended != 2 || strings.Count(out.String(), "the end\n") != 2 {
			t.Errorf("%s: End was called %d times, output %q", name, ended, out.String())
		}
	}
}
