package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/internal/historycsv"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/machine"
	"github.com/lince-ml/lince/profile"
)

// fit trains, and writes the run's files whatever becomes of it.
func (t *training) fit() error {
	t.saving.Store(true)
	if err := t.judgeStart(); err != nil {
		t.folder.discard()
		if t.ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return t.interruption("before the first step; nothing was written")
		}
		return err
	}
	var times epochTimes
	callbacks := []callback.Callback{t.reader(), t.checkpoint(), t.history.callback(t.folder)}
	if t.Patience > 0 {
		callbacks = append(callbacks, callback.EarlyStopping{Monitor: "val_loss", Patience: t.Patience, RestoreBestWeights: true, Verbose: true})
	}
	callbacks = append(callbacks, times.callback(), t.backup())
	if t.Profile {
		t.profile = &profile.Profile{}
	}
	start := time.Now()
	history, fitErr := t.model.Fit(t.ctx, t.train, lince.FitOptions{
		Epochs: t.Epochs, Validation: t.val, Callbacks: callbacks, ClassWeight: t.weights, Output: t.text, Verbose: t.verbose(), Profile: t.profile,
		Resume: t.state,
	})
	drawErr := t.drawn()
	cut := errors.Is(fitErr, context.Canceled)
	if history == nil || cut && len(history.Epochs) == 0 && history.Partial == nil {
		t.folder.discard()
		if cut {
			return t.interruption("before the first step; nothing was written")
		}
		return fitErr
	}
	t.record.fit(history, times.seconds, time.Since(start))
	t.noteLeftOut()
	if fitErr != nil && !cut && !t.trained(history) {
		// What there is may explain it: keep it.
		t.record.Status, t.record.StoppedBy, t.record.Error = failed, "error", fitErr.Error()
		if err := errors.Join(drawErr, t.save(history)); err != nil {
			return errors.Join(fitErr, err)
		}
		err := fmt.Errorf("%w\nthe model, the curves and the record of it are in %s", fitErr, t.folder.dir)
		var nan *lince.NaNError
		if !errors.As(fitErr, &nan) && t.folder.has(checkpointName) {
			err = fmt.Errorf("%w; to resume: %s", err, t.resumeCommand())
		}
		return err
	}
	switch {
	case cut:
		t.record.Status, t.record.StoppedBy = interrupted, "interruption"
		t.printf("Interrupted: writing what there is (^C again to stop at once).\n")
	case len(history.Epochs) > 0 && history.Epochs[len(history.Epochs)-1]+1 < t.Epochs:
		t.record.StoppedBy = "patience"
	default:
		t.record.StoppedBy = "epochs"
	}
	if cut {
		fitErr = nil
	}
	// What could not be written on the way is an error, and the rest is still wanted.
	trouble := errors.Join(fitErr, drawErr)
	if err := t.save(history); err != nil {
		trouble = errors.Join(trouble, err)
		t.record.Status, t.record.Error = failed, trouble.Error()
		_ = t.folder.write("run.json", t.record.write) // there is another error to tell
		if t.folder.has(checkpointName) {
			trouble = fmt.Errorf("%w\nto resume: %s", trouble, t.resumeCommand())
		}
		return trouble
	}
	return t.report(trouble)
}

// trained says whether a training came to its end, whatever could not be written then.
func (t *training) trained(h *lince.History) bool {
	return h.Partial == nil && t.history.ended
}

// judgeStart evaluates the trained model that the run begins with: best.keras is that one
// until an epoch is better.
func (t *training) judgeStart() error {
	if t.state != nil || t.Model == tutorialName || !strings.HasSuffix(strings.ToLower(t.Model), ".keras") {
		return nil
	}
	b, err := os.ReadFile(t.Model)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	logs, err := t.model.Evaluate(t.ctx, t.val, lince.EvaluateOptions{Verbose: lince.Silent})
	if err != nil {
		return err
	}
	t.record.Start = &recordStart{Model: t.Model, Fingerprint: hex.EncodeToString(sum[:]), Metrics: map[string]*float64{}}
	line := "The model to begin with, " + t.Model + ":"
	for name, v := range logs.All() {
		line += fmt.Sprintf(" val_%s: %.4f", name, v)
	}
	for name, v := range numbers(logs) {
		t.record.Start.Metrics["val_"+name] = v
	}
	t.printf("%s\n", line)
	if t.record.Start.Metrics["val_loss"] == nil {
		return nil
	}
	return t.folder.wroteIf("best.keras", t.model.Save(t.folder.path("best.keras")))
}

