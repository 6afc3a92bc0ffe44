package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/internal/historycsv"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/machine"
	"github.com/lince-ml/lince/profile"
	"github.com/lince-ml/lince/report"
)

// fit trains the model and writes the run's files. It writes them after an error or ^C too.
func (t *training) fit() error {
	if err := t.evaluateStart(); err != nil {
		return t.abandon(err, "before the first step")
	}
	var times epochTimes
	t.warnOfDoubts()
	if t.WriteProfile {
		t.profile = &profile.Profile{}
	}
	start := time.Now()
	history, fitErr := t.fitPhases(&times)
	drawErr := t.folder.wait()
	stopped := errors.Is(fitErr, context.Canceled)
	if history == nil || stopped && len(history.Epochs) == 0 && history.Partial == nil {
		return t.abandon(fitErr, "before the first step")
	}
	t.record.fit(history, &times, time.Since(start))
	t.noteSkipped()
	switch {
	case stopped:
		t.record.Status, t.record.StoppedBy = interrupted, "interruption"
		t.printf("Interrupted: saving the results (press ^C again to stop at once).\n")
		fitErr = nil
	case fitErr == nil && t.deadline.Over:
		t.record.StoppedBy = "time"
	case fitErr != nil && !t.trained(history):
		return t.saveFailed(history, fitErr, drawErr)
	case len(history.Epochs) > 0 && history.Epochs[len(history.Epochs)-1]+1 < t.lastEpoch():
		t.record.StoppedBy = "patience"
	default:
		t.record.StoppedBy = "epochs"
	}
	// A file that could not be written is an error, but the results are still written.
	trouble := errors.Join(fitErr, drawErr)
	if err := t.save(history); err != nil {
		trouble = errors.Join(trouble, err)
		t.record.Status, t.record.Error = failed, trouble.Error()
		_ = t.folder.write("run.json", t.record.write) // trouble is reported
		return t.resumable(trouble)
	}
	return t.report(trouble)
}

// callbacks returns the callbacks of the training.
func (t *training) callbacks(times *epochTimes) []callback.Callback {
	list := []callback.Callback{t.reader()}
	if t.transfers() {
		list = append(list, t.phase.callback())
	}
	if t.EMA != nil { // best.keras and the restored weights are averages
		list = append(list, callback.SwapEMAWeights{SwapOnEpoch: true})
	}
	if t.rates != nil {
		list = append(list, t.rates)
	}
	if t.scheduled() {
		list = append(list, logRate())
	}
	list = append(list, t.history.callback(t.folder), callback.TerminateOnDivergence{}, t.checkpoint())
	if t.Patience > 0 {
		list = append(list, callback.EarlyStopping{Monitor: t.watched.key, Patience: t.Patience, RestoreBestWeights: true, Verbose: true})
	}
	if t.TensorBoard.on {
		list = append(list, t.board())
	}
	return append(list, times.callback(), t.pace.callback(t, times), t.deadline.callback(t.val.Steps()), t.skipped.callback(), t.depthCallback(), t.backup())
}

// abandon discards the run's files after an error that came before the first step. It returns the
// error of the command. After ^C, the error contains when, a text such as "before the first step".
func (t *training) abandon(err error, when string) error {
	t.folder.discard()
	if t.ctx.Err() == nil || !errors.Is(err, context.Canceled) {
		if t.Resume != "" {
			return unresumed(t.folder.dir, t.record, err)
		}
		return err
	}
	return t.unstarted(when)
}

// unfinished returns the error of a training that did not end in time after ^C.
func (t *training) unfinished() error {
	if t.isSaving() {
		return t.interruption("before all files were written to " + t.folder.dir)
	}
	t.folder.unmake()
	return t.unstarted("before the training began")
}

// unstarted returns the error of a training that ^C ended before the first step.
func (t *training) unstarted(when string) error {
	if t.folder.keep {
		return t.interruption(when + "; the run is unchanged")
	}
	return t.interruption(when + "; nothing was written")
}

