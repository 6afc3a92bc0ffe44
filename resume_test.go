package lince

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
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
)

// snapshot is the state of training at some moment: a State, and the file of the model.
type snapshot struct {
	where string
	state []byte
	model []byte
}

// snapper takes snapshots in all of its hooks.
type snapper struct {
	m     *Model
	name  string
	taken *[]snapshot
}

func (s snapper) Begin(run callback.Run) (callback.Hooks, error) {
	take := func(format string, a ...any) error {
		if s.taken == nil {
			return nil
		}
		state, err := run.State()
		if err != nil {
			return err
		}
		text, err := json.Marshal(state)
		if err != nil {
			return err
		}
		var model bytes.Buffer
		if _, err := s.m.WriteTo(&model); err != nil {
			return err
		}
		*s.taken = append(*s.taken, snapshot{s.name + " in " + fmt.Sprintf(format, a...), text, model.Bytes()})
		return nil
	}
	return callback.Hooks{
		EpochBegin:   func(epoch int) error { return take("EpochBegin %d", epoch) },
		BatchBegin:   func(step int) error { return take("BatchBegin %d.%d", run.Position().Epoch, step) },
		BatchEnd:     func(step int, _ *Logs) error { return take("BatchEnd %d.%d", run.Position().Epoch, step) },
		TestBegin:    func() error { return take("TestBegin %d", run.Position().Epoch) },
		TestBatchEnd: func(batch int, _ *Logs) error { return take("TestBatchEnd %d.%d", run.Position().Epoch, batch) },
		TestEnd:      func(*Logs) error { return take("TestEnd %d", run.Position().Epoch) },
		EpochEnd:     func(epoch int, _ *Logs) error { return take("EpochEnd %d", epoch) },
		Checkpoint:   func(m callback.Moment) error { return take("Checkpoint %d at %v", m, run.Position()) },
		End:          func() error { return take("End") },
	}, take("Begin")
}

// trail records the hooks that are called, in its State.
type trail struct{ into *[]string }

func (c trail) Begin(callback.Run) (callback.Hooks, error) {
	*c.into = nil
	note := func(format string, a ...any) { *c.into = append(*c.into, fmt.Sprintf(format, a...)) }
	return callback.Hooks{
		State:          c.into,
		EpochBegin:     func(epoch int) error { note("begin %d", epoch); return nil },
		BatchBegin:     func(step int) error { note("begin step %d", step); return nil },
		TestBegin:      func() error { note("test"); return nil },
		TestBatchBegin: func(batch int) error { note("test batch %d", batch); return nil },
		TestBatchEnd:   func(batch int, logs *Logs) error { note("tested %d %v", batch, logs.Map()); return nil },
		TestEnd: func(logs *Logs) error {
			logs.Set("tests", float64(len(*c.into)))
			note("test end %v", logs.Map())
			return nil
		},
		BatchEnd: func(step int, logs *Logs) error { note("step %d %v", step, logs.Map()); return nil },
		EpochEnd: func(epoch int, logs *Logs) error {
			logs.Set("noted", float64(len(*c.into)))
			note("end %d %v", epoch, logs.Map())
			return nil
		},
		End: func() error { note("end"); return nil },
	}, nil
}

// exactly formats a History with all digits.
func exactly(t *testing.T, h *History) string {
	t.Helper()
	return string(must(json.Marshal(callback.State{Version: callback.StateVersion, History: h})))
}

