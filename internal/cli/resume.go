package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/demo"
	"github.com/lince-ml/lince/internal/patherr"
)

// resumeFlags are those that may stand beside --resume: what they say changes no bit.
var resumeFlags = []string{"resume", "threads", "cache", "profile", "quiet", "json"}

// reopen takes the folder of a run that is to be resumed, and the settings of the run.
func (t *training) reopen(k *kong.Context) error {
	dir, now := filepath.Clean(string(t.Resume)), t.trainCommand
	for _, p := range k.Path {
		if p.Flag != nil && !slices.Contains(resumeFlags, p.Flag.Name) {
			return usageError{fmt.Errorf("--resume takes the settings of the run in %s: leave out --%s", dir, p.Flag.Name)}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "run.json")); err != nil {
		return fmt.Errorf("--resume %s: there is no run to resume: run.json: %w", dir, patherr.Bare(err))
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
		return fmt.Errorf("--resume %s: %w", dir, err)
	}
	for _, p := range k.Path {
		if p.Flag == nil {
			continue
		}
		switch p.Flag.Name {
		case "threads":
			t.Threads = now.Threads
		case "cache":
			t.Cache = now.Cache
		case "profile":
			t.Profile = now.Profile
		}
	}
	t.Source = cmp.Or(now.Source, t.Source)
	t.Resume = now.Resume
	t.warnOfOthers(r)
	r.Status, r.StoppedBy, r.Error, r.Results = running, "", "", nil
	r.Resumed = append(r.Resumed, moment())
	r.earlier = time.Duration(r.Seconds * float64(time.Second))
	t.record = r
	return nil
}

// readRecord reads the run.json of a run that can be resumed.
func readRecord(path string) (r record, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return r, patherr.Bare(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("run.json cannot be read: %w", err)
	}
	if r.Status == "" || r.Command != "train" {
		return r, errors.New("run.json is not of a training that can be resumed")
	}
	return r, nil
}

// errFinished says that there is nothing to do.
var errFinished = errors.New("the run is finished")

// alreadyFinished is what becomes of --resume where the run came to its end, perhaps to be
// killed in its last moment: whoever resumes until it succeeds is done.
func (t *training) alreadyFinished(r record) error {
	if err := t.folder.remove(checkpointName); err != nil {
		return err
	}
	t.printf("The run in %s is finished. To train its model further: lince train DATA --model %s\n", t.folder.dir, quote(t.folder.path("model.keras")))
	if t.json {
		if err := writeJSON(t.stdout, r); err != nil {
			return err
		}
	}
	return errFinished
}

// settings parses the run's command line again. Paths that are not found from here are
// taken to be relative to where the run began.
func (r *record) settings() (*trainCommand, error) {
	var c commands
	parser, err := newParser(&c, io.Discard, io.Discard, func(int) { panic(exitPanic{}) })
	if err != nil {
		return nil, err
	}
	exited := 0
	k, code := parse(parser, r.CommandLine, &exited, io.Discard)
	if k == nil || k.Selected().Name != "train" || c.Train.Resume != "" {
		return nil, fmt.Errorf("the command line in run.json is none that this version takes (%d): %q", code, r.CommandLine)
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
	if t.Model != tutorialName {
		t.Model = from(t.Model)
	}
	t.Images = path(from(string(t.Images)))
	return t, nil
}

// warnOfOthers tells what differs from the run so far and changes bits.
func (t *training) warnOfOthers(r record) {
	var is record
	if is.platform(t.Threads) != nil {
		return // prepare tells
	}
	var other []string
	for _, name := range []string{"LINCE_WINOGRAD", "LINCE_ISA"} {
		if was, now := r.Environment[name], is.Environment[name]; was != now {
			other = append(other, fmt.Sprintf("%s is %q, and was %q", name, now, was))
		}
	}
	if was, now := r.Versions.InstructionSet, is.Versions.InstructionSet; was != now {
		other = append(other, fmt.Sprintf("the instruction set is %s, and was %s", now, was))
	}
	if was, now := r.Versions.Lince, is.Versions.Lince; was != now {
		other = append(other, fmt.Sprintf("lince is %s, and was %s", now, was))
	}
	if len(other) > 0 {
		t.warn("the resumed run may end with other bits than one that was not interrupted: " + strings.Join(other, "; "))
	}
}

// openCheckpoint reads the model and the state of the run that is resumed. A run that was
// killed before its first checkpoint begins anew.
func (t *training) openCheckpoint() error {
	if t.Resume == "" || !t.folder.has(checkpointName) {
		return nil
	}
	var err error
	path := t.folder.path(checkpointName)
	if t.model, t.state, err = (lince.Options{Seed: uint64(t.Seed), Threads: t.Threads}).OpenCheckpoint(path); err != nil {
		return fmt.Errorf("--resume: %w", err)
	}
	if h := t.state.History; h != nil && len(h.Epochs) > 0 && !t.folder.has("best.keras") {
		if _, ok := bestEpoch(h, t.record.Start); ok {
			return fmt.Errorf("--resume %s: best.keras is missing: %w", t.folder.dir, fs.ErrNotExist)
		}
	}
	return nil
}

// resumed takes the model of the checkpoint for the data's classes.
func (t *training) resumed(classes []string) error {
	m := t.model
	if have := slices.Sorted(slices.Values(m.Classes)); !slices.Equal(have, classes) {
		return fmt.Errorf("--resume: the data are others than those of the run: the classes were %s, and are %s", strings.Join(have, ", "), strings.Join(classes, ", "))
	}
	var err error
	t.augment, err = t.generator(m.Preprocessing)
	return err
}

// resumeCommand is what resumes the run.
func (t *training) resumeCommand() string { return "lince train --resume " + quote(t.folder.dir) }

// interruption is the end of the run by ^C; it says how to resume it, if it can be.
func (t *training) interruption(how string) error {
	if t.folder.has("run.json") && (t.folder.keep || t.folder.has(checkpointName)) {
		if t.folder.keep {
			how = strings.Replace(how, "nothing was written", "the run is as it was", 1)
		}
		how += "\nto resume: " + t.resumeCommand()
	}
	return interruption(how)
}

// quote is a word for a shell.
func quote(word string) string {
	plain := func(r rune) bool {
		return r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(`/\._-:+,@%=`, r))
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
