package callback

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/suggest"
)

// Mode says whether a lower or a higher value of a monitored metric is better.
type Mode string

// The modes. With Auto, the metric determines which is better: lower for a loss, higher for an accuracy.
const (
	Auto Mode = ""    // mode="auto"
	Min  Mode = "min" // lower is better
	Max  Mode = "max" // higher is better
)

// monitor compares the values of a metric for a callback, like MonitorCallback in Keras.
type monitor struct {
	callback string // name of the callback, for messages
	name     string
	minDelta float64
	higher   bool
}

func newMonitor(run Run, callback, name string, mode Mode, minDelta float64) (*monitor, error) {
	if name == "" {
		name = "val_loss"
	}
	if math.IsNaN(minDelta) {
		return nil, fmt.Errorf("%s: MinDelta is NaN, want a number", callback)
	}
	m := &monitor{callback: callback, name: name, minDelta: math.Abs(minDelta)}
	metric, isVal := strings.CutPrefix(name, "val_")
	if isVal && !run.Validates() {
		return nil, fmt.Errorf("%s: without validation data there is no %s to monitor; set FitOptions.Validation, or monitor %s", callback, name, metric)
	}
	switch mode {
	case Min:
	case Max:
		m.higher = true
	case Auto:
		higher, known := run.HigherIsBetter(metric)
		if names := run.Metrics(); !known && !slices.Contains(names, metric) {
			if isVal {
				names = slices.Clone(names)
				for i, n := range names {
					names[i] = "val_" + n
				}
			}
			return nil, fmt.Errorf("%s: there is no %s to monitor%s", callback, name, suggest.Hint(name, names))
		} else if !known {
			return nil, fmt.Errorf("%s: it is not known whether a higher or a lower %s is better; set Mode to Min or Max", callback, name)
		}
		m.higher = higher
	default:
		return nil, fmt.Errorf(`%s: Mode must be "min", "max" or "", got %q`, callback, mode)
	}
	return m, nil
}

func (m *monitor) value(logs *Logs) (float64, error) {
	v, ok := logs.Get(m.name)
	if !ok {
		return 0, fmt.Errorf("%s: there is no %s to monitor; the logs have %s", m.callback, m.name, strings.Join(logs.Names(), ", "))
	}
	if n := len(logs.Vector(m.name)); n > 0 {
		return 0, fmt.Errorf("%s: %s is a vector of %d numbers, which cannot be monitored; monitor another metric, or make it a number (as Average does for F1Score)", m.callback, m.name, n)
	}
	return v, nil
}

// improves reports whether v is better than reference by more than minDelta. Any value improves on nil.
func (m *monitor) improves(v float64, reference *float64) bool {
	switch {
	case reference == nil:
		return true
	case m.higher:
		return v-m.minDelta > *reference
	default:
		return v+m.minDelta < *reference
	}
}
