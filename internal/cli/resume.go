package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/demo"
	"github.com/lince-ml/lince/internal/bounded"
	"github.com/lince-ml/lince/internal/patherr"
	"github.com/lince-ml/lince/internal/shell"
	"github.com/lince-ml/lince/zoo"
)

// resumeFlags lists the flags that may be combined with --resume. They do not change results.
var resumeFlags = []string{"resume", "threads", "memory", "cache", "profile", "quiet", "json"}

// reopen takes the folder of the run to resume, and reads the run's settings.
func (t *training) reopen(k *kong.Context) error {
	dir, now := filepath.Clean(string(t.Resume)), t.trainCommand
	if err := onlyResumeFlags(dir, k); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "run.json")); err != nil {
		return notARun(dir, patherr.Bare(err))
	}
	var err error
	if t.folder, err = openFolder(dir, runFiles); err != nil {
		return err
	}
	var r record
	if r, err = readRecord(filepath.Join(dir, "run.json")); err == nil && r.Status == finished {
		defer t.folder.close()
		return t.alreadyFinished(r)
	}
	if err == nil {
		t.trainCommand, err = r.settings()
	}
	if err != nil {
		t.folder.close()
		return unresumed(dir, r, fmt.Errorf("--resume %s: %w", dir, err))
	}
	for _, p := range k.Path {
		if p.Flag == nil {
			continue
		}
		switch p.Flag.Name {
		case "threads":
			t.Threads = now.Threads
		case "memory":
			t.Memory = now.Memory
		case "cache":
			t.Cache = now.Cache
			t.given["cache"] = true
		case "profile":
			t.WriteProfile = now.WriteProfile
		}
	}
	t.Source = cmp.Or(now.Source, t.Source)
	t.Resume, t.others = now.Resume, now.others
	t.warnOfChanges(r)
	r.Status, r.StoppedBy, r.Error, r.Results, r.Calibration = running, "", "", nil, nil
	r.Resumed = append(r.Resumed, moment())
	r.earlier = time.Duration(r.Seconds * float64(time.Second))
	t.record = r
	if r.Transfer != nil {
		t.setTransfer(*r.Transfer)
	}
	return nil
}

// onlyResumeFlags returns an error if a flag cannot be combined with --resume.
func onlyResumeFlags(dir string, k *kong.Context) error {
	for _, p := range k.Path {
		if p.Flag != nil && !slices.Contains(resumeFlags, p.Flag.Name) {
			return usageError{fmt.Errorf("--resume uses the settings of the run in %s; remove --%s", dir, p.Flag.Name)}
		}
	}
	return nil
}

// readRecord reads the run.json of a run that can be resumed.
func readRecord(path string) (r record, err error) {
	text, err := bounded.ReadFile(path, 256<<20)
	if err != nil {
		return r, patherr.Bare(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return record{}, fmt.Errorf("run.json cannot be read: %w", err)
	}
	if r.Status == "" || r.Command != "train" {
		return record{}, errors.New("run.json does not describe a training run")
	}
	return r, nil
}

// errFinished ends the command with exit code 0: there is nothing to resume.
var errFinished = errors.New("the run is finished")

// alreadyFinished ends --resume of a finished run with exit code 0, so that scripts can repeat
// --resume until it succeeds. It removes the checkpoint that is left if the run was killed after it
// wrote the final run.json.
func (t *training) alreadyFinished(r record) error {
	if err := t.folder.remove(checkpointName); err != nil {
		return err
	}
	t.printf("The run in %s is already finished. To train its model further: lince train DATA --model %s\n", t.folder.dir, shell.Quote(t.folder.path("model.keras")))
	t.record = r
	if err := t.end(); err != nil {
		return err
	}
	return errFinished
}

// settings parses the run's command line again. Relative paths that do not exist are resolved
// from the folder in which the run was started.
func (r *record) settings() (*trainCommand, error) {
	var c commands
	parser, err := newParser(&c, io.Discard, io.Discard, func(int) { panic(exitPanic{}) })
	if err != nil {
		return nil, err
	}
	exited := 0
	k, code := parse(parser, r.CommandLine, &exited, io.Discard)
	if k == nil || k.Selected().Name != "train" || c.Train.Resume != "" {
		return nil, fmt.Errorf("this version of lince does not accept the command line in run.json (exit code %d): %q; resume it with the version %s, which began it", code, r.CommandLine, cmp.Or(r.Versions.Lince, "of lince"))
	}
	t := &c.Train
	from := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		there := filepath.Join(r.Directory, path)
		if _, err := os.Stat(path); err == nil {
			return path
		}
		if _, err := os.Stat(there); err != nil {
			return path
		}
		return there
	}
	if !strings.HasPrefix(t.Source, demo.Scheme) {
		t.Source = from(t.Source)
	}
	if t.ModelSource != tutorialName {
		t.ModelSource = modelFile(from(t.ModelSource))
	}
	if x := r.Transfer; x != nil {
		x.File = from(x.File)
		if x.Weights != zoo.ImageNet {
			x.Weights = from(x.Weights)
		}
	}
	t.Images, t.Validation = path(from(string(t.Images))), from(t.Validation)
	if dir := string(t.TensorBoard.dir); dir != "" && !filepath.IsAbs(dir) { // the folder may not exist yet
		if there := filepath.Join(r.Directory, dir); r.Directory != "" {
			t.TensorBoard.dir = path(there)
		}
	}
	return t, nil
}

