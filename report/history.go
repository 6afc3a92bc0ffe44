package report

import (
	"fmt"
	"strings"
)

// History is what a training logged: keras.callbacks.History as plain numbers.
type History struct {
	// Epochs are counted from 0.
	Epochs []int
	// Series are the metrics, in order: accuracy, loss, val_accuracy, val_loss.
	Series []Series
}

// Series is one metric over the epochs.
type Series struct {
	// Name is the metric's; that of the validation begins with val_.
	Name string
	// Values has one number an epoch; NaN where there is none.
	Values []float64
}

func (h History) check() error {
	if len(h.Epochs) == 0 {
		return fmt.Errorf("report: a history without epochs")
	}
	for i, s := range h.Series {
		if len(s.Values) != len(h.Epochs) {
			return fmt.Errorf("report: %s has %d values for %d epochs", s.Name, len(s.Values), len(h.Epochs))
		}
		for _, other := range h.Series[:i] {
			if other.Name == s.Name {
				return fmt.Errorf("report: a history with two series named %s", s.Name)
			}
		}
	}
	if len(h.Series) == 0 {
		return fmt.Errorf("report: a history without metrics")
	}
	return nil
}

// pair is a metric of the training and the same of the validation; either may be missing.
type pair struct {
	name                 string
	training, validation []float64
}

func (h History) pairs() []pair {
	var pairs []pair
	at := map[string]int{}
	for _, s := range h.Series {
		name, validation := strings.CutPrefix(s.Name, "val_")
		i, ok := at[name]
		if !ok {
			i = len(pairs)
			at[name] = i
			pairs = append(pairs, pair{name: name})
		}
		if validation {
			pairs[i].validation = s.Values
		} else {
			pairs[i].training = s.Values
		}
	}
	return pairs
}
