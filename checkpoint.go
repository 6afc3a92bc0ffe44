package lince

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/internal/patherr"
)

// A checkpoint is a .keras file with a callback.State in lince's own place in it (extra),
// beside the class names. It opens as the model does, here and in Keras.

// OpenCheckpoint reads a checkpoint. See Options.OpenCheckpoint.
func OpenCheckpoint(path string) (*Model, *callback.State, error) {
	return Options{}.OpenCheckpoint(path)
}

// OpenCheckpoint reads a checkpoint that callback.BackupAndRestore or another use of
// callback.Run's Checkpoint wrote: the model, and the State for Fit.Resume.
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
	file, size, err := openRegular(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = file.Close() }() // only read
	f, err := keras.Read(file, size)
	if err != nil {
		return nil, nil, err
	}
	x, err := readExtra(f)
	if err != nil {
		return nil, nil, err
	}
	if x.Training == nil {
		return nil, nil, errors.New("it is a model, and no checkpoint: there is no state of a training in it")
	}
	s := &callback.State{}
	if err := json.Unmarshal(x.Training, s); err != nil {
		return nil, nil, err
	}
	return f, s, nil
}

// checkpointOf is the State that a training resumes from; nil is none. restore, which is
// nil where there is nothing to do, gives the model the values of the checkpoint's.
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
			return nil, nil, fmt.Errorf("%w\nremove the file to begin anew", err)
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

// restore gives all variables the values of a file of the same model.
func (m *Model) restore(f *keras.File) error {
	m.mu.Lock()
	err := m.load(f.Weights)
	m.mu.Unlock()
	if err != nil {
		return err
	}
	if err := m.loadOptimizer(f.Weights); err != nil {
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

// openRegular opens a file and says how long it is. Pipes and devices, which have no end
// or keep the opener waiting, are refused.
func openRegular(path string) (*os.File, int64, error) {
	info, err := os.Stat(path) // before Open, which would wait for a pipe's writer
	if err != nil {
		return nil, 0, patherr.Bare(err)
	}
	switch {
	case info.IsDir():
		hint := ""
		for _, name := range []string{"best.keras", "model.keras"} { // of a run of the command line
			if _, err := os.Stat(filepath.Join(path, name)); err == nil {
				hint = "; there is " + name + " in it"
				break
			}
		}
		return nil, 0, errors.New("is a folder, want a .keras file" + hint)
	case !info.Mode().IsRegular():
		return nil, 0, errors.New("is a pipe or a device, want a .keras file; copy its content to one")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, patherr.Bare(err)
	}
	return f, info.Size(), nil
}