// saveFailed saves the model, curves and record of a training that failed: they may explain the
// failure.
func (t *training) saveFailed(history *lince.History, fitErr, drawErr error) error {
	t.record.Status, t.record.StoppedBy, t.record.Error = failed, "error", t.advised(fitErr).Error()
	if err := errors.Join(drawErr, t.save(history)); err != nil {
		return errors.Join(fitErr, err)
	}
	files := "model.keras and run.json"
	if t.folder.wrote["curves.png"] { // not before the first step
		files = "model.keras, curves.png and run.json"
	}
	if t.folder.wrote["best.keras"] {
		files = "best.keras (the best model before the error), " + files
	}
	err := errors.Join(fmt.Errorf("%w\n%s are in %s", t.advised(fitErr), files, t.folder.dir), t.end())
	if divergedAt(fitErr) != nil {
		return err // resuming would fail again
	}
	return t.resumable(err)
}

// resumable adds to an error how to resume the run, if there is a checkpoint.
func (t *training) resumable(err error) error {
	if !t.folder.has(checkpointName) {
		return err
	}
	return fmt.Errorf("%w\nto resume: %s", err, t.resumeCommand())
}

// trained reports whether the training ran to its end, even if some files could not be written.
func (t *training) trained(h *lince.History) bool {
	return h.Partial == nil && t.history.ended
}

// evaluateStart evaluates the model that the run starts from, if it is a trained one. It saves
// that model as best.keras, which stays until an epoch is better.
func (t *training) evaluateStart() error {
	if t.state != nil || t.ModelSource == tutorialName || t.transfers() || !t.hasWeights() {
		return nil
	}
	sum, err := fingerprint(t.ModelSource)
	if err != nil {
		return err
	}
	logs, err := t.model.Evaluate(t.ctx, t.val, lince.EvaluateOptions{Verbose: lince.Silent})
	if err != nil {
		return err
	}
	t.record.Start = &recordStart{Model: t.ModelSource, Fingerprint: sum, Metrics: map[string]*float64{}}
	line := "Initial model " + t.ModelSource + ":"
	for name, v := range logs.All() {
		line += fmt.Sprintf(" val_%s: %.4f", name, v)
	}
	for name, v := range numbers(logs) {
		t.record.Start.Metrics["val_"+name] = v
	}
	t.printf("%s\n", line)
	if v, ok := logs.Get("loss"); ok && !finite(v) {
		text := fmt.Sprintf("the val_loss of the initial model %s is %v", t.ModelSource, v)
		if why := t.whyNotFinite(t.model, t.val, -1); why != "" {
			text += ": " + why
		}
		t.warn(text)
	}
	// A run that is killed has no other memory of it: the checkpoint has the best value, but not that it is the initial model's.
	if err := t.folder.write("run.json", t.record.write); err != nil {
		return err
	}
	if t.record.Start.Metrics[t.watched.key] == nil {
		return nil
	}
	return t.folder.wroteIf("best.keras", t.model.Save(t.folder.path("best.keras")))
}

