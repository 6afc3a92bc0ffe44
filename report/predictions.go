package report

import (
	"encoding/csv"
	"fmt"
	"io"

	"github.com/lince-ml/lince/internal/pyfloat"
)

// Prediction is what a model says of one file.
type Prediction struct {
	Filename string
	// Label is the true class, "" where it is not known.
	Label string
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
		line = append(line[:0], r.Filename, r.Label, r.Predicted)
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
