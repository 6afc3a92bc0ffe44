package lince

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/internal/patherr"
)

// A checkpoint is a .keras file that also holds a callback.State. The State is in the part of the file that
// Keras ignores, next to the class names. lince and Keras open a checkpoint as a model.

// OpenCheckpoint reads a checkpoint with default Options. See Options.OpenCheckpoint.
func OpenCheckpoint(path string) (*Model, *callback.State, error) {
	return Options{}.OpenCheckpoint(path)
}

// OpenCheckpoint reads a checkpoint, which callback.BackupAndRestore writes, or a custom callback with
// callback.Run.Checkpoint. It returns the model, and the State for FitOptions.Resume. It returns an error for
// a .keras file without a State.
func (o Options) OpenCheckpoint(path string) (*Model, *callback.State, error) {
	f, s, err := readCheckpoint(path)
	if err != nil {
		return nil, nil, err
	}
	m, err := o.fromFile(f)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the checkpoint %s: %w", path, err)
	}
	return m, s, nil
}

func readCheckpoint(path string) (*keras.File, *callback.State, error) {
	f, s, err := readCheckpointFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the checkpoint %s: %w", path, err)
	}
	return f, s, nil
}

func readCheckpointFile(path string) (*keras.File, *callback.State, error) {
	file, err := openSource(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.close()
	if file.folder != nil && file.folder.name != "keras" {
		return nil, nil, fmt.Errorf("is %s, want a .keras file", file.folder.title)
	}
	f, err := readKeras(file)
	if err != nil {
		return nil, nil, err
	}
	x, err := readExtra(f)
	if err != nil {
		return nil, nil, err
	}
	if x.Training == nil {
		return nil, nil, errors.New("it is a model, not a checkpoint: it has no training state")
	}
	s := &callback.State{}
	if err := json.Unmarshal(x.Training, s); err != nil {
		return nil, nil, err
	}
	return f, s, nil
}

// checkpointOf returns the State from which to resume training, or nil. restore, if not nil, sets the model's
// variables from the checkpoint.
func (m *Model) checkpointOf(o FitOptions) (s *callback.State, restore func() error, err error) {
	if o.Resume != nil {
		return o.Resume, nil, nil
	}
	for _, c := range o.Callbacks {
		x, ok := c.(callback.Resumer)
		if !ok {
			continue
		}
		path, err := x.ResumeFrom()
		if err != nil {
			return nil, nil, err
		}
		if path == "" {
			continue
		}
		f, s, err := readCheckpoint(path)
		if err != nil {
			return nil, nil, fmt.Errorf("%w\nremove the file to start from the beginning", err)
		}
		return s, func() error {
			if err := m.restore(f); err != nil {
				return fmt.Errorf("restoring the checkpoint %s: %w", path, err)
			}
			return nil
		}, nil
	}
	return nil, nil, nil
}

// restore sets all variables from a file of the same model.
func (m *Model) restore(f *keras.File) error {
	m.mu.Lock()
	err := m.load(f.Weights)
	m.mu.Unlock()
	if err != nil {
		return err
	}
	if err := m.loadOptimizer(f.Weights, nil); err != nil {
		return err
	}
	x, err := readExtra(f)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.loadStreams(x)
}

// folderHint says which model a folder has, or is.
func folderHint(path string) string {
	has := inFolder(path)
	if has("model.json") {
		return "; it looks like a model of TensorFlow.js; convert it: tensorflowjs_converter --input_format=tfjs_layers_model --output_format=keras model.json model.h5"
	}
	for _, name := range []string{"best.keras", "model.keras"} { // files of a run of the command line
		if has(name) {
			return "; there is " + name + " in it"
		}
	}
	entries, _ := os.ReadDir(path) // without them there is no hint
	for _, e := range entries {
		if k := kindFor(e.Name()); k != nil && k.open != nil {
			return "; there is " + e.Name() + " in it"
		}
	}
	return ""
}

// openRegular opens a file and returns its size. It refuses pipes and devices, because reading one may block
// or never end.
func openRegular(path string) (*os.File, int64, error) {
	info, err := os.Stat(path) // before Open, which would block on a pipe
	if err != nil {
		return nil, 0, patherr.Bare(err)
	}
	switch {
	case info.IsDir():
		return nil, 0, errors.New("is a folder, want a model file" + folderHint(path))
	case !info.Mode().IsRegular():
		return nil, 0, errors.New("is a pipe or a device, want a model file; copy its content to one")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, patherr.Bare(err)
	}
	return f, info.Size(), nil
}
