package report

import (
	"fmt"
	"strings"
)

// History holds the metrics of training by epoch, like keras.callbacks.History.
type History struct {
	// Epochs lists the epochs, counted from 0.
	Epochs []int
	// Series holds the metrics in the order in which they are plotted, for example accuracy,
	// loss, val_accuracy, val_loss.
	Series []Series
}

// Series is one metric over the epochs.
type Series struct {
	// Name is the metric's name. Names of validation metrics begin with val_.
	Name string
	// Values has one value per epoch. NaN means that the epoch has no value.
	Values []float64
}

func (h History) check() error {
	if len(h.Epochs) == 0 {
		return fmt.Errorf("report: the history has no epochs")
	}
	for i, s := range h.Series {
		if len(s.Values) != len(h.Epochs) {
			return fmt.Errorf("report: %s has %d values for %d epochs", s.Name, len(s.Values), len(h.Epochs))
		}
		for _, other := range h.Series[:i] {
			if other.Name == s.Name {
				return fmt.Errorf("report: the history has two series named %s", s.Name)
			}
		}
	}
	if len(h.Series) == 0 {
		return fmt.Errorf("report: the history has no metrics")
	}
	return nil
}

// pair holds the training and validation values of a metric. Either may be nil.
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
