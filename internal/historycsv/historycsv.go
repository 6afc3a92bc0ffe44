// Package historycsv writes the metrics of a training to a CSV file, one line per epoch, byte for byte as
// keras.callbacks.CSVLogger does.
package historycsv

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
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

// Logs are the metrics of an epoch.
type Logs interface {
	// All yields the names and values of the metrics.
	All() iter.Seq2[string, float64]
	// Vector returns the elements of a metric whose value is a vector of float32 numbers, and nil for other metrics.
	Vector(name string) []float64
}

// Write writes the line of an epoch, counted from 0. The first call determines the columns: the names of logs
// in order and, if none of them is a validation metric, the same names again with the prefix val_. Later, a
// missing value is written as NA, and a name without a column is ignored. A vector is written as a list in quotation
// marks, which are part of the value.
func (h *Writer) Write(epoch int, logs Logs) error {
	values := map[string]string{}
	for name, v := range logs.All() {
		values[name] = pyfloat.Repr(v)
		if vector := logs.Vector(name); vector != nil {
			elements := make([]string, len(vector))
			for i, v := range vector {
				elements[i] = pyfloat.Repr32(float32(v))
			}
			values[name] = `"[` + strings.Join(elements, ", ") + `]"`
		}
	}
	if h.columns == nil {
		validated := false
		for name := range values {
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
		if v, ok := values[name]; ok {
			row = append(row, v)
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
