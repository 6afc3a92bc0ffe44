package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/internal/atomicfile"
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
	state      *callback.State // to resume from; nil is from the beginning
	train, val *data.Flow
	augment    augment.Generator
	weights    map[int]float64 // of the classes
	unreadable []data.BadFile
	profile    *profile.Profile // nil: not wanted
	drawn      func() error     // waits for batch.png
	history    historyFile
	record     record
}

// Run implements the command.
func (c *trainCommand) Run(e *env, k *kong.Context) error {
	t := &training{trainCommand: c, env: e}
	var err error
	if c.Resume != "" {
		err = t.reopen(k)
	} else {
		t.record = newRecord(k, e.args)
		t.folder, err = newFolder(string(c.Out), runFiles, c.Overwrite)
	}
	if errors.Is(err, errFinished) {
		return nil
	}
	if err != nil {
		return err
	}
	defer t.folder.close()
	clean := t.folder.unmake
	e.abandoned.Store(&clean)
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
			return t.interruption("before the training began; nothing was written")
		}
		return err
	}
	return errors.Join(t.fit(), e.unwritten())
}

// prepare reads the data, splits them, and makes the model.
func (t *training) prepare() error {
	if err := t.record.platform(t.Threads); err != nil {
		return err
	}
	if err := t.openCheckpoint(); err != nil { // before thousands of pictures are read
		return err
	}
	if t.Model != tutorialName && t.state == nil {
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
	split := data.SplitOptions{TestSize: t.TestSize, RandomState: t.Seed}
	if t.Stratify {
		split.Stratify = table.Labels()
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
		if err := t.model.Summary(t.text, lince.SummaryOptions{}); err != nil {
			return err
		}
		t.printf("\n")
	}
	t.record.data(table, ignored, t.train, t.val, t.unreadable)
	t.record.total = t.Epochs
	t.record.model(t.model, t.augment, t.weights)
	return t.ctx.Err()
}

// begin writes what there is before the training: what the run is, and the first batch as
// the model will see it, which is drawn while the training begins.
func (t *training) begin() error {
	t.drawn = func() error { return nil }
	if err := t.folder.begin("run.json", t.record.write); err != nil {
		return err
	}
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
