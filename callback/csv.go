package callback

import (
	"fmt"
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

// Begin implements Callback.
func (c CSVLogger) Begin(Run) (Hooks, error) {
	how := os.O_TRUNC
	if c.Append {
		how = os.O_APPEND
	}
	f, err := os.OpenFile(c.Filename, os.O_CREATE|os.O_WRONLY|how, 0o666)
	if err != nil {
		return Hooks{}, fmt.Errorf("CSVLogger: %w", err)
	}
	begun := false
	if info, err := f.Stat(); err == nil {
		begun = info.Size() > 0
	}
	w := historycsv.NewWriter(f, historycsv.Options{Separator: c.Separator, Append: begun})
	return Hooks{
		EpochEnd: func(epoch int, logs *Logs) error {
			if err := w.Write(epoch, logs.Map()); err != nil {
				return fmt.Errorf("CSVLogger: %s: %w", c.Filename, err)
			}
			return nil
		},
		End: func() error {
			if err := f.Close(); err != nil {
				return fmt.Errorf("CSVLogger: %w", err)
			}
			return nil
		},
	}, nil
}