// fingerprint returns the SHA-256 of a model's file. For a .keras file that was unpacked to a folder, it is that of the names, sizes and bytes of its members.
func fingerprint(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	if !info.IsDir() {
		err = hashFile(h, path)
		return hex.EncodeToString(h.Sum(nil)), err
	}
	for _, name := range keras.Members() {
		member := filepath.Join(path, name)
		if info, err = os.Stat(member); errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %d\n", name, info.Size())
		if err := hashFile(h, member); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// hashFile adds the bytes of a file to a hash.
func hashFile(h io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	_, err = io.Copy(h, f)
	return err
}

// reader returns a callback that shows the progress of a fold or a trial, and ends the training after a step if the process that reads its output
// has exited.
func (t *training) reader() callback.Callback {
	return callback.Func(func(run callback.Run) (callback.Hooks, error) {
		return callback.Hooks{BatchEnd: func(step int, _ *lince.Logs) error {
			if t.steps != nil {
				t.steps(run.Position().Epoch*run.Steps()+step+1, run.Epochs()*run.Steps())
			}
			t.stopUnheard()
			return nil
		}}, nil
	})
}

// checkpoint returns a callback that writes best.keras.
func (t *training) checkpoint() callback.Callback {
	best := callback.ModelCheckpoint{Path: callback.Literal(t.folder.path("best.keras")), Monitor: t.watched.key, SaveBestOnly: true}
	if s := t.record.Start; s != nil {
		best.InitialValueThreshold = s.Metrics[t.watched.key]
	}
	if h := t.phase.Head; h != nil {
		if v, ok := t.watched.bestOf(h); ok {
			best.InitialValueThreshold = &v
		}
	}
	return callback.Func(func(run callback.Run) (callback.Hooks, error) {
		return best.Begin(watchedRun{run, t.folder})
	})
}

// backup returns a callback that writes checkpoint.keras. conclude removes that file.
func (t *training) backup() callback.Callback {
	c := callback.BackupAndRestore{Path: t.folder.path(checkpointName), SaveFreq: t.SaveFreq, KeepCheckpoint: true}
	return callback.Func(func(run callback.Run) (callback.Hooks, error) {
		return c.Begin(watchedRun{run, t.folder})
	})
}

// watchedRun saves models through the folder, which keeps track of its files.
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

// historyFile writes history.csv as Keras' CSVLogger does, but replaces the file as a whole
// after each epoch.
type historyFile struct {
	Rows    string   `json:"rows"`
	Columns []string `json:"columns"`

	ended bool // the training ran to its end
}

func (f *historyFile) callback(out *folder) callback.Callback {
	return callback.Func(func(run callback.Run) (callback.Hooks, error) {
		return callback.Hooks{
			State: f,
			EpochEnd: func(epoch int, logs *lince.Logs) error {
				var rows bytes.Buffer
				w := historycsv.NewWriter(&rows, historycsv.Options{Append: f.Rows != "", Columns: f.Columns})
				if err := w.Write(epoch, logs); err != nil {
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

// noteSkipped records images that could not be read during the training, and prints a warning.
func (t *training) noteSkipped() {
	t.noteDepthOnce()
	later := t.skipped.all()
	if len(later) == 0 || len(later) == len(t.record.Data.LeftOut) {
		return
	}
	t.record.Data.LeftOut = badFiles(later)
	t.warn(skippedLater(later, t.record.Data.Checked))
	if lost := lostText(lostClasses(t.train.Table(), later)); lost != "" {
		t.warn(lost + ", so the model has not learned it")
	}
}

// depthCallback warns of images that lose values after the first epoch in which they were decoded, when they are all known.
func (t *training) depthCallback() callback.Callback {
	return callback.Func(func(callback.Run) (callback.Hooks, error) {
		return callback.Hooks{EpochEnd: func(int, *callback.Logs) error {
			t.noteDepthOnce()
			return nil
		}}, nil
	})
}

// noteDepthOnce warns of images that lose values, if it has not yet.
func (t *training) noteDepthOnce() {
	if t.deepNoted {
		return
	}
	if f := t.noteDepth(t.train, t.val); f != (data.Findings{}) {
		t.deepNoted = true
		d := &t.record.Data
		d.Deep, d.CutPixels, d.Floating, d.FloatCutPixels = f.Deep.Images, f.Deep.Lost, f.Floating.Images, f.Floating.Lost
	}
}

// save writes the model, the history, the curves, the profile and the record.
func (t *training) save(h *lince.History) error {
	err := t.folder.save("model.keras", func() error { return t.model.Save(t.folder.path("model.keras")) })
	if err == nil && len(h.Epochs) == 0 && !t.folder.wrote["best.keras"] && t.record.Status != failed {
		err = t.lastIsBest()
	}
	if bad := slices.Concat(t.unreadable, t.skipped.all()); len(bad) > len(t.unreadable) {
		err = errors.Join(err, t.folder.write("unreadable.csv", writeUnreadable(bad, t.folder.raw)))
	}
	if t.record.Status != failed { // the error has advice
		t.noteRise(h)
	}
	t.record.PeakMemory, _ = machine.PeakMemory(nil)
	return errors.Join(err,
		t.folder.writeBytes("history.csv", []byte(t.history.Rows)),
		writeCurves(t.folder, h),
		t.saveProfile(),
		t.folder.write("run.json", t.record.write),
	)
}

// saveProfile writes profile.txt and trace.json, if --profile is set.
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

// lastIsBest copies model.keras to best.keras, for a run without a completed epoch.
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

// report evaluates the model on the validation images and writes and prints the results.
// trouble is the error of files that could not be written before.
func (t *training) report(trouble error) error {
	when := "after the training"
	if t.record.Status == interrupted {
		when = t.record.reached()
	}
	unpredicted := t.interruption(when + "; the validation images were not predicted; all other results are in " + t.folder.dir)
	t.onAbandon(func() error { return unpredicted })
	// The results are written after ^C too; a second ^C stops this.
	var predictions []lince.Classification
	var err error
	if t.regresses() {
		err = t.judgeNumbers()
	} else if predictions, err = t.predict(t.hard, t.model, t.features.Of(t.val), "Predicting validation"); err == nil && !t.several() {
		predictions, err = t.calibrate(predictions)
	}
	t.noteSkipped()
	if t.hard.Err() != nil && errors.Is(err, context.Canceled) {
		return unpredicted
	}
	t.onAbandon(t.unfinished)
	switch {
	case err != nil || t.regresses():
	case t.several():
		err = t.judgeLabels(predictions)
	default:
		if err = t.judgeClasses(predictions); err == nil {
			err = t.writePage(func(s pageSource, p *report.Page) error {
				s.predictions = predictions
				return s.fillClasses(p)
			})
		}
	}
	if err = errors.Join(err, t.folder.wait()); err == nil {
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
	trouble = errors.Join(trouble, t.log.keep(t.folder), t.folder.lost())
	t.describeFiles()
	t.printf("\n%s%s\n%s", t.results(), t.describeCalibration(), t.folder.contents())
	t.printf("%s", t.proposeTransfer(t.train.Table().Len()+t.val.Table().Len()))
	if hasGraph(t.model) {
		t.printf("\nThe model is a graph without Keras layers. Only lince opens its .keras file; to write it as ONNX:\n  lince convert %s model.onnx\n", t.folder.path("best.keras"))
	}
	if t.record.Start != nil && t.record.BestEpoch == nil && t.record.Epochs > 0 {
		t.printf("No epoch was better than the initial model, so best.keras is the initial model.\n")
	}
	t.printDryRun()
	if err := t.end(); err != nil {
		return errors.Join(trouble, err)
	}
	if t.record.Status != interrupted {
		return trouble
	}
	if trouble != nil {
		t.warn(trouble.Error())
	}
	return t.interruption(t.record.reached() + "; the results so far are in " + t.folder.dir)
}

// judgeClasses measures and writes the predictions for the validation images.
func (t *training) judgeClasses(predictions []lince.Classification) (err error) {
	if t.record.Results, err = classification(t.model.Classes, t.val, predictions); err != nil {
		return err
	}
	if err := writeResults(t.folder, t.model.Classes, t.val, predictions, t.record.Results, answerFlags{}); err != nil {
		return err
	}
	return t.judge(predictions)
}

// conclude writes the final record. It then removes the checkpoint, unless the run was
// interrupted: a finished run does not need it.
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

// describeFiles describes the run's models and curves where they differ from runFiles.
func (t *training) describeFiles() {
	r := &t.record
	last := "the model " + r.reached()
	if r.Partial != nil {
		last = "the model at the interruption, " + r.reached()
	}
	if t.Patience > 0 && r.Epochs > 0 {
		if epoch, ok := bestEpoch(r.History, nil, t.watched); ok {
			last = fmt.Sprintf("the model after epoch %d, restored by --patience", epoch+1)
		}
	}
	t.folder.what["model.keras"] = last
	switch {
	case r.BestEpoch != nil:
		t.folder.what["best.keras"] = fmt.Sprintf("the model after epoch %d, which has %s", *r.BestEpoch+1, t.watched.best())
	case r.Start != nil && r.Start.Metrics[t.watched.key] != nil:
		t.folder.what["best.keras"] = "the initial model: no epoch has a better " + t.watched.key
	default:
		t.folder.what["best.keras"] = "a copy of model.keras: no epoch was completed"
	}
	if r.Epochs == 0 {
		t.folder.what["curves.png"] = "loss and metrics of the completed steps"
	}
}