// warnOfChanges warns of differences from the run so far that may change results.
func (t *training) warnOfChanges(r record) {
	var current record
	if current.platform(t.Threads) != nil {
		return // prepare reports it
	}
	var changes []string
	for _, name := range []string{"LINCE_WINOGRAD", "LINCE_ISA"} {
		if was, now := r.Environment[name], current.Environment[name]; was != now {
			changes = append(changes, fmt.Sprintf("%s is %q, was %q", name, now, was))
		}
	}
	if was, now := r.Versions.InstructionSet, current.Versions.InstructionSet; was != now {
		changes = append(changes, fmt.Sprintf("the instruction set is %s, was %s", now, was))
	}
	if was, now := r.Versions.Lince, current.Versions.Lince; was != now {
		changes = append(changes, fmt.Sprintf("the version of lince is %s, was %s", now, was))
	}
	if len(changes) > 0 {
		t.warn("the results may differ from those of an uninterrupted run: " + strings.Join(changes, "; "))
	}
}

// openCheckpoint opens the model and the state of the run to resume. A run that was killed before
// its first checkpoint starts from the beginning.
func (t *training) openCheckpoint() error {
	if t.Resume == "" {
		return nil
	}
	if !t.folder.has(checkpointName) {
		return t.withoutCheckpoint()
	}
	var err error
	path := t.folder.path(checkpointName)
	if t.model, t.state, err = (lince.Options{Seed: uint64(t.Seed), Threads: t.Threads}).OpenCheckpoint(path); err != nil {
		return fmt.Errorf("--resume: %w", err)
	}
	if t.transfers() {
		if err := t.phase.restore(t.state); err != nil {
			return fmt.Errorf("--resume %s: %w", path, err)
		}
	}
	if h := joined(t.phase.Head, t.state.History); h != nil && len(h.Epochs) > 0 && !t.folder.has("best.keras") {
		if _, ok := bestEpoch(h, t.record.Start, t.record.monitor()); ok {
			return fmt.Errorf("--resume: %s has no best.keras, the model of its best epoch so far; put the file back", t.folder.dir)
		}
	}
	return nil
}

// withoutCheckpoint returns an error if the checkpoint of the run is gone: a run from the beginning would replace the results of the epochs so far.
func (t *training) withoutCheckpoint() error {
	epochs := t.record.Epochs
	if rows, err := bounded.ReadFile(t.folder.path("history.csv"), bounded.MaxFile); err == nil {
		epochs = max(epochs, bytes.Count(rows, []byte("\n"))-1) // the first line has the names of the columns
	}
	steps := (t.record.Data.Training + t.Batch - 1) / max(t.Batch, 1)
	if n := t.LimitBatches; n > 0 {
		steps = min(steps, n)
	}
	// The results of an epoch are written before its checkpoint, so a killed run may have those of the first epoch and no checkpoint.
	if t.record.Partial == nil && epochs*steps <= cmp.Or(t.SaveFreq, steps) {
		t.printf("The run in %s was ended before its first checkpoint, so it starts from the beginning.\n", t.folder.dir)
		return nil
	}
	done := "first steps"
	if epochs > 0 {
		done = count(epochs, "epoch")
	}
	return fmt.Errorf("--resume: %s has no %s, so the run cannot be resumed after its %s; a run from the beginning would replace their results", t.folder.dir, checkpointName, done)
}

// resumed checks the model of the checkpoint against the data's classes.
func (t *training) resumed(classes []string) error {
	m := t.model
	if have := slices.Sorted(slices.Values(m.Classes)); !slices.Equal(have, classes) {
		return fmt.Errorf("--resume: the data have changed: the classes were %s, now they are %s; restore the images", strings.Join(have, ", "), strings.Join(classes, ", "))
	}
	var err error
	if t.augment, err = t.generator(m.Preprocessing); err != nil {
		return err
	}
	t.watched, err = findMonitor(t.Monitor, m)
	return err
}

// resumeCommand returns the command that resumes the run.
func (t *training) resumeCommand() string { return "lince train --resume " + shell.Quote(t.folder.dir) }

// interruption returns the error of a run that ^C ended, with the command that resumes the run
// if it can be resumed.
func (t *training) interruption(how string) error {
	if t.folder.has("run.json") && (t.folder.keep || t.folder.has(checkpointName)) {
		how += "\nto resume: " + t.resumeCommand()
	}
	return interruption(how)
}
