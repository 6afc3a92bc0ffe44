package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/internal/atomicfile"
	"github.com/lince-ml/lince/internal/historycsv"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/machine"
	"github.com/lince-ml/lince/internal/patherr"
	"github.com/lince-ml/lince/profile"
)

// training is one run of the command.
type training struct {
	*trainCommand
	*env
	folder     *folder
	table      *data.Table
	model      *lince.Model
	train, val *data.Flow
	augment    augment.Generator
	weights    map[int]float64 // of the classes
	unreadable []data.BadFile
	profile    *profile.Profile // nil: not wanted
	drawn      func() error     // waits for batch.png
	record     record
}

// Run implements the command.
func (c *trainCommand) Run(e *env, k *kong.Context) error {
	t := &training{trainCommand: c, env: e, record: newRecord(k)}
	var err error
	if t.folder, err = newFolder(string(c.Out), runFiles, c.Overwrite); err != nil {
		return err
	}
	err = t.prepare()
	if t.table != nil {
		defer t.table.Close()
	}
	if err == nil {
		err = t.begin()
	}
	if err != nil {
		t.folder.discard()
		if t.ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return interruption("before the training began; nothing was written")
		}
		return err
	}
	return t.fit()
}

// prepare reads the data, splits them, and makes the model.
func (t *training) prepare() error {
	if t.Model != tutorial { // before thousands of pictures are read
		if _, err := os.Stat(t.Model); err != nil {
			return fmt.Errorf("--model %s: %w; want cnn, or a file: Keras' to_json() (.json), or a model (.keras)", t.Model, patherr.Bare(err))
		}
	}
	table, ignored, err := t.open(t.Source, t.sourceFlags)
	if err != nil {
		return err
	}
	t.table = table
	if err := table.Trainable(); err != nil {
		return err
	}
	// The model comes before the pictures are checked: its mistakes show at once. Only
	// which classes there are is not certain before.
	classes := table.Classes()
	var other otherClasses
	made := t.makeModel(classes)
	if made != nil && !errors.As(made, &other) {
		return made
	}
	if table, t.unreadable, err = t.check(table, t.Strict, t.folder); err != nil {
		return err
	}
	if err := table.Trainable(); err != nil {
		return err
	}
	if left := table.Classes(); made != nil || !slices.Equal(left, classes) {
		if err := t.makeModel(left); err != nil {
			return err
		}
	}
	t.describe(table)
	split := data.Split{TestSize: t.TestSize, RandomState: t.Seed}
	if t.Stratify {
		split.Stratify = table.Categories()
	}
	trainRows, valRows, err := table.TrainTestSplit(split)
	if err != nil {
		return err
	}
	if n := trainRows.Len(); n < t.Batch {
		t.warn(fmt.Sprintf("%s to train on, fewer than a batch of %d: each step takes them all", count(n, "picture"), t.Batch))
	}
	o, err := flowOptions(t.model, t.Batch, t.Threads)
	if err != nil {
		return err
	}
	o.Strict = t.Strict
	trainOptions := o
	trainOptions.NoShuffle, trainOptions.Seed, trainOptions.Augment = false, t.Seed, t.augment
	o.Cache = t.cache()
	if t.Epochs > 1 { // the training pictures first; one epoch reads them once
		trainOptions.Cache = o.Cache
	}
	if t.train, err = data.Images(trainRows, trainOptions); err != nil {
		return err
	}
	if t.val, err = data.Images(valRows, o); err != nil {
		return err
	}
	if t.weights, err = t.classWeight(); err != nil {
		return err
	}
	sets := []cachedSet{{"training ", t.train}, {"validation ", t.val}}
	if t.Epochs == 1 {
		sets = sets[1:]
	}
	t.printf("Training:   %s\nValidation: %s\n%s\n", t.train.Found(), t.val.Found(), t.kept(sets...))
	if !t.quiet {
		if err := t.model.Summary(t.text, lince.Summary{}); err != nil {
			return err
		}
		t.printf("\n")
	}
	t.record.data(table, ignored, t.train, t.val, t.unreadable)
	t.record.model(t.model, t.augment, t.weights)
	return t.ctx.Err()
}

// begin writes what there is before the training: the first batch as the model will see
// it, which is drawn while the training begins.
func (t *training) begin() error {
	t.drawn = func() error { return nil }
	if len(t.unreadable) > 0 {
		if err := t.folder.write("unreadable.csv", writeUnreadable(t.unreadable)); err != nil {
			return err
		}
	}
	for b, err := range t.train.Batches(t.ctx, 0, 0) {
		if err != nil {
			return err
		}
		tiles, err := batchTiles(t.train, b)
		if err != nil {
			return err
		}
		written := make(chan error, 1)
		go func() { written <- atomicfile.Write(t.folder.path("batch.png"), writeBatch(tiles)) }()
		t.drawn = sync.OnceValue(func() error { return t.folder.wroteIf("batch.png", <-written) })
		return nil
	}
	return t.ctx.Err()
}

