package callback

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/lince-ml/lince/internal/historycsv"
)

// CSVLogger writes the metrics of each epoch to a file: keras.callbacks.CSVLogger. It
// stands after the callbacks whose metrics it is to see.
type CSVLogger struct {
	Filename string
	// Separator stands between the columns; 0 is a comma.
	Separator rune
	// Append goes on with a file that is there, instead of replacing it.
	Append bool
}

type csvState struct {
	// Size is what there is of the file, which a resumed training goes on writing from.
	Size    int64    `json:"size"`
	Columns []string `json:"columns"`
}

// Begin implements Callback. A training that is resumed goes on with the file as it was at
// the checkpoint; what was written after that is written again.
func (c CSVLogger) Begin(Run) (Hooks, error) {
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
	start := func() error { // once the state is restored
		if w != nil {
			return nil
		}
		if info.Mode().IsRegular() {
			if info.Size() < s.Size {
				return fmt.Errorf("CSVLogger: %s has %d bytes, and %d when the training was interrupted; remove it, and the checkpoint, to begin anew", c.Filename, info.Size(), s.Size)
			}
			if err := f.Truncate(s.Size); err != nil {
				return fmt.Errorf("CSVLogger: %w", err)
			}
			if _, err := f.Seek(s.Size, io.SeekStart); err != nil {
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
			if err := w.Write(epoch, logs.Map()); err != nil {
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