// reader ends the training after a step if nobody reads its output any more.
func (t *training) reader() callback.Callback {
	return callback.Func(func(callback.Run) (callback.Hooks, error) {
		return callback.Hooks{BatchEnd: func(int, *lince.Logs) error { t.stopUnheard(); return nil }}, nil
	})
}

// checkpoint keeps best.keras.
func (t *training) checkpoint() callback.Callback {
	best := callback.ModelCheckpoint{Path: t.folder.path("best.keras"), Monitor: "val_loss", SaveBestOnly: true}
	if s := t.record.Start; s != nil {
		best.InitialValueThreshold = s.Metrics["val_loss"]
	}
	return callback.Func(func(run callback.Run) (callback.Hooks, error) {
		return best.Begin(watchedRun{run, t.folder})
	})
}

// backup keeps checkpoint.keras, until report removes it.
func (t *training) backup() callback.Callback {
	c := callback.BackupAndRestore{Path: t.folder.path(checkpointName), SaveFreq: t.SaveFreq, KeepCheckpoint: true}
	return callback.Func(func(run callback.Run) (callback.Hooks, error) {
		return c.Begin(watchedRun{run, t.folder})
	})
}

// watchedRun notes which files are this run's, and makes a folder that was removed again.
type watchedRun struct {
	callback.Run
	folder *folder
}

// Save implements callback.Run.
func (r watchedRun) Save(path string) error {
	return r.folder.save(filepath.Base(path), func() error { return r.Run.Save(path) })
}

// Checkpoint implements callback.Run.
func (r watchedRun) Checkpoint(path string) error {
	return r.folder.save(filepath.Base(path), func() error { return r.Run.Checkpoint(path) })
}

// historyFile keeps history.csv, as Keras' CSVLogger would, but whole at every moment.
type historyFile struct {
	Rows    string   `json:"rows"`
	Columns []string `json:"columns"`

	ended bool // the training came to its end
}

func (f *historyFile) callback(out *folder) callback.Callback {
	return callback.Func(func(run callback.Run) (callback.Hooks, error) {
		return callback.Hooks{
			State: f,
			EpochEnd: func(epoch int, logs *lince.Logs) error {
				var rows bytes.Buffer
				w := historycsv.NewWriter(&rows, historycsv.Options{Append: f.Rows != "", Columns: f.Columns})
				if err := w.Write(epoch, logs.Map()); err != nil {
					return err
				}
				f.Rows, f.Columns = f.Rows+rows.String(), w.Columns()
				if err := out.writeBytes("history.csv", []byte(f.Rows)); err != nil { // save tries again
					run.Printf("history.csv: %v; the training continues", err)
				}
				return nil
			},
			End: func() error { f.ended = run.Finished(); return nil },
		}, nil
	})
}

// noteLeftOut tells of pictures that could be read when they were checked, and not later.
func (t *training) noteLeftOut() {
	later := append(t.train.Corrupt(), t.val.Corrupt()...)
	if len(later) == 0 || len(later) == len(t.record.Data.LeftOut) {
		return
	}
	t.record.Data.LeftOut = badFiles(later)
	t.warn(leftOut(later))
}

// save writes the model, the curves and the record.
func (t *training) save(h *lince.History) error {
	err := t.folder.save("model.keras", func() error { return t.model.Save(t.folder.path("model.keras")) })
	if err == nil && len(h.Epochs) == 0 && !t.folder.wrote["best.keras"] {
		err = t.lastIsBest()
	}
	if bad := slices.Concat(t.unreadable, t.train.Corrupt(), t.val.Corrupt()); len(bad) > len(t.unreadable) {
		err = errors.Join(err, t.folder.write("unreadable.csv", writeUnreadable(bad)))
	}
	t.record.PeakMemory, _ = machine.PeakMemory(nil)
	return errors.Join(err,
		t.folder.writeBytes("history.csv", []byte(t.history.Rows)),
		writeCurves(t.folder, h),
		t.saveProfile(),
		t.folder.write("run.json", t.record.write),
	)
}

