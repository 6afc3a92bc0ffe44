package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
)

// limitFlags limit how long a training takes.
type limitFlags struct {
	Time         time.Duration `default:"5m" placeholder:"10m" help:"Time for the run (with --folds, for each fold). When it is almost over, the training stops, and all files are written: best.keras is the best model so far. A step, a validation or the reading of the images is never cut short, so a very short time is exceeded (default: no limit; --model auto chooses a network for 5m)."`
	LimitBatches int           `placeholder:"N" help:"Dry run: train on the first N batches of each epoch and validate on N batches, but write all files. run.json has limit_batches."`
}

// mistakes returns the mistakes in the flags.
func (f limitFlags) mistakes() error {
	errs := []error{atLeast(bound{"--limit-batches", f.LimitBatches, 0})}
	if f.Time <= 0 {
		errs = append(errs, fmt.Errorf("--time must be greater than 0, such as 5m, got %v", f.Time))
	}
	return errors.Join(errs...)
}

// timeLimit returns the time for the run, 0 if it is not limited.
func (c *trainCommand) timeLimit() time.Duration {
	if !c.given["time"] {
		return 0
	}
	return c.Time
}

// limited returns the rows of --limit-batches.
func (t *training) limited(train, val *data.Table) (_, _ *data.Table) {
	if t.LimitBatches == 0 {
		return train, val
	}
	first := func(t *data.Table, n int) *data.Table {
		index := make([]int, min(n, t.Len()))
		for i := range index {
			index[i] = i
		}
		return t.Take(index)
	}
	n := t.LimitBatches * t.Batch
	a, b := first(train, n), first(val, n)
	t.printf("Dry run: --limit-batches %d uses %d of %d training images and %d of %d validation images.\n", t.LimitBatches, a.Len(), train.Len(), b.Len(), val.Len())
	return a, b
}

// printDryRun says that the results are those of a dry run.
func (t *training) printDryRun() {
	if t.LimitBatches > 0 {
		t.printf("This was a dry run with %s (--limit-batches): its results say nothing about the model.\n", count(t.LimitBatches, "batch", "batches"))
	}
}

// deadline stops the training when the time of --time is almost over. The state of its callback is the time that the run has taken. What it
// decides depends on the clock, so two runs with --time may end after different steps.
type deadline struct {
	Over bool // the training was stopped

	limit   time.Duration // 0 is none
	began   time.Time     // the process
	earlier time.Duration // of the run, in processes that were interrupted
	val     time.Duration // the longest validation
}

type deadlineState struct {
	Elapsed time.Duration `json:"elapsed"`
	Val     time.Duration `json:"validation"`
}

// MarshalJSON implements json.Marshaler.
func (d *deadline) MarshalJSON() ([]byte, error) {
	return json.Marshal(deadlineState{d.elapsed(), d.val})
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *deadline) UnmarshalJSON(b []byte) error {
	var s deadlineState
	err := json.Unmarshal(b, &s)
	d.earlier, d.val = s.Elapsed, s.Val
	return err
}

// elapsed returns the time that the run has taken.
func (d *deadline) elapsed() time.Duration { return d.earlier + time.Since(d.began) }

// reserve returns the time that the rest of the run needs after the last step: the validation of the epoch, the predictions of the validation
// images and of those for neighbors.png, and the plots. Before the first validation, a batch of it counts as a step.
func (d *deadline) reserve(step time.Duration, batches int) time.Duration {
	val := d.val
	if val == 0 {
		val = step * time.Duration(batches)
	}
	return time.Second + 3*val
}

func (d *deadline) callback(batches int) callback.Callback {
	return callback.Func(func(run callback.Run) (callback.Hooks, error) {
		var began, first time.Time
		steps := 0
		return callback.Hooks{
			State:     d,
			TestBegin: func() error { began = time.Now(); return nil },
			TestEnd: func(*callback.Logs) error {
				d.val = max(d.val, time.Since(began))
				return nil
			},
			BatchBegin: func(int) error {
				if first.IsZero() {
					first = time.Now()
				}
				return nil
			},
			BatchEnd: func(step int, _ *callback.Logs) error {
				steps++
				if d.limit == 0 || d.Over || d.elapsed()+d.reserve(time.Since(first)/time.Duration(steps), batches) < d.limit {
					return nil
				}
				if at := run.Position(); at.Epoch+1 < run.Epochs() || step+1 < run.Steps() {
					d.Over = true
					run.Printf("Stopped in epoch %d of %d, after step %d of %d: the %v of --time are almost over.", at.Epoch+1, run.Epochs(), step+1, run.Steps(), d.limit)
					run.Stop()
				}
				return nil
			},
		}, nil
	})
}
