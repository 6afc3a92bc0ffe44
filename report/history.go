package report

import (
	"fmt"
	"strings"

	"github.com/lince-ml/lince/callback"
)

// History has the metrics of training by epoch. Fit returns one.
type History = callback.History

// Series is one metric over the epochs.
type Series = callback.Series

// checkHistory returns an error if a history cannot be drawn.
func checkHistory(h *History) error {
	if h == nil || len(h.Epochs) == 0 {
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

func pairsOf(h *History) []pair {
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