// saveProfile writes what took how long, if that is wanted.
func (t *training) saveProfile() error {
	if t.profile == nil {
		return nil
	}
	isa, err := kernel.Detect()
	if err != nil {
		return err
	}
	threads := t.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	limits := machine.Measure(isa, threads)
	t.profile.Limits = profile.Limits{GFLOPS: limits.FMA, GBS: limits.Copy}
	return errors.Join(
		t.folder.write("profile.txt", t.profile.WriteTable),
		t.folder.write("trace.json", t.profile.WriteTrace),
	)
}

// lastIsBest makes the last model the best where no epoch came to its end.
func (t *training) lastIsBest() error {
	model, err := os.Open(t.folder.path("model.keras"))
	if err != nil {
		return err
	}
	defer func() { _ = model.Close() }() // only read
	return t.folder.write("best.keras", func(w io.Writer) error {
		_, err := io.Copy(w, model)
		return err
	})
}

// report evaluates the model on the validation pictures, and writes the results.
// trouble is what could not be written before.
func (t *training) report(trouble error) error {
	// After ^C the results are still wanted: only a second one ends this.
	verdicts, err := t.predict(t.hard, t.model, t.val, "Predicting validation")
	t.noteLeftOut()
	if err == nil {
		t.record.Results, err = judge(t.model.Classes, t.val, verdicts)
	}
	if err == nil {
		err = writeResults(t.folder, t.model.Classes, t.val, verdicts, t.record.Results)
	}
	if t.hard.Err() != nil && errors.Is(err, context.Canceled) {
		if t.record.Status != interrupted {
			return t.interruption("after the training; the validation pictures were not predicted; the rest is in " + t.folder.dir)
		}
		return t.interruption(t.record.reached() + "; the validation pictures were not predicted; the rest is in " + t.folder.dir)
	}
	if err == nil {
		err = t.conclude(trouble)
	}
	if err != nil {
		return errors.Join(trouble, err)
	}
	if t.profile != nil && !t.quiet {
		t.printf("\n")
		if err := t.profile.WriteTable(t.text); err != nil {
			return err
		}
	}
	trouble = errors.Join(trouble, t.folder.lost())
	t.describeFiles()
	t.printf("\n%s\n%s", t.record.Results, t.folder.contents())
	if t.record.Start != nil && t.record.BestEpoch == nil && t.record.Epochs > 0 {
		t.printf("No epoch was better than the model to begin with: best.keras is that one.\n")
	}
	if t.json {
		if err := writeJSON(t.stdout, t.record); err != nil {
			return errors.Join(trouble, err)
		}
	}
	if t.record.Status != interrupted {
		return trouble
	}
	if trouble != nil {
		t.warn(trouble.Error())
	}
	return t.interruption(t.record.reached() + "; everything up to there is in " + t.folder.dir)
}

// conclude writes the last state of the run. A run that is finished needs no checkpoint; it
// goes after the record that says so.
func (t *training) conclude(trouble error) error {
	if t.record.Status != interrupted {
		t.record.Status = finished
	}
	if trouble != nil {
		t.record.Error = trouble.Error()
		if t.record.Status == finished {
			t.record.Status = failed
		}
	}
	t.record.PeakMemory, _ = machine.PeakMemory(nil)
	if err := t.folder.write("run.json", t.record.write); err != nil {
		return err
	}
	if t.record.Status != interrupted {
		if err := t.folder.remove(checkpointName); err != nil {
			return err
		}
	}
	return t.folder.finish()
}

// describeFiles says what each model of the run really is.
func (t *training) describeFiles() {
	r := &t.record
	last := "the model " + r.reached()
	if t.Patience > 0 && r.Epochs > 0 {
		if epoch, ok := bestEpoch(r.History, nil); ok {
			last = fmt.Sprintf("the model after epoch %d, to which --patience went back", epoch+1)
		}
	}
	t.folder.what["model.keras"] = last
	switch {
	case r.BestEpoch != nil:
		t.folder.what["best.keras"] = fmt.Sprintf("the model after epoch %d, which has the least val_loss", *r.BestEpoch+1)
	case r.Start != nil && r.Start.Metrics["val_loss"] != nil:
		t.folder.what["best.keras"] = "the model to begin with: no epoch has less val_loss"
	default:
		t.folder.what["best.keras"] = "the same: no epoch came to its end"
	}
	if r.Epochs == 0 {
		t.folder.what["curves.png"] = "loss and accuracy of the steps that were made"
	}
}
