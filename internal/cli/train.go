package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/augment"
)

// trainCommand trains a model. Its defaults are the tutorial's.
type trainCommand struct {
	Source string `arg:"" name:"data" help:"A zip (Kaggle's nested one too), a folder, a CSV, or demo:cats-and-dogs."`
	sourceFlags
	Epochs    int     `default:"3" help:"How often to go over the pictures."`
	Batch     int     `default:"15" help:"Pictures a step."`
	Size      size    `default:"128x128" help:"Height x width to which pictures are resized."`
	TestSize  float64 `default:"0.25" help:"The part (or, from 1 on, the number) of pictures that is set aside for validation."`
	Stratify  bool    `help:"Split each class alike."`
	Seed      uint32  `default:"42" help:"The same seed gives the same split, weights, augmentation and result, to the bit."`
	Model     string  `default:"cnn" placeholder:"cnn|FILE" help:"The tutorial's network (cnn), a Keras config (.json), or a model to go on with (.keras)."`
	Optimizer string  `default:"rmsprop" help:"rmsprop, adam or sgd."`
	LR        float64 `name:"lr" placeholder:"RATE" help:"Learning rate (default: the optimizer's own, as in Keras)."`
	Augment   string  `default:"${augment}" placeholder:"SPEC" help:"Changes that are drawn for each training picture: ${augment_keys}."`
	NoAugment bool    `help:"Take the pictures as they are."`
	Patience  int     `placeholder:"N" help:"Stop when val_loss has not got better for N epochs, and go back to the best weights."`
	Threads   int     `placeholder:"N" help:"Threads (default: all). The result does not depend on it."`
	Strict    bool    `help:"A picture that cannot be read is an error."`
	Out       string  `type:"path" placeholder:"DIR" help:"The folder for the run's files (default: runs/train-N)."`
	Overwrite bool    `help:"Let --out replace an earlier run."`
}

// Help is the command's longer help.
func (trainCommand) Help() string {
	return `Without flags this is the tutorial "How to build a convolutional neural network in Keras":
its network, split, augmentation, 3 epochs, batch 15.

Examples:
  lince train demo:cats-and-dogs
  lince train dogs-vs-cats.zip --limit 2000
  lince train photos/ --size 96x96 --epochs 20 --patience 3 --optimizer adam --lr 1e-4
  lince train photos.csv --images photos/ --augment rotation=30,zoom=.3,hflip`
}

// Validate implements kong's check of flags: all mistakes at once.
func (c *trainCommand) Validate() error {
	errs := []error{atLeast("--epochs", c.Epochs, 1), atLeast("--batch", c.Batch, 1)}
	if c.TestSize <= 0 {
		errs = append(errs, fmt.Errorf("--test-size %v: want a part between 0 and 1, or a number of pictures", c.TestSize))
	}
	if c.LR < 0 {
		errs = append(errs, fmt.Errorf("--lr %v: want more than 0", c.LR))
	}
	for _, f := range []struct {
		flag string
		n    int
	}{{"--patience", c.Patience}, {"--threads", c.Threads}, {"--limit", c.Limit}} {
		errs = append(errs, atLeast(f.flag, f.n, 0))
	}
	if _, err := augment.Parse(c.Augment); err != nil {
		errs = append(errs, fmt.Errorf("--augment: %w", err))
	}
	return errors.Join(errs...)
}

// training is one run of the command.
type training struct {
	*trainCommand
	*env
	run        *run
	model      *lince.Model
	train, val *data.Flow
	augment    augment.Generator
	unreadable []data.BadFile
	record     record
}

// Run implements the command.
func (c *trainCommand) Run(e *env) error {
	t := &training{trainCommand: c, env: e, record: newRecord(c)}
	var err error
	if t.run, err = newRun(c.Out, c.Overwrite); err != nil {
		return err
	}
	if err := t.prepare(); err != nil {
		t.run.discard()
		return err
	}
	defer t.train.Table().Close()
	return t.fit()
}

