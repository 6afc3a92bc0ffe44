package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"github.com/lince-ml/lince/internal/pyfloat"
	"github.com/lince-ml/lince/internal/sheet"
)

// Prediction is a model's prediction for one file.
type Prediction struct {
	Filename string
	// Label is the name of the true class, or "" if it is unknown.
	Label string
	// Predicted is the name of the class with the highest probability, or several names joined by |.
	Predicted string
	// Unknown is set if the probability of the class is too low to answer. Predicted is then usually "".
	Unknown bool
	// Probabilities holds the probability of each class, in the order of class indices.
	Probabilities []float32
}

// PredictionsOptions configures WritePredictions.
type PredictionsOptions struct {
	// Unknown adds the column unknown after predicted. It holds true or false.
	Unknown bool
	// Raw writes texts as they are. By default, an apostrophe is put before texts that spreadsheets would take for formulas, such as
	// =1+1.
	Raw bool
}

// WritePredictions writes a CSV file with a header and a line for each prediction. The columns are
// filename, category (the label), predicted, and then a column for each class, which has the name
// of the class and holds its probability. Numbers are formatted as in pandas.
//
// It returns an error if a row does not have one probability for each class, or if writing fails.
func WritePredictions(w io.Writer, classes []string, rows []Prediction, o PredictionsOptions) error {
	c, text := csv.NewWriter(w), sheet.Texts(o.Raw)
	line := []string{"filename", "category", "predicted"}
	if o.Unknown {
		line = append(line, "unknown")
	}
	for _, name := range classes {
		line = append(line, text(name))
	}
	if err := c.Write(line); err != nil {
		return fmt.Errorf("writing predictions: %w", err)
	}
	for _, r := range rows {
		if len(r.Probabilities) != len(classes) {
			return fmt.Errorf("writing predictions: %s has %d probabilities, want one for each of %d classes", r.Filename, len(r.Probabilities), len(classes))
		}
		line = append(line[:0], text(r.Filename), text(r.Label), text(r.Predicted))
		if o.Unknown {
			line = append(line, strconv.FormatBool(r.Unknown))
		}
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
