package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/internal/pyfloat"
)

// HistoryOptions are the options of keras.callbacks.CSVLogger.
type HistoryOptions struct {
	// Separator stands between the columns; 0 is a comma.
	Separator rune
	// Append leaves out the header, because the file has one.
	Append bool
}

// HistoryWriter writes history.csv, a line an epoch, as keras.callbacks.CSVLogger does.
type HistoryWriter struct {
	csv     *csv.Writer
	columns []string
	options HistoryOptions
}

// NewHistoryWriter writes to w, which it does not close.
func NewHistoryWriter(w io.Writer, o HistoryOptions) *HistoryWriter {
	h := &HistoryWriter{csv: csv.NewWriter(w), options: o}
	h.csv.UseCRLF = true // Python's csv module does
	if o.Separator != 0 {
		h.csv.Comma = o.Separator
	}
	return h
}

// Write adds an epoch, counted from 0, and hands it to the underlying writer. The first
// call says which columns there are: its names in order, and where none is of the
// validation, the same again with val_ before them. What is missing later is NA, and a
// name that is new then is left out.
func (h *HistoryWriter) Write(epoch int, logs map[string]float64) error {
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

// Prediction is what a model says of one file.
type Prediction struct {
	Filename string
	// Category is the true class, "" where it is not known.
	Category string
	// Predicted is the class with the highest probability.
	Predicted string
	// Probabilities has one number a class.
	Probabilities []float32
}

// WritePredictions writes predictions.csv: filename, category, predicted, and a column a
// class, named as the class, with its probability. It is what pandas writes, and reads.
func WritePredictions(w io.Writer, classes []string, rows []Prediction) error {
	c := csv.NewWriter(w)
	line := append([]string{"filename", "category", "predicted"}, classes...)
	if err := c.Write(line); err != nil {
		return fmt.Errorf("writing predictions: %w", err)
	}
	for _, r := range rows {
		if len(r.Probabilities) != len(classes) {
			return fmt.Errorf("writing predictions: %s has %d probabilities for %d classes", r.Filename, len(r.Probabilities), len(classes))
		}
		line = append(line[:0], r.Filename, r.Category, r.Predicted)
		for _, p := range r.Probabilities {
			line = append(line, pyfloat.Repr32(p))
		}
		if err := c.Write(line); err != nil {
			return fmt.Errorf("writing predictions: %w", err)
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("writing predictions: %w", err)
	}
	return nil
}
