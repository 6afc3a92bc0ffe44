package callback

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ModelCheckpoint saves the model during training (keras.callbacks.ModelCheckpoint). An existing file is
// replaced only when the new one is completely written.
//
// If the file cannot be written, the callback tries once more. If that also fails, it prints the error and
// training continues; Fit returns the error at the end.
type ModelCheckpoint struct {
	// Path is the file (filepath). It must end in .keras, or in .weights.h5 with SaveWeightsOnly. It may contain the epoch (counted from 1, as in
	// Keras), the batch and metrics, in the syntax of Python's str.format:
	// "{epoch:02d}-{val_loss:.2f}.keras". Literal escapes a path that may have other braces. Missing folders are created.
	Path string
	// Monitor is the metric for SaveBestOnly (monitor). The default is "val_loss".
	Monitor string
	// SaveWeightsOnly saves the values of the model's variables, which Model.LoadWeights reads, instead of the whole
	// model (save_weights_only).
	SaveWeightsOnly bool
	// SaveBestOnly saves the model only if the metric is the best so far (save_best_only).
	SaveBestOnly bool
	// Mode says whether a lower or a higher value of Monitor is better (mode). The default, Auto, depends on
	// the metric.
	Mode Mode
	// SaveFreq is the number of steps from one file to the next (save_freq). Steps are counted across
	// epochs. The default, 0, means one file after each epoch.
	SaveFreq int
	// InitialValueThreshold is the value that the metric must beat before the first file is saved with
	// SaveBestOnly (initial_value_threshold). The default, nil, means no threshold. new(.9) sets one.
	InitialValueThreshold *float64
	// Verbose prints a message for each file (verbose=1).
	Verbose bool
}

type checkpointState struct {
	Best  *number `json:"best"`
	Steps int     `json:"steps"` // steps since the last file
}

// Begin implements Callback.
func (c ModelCheckpoint) Begin(run Run) (Hooks, error) {
	if run.Task() != Training {
		return Hooks{}, nil
	}
	fail := func(format string, a ...any) (Hooks, error) {
		return Hooks{}, fmt.Errorf("ModelCheckpoint: "+format, a...)
	}
	switch weights := strings.HasSuffix(c.Path, ".weights.h5"); {
	case c.SaveWeightsOnly && !weights:
		return fail("Path must end in .weights.h5 with SaveWeightsOnly, got %q", c.Path)
	case weights && !c.SaveWeightsOnly:
		return fail("Path must end in .keras, got %q; set SaveWeightsOnly to save the weights only", c.Path)
	case !weights && !strings.HasSuffix(c.Path, ".keras"):
		return fail("Path must end in .keras, got %q", c.Path)
	}
	name, err := parsePattern(c.Path)
	if err != nil {
		return fail("%w", err)
	}
	if c.SaveFreq < 0 {
		return fail("SaveFreq must be at least 1, or 0 for each epoch, got %d", c.SaveFreq)
	}
	var m *monitor
	if c.SaveBestOnly {
		if m, err = newMonitor(run, "ModelCheckpoint", c.Monitor, c.Mode, 0); err != nil {
			return Hooks{}, err
		}
	}
	w := &modelWriter{c: c, run: run, name: name, monitor: m}
	if c.InitialValueThreshold != nil {
		w.state.Best = newNumber(*c.InitialValueThreshold)
	}
	w.saver = saver{callback: "ModelCheckpoint", run: run, save: func(path string) error {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if c.SaveWeightsOnly {
			return run.SaveWeights(path)
		}
		return run.Save(path)
	}}
	h := Hooks{State: &w.state, End: func() error { return w.saver.failed }}
	if c.SaveFreq == 0 {
		h.EpochEnd = func(epoch int, logs *Logs) error { return w.write(epoch, 0, logs) }
		return h, nil
	}
	h.BatchEnd = func(step int, logs *Logs) error {
		if w.state.Steps++; w.state.Steps < c.SaveFreq {
			return nil
		}
		w.state.Steps = 0
		return w.write(run.Position().Epoch, step+1, logs)
	}
	return h, nil
}

// modelWriter writes the files of a ModelCheckpoint.
type modelWriter struct {
	c       ModelCheckpoint
	run     Run
	name    *pattern
	monitor *monitor // nil without SaveBestOnly
	saver   saver
	state   checkpointState
}

// write saves the model, unless SaveBestOnly is set and the metric did not improve. batch is 0 at the end of
// an epoch.
func (w *modelWriter) write(epoch, batch int, logs *Logs) error {
	values := logs.Clone()
	values.Set("epoch", float64(epoch+1))
	if batch > 0 {
		values.Set("batch", float64(batch))
	}
	path, err := w.name.format(values)
	if err != nil {
		return fmt.Errorf("ModelCheckpoint: %w", err)
	}
	say := func(format string, a ...any) {
		if w.c.Verbose {
			w.run.Printf("Epoch %d: %s", epoch+1, fmt.Sprintf(format, a...))
		}
	}
	if w.monitor == nil {
		say("saving model to %s", path)
		w.saver.try(path)
		return nil
	}
	v, err := w.monitor.value(logs)
	if err != nil {
		return err
	}
	best := "None"
	if w.state.Best != nil {
		best = fmt.Sprintf("%.5f", float64(*w.state.Best))
	}
	if !w.monitor.improves(v, w.state.Best.float()) {
		say("%s did not improve from %s", w.monitor.name, best)
		return nil
	}
	say("%s improved from %s to %.5f, saving model to %s", w.monitor.name, best, v, path)
	if w.saver.try(path) {
		w.state.Best = newNumber(v)
	}
	return nil
}
