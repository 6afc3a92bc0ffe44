package callback

import (
	"fmt"
	"math"
	"strings"
)

// Mode says which way a monitored metric improves.
type Mode string

// The modes. Auto goes by the metric: a loss gets lower, an accuracy higher.
const (
	Auto Mode = ""
	Min  Mode = "min"
	Max  Mode = "max"
)

// monitor watches a metric for a callback, as keras.callbacks' MonitorCallback.
type monitor struct {
	callback string // whose messages it makes
	name     string
	minDelta float64
	higher   bool
}

func newMonitor(run Run, callback, name string, mode Mode, minDelta float64) (*monitor, error) {
	if name == "" {
		name = "val_loss"
	}
	m := &monitor{callback: callback, name: name, minDelta: math.Abs(minDelta)}
	metric, isVal := strings.CutPrefix(name, "val_")
	if isVal && !run.Validates() {
		return nil, fmt.Errorf("%s: there will be no %s to monitor, for there is no validation: give Fit a Validation, or monitor %s", callback, name, metric)
	}
	switch mode {
	case Min:
	case Max:
		m.higher = true
	case Auto:
		higher, known := run.HigherIsBetter(metric)
		if !known {
			return nil, fmt.Errorf("%s: cannot tell whether %s should get higher or lower; set Mode to Min or Max", callback, name)
		}
		m.higher = higher
	default:
		return nil, fmt.Errorf(`%s: mode is %q, want "min", "max" or "" (by the metric)`, callback, mode)
	}
	return m, nil
}

func (m *monitor) value(logs *Logs) (float64, error) {
	v, ok := logs.Get(m.name)
	if !ok {
		return 0, fmt.Errorf("%s: there is no %s to monitor; there are %s", m.callback, m.name, strings.Join(logs.Names(), ", "))
	}
	return v, nil
}

// improves says whether v is better than reference by more than minDelta; anything is
// better than nothing.
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