// Training that resumes from a State ends with the same bits. The State may be taken in any hook of any callback, also
// after a callback has stopped training.
func TestResumeFromEveryHook(t *testing.T) {
	for name, c := range map[string]struct {
		fit       FitOptions
		ds        func() data.Dataset
		optimizer optimizer.Optimizer
		augment   bool // the network begins with augmentation
	}{
		"to the end":       {FitOptions{Epochs: 3}, func() data.Dataset { return barsData(10, 4, 2) }, nil, false},
		"steps per epoch":  {FitOptions{Epochs: 3, StepsPerEpoch: 2}, func() data.Dataset { return barsData(10, 4, 2) }, nil, false},
		"stopped":          {FitOptions{Epochs: 9, Callbacks: []callback.Callback{stopAt{1, -1}}}, func() data.Dataset { return barsData(10, 4, 2) }, nil, false},
		"stopped in steps": {FitOptions{Epochs: 9, Callbacks: []callback.Callback{stopAt{1, 1}}}, func() data.Dataset { return barsData(10, 4, 2) }, nil, false},
		"stopped early": {FitOptions{Epochs: 9, Callbacks: []callback.Callback{callback.EarlyStopping{Monitor: "val_loss", MinDelta: 10, Patience: 2, RestoreBestWeights: true}}},
			func() data.Dataset { return barsData(10, 4, 2) }, nil, false},
		"gaps": {FitOptions{Epochs: 3, StepsPerEpoch: 5}, func() data.Dataset { return gaps{barsData(24, 4, 2)} }, nil, false},
		// The three batches of an epoch end within the sum of two gradients.
		"accumulated": {FitOptions{Epochs: 3}, func() data.Dataset { return barsData(10, 4, 2) }, optimizer.AdamW{
			LearningRate: .01, GradientAccumulationSteps: 2, UseEMA: true, EMAOverwriteFrequency: 3, ExcludeFromWeightDecay: []string{"bias"},
		}, false},
		"scheduled": {FitOptions{Epochs: 3}, func() data.Dataset { return barsData(10, 4, 2) }, optimizer.LossScaleOptimizer{
			Inner: optimizer.SGD{Schedule: schedule.CosineDecay{InitialLearningRate: .1, DecaySteps: 9}, Momentum: .9}, DynamicGrowthSteps: 2,
		}, false},
		"augmented": {FitOptions{Epochs: 3, StepsPerEpoch: 4}, func() data.Dataset { return gaps{barsData(24, 4, 2)} }, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			var notes []string
			train := func(m *Model, taken *[]snapshot, resume *callback.State) (*History, error) {
				f := quiet(c.fit)
				f.Validation, f.Resume = barsData(6, 4, 0), resume
				f.Callbacks = append([]callback.Callback{
					snapper{m, "the first", taken},
					callback.EarlyStopping{Monitor: "val_loss", Patience: 5, RestoreBestWeights: true},
					trail{&notes},
				}, c.fit.Callbacks...)
				if name != "scheduled" {
					f.Callbacks = append(f.Callbacks,
						callback.LearningRateScheduler{Schedule: func(_ int, rate float64) float64 { return rate * .7 }},
						callback.ReduceLROnPlateau{Patience: new(0), MinDelta: new(10.)})
				}
				f.Callbacks = append(f.Callbacks, snapper{m, "the last", taken})
				return m.Fit(context.Background(), c.ds(), f)
			}
			whole := smallModel(t, 7)
			if c.augment {
				whole = augmentedSmall(t, 7)
			}
			how, _ := whole.Compiled()
			how.Metrics = append(how.Metrics, metric.F1Score{}, metric.OneHotMeanIoU{NumClasses: 2}) // a vector, and counts that are int64
			if c.optimizer != nil {
				how.Optimizer = c.optimizer
			}
			if err := whole.Compile(how); err != nil {
				t.Fatal(err)
			}
			var taken []snapshot
			h := must(train(whole, &taken, nil))
			want, wantNotes, history := bytesOf(t, whole), slices.Clone(notes), exactly(t, h)
			if len(taken) < 20 {
				t.Fatalf("%d snapshots", len(taken))
			}
			for _, s := range taken {
				m := must(on(999).Read(bytes.NewReader(s.model), int64(len(s.model))))
				var state callback.State
				if err := json.Unmarshal(s.state, &state); err != nil {
					t.Fatal(err)
				}
				h, err := train(m, nil, &state)
				if err != nil {
					t.Fatalf("%s: %v", s.where, err)
				}
				if !bytes.Equal(bytesOf(t, m), want) {
					t.Errorf("%s: the model differs", s.where)
				}
				if got := exactly(t, h); got != history {
					t.Errorf("%s: the history is\n%s\nwant\n%s", s.where, got, history)
				}
				if !slices.Equal(notes, wantNotes) {
					t.Errorf("%s: the hooks called are\n%s\nwant\n%s", s.where, strings.Join(notes, "\n"), strings.Join(wantNotes, "\n"))
				}
			}
		})
	}
}

// stopAt stops training at the end of an epoch, or after a step.
type stopAt struct{ epoch, step int }

func (c stopAt) Begin(run callback.Run) (callback.Hooks, error) {
	return callback.Hooks{
		BatchEnd: func(step int, _ *Logs) error {
			if run.Position().Epoch == c.epoch && step == c.step {
				run.Stop()
			}
			return nil
		},
		EpochEnd: func(epoch int, _ *Logs) error {
			if epoch == c.epoch && c.step < 0 {
				run.Stop()
			}
			return nil
		},
	}, nil
}

