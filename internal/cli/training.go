package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/profile"
	"github.com/lince-ml/lince/report"
)

// training is one run of the command.
type training struct {
	*trainCommand
	*env
	trainingImages
	trainingModel
	folder   *folder
	log      *runLog
	record   record
	features lince.FeatureCache // of transfer learning
	profile  *profile.Profile   // nil without --profile
	tiles    []report.Tile      // of batch.png
	history  historyFile
	skipped  skippedFiles
	pace     progressPace
	deadline deadline
}

// trainingImages are the images of a training, and what became of them.
type trainingImages struct {
	table      *data.Table    // the opened source, which Run closes
	valTable   *data.Table    // the opened source of --validation, which Run closes; nil without it
	notRenamed []string       // names of --rename that no image has so far
	ignored    []data.BadFile // skipped when the source was opened
	unreadable []data.BadFile // skipped because their images cannot be decoded
	duplicates *recordDuplicates
	versions   *recordVersioned
	groups     *recordGroups
	pixels     *data.Cache // see cache
	train, val *data.Flow
	fitted     data.Dataset // train, with --mixup and --cutout
	deepNoted  bool         // see noteDepthOnce
}

// trainingModel is the model of a training, and how it is trained.
type trainingModel struct {
	model   *lince.Model
	loading lince.Preprocessing // how the model will load images, if that is known before it is made
	state   *callback.State     // where to resume; nil is the beginning
	augment augment.Generator
	watched monitored
	rates   callback.Callback // changes the learning rate; nil without such a schedule
	byClass map[int]float64   // class weights by class index; nil is 1 for all
	phase   phase             // of transfer learning
}

// Run implements the command.
func (c *trainCommand) Run(e *env, k *kong.Context) error {
	if v, err := c.crossValidation(e, k); v != nil || err != nil {
		if err == nil {
			err = v.run()
		}
		return err
	}
	if s, err := c.search(e, k); s != nil || err != nil {
		if err == nil {
			err = s.run()
		}
		return err
	}
	log := &runLog{}
	t := &training{trainCommand: c, env: e.logged(log), log: log}
	t.deadline.began = time.Now()
	err := t.run(k)
	if c.others == nil { // else the run that this run is a part of reports it
		err = errors.Join(err, e.unwritten())
	}
	return t.log.end(err)
}

// run runs the command.
func (t *training) run(k *kong.Context) error {
	c, e := t.trainCommand, t.env
	var err error
	if c.Resume != "" {
		err = t.reopen(k)
	} else {
		t.record = newRecord(k, e.args)
		kind := "train"
		if c.LRFind { // its folder is no run
			kind = "lr-find"
		}
		t.folder, err = newFolderOf(kind, string(c.Out), runFiles, c.Overwrite)
	}
	if errors.Is(err, errFinished) {
		return nil
	}
	if err != nil {
		return err
	}
	defer t.folder.close()
	t.folder.raw = t.RawCSV
	e.onAbandon(t.unfinished)
	err = t.prepare()
	if t.table != nil {
		defer t.table.Close()
	}
	if t.valTable != nil {
		defer t.valTable.Close()
	}
	if err == nil && t.LRFind {
		return t.findRate()
	}
	if err == nil {
		err = t.begin()
	}
	if err != nil {
		return t.abandon(err, "before the training began")
	}
	return t.fit()
}

// prepare opens the data and the model, and makes the datasets.
func (t *training) prepare() error {
	if err := t.record.platform(t.Threads); err != nil {
		return err
	}
	if t.ModelSource == tutorialName { // others may have other defaults
		if err := t.checkWarmup(); err != nil {
			return err
		}
	}
	if err := t.openCheckpoint(); err != nil { // before thousands of images are read
		return err
	}
	table, err := t.load()
	if err != nil {
		return err
	}
	t.dropTemperature()
	if err := t.checkWarmup(); err != nil {
		return err
	}
	t.describe(table)
	t.describeTransfer()
	if err := t.split(table); err != nil {
		return err
	}
	if !t.LRFind { // which sets the rate of each step
		if err := t.setSchedule(); err != nil {
			return err
		}
	}
	t.warnOfRate()
	if t.byClass, err = t.classWeight(); err != nil {
		return err
	}
	sets := []cachedSet{{"training ", t.train}, {"validation ", t.val}}
	if (t.Epochs == 1 || t.transfers()) && !t.train.KeepsDecoded() { // each training image is read once
		sets = sets[1:]
	}
	t.printf("Training:   %s\nValidation: %s\n%s\n", t.train.Found(), t.val.Found(), t.kept(sets...))
	if !t.quiet {
		if err := t.model.Summary(t.text, lince.SummaryOptions{}); err != nil {
			return err
		}
		t.printf("\n")
	}
	if s := t.record.Model.Schedule; s != "" {
		t.printf("Learning rate: %s\n\n", s)
	}
	t.record.data(table, t.ignored, t.train, t.val, t.unreadable, t.findings())
	t.record.LimitBatches = t.LimitBatches
	t.record.Data.Dropped, t.record.Data.Duplicates, t.record.Data.Versions = t.table.Dropped(), t.duplicates, t.versions
	t.record.Data.Groups = t.groups
	if err := t.sameData(); err != nil {
		return err
	}
	t.record.total = t.lastEpoch()
	t.record.model(t.model, t.augment, t.byClass, t.state != nil)
	t.record.Model.Monitor, t.record.Model.MonitorMode = t.watched.key, t.watched.mode()
	t.deadline.limit = t.timeLimit()
	return t.plan()
}