// prepare reads the data, splits them, and makes the model.
func (t *training) prepare() error {
	var err error
	if t.augment, err = t.generator(); err != nil {
		return err
	}
	table, err := t.open(t.Source, t.sourceFlags)
	if err != nil {
		return err
	}
	close := table.Close // tables made of it share its files
	fail := func(err error) error {
		_ = close() // only read
		return err
	}
	if err := table.Trainable(); err != nil {
		return fail(err)
	}
	table, t.unreadable, err = t.check(table, t.run.path("unreadable.csv"), t.Strict)
	if err != nil {
		return fail(err)
	}
	if err := table.Trainable(); err != nil {
		return fail(err)
	}
	t.describe(table)
	split := data.Split{TestSize: t.TestSize, RandomState: t.Seed}
	if t.Stratify {
		split.Stratify = table.Categories()
	}
	trainRows, valRows, err := table.TrainTestSplit(split)
	if err != nil {
		return fail(err)
	}
	if n := trainRows.Len(); n < t.Batch {
		t.warn(fmt.Sprintf("%s to train on, fewer than a batch of %d: each step takes them all", count(n, "picture"), t.Batch))
	}
	classes := table.Classes()
	if t.model, err = t.makeModel(classes); err != nil {
		return fail(err)
	}
	o, err := flowOptions(t.model, t.Batch, t.Threads)
	if err != nil {
		return fail(err)
	}
	o.Classes, o.Strict = classes, t.Strict
	if t.val, err = data.Images(valRows, o); err != nil {
		return fail(err)
	}
	o.NoShuffle, o.Seed, o.Augment = false, t.Seed, t.augment
	if t.train, err = data.Images(trainRows, o); err != nil {
		return fail(err)
	}
	t.printf("Training:   %s\nValidation: %s\n\n", t.train.Found(), t.val.Found())
	if !t.quiet {
		if err := t.model.Summary(t.text); err != nil {
			return fail(err)
		}
	}
	t.record.data(table, t.train, t.val, t.unreadable)
	return t.firstBatch()
}

// generator is what changes the training pictures.
func (t *training) generator() (augment.Generator, error) {
	if t.NoAugment {
		return augment.Generator{Rescale: 1. / 255}, nil
	}
	g, err := augment.Parse(t.Augment)
	if err == nil && g.Rescale == 0 {
		g.Rescale = 1. / 255
	}
	return g, err
}

// firstBatch draws batch.png: what the model will see first.
func (t *training) firstBatch() error {
	for b, err := range t.train.Batches(t.ctx, 0, 0) {
		if err != nil {
			return err
		}
		return t.run.write("batch.png", func(w io.Writer) error { return writeBatch(w, t.train, b, t.augment.Rescale) })
	}
	return nil
}

// fit trains, and writes the run's files whatever becomes of it.
func (t *training) fit() error {
	best := callback.ModelCheckpoint{Path: t.run.path("best.keras"), Monitor: "val_loss", SaveBestOnly: true}
	callbacks := []callback.Callback{best, callback.CSVLogger{Filename: t.run.path("history.csv")}}
	if t.Patience > 0 {
		callbacks = append(callbacks, callback.EarlyStopping{Monitor: "val_loss", Patience: t.Patience, RestoreBestWeights: true})
	}
	var times epochTimes
	callbacks = append(callbacks, times.callback())
	start := time.Now()
	history, fitErr := t.model.Fit(t.ctx, t.train, lince.Fit{
		Epochs: t.Epochs, Validation: t.val, Callbacks: callbacks, Output: t.text, Verbose: t.verbose(),
	})
	if history == nil {
		t.run.discard()
		return fitErr
	}
	t.record.fit(history, times.seconds, time.Since(start))
	interrupted := errors.Is(fitErr, context.Canceled)
	if fitErr != nil && !interrupted {
		// What there is may explain it: keep it.
		t.record.Error = fitErr.Error()
		return errors.Join(fitErr, t.save(history))
	}
	if interrupted {
		t.record.Interrupted = true
		t.printf("\nInterrupted: keeping what there is (^C again to stop at once)\n")
	}
	if err := t.save(history); err != nil {
		return err
	}
	judged, err := t.judge()
	if err != nil {
		return errors.Join(err, t.run.write("run.json", t.record.write))
	}
	t.record.Results = judged
	if err := t.run.write("run.json", t.record.write); err != nil {
		return err
	}
	t.printf("\n%s\n%s\n", judged, t.run.contents())
	if err := t.result(t.record); err != nil {
		return err
	}
	if interrupted {
		fmt.Fprintf(t.stderr, "lince: stopped %s; everything until there is in %s\n", t.record.reached(), t.run.dir)
		return errInterrupted
	}
	return nil
}

// save writes the model, the curves and the record.
func (t *training) save(h *lince.History) error {
	return errors.Join(
		t.model.Save(t.run.path("model.keras")),
		t.run.ensureBest(),
		t.run.write("curves.png", func(w io.Writer) error { return writeCurves(w, h) }),
		t.run.write("run.json", t.record.write),
	)
}

// ensureBest makes the last model the best where no epoch came to its end.
func (r *run) ensureBest() error {
	if r.has("best.keras") {
		return nil
	}
	model, err := os.Open(r.path("model.keras"))
	if err != nil {
		return err
	}
	defer func() { _ = model.Close() }() // only read
	return r.write("best.keras", func(w io.Writer) error {
		_, err := io.Copy(w, model)
		return err
	})
}