// gaps drops the second batch of each epoch, as a Flow does if its images cannot be read.
type gaps struct{ data.Dataset }

func (g gaps) Batches(ctx context.Context, epoch, step int) iter.Seq2[data.Batch, error] {
	return func(yield func(data.Batch, error) bool) {
		k := step
		for b, err := range g.Dataset.Batches(ctx, epoch, step) {
			k++
			b.Next = k
			if k != 2 && !yield(b, err) {
				return
			}
		}
	}
}

// A program that is run again resumes from its checkpoint, wherever it was interrupted: after any step, or during a
// validation.
func TestBackupAndRestore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backup.keras")
	train := func(m *Model, freq int, cutBefore int) (*History, error) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		n := 0
		count := func(int) {
			if n++; n == cutBefore {
				cancel()
			}
		}
		return m.Fit(ctx, &recorder{Dataset: barsData(10, 4, 2), before: count}, quiet(FitOptions{
			Epochs: 3, Validation: &recorder{Dataset: barsData(6, 4, 0), before: count},
			Callbacks: []callback.Callback{
				callback.EarlyStopping{Monitor: "val_loss", Patience: 5, RestoreBestWeights: true},
				callback.BackupAndRestore{Path: path, SaveFreq: freq},
			},
		}))
	}
	whole := smallModel(t, 7)
	history := exactly(t, must(train(whole, 0, 0)))
	if _, err := os.Stat(path); err == nil {
		t.Error("the checkpoint of a finished training is still there")
	}
	for cut := 1; cut <= 15; cut++ {
		m := smallModel(t, 7)
		if _, err := train(m, cut%3, cut); !errors.Is(err, context.Canceled) {
			t.Fatalf("cut at batch %d: error is %v", cut, err)
		}
		m = smallModel(t, 8) // other weights, which the checkpoint replaces
		h, err := train(m, cut%3, 0)
		if err != nil {
			t.Fatalf("cut at batch %d: %v", cut, err)
		}
		sameWeights(t, whole, m)
		if got := exactly(t, h); got != history {
			t.Errorf("cut at batch %d: the history is\n%s\nwant\n%s", cut, got, history)
		}
	}
}