// load opens the data and the model, and returns the table of images that can be read. It makes
// the model before it checks the images, so that errors of the model are reported at once. If the
// check removes a class, it makes the model again.
func (t *training) load() (*data.Table, error) {
	if t.state == nil {
		if err := t.checkModel(); err != nil {
			return nil, err
		}
	}
	f := t.sourceFlags
	f.unused, f.groupColumn = &t.notRenamed, t.Group
	if !data.HoldsTable(t.Source) && data.HoldsTable(t.Validation) { // the flags for CSV files are those of --validation
		f.fileFlags, f.Labels = f.withoutTable(), ""
	}
	table, ignored, err := t.open(t.Source, f)
	if err != nil {
		return nil, err
	}
	t.table, t.ignored = table, ignored
	if err := t.checkLabels(); err != nil {
		return nil, err
	}
	if err := t.checkNumbers(); err != nil {
		return nil, err
	}
	if t.Strict {
		if err := allUsable(t.Source, table, ignored); err != nil {
			return nil, err
		}
	}
	t.describePassed(table)
	if err := cmp.Or(table.Trainable(), t.possible(table)); err != nil {
		return nil, err
	}
	classes := table.Classes()
	var other otherClasses
	made := t.makeModel(classes, false)
	if made != nil && !errors.As(made, &other) {
		return nil, made
	}
	if table, t.unreadable, err = t.checkAndKeep(table, t.Strict, t.folder, t.most(), t.grayRange(), t.keep()); err != nil {
		return nil, err
	}
	if err := cmp.Or(table.Trainable(), t.possible(table)); err != nil {
		return nil, err
	}
	if table.Checked() {
		if err := t.warnOfFaults(table); err != nil {
			return nil, err
		}
	}
	if left := table.Classes(); made != nil || !slices.Equal(left, classes) {
		t.table = table
		if err := t.makeModel(left, true); err != nil {
			return nil, err
		}
	}
	return table, nil
}

// split splits the table into the training and the validation dataset.
func (t *training) split(table *data.Table) error {
	own, err := t.ownValidation(table)
	if err != nil {
		return err
	}
	trainRows, valRows := table, own
	if own != nil {
		t.groupLeaks(trainRows, own)
		err = t.leaks(trainRows, own)
	} else {
		t.noteSiblings(table)
		trainRows, valRows, err = t.divide(table)
	}
	if err != nil {
		return err
	}
	t.printf("%s", describeTurned(t.findings().Turned, orients(t.model.Preprocessing)))
	if f := t.findings(); table.Checked() && t.GrayRange != (grayRange{}) && f.Deep.Images+f.Floating.Images == 0 {
		text := fmt.Sprintf("--gray-range %v has no effect: no image has more than 8 bits of gray per pixel", t.GrayRange)
		if f.Colors.Images > 0 {
			text += ", and it does not change colors of 16 bits: scale these to 8 bits; " + scaleColors(f.Colors)
		}
		t.warn(text)
	}
	t.warnOfClasses(trainRows, valRows, own != nil)
	t.setTransferBatch(trainRows.Len())
	trainRows, valRows = t.limited(trainRows, valRows)
	t.setTransferWeights(trainRows.Counts())
	if n := trainRows.Len(); n < t.Batch {
		t.warn(fmt.Sprintf("only %s to train on, fewer than the batch size of %d: each epoch has one step, with a smaller batch", count(n, "image"), t.Batch))
	}
	o, err := flowOptions(t.model, t.Batch, t.Threads)
	if err != nil {
		return err
	}
	o.Strict = t.Strict
	trainOptions := o
	trainOptions.NoShuffle, trainOptions.Seed, trainOptions.Augment = false, t.Seed, t.augment
	if t.transfers() { // features are computed faster in larger batches
		o.BatchSize = max(t.Batch, 64)
	}
	o.Cache = t.cache()
	if t.Epochs > 1 && !t.transfers() { // otherwise each training image is read once
		trainOptions.Cache = o.Cache
	}
	// The training images come first, so that they get the cache first.
	if t.train, err = data.Images(trainRows, trainOptions); err != nil {
		return err
	}
	if t.fitted, err = t.mixed(t.train); err != nil {
		return err
	}
	if t.val, err = data.Images(valRows, o); err != nil {
		return err
	}
	t.skipped.now = func() []data.BadFile { return slices.Concat(t.train.Corrupt(), t.val.Corrupt()) }
	return nil
}

// begin writes run.json, the list of unreadable images, and batch.png. It draws batch.png in the
// background while the training starts.
func (t *training) begin() error {
	if err := t.startSaving(); err != nil {
		return err
	}
	if err := t.folder.begin("run.json", t.record.write); err != nil {
		return err
	}
	if err := t.log.open(t.folder); err != nil {
		return err
	}
	if err := t.openBoard(); err != nil {
		return err
	}
	if len(t.unreadable) > 0 {
		if err := t.folder.write("unreadable.csv", writeUnreadable(t.unreadable, t.folder.raw)); err != nil {
			return err
		}
	}
	for b, err := range t.fitted.Batches(t.ctx, 0, 0) {
		if err != nil {
			return err
		}
		tiles, err := batchTiles(t.train, b)
		if err != nil {
			return err
		}
		t.tiles = tiles
		return t.folder.start("batch.png", writeBatch(tiles))
	}
	return t.ctx.Err()
}
