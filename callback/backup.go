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

// BackupAndRestore keeps a checkpoint of a training, from which the next Fit with the same
// callback resumes: keras.callbacks.BackupAndRestore. Run the same program again after a
// crash, and the training ends with the same bits as one that was not interrupted. Unlike
// Keras it resumes in the middle of an epoch, and the checkpoint is one file.
//
// The checkpoint is also written when the context of Fit is cancelled or the data cannot be
// read. It is refused where the network, the data or the callbacks are others than those of
// the training that wrote it.
//
//	history, err := model.Fit(ctx, train, lince.FitOptions{
//		Epochs:    20,
//		Callbacks: []callback.Callback{callback.BackupAndRestore{Path: "backup.keras"}},
//	})
//
// A checkpoint that cannot be written does not end the training: it is tried twice, the user
// is told, and Fit returns the error at the end.
type BackupAndRestore struct {
	// Path is the checkpoint, which ends in .keras; no other training may use it. Its
	// folder is made.
	Path string
	// SaveFreq is the number of steps between two checkpoints, counted through the epochs;
	// 0 is one after each epoch, Keras' "epoch".
	SaveFreq int
	// KeepCheckpoint leaves the file where the training is finished: Keras'
	// delete_checkpoint=False.
	KeepCheckpoint bool
}

type backupState struct {
	Steps int `json:"steps"` // since the last checkpoint
}

func (c BackupAndRestore) check() error {
	if !strings.HasSuffix(c.Path, ".keras") {
		return fmt.Errorf("BackupAndRestore: path is %q; it must end in .keras", c.Path)
	}
	if c.SaveFreq < 0 {
		return fmt.Errorf("BackupAndRestore: save frequency is %d, want at least 1, or 0 for each epoch", c.SaveFreq)
	}
	return nil
}

// ResumeFrom implements Resumer: Path, if it is there.
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
	if err := c.check(); err != nil {
		return Hooks{}, err
	}
	if err := os.MkdirAll(filepath.Dir(c.Path), 0o777); err != nil {
		return Hooks{}, fmt.Errorf("BackupAndRestore: %w", err)
	}
	// What a killed training left half written: the path is this training's alone.
	if err := atomicfile.Sweep(c.Path); err != nil {
		return Hooks{}, fmt.Errorf("BackupAndRestore: %w", err)
	}
	s := &backupState{}
	saver := saver{callback: "BackupAndRestore", run: run, save: run.Checkpoint}
	return Hooks{
		State: s,
		Checkpoint: func(m Moment) error {
			switch {
			case m == AfterStep && c.SaveFreq == 0, m == AfterEpoch && c.SaveFreq > 0:
				return nil
			case m == AfterStep:
				if s.Steps++; s.Steps < c.SaveFreq {
					return nil
				}
			}
			s.Steps = 0
			saver.try(c.Path)
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

// saver writes files in the middle of a training. A failure does not end the training.
type saver struct {
	callback string
	run      Run
	save     func(path string) error
	failed   error // the first, for the end of the training
}

// try saves, a second time if the first fails, and says whether the file is written.
func (s *saver) try(path string) bool {
	err := s.save(path)
	if err != nil {
		err = s.save(path)
	}
	if err == nil {
		return true
	}
	s.run.Printf("%s: %v; the training continues", s.callback, err)
	if s.failed == nil {
		s.failed = fmt.Errorf("%s: %w", s.callback, err)
	}
	return false
}
