// Package historycsv writes the metrics of a training to a CSV file, one line per epoch, byte for byte as
// keras.callbacks.CSVLogger does.
package historycsv

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/internal/pyfloat"
)

// Options are the options of keras.callbacks.CSVLogger.
type Options struct {
	// Separator separates the columns. The default is a comma.
	Separator rune
	// Append writes no header, because the file has one.
	Append bool
	// Columns are the columns of an existing file. If nil, the first Write determines them.
	Columns []string
}

// Writer writes lines of a history.
type Writer struct {
	csv     *csv.Writer
	columns []string
	options Options
}

// NewWriter returns a Writer to w, which it does not close.
func NewWriter(w io.Writer, o Options) *Writer {
	h := &Writer{csv: csv.NewWriter(w), columns: slices.Clone(o.Columns), options: o}
	h.csv.UseCRLF = true // as Python's csv module
	if o.Separator != 0 {
		h.csv.Comma = o.Separator
	}
	return h
}

// Columns returns the columns after epoch, nil before the first Write.
func (h *Writer) Columns() []string { return h.columns }

// Write writes the line of an epoch, counted from 0. The first call determines the columns: the names of logs
// in order and, if none of them is a validation metric, the same names again with the prefix val_. Later, a
// missing value is written as NA, and a name without a column is ignored.
func (h *Writer) Write(epoch int, logs map[string]float64) error {
	if h.columns == nil {
		validated := false
		for name := range logs {
			h.columns = append(h.columns, name)
			validated = validated || strings.HasPrefix(name, "val_")
		}
		slices.Sort(h.columns)
		if !validated {
			for _, name := range slices.Clone(h.columns) {
				h.columns = append(h.columns, "val_"+name)
			}
		}
		if !h.options.Append {
			if err := h.csv.Write(append([]string{"epoch"}, h.columns...)); err != nil {
				return fmt.Errorf("writing the history: %w", err)
			}
		}
	}
	row := []string{strconv.Itoa(epoch)}
	for _, name := range h.columns {
		if v, ok := logs[name]; ok {
			row = append(row, pyfloat.Repr(v))
		} else {
			row = append(row, "NA")
		}
	}
	if err := h.csv.Write(row); err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	h.csv.Flush()
	if err := h.csv.Error(); err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	return nil
}
