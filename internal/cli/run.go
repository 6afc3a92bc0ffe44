package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/atomicfile"
	"github.com/lince-ml/lince/report"
)

// run is the folder of a training.
type run struct {
	dir     string
	created bool // by this run, and so its to remove while nothing is in it
}

// runFiles are what a run writes, and what each is.
var runFiles = []struct{ name, what string }{
	{"model.keras", "the model after the last epoch"},
	{"best.keras", "the model of the epoch with the least val_loss"},
	{"history.csv", "loss and accuracy of each epoch"},
	{"curves.png", "the same, drawn"},
	{"confusion.png", "what was taken for what"},
	{"mistakes.png", "the surest mistakes"},
	{"predictions.csv", "what was predicted for each validation picture"},
	{"batch.png", "the first batch as the model saw it"},
	{"unreadable.csv", "pictures that were left out"},
	{"run.json", "settings, data and results"},
}

// newRun makes the folder: dir, or the next free runs/train-N.
func newRun(dir string, overwrite bool) (*run, error) {
	if dir == "" {
		return nextRun("runs")
	}
	r := &run{dir: dir}
	switch err := os.Mkdir(dir, 0o777); {
	case err == nil:
		r.created = true
	case errors.Is(err, fs.ErrExist):
		if info, err := os.Stat(dir); err == nil && !info.IsDir() {
			return nil, fmt.Errorf("--out %s is a file, want a folder", dir)
		}
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return nil, fmt.Errorf("the output folder cannot be made: %w", err)
		}
		r.created = true
	default:
		return nil, fmt.Errorf("the output folder cannot be made: %w", err)
	}
	if r.has("run.json") && !overwrite {
		return nil, fmt.Errorf("%s has the files of an earlier run: name another folder, or say --overwrite", dir)
	}
	for _, f := range runFiles {
		if err := os.Remove(r.path(f.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("the output folder cannot be written: %w", err)
		}
	}
	return r, r.writable()
}

// nextRun makes the folder train-N with the least N that is free.
func nextRun(under string) (*run, error) {
	if err := os.MkdirAll(under, 0o777); err != nil {
		return nil, fmt.Errorf("the folder for runs cannot be made: %w (name another with --out)", err)
	}
	for n := 1; ; n++ {
		dir := filepath.Join(under, fmt.Sprintf("train-%d", n))
		err := os.Mkdir(dir, 0o777)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("the output folder cannot be made: %w (name another with --out)", err)
		}
		r := &run{dir: dir, created: true}
		return r, r.writable()
	}
}

// writable finds out before the training, not after it.
func (r *run) writable() error {
	f, err := os.CreateTemp(r.dir, ".writable-*")
	if err != nil {
		return fmt.Errorf("the output folder cannot be written: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func (r *run) path(name string) string { return filepath.Join(r.dir, name) }

func (r *run) has(name string) bool {
	_, err := os.Stat(r.path(name))
	return err == nil
}

func (r *run) write(name string, write func(io.Writer) error) error {
	return atomicfile.Write(r.path(name), write)
}

// discard removes the folder of a run that did not begin, unless something is in it that
// tells why.
func (r *run) discard() {
	_ = os.Remove(r.path("batch.png")) // there or not
	if r.created {
		_ = os.Remove(r.dir) // fails when it is not empty, as it should
	}
}

// contents lists what is in the folder, and what it is.
func (r *run) contents() string {
	var s strings.Builder
	fmt.Fprintf(&s, "Written to %s:\n", r.dir)
	for _, f := range runFiles {
		if r.has(f.name) {
			fmt.Fprintf(&s, "  %-16s %s\n", f.name, f.what)
		}
	}
	return s.String()
}

// writeCurves draws a history.
func writeCurves(w io.Writer, h *lince.History) error {
	out := report.History{Epochs: h.Epochs}
	for _, s := range h.Series {
		out.Series = append(out.Series, report.Series{Name: s.Name, Values: s.Values})
	}
	return report.Curves(w, out)
}

// judge predicts the validation pictures, and writes what became of them.
func (t *training) judge() (*report.Classification, error) {
	// After ^C the results are still wanted: only a second one ends this.
	verdicts, err := t.predict(t.hard, t.model, t.val, "Predicting validation")
	if err != nil {
		return nil, err
	}
	judged, err := judge(t.model.Classes, t.val, verdicts)
	if err != nil {
		return nil, err
	}
	return judged, writeResults(t.run.dir, t.model.Classes, t.val, verdicts, judged)
}
