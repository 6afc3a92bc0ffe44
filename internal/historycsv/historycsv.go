// Package historycsv writes the metrics of a training, a line an epoch, byte for byte as
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

// Options are those of keras.callbacks.CSVLogger.
type Options struct {
	// Separator stands between the columns; 0 is a comma.
	Separator rune
	// Append leaves out the header, because the file has one.
	Append bool
	// Columns are those that the file has; nil leaves them to the first Write.
	Columns []string
}

// Writer writes lines.
type Writer struct {
	csv     *csv.Writer
	columns []string
	options Options
}

// NewWriter writes to w, which it does not close.
func NewWriter(w io.Writer, o Options) *Writer {
	h := &Writer{csv: csv.NewWriter(w), columns: slices.Clone(o.Columns), options: o}
	h.csv.UseCRLF = true // Python's csv module does
	if o.Separator != 0 {
		h.csv.Comma = o.Separator
	}
	return h
}

// Columns are the columns after epoch; nil before the first Write.
func (h *Writer) Columns() []string { return h.columns }

// Write adds an epoch, counted from 0, and hands it to the underlying writer. The first
// call says which columns there are: its names in order, and where none is of the
// validation, the same again with val_ before them. What is missing later is NA, and a
// name that is new then is left out.
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