// A checkpoint opens as a model and as a checkpoint. A checkpoint of other training is refused with the reason.
func TestCheckpointRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backup.keras")
	stop := func(run callback.Run) (callback.Hooks, error) {
		return callback.Hooks{EpochEnd: func(int, *Logs) error { return run.Checkpoint(path) }}, nil
	}
	list := []callback.Callback{callback.Func(stop), callback.TerminateOnNaN{}}
	first := smallModel(t, 7)
	fit(t, first, barsData(10, 4, 2), FitOptions{Validation: barsData(6, 4, 0), Callbacks: list})
	if _, err := on(1).Open(path); err != nil {
		t.Errorf("it does not open as a model: %v", err)
	}
	m, s, err := on(1).OpenCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Save(filepath.Join(filepath.Dir(path), "model.keras")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenCheckpoint(filepath.Join(filepath.Dir(path), "model.keras")); err == nil || !strings.Contains(err.Error(), "not a checkpoint") {
		t.Errorf("a model as a checkpoint: %v", err)
	}
	other := must(on(1).Sequential(append(small(), layer.Dense{Units: 2, Activation: layer.Softmax})...))
	compiled := smallModel(t, 7)
	for m, o := range map[*Model]optimizer.Optimizer{other: optimizer.RMSprop{}, compiled: optimizer.Adam{}} {
		if err := m.Compile(CompileOptions{Optimizer: o, Loss: loss.CategoricalCrossentropy{}}); err != nil {
			t.Fatal(err)
		}
	}
	val := barsData(6, 4, 0)
	for name, c := range map[string]struct {
		m    *Model
		ds   data.Dataset
		f    FitOptions
		edit func(s *callback.State)
		want string
	}{
		"version":         {m, barsData(10, 4, 2), FitOptions{Validation: val, Callbacks: list}, func(s *callback.State) { s.Version = 9 }, "has version 9"},
		"network":         {other, barsData(10, 4, 2), FitOptions{Validation: val, Callbacks: list}, nil, "another network"},
		"optimizer":       {compiled, barsData(10, 4, 2), FitOptions{Validation: val, Callbacks: list}, nil, "compiled with another optimizer"},
		"more data":       {m, barsData(11, 4, 2), FitOptions{Validation: val, Callbacks: list}, nil, "with other training data: they had 10 examples, there are 11 now"},
		"batches":         {m, barsData(10, 3, 2), FitOptions{Validation: val, Callbacks: list}, nil, "with other training data: they had 3 batches, there are 4 now"},
		"order":           {m, barsData(10, 4, 3), FitOptions{Validation: val, Callbacks: list}, nil, "their content, order or settings differ"},
		"no validation":   {m, barsData(10, 4, 2), FitOptions{Callbacks: list}, nil, "with validation data; add them"},
		"validation":      {m, barsData(10, 4, 2), FitOptions{Validation: barsData(6, 4, 1), Callbacks: list}, nil, "other validation data"},
		"callbacks":       {m, barsData(10, 4, 2), FitOptions{Validation: val, Callbacks: list[:1]}, nil, "has 2 callbacks, FitOptions has 1"},
		"other callbacks": {m, barsData(10, 4, 2), FitOptions{Validation: val, Callbacks: []callback.Callback{list[1], list[0]}}, nil, "has a callback.Func as callback 0, FitOptions has a callback.TerminateOnNaN"},
		"steps":           {m, barsData(10, 4, 2), FitOptions{Validation: val, Callbacks: list, StepsPerEpoch: 2}, nil, "StepsPerEpoch 0, FitOptions has 2"},
		"initial epoch":   {m, barsData(10, 4, 2), FitOptions{Validation: val, Callbacks: list, InitialEpoch: 2}, nil, "InitialEpoch must be 0 with Resume, got 2"},
		"far":             {m, barsData(10, 4, 2), FitOptions{Validation: val, Callbacks: list}, func(s *callback.State) { s.Source.Step = 1 << 62 }, "corrupt"},
		"before":          {m, barsData(10, 4, 2), FitOptions{Validation: val, Callbacks: list}, func(s *callback.State) { s.Position.Epoch = -1 }, "corrupt"},
		"called":          {m, barsData(10, 4, 2), FitOptions{Validation: val, Callbacks: list}, func(s *callback.State) { s.Called = 3 }, "3 of 2 callbacks"},
		"phase":           {m, barsData(10, 4, 2), FitOptions{Validation: val, Callbacks: list}, func(s *callback.State) { s.Phase = "x" }, `unknown phase "x"`},
		"no logs":         {m, barsData(10, 4, 2), FitOptions{Validation: val, Callbacks: list}, func(s *callback.State) { s.Logs = nil }, "no accuracy for the epoch"},
		"no metrics":      {m, barsData(10, 4, 2), FitOptions{Validation: val, Callbacks: list}, func(s *callback.State) { s.Metrics = nil }, "0 variables of metrics"},
	} {
		state := *s
		if c.edit != nil {
			c.edit(&state)
		}
		before := c.m.Weights()
		c.f.Epochs, c.f.Resume = 3, &state
		if _, err := c.m.Fit(context.Background(), c.ds, quiet(c.f)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", name, err, c.want)
		}
		unchanged(t, c.m, before)
	}
	// The callback refuses it, too.
	_, err = other.Fit(context.Background(), barsData(10, 4, 2), quiet(FitOptions{Callbacks: []callback.Callback{callback.BackupAndRestore{Path: path}}}))
	if err == nil || !strings.Contains(err.Error(), "another network") {
		t.Errorf("error is %v", err)
	}
	// More epochs than before are allowed.
	fit(t, m, barsData(10, 4, 2), FitOptions{Epochs: 3, Validation: val, Callbacks: list, Resume: s})
}

// After an interruption, State is an error in End hooks, because these may have changed the model.
func TestNoStateInEndOfCutTraining(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	asked := false
	_, err := smallModel(t, 1).Fit(ctx, barsData(10, 4, 2), FitOptions{Output: io.Discard, Callbacks: []callback.Callback{
		callback.Func(func(run callback.Run) (callback.Hooks, error) {
			return callback.Hooks{End: func() error {
				asked = true
				if _, err := run.State(); err == nil || run.Finished() {
					t.Errorf("a State, error %v, finished %v", err, run.Finished())
				}
				return nil
			}}, nil
		}),
	}})
	if !errors.Is(err, context.Canceled) || !asked {
		t.Errorf("error is %v", err)
	}
}

// Pipes and folders are refused.
func TestOpenRefusesNoFiles(t *testing.T) {
	for _, path := range []string{os.DevNull, t.TempDir()} {
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "want a model file") {
			t.Errorf("%s: error is %v", path, err)
		}
	}
}
