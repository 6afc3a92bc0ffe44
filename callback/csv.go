package callback

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"unicode/utf8"

	"github.com/lince-ml/lince/internal/historycsv"
)

// CSVLogger writes the logs of each epoch to a CSV file (keras.callbacks.CSVLogger): a column "epoch",
// counted from 0, and one for each metric, sorted by name. A vector is written as a list: "[0.5, 0.25]". In FitOptions.Callbacks it must come after
// callbacks that add values to the logs.
type CSVLogger struct {
	// Filename is the path of the file. Its folder must exist.
	Filename string
	// Separator separates the columns (separator). The default is a comma.
	Separator rune
	// Append adds to an existing file instead of replacing it (append). The default is false.
	Append bool
}

type csvState struct {
	// Size is the size of the file. Resumed training continues at this offset.
	Size    int64    `json:"size"`
	Columns []string `json:"columns"`
}

// Begin implements Callback. When training is resumed, the file is truncated to its size at the checkpoint,
// and the later epochs are written again.
func (c CSVLogger) Begin(run Run) (Hooks, error) {
	if run.Task() != Training {
		return Hooks{}, nil
	}
	if c.Filename == "" {
		return Hooks{}, errors.New("CSVLogger: Filename is not set")
	}
	if r := c.Separator; r == '"' || r == '\r' || r == '\n' || r == utf8.RuneError || !utf8.ValidRune(r) {
		return Hooks{}, fmt.Errorf("CSVLogger: Separator is %q, which cannot separate columns; set another, such as ';'", r)
	}
	f, err := os.OpenFile(c.Filename, os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return Hooks{}, fmt.Errorf("CSVLogger: %w", err)
	}
	s := &csvState{}
	info, err := f.Stat()
	if err != nil {
		return Hooks{}, errors.Join(fmt.Errorf("CSVLogger: %w", err), f.Close())
	}
	if c.Append && info.Mode().IsRegular() {
		s.Size = info.Size()
	}
	var w *historycsv.Writer
	start := func() error { // after the state has been restored
		if w != nil {
			return nil
		}
		if info.Mode().IsRegular() {
			if err := cutTo(f, s.Size); err != nil {
				return fmt.Errorf("CSVLogger: %w", err)
			}
		}
		w = historycsv.NewWriter(counter{f, &s.Size}, historycsv.Options{Separator: c.Separator, Append: s.Size > 0, Columns: s.Columns})
		return nil
	}
	return Hooks{
		State:      s,
		EpochBegin: func(int) error { return start() },
		EpochEnd: func(epoch int, logs *Logs) error {
			if err := start(); err != nil {
				return err
			}
			if err := w.Write(epoch, logs); err != nil {
				return fmt.Errorf("CSVLogger: %s: %w", c.Filename, err)
			}
			s.Columns = w.Columns()
			return nil
		},
		End: func() error {
			err := start()
			if e := f.Close(); err == nil && e != nil {
				err = fmt.Errorf("CSVLogger: %w", e)
			}
			return err
		},
	}, nil
}

// cutTo truncates a file to its size when training was interrupted, and moves to its end.
func cutTo(f *os.File, size int64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < size {
		return fmt.Errorf("%s has %d bytes, but had %d when training was interrupted; remove it and the checkpoint to start from the beginning", f.Name(), info.Size(), size)
	}
	if err := f.Truncate(size); err != nil {
		return err
	}
	_, err = f.Seek(size, io.SeekStart)
	return err
}

// continueFile opens a file of an interrupted run and truncates it to its size at the checkpoint. If that is 0, the file
// need not exist.
func continueFile(path string, size int64) (*os.File, error) {
	flags := os.O_WRONLY
	if size == 0 {
		flags |= os.O_CREATE
	}
	f, err := os.OpenFile(path, flags, 0o666)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w; training was writing it when it was interrupted; remove the checkpoint to start from the beginning", err)
	}
	if err != nil {
		return nil, err
	}
	if err := cutTo(f, size); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// counter counts the bytes of a file.
type counter struct {
	f    *os.File
	size *int64
}

// Write implements io.Writer.
func (c counter) Write(b []byte) (int, error) {
	n, err := c.f.Write(b)
	*c.size += int64(n)
	return n, err
}
