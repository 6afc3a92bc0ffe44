package callback

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lince-ml/lince/internal/atomicfile"
)

// BackupAndRestore writes checkpoints during training. After a crash, the next Fit with the same callback
// resumes from the last checkpoint (keras.callbacks.BackupAndRestore), and ends with the same bits as without
// the interruption. Unlike Keras' callback, it resumes in the middle of an epoch, and its checkpoint is a
// single file.
//
//	history, err := model.Fit(ctx, train, lince.FitOptions{
//		Epochs:    20,
//		Callbacks: []callback.Callback{callback.BackupAndRestore{Path: "backup.keras"}},
//	})
//
// A checkpoint is also written when the context of Fit is cancelled or the data cannot be read. Fit returns
// an error if the checkpoint was written with another network, dataset or list of callbacks.
//
// If a checkpoint cannot be written, the callback tries once more. If that also fails, it prints the error
// and training continues; Fit returns the error at the end.
type BackupAndRestore struct {
	// Path is the file of the checkpoint. It must end in .keras, and no other training run may use it.
	// Missing folders are created.
	Path string
	// SaveFreq is the number of steps from one checkpoint to the next (save_freq). Steps are counted across
	// epochs. The default, 0, means one checkpoint after each epoch (Keras' "epoch"), and from 2,000 epochs on,
	// when a checkpoint has a long history, one after each thousandth of the epochs so far.
	SaveFreq int
	// KeepCheckpoint keeps the file when training has finished (delete_checkpoint=False). By default the file
	// is deleted.
	KeepCheckpoint bool
}

type backupState struct {
	Steps  int `json:"steps"`            // steps since the last checkpoint
	Epochs int `json:"epochs,omitempty"` // before the last checkpoint after an epoch
}

// skip reports whether there is no checkpoint after an epoch. A checkpoint has the history of all epochs, so writing one after each
// of very many epochs would take time in proportion to the square of their number. What a crash can lose is a thousandth of
// the training.
func (s *backupState) skip(run Run) bool {
	n := run.Position().Epoch
	return n-s.Epochs < n/1000 && n < run.Epochs() && !run.Stopped()
}

func (c BackupAndRestore) check() error {
	if !strings.HasSuffix(c.Path, ".keras") {
		return fmt.Errorf("BackupAndRestore: Path must end in .keras, got %q", c.Path)
	}
	if c.SaveFreq < 0 {
		return fmt.Errorf("BackupAndRestore: SaveFreq must be at least 1, or 0 for each epoch, got %d", c.SaveFreq)
	}
	return nil
}

// ResumeFrom implements Resumer. It returns Path if the file exists.
func (c BackupAndRestore) ResumeFrom() (string, error) {
	if err := c.check(); err != nil {
		return "", err
	}
	switch _, err := os.Stat(c.Path); {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("BackupAndRestore: %w", err)
	}
	return c.Path, nil
}

// Begin implements Callback.
func (c BackupAndRestore) Begin(run Run) (Hooks, error) {
	if run.Task() != Training {
		return Hooks{}, nil
	}
	if err := c.check(); err != nil {
		return Hooks{}, err
	}
	if err := os.MkdirAll(filepath.Dir(c.Path), 0o777); err != nil {
		return Hooks{}, fmt.Errorf("BackupAndRestore: %w", err)
	}
	// Remove incomplete files of a killed run.
	if err := atomicfile.Sweep(c.Path); err != nil {
		return Hooks{}, fmt.Errorf("BackupAndRestore: %w", err)
	}
	s := &backupState{}
	saver := saver{callback: "BackupAndRestore", run: run, save: run.Checkpoint}
	return Hooks{
		State: s,
		Checkpoint: func(m Moment) error {
			before := s.Epochs
			switch {
			case m == AfterStep && c.SaveFreq == 0, m == AfterEpoch && (c.SaveFreq > 0 || s.skip(run)):
				return nil
			case m == AfterStep:
				if s.Steps++; s.Steps < c.SaveFreq {
					return nil
				}
			case m == AfterEpoch:
				s.Epochs = run.Position().Epoch
			}
			s.Steps = 0
			if !saver.try(c.Path) {
				s.Epochs = before
			}
			return nil
		},
		End: func() error {
			if !run.Finished() || c.KeepCheckpoint {
				return saver.failed
			}
			if err := os.Remove(c.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return errors.Join(saver.failed, fmt.Errorf("BackupAndRestore: %w", err))
			}
			return saver.failed
		},
	}, nil
}

// saver writes files during training. A failure does not end training.
type saver struct {
	callback string
	run      Run
	save     func(path string) error
	failed   error // the first error, returned at the end of training
}

// try saves, and tries once more after a failure. It reports whether the file was written.
func (s *saver) try(path string) bool {
	err := s.save(path)
	if err != nil {
		err = s.save(path)
	}
	if err == nil {
		return true
	}
	s.run.Printf("%s: %v; training continues", s.callback, err)
	if s.failed == nil {
		s.failed = fmt.Errorf("%s: %w", s.callback, err)
	}
	return false
}
