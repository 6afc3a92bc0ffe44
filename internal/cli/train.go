package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/internal/historycsv"
	"github.com/lince-ml/lince/optimizer"
)

// trainCommand trains a model. Its defaults are the tutorial's.
type trainCommand struct {
	Source      string `arg:"" name:"data" predictor:"data" help:"A zip (Kaggle's nested one too), a folder, a CSV, or demo:cats-and-dogs."`
	sourceFlags `group:"data"`
	TestSize    float64 `group:"data" default:"0.25" placeholder:".25" help:"The part of the pictures (from 1 on: their number) that is set aside for validation."`
	Stratify    bool    `group:"data" help:"Split each class alike."`
	Strict      bool    `group:"data" help:"Fail when a picture cannot be read, instead of leaving it out."`

	Model       string  `group:"model" default:"cnn" placeholder:"cnn|FILE" predictor:"start" help:"The tutorial's network (cnn), Keras' to_json() (.json), or a model to go on with (.keras)."`
	Size        size    `group:"model" placeholder:"128x128" help:"Height x width that pictures are resized to. A model's file has its own."`
	Epochs      int     `group:"model" default:"3" help:"How often to go over the pictures."`
	Batch       int     `group:"model" default:"15" help:"Pictures a step."`
	Optimizer   string  `group:"model" placeholder:"rmsprop" predictor:"optimizer" help:"rmsprop, adam or sgd. A model that is gone on with keeps its own."`
	LR          float64 `group:"model" name:"lr" placeholder:"RATE" help:"Learning rate (default: the optimizer's, as in Keras)."`
	Augment     string  `group:"model" placeholder:"SPEC" help:"Random changes of training pictures, of ${augment_keys} (default: ${augment})."`
	NoAugment   bool    `group:"model" help:"Take the pictures as they are."`
	ClassWeight string  `group:"model" placeholder:"WEIGHTS" help:"Weights of classes in the loss, as in cat=2,dog=1; balanced gives rare classes more."`
	Patience    int     `group:"model" placeholder:"N" help:"Stop when val_loss has not got better for N epochs, and go back to the best weights."`
	Seed        uint32  `group:"model" default:"42" help:"The same seed gives the same split, weights, augmentation and result, to the bit."`
	Threads     int     `group:"model" placeholder:"N" help:"Threads (default: all). The result does not depend on it."`

	Out       path `group:"output" placeholder:"DIR" predictor:"folder" help:"The folder for the run's files (default: the next runs/train-N)."`
	Overwrite bool `group:"output" help:"Let --out replace an earlier run's files."`
}

// Help is the command's longer help.
func (trainCommand) Help() string {
	return `Without flags this is the tutorial "How to build a convolutional neural network in Keras": its network, split, augmentation, 3 epochs, batch 15.

^C ends the training after the step at hand, and writes all the same files; a second ^C stops at once.

Examples:
  lince train demo:cats-and-dogs
  lince train dogs-vs-cats.zip --limit 2000
  lince train photos/ --size 96x96 --epochs 20 --patience 3 --optimizer adam
  lince train photos.csv --images photos/ --augment rotation=30,zoom=.3,hflip
  lince train photos/ --model runs/train-1/model.keras --epochs 5`
}

// Validate implements kong's check of flags: all mistakes at once.
func (c *trainCommand) Validate() error {
	_, weightErr := parseWeights(c.ClassWeight)
	errs := []error{
		weightErr,
		atLeast(bound{"--epochs", c.Epochs, 1}, bound{"--batch", c.Batch, 1}, bound{"--patience", c.Patience, 0}, bound{"--threads", c.Threads, 0}),
		c.mistakes(),
	}
	if !(c.TestSize > 0) {
		errs = append(errs, fmt.Errorf("--test-size %v: want a part between 0 and 1, or a number of pictures", c.TestSize))
	}
	if c.LR < 0 {
		errs = append(errs, fmt.Errorf("--lr %v: want more than 0", c.LR))
	}
	if c.Optimizer != "" {
		if _, err := optimizer.Parse(c.Optimizer); err != nil {
			errs = append(errs, fmt.Errorf("--optimizer: %w", err))
		}
	}
	if _, err := c.generator(nil); err != nil {
		errs = append(errs, err)
	}
	return mistakes(errs...)
}

// generator is what changes the training pictures, p being how the model wants pictures;
// nil is as in the tutorial.
func (c *trainCommand) generator(p *lince.Preprocessing) (augment.Generator, error) {
	rescale := 1. / 255
	if p != nil {
		rescale = p.Rescale
	}
	switch {
	case c.NoAugment && c.Augment != "":
		return augment.Generator{}, errors.New("--augment and --no-augment: want one of them")
	case c.NoAugment:
		return augment.Generator{Rescale: rescale}, nil
	case c.Augment == "":
		g := augment.Tutorial()
		g.Rescale = rescale
		return g, nil
	}
	g, err := augment.Parse(c.Augment)
	if err != nil {
		return g, fmt.Errorf("--%s", strings.ReplaceAll(err.Error(), "\naugment: ", "\n--augment: "))
	}
	g.Rescale = cmp.Or(g.Rescale, rescale)
	if g.NeedsFit() || g.SamplewiseCenter || g.SamplewiseStdNormalization || g.ValidationSplit != 0 {
		return g, fmt.Errorf("--augment %s: normalisation is not augmentation, since predictions need it too, and --test-size splits; there is %s",
			c.Augment, strings.Join(augmentKeys(), ", "))
	}
	return g, nil
}

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
	if t.val, err = data.Images(valRows, o); err != nil {
		return err
	}
	o.NoShuffle, o.Seed, o.Augment = false, t.Seed, t.augment
	if t.train, err = data.Images(trainRows, o); err != nil {
		return err
	}
	if t.weights, err = t.classWeight(); err != nil {
		return err
	}
	t.printf("Training:   %s\nValidation: %s\n\n", t.train.Found(), t.val.Found())
	if !t.quiet {
		if err := t.model.Summary(t.text); err != nil {
			return err
		}
		t.printf("\n")
	}
	t.record.data(table, ignored, t.train, t.val, t.unreadable)
	t.record.model(t.model, t.augment, t.weights)
	return t.ctx.Err()
}

// begin writes what there is before the training: the first batch as the model will see
// it.
func (t *training) begin() error {
	if len(t.unreadable) > 0 {
		if err := t.folder.write("unreadable.csv", writeUnreadable(t.unreadable)); err != nil {
			return err
		}
	}
	for b, err := range t.train.Batches(t.ctx, 0, 0) {
		if err != nil {
			return err
		}
		return t.folder.write("batch.png", func(w io.Writer) error { return writeBatch(w, t.train, b, t.augment.Rescale) })
	}
	return t.ctx.Err()
}

// fit trains, and writes the run's files whatever becomes of it.
func (t *training) fit() error {
	callbacks := []callback.Callback{
		t.checkpoint(),
		t.logger(),
	}
	if t.Patience > 0 {
		callbacks = append(callbacks, callback.EarlyStopping{Monitor: "val_loss", Patience: t.Patience, RestoreBestWeights: true, Verbose: true})
	}
	var times epochTimes
	callbacks = append(callbacks, times.callback())
	start := time.Now()
	history, fitErr := t.model.Fit(t.ctx, t.train, lince.Fit{
		Epochs: t.Epochs, Validation: t.val, Callbacks: callbacks, ClassWeight: t.weights, Output: t.text, Verbose: t.verbose(),
	})
	interrupted := errors.Is(fitErr, context.Canceled)
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
	if err := t.save(history); err != nil {
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
		t.folder.write("run.json", t.record.write),
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