// fit trains, and writes the run's files whatever becomes of it.
func (t *training) fit() error {
	callbacks := []callback.Callback{
		callback.Func(func(callback.Run) (callback.Hooks, error) {
			return callback.Hooks{EpochEnd: func(int, *lince.Logs) error { return t.drawn() }}, nil
		}),
		t.checkpoint(),
		t.logger(),
	}
	if t.Patience > 0 {
		callbacks = append(callbacks, callback.EarlyStopping{Monitor: "val_loss", Patience: t.Patience, RestoreBestWeights: true, Verbose: true})
	}
	var times epochTimes
	callbacks = append(callbacks, times.callback())
	if t.Profile {
		t.profile = &profile.Profile{}
	}
	start := time.Now()
	history, fitErr := t.model.Fit(t.ctx, t.train, lince.Fit{
		Epochs: t.Epochs, Validation: t.val, Callbacks: callbacks, ClassWeight: t.weights, Output: t.text, Verbose: t.verbose(), Profile: t.profile,
	})
	interrupted := errors.Is(fitErr, context.Canceled)
	drawErr := t.drawn()
	if drawErr != nil && errors.Is(fitErr, drawErr) { // it ended the training
		t.folder.discard()
		return drawErr
	}
	if history == nil || interrupted && len(history.Epochs) == 0 && history.Partial == nil {
		t.folder.discard()
		if interrupted {
			return interruption("before the first step; nothing was written")
		}
		return fitErr
	}
	t.record.fit(history, times.seconds, time.Since(start))
	t.record.Interrupted = interrupted
	if fitErr != nil && !interrupted {
		// What there is may explain it: keep it.
		t.record.Error = fitErr.Error()
		if err := t.save(history); err != nil {
			return errors.Join(fitErr, err)
		}
		return fmt.Errorf("%w\nthe model, the curves and the record of it are in %s", fitErr, t.folder.dir)
	}
	if interrupted {
		t.printf("Interrupted: writing what there is (^C again to stop at once).\n")
	}
	if err := errors.Join(drawErr, t.save(history)); err != nil {
		return err
	}
	return t.report(interrupted)
}

// checkpoint keeps best.keras.
func (t *training) checkpoint() callback.Callback {
	best := callback.ModelCheckpoint{Path: t.folder.path("best.keras"), Monitor: "val_loss", SaveBestOnly: true}
	return callback.Func(func(run callback.Run) (callback.Hooks, error) {
		return best.Begin(watchedRun{run, t.folder})
	})
}

// logger keeps history.csv, as Keras' CSVLogger would, but whole at every moment.
func (t *training) logger() callback.Callback {
	return callback.Func(func(callback.Run) (callback.Hooks, error) {
		var rows bytes.Buffer
		w := historycsv.NewWriter(&rows, historycsv.Options{})
		return callback.Hooks{EpochEnd: func(epoch int, logs *lince.Logs) error {
			if err := w.Write(epoch, logs.Map()); err != nil {
				return err
			}
			return t.folder.writeBytes("history.csv", rows.Bytes())
		}}, nil
	})
}

// watchedRun notes that best.keras is this run's.
type watchedRun struct {
	callback.Run
	folder *folder
}

// Save implements callback.Run.
func (r watchedRun) Save(path string) error { return r.folder.wroteIf("best.keras", r.Run.Save(path)) }

// save writes the model, the curves and the record.
func (t *training) save(h *lince.History) error {
	err := t.folder.wroteIf("model.keras", t.model.Save(t.folder.path("model.keras")))
	if err == nil && !t.folder.wrote["best.keras"] {
		err = t.lastIsBest()
	}
	if !t.folder.wrote["history.csv"] { // no epoch came to its end: CSVLogger's is empty then
		err = errors.Join(err, t.folder.writeBytes("history.csv", nil))
	}
	return errors.Join(err,
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

// report judges the model on the validation pictures, and writes what became of them.
func (t *training) report(interrupted bool) error {
	// After ^C the results are still wanted: only a second one ends this.
	verdicts, err := t.predict(t.hard, t.model, t.val, "Predicting validation")
	if err == nil {
		t.record.Results, err = judge(t.model.Classes, t.val, verdicts)
	}
	if err == nil {
		err = writeResults(t.folder, t.model.Classes, t.val, verdicts, t.record.Results)
	}
	if err == nil {
		err = t.folder.write("run.json", t.record.write)
	}
	if t.hard.Err() != nil && errors.Is(err, context.Canceled) {
		return interruption(t.record.reached() + "; the validation pictures were not predicted; the rest is in " + t.folder.dir)
	}
	if err == nil {
		err = t.folder.finish()
	}
	if err != nil {
		return err
	}
	if t.profile != nil && !t.quiet {
		t.printf("\n")
		if err := t.profile.WriteTable(t.text); err != nil {
			return err
		}
	}
	t.printf("\n%s\n%s", t.record.Results, t.folder.contents())
	if t.json {
		if err := writeJSON(t.stdout, t.record); err != nil {
			return err
		}
	}
	if interrupted {
		return interruption(t.record.reached() + "; everything up to there is in " + t.folder.dir)
	}
	return nil
}
