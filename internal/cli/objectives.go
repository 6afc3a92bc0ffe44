package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/suggest"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
)

// objectiveFlags are the flags of the loss, the metrics and what follows from them.
type objectiveFlags struct {
	Loss           string   `placeholder:"NAME" predictor:"loss" help:"Loss, by its name in Keras, such as categorical_focal_crossentropy (default: the loss in the model file, or cross-entropy)."`
	LabelSmoothing *float64 `placeholder:"FRACTION" help:"Fraction of each target that the loss spreads over all classes, such as .1 (default: 0)."`
	ClassWeight    string   `placeholder:"WEIGHTS" help:"Class weights in the loss, such as cat=2,dog=1. balanced gives rare classes a higher weight (default: 1 for each class). ${escapes}"`
	Metrics        []string `placeholder:"NAME" predictor:"metric" help:"Metrics, by their names in Keras, such as accuracy,precision,recall,auc (default: the metrics in the model file, or accuracy)."`
	Monitor        string   `placeholder:"KEY" default:"val_loss" help:"Value that selects best.keras, and that --patience and --schedule plateau watch: loss or a metric, such as accuracy, or val_auc for the validation images."`
	Patience       int      `placeholder:"N" help:"Stop if the value of --monitor has not improved for N epochs, and restore the best weights (default: do not stop early)."`
}

// lossNames returns the values of --loss.
func lossNames() []string { return parsed(loss.Classes(), loss.Parse) }

// metricNames returns the values of --metrics, without the losses.
func metricNames() []string {
	return append([]string{"accuracy"}, parsed(metric.Classes(), metric.Parse)...)
}

// parsed returns the names that functions have in Keras, such as categorical_hinge for the class CategoricalHinge. It
// leaves out those that need arguments.
func parsed[T any](classes []string, parse func(string) (T, error)) []string {
	var names []string
	for _, class := range classes {
		if name := config.SnakeCase(class); name != "accuracy" {
			if _, err := parse(name); err == nil {
				names = append(names, name)
			}
		}
	}
	return names
}

// mistakes returns the mistakes in the flags.
func (f objectiveFlags) mistakes() error {
	_, weightErr := parseWeights(f.ClassWeight)
	_, metricErr := f.metrics()
	errs := []error{weightErr, metricErr}
	if f.Loss != "" {
		if _, err := loss.Parse(f.Loss); err != nil {
			errs = append(errs, fmt.Errorf("--loss: %w", err))
		}
	}
	if s := f.LabelSmoothing; s != nil && !(*s >= 0 && *s < 1) {
		errs = append(errs, fmt.Errorf("--label-smoothing must be at least 0 and less than 1, got %v", *s))
	}
	return errors.Join(errs...)
}

// set reports whether a flag changes the compile options of a model file.
func (f objectiveFlags) set() bool {
	return f.Loss != "" || f.LabelSmoothing != nil || len(f.Metrics) > 0
}

// metrics returns the metrics of --metrics.
func (f objectiveFlags) metrics() (list []metric.Metric, err error) {
	var errs []error
	for i, name := range f.Metrics {
		m, err := metric.Parse(strings.TrimSpace(name))
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("--metrics: %w", err))
		case slices.Contains(f.Metrics[:i], name):
			errs = append(errs, fmt.Errorf("--metrics has %s twice", name))
		}
		list = append(list, m)
	}
	return list, errors.Join(errs...)
}

// changeObjectives applies the flags to compile options.
func (f objectiveFlags) changeObjectives(c *lince.CompileOptions, m *lince.Model) error {
	var err error
	if f.Loss != "" {
		if c.Loss, err = loss.Parse(f.Loss); err != nil {
			return usageError{fmt.Errorf("--loss: %w", err)}
		}
		conf := loss.ConfigOf(c.Loss)
		if _, ok := conf["from_logits"]; ok && m.GivesLogits() {
			conf["from_logits"] = true
			if c.Loss, err = loss.Decode(loss.ClassOf(c.Loss), conf); err != nil {
				return usageError{fmt.Errorf("--loss: %w", err)}
			}
		}
	}
	if f.LabelSmoothing != nil {
		class, conf := loss.ClassOf(c.Loss), loss.ConfigOf(c.Loss)
		if _, ok := conf["label_smoothing"]; !ok {
			return usageError{fmt.Errorf("--label-smoothing: the loss %s has no label smoothing; set --loss categorical_crossentropy, or binary_crossentropy for a model with one output", class)}
		}
		conf["label_smoothing"] = *f.LabelSmoothing
		if c.Loss, err = loss.Decode(class, conf); err != nil {
			return usageError{fmt.Errorf("--label-smoothing: %w", err)}
		}
	}
	if len(f.Metrics) > 0 {
		if c.Metrics, err = f.metrics(); err != nil {
			return usageError{err}
		}
		c.WeightedMetrics = nil
	}
	return nil
}

// monitored is the value that selects the best epoch.
type monitored struct {
	key    string
	higher bool // a higher value is better
}

// lowestLoss is the default.
var lowestLoss = monitored{key: "val_loss"}

// better reports whether a value is better than another, as callbacks decide it.
func (m monitored) better(v, than float64) bool {
	if m.higher {
		return v > than
	}
	return v < than
}

// bestOf returns the best value of a history.
func (m monitored) bestOf(h *lince.History) (best float64, ok bool) {
	for _, v := range h.Values(m.key) {
		if !ok || m.better(v, best) {
			best, ok = v, true
		}
	}
	return best, ok
}

// best describes the best value of a run, such as "the lowest val_loss".
func (m monitored) best() string {
	if m.higher {
		return "the highest " + m.key
	}
	return "the lowest " + m.key
}

// mode is the mode of Keras' callbacks.
func (m monitored) mode() string {
	if m.higher {
		return "max"
	}
	return "min"
}

// findMonitor returns what --monitor names.
func findMonitor(key string, m *lince.Model) (monitored, error) {
	name, _ := strings.CutPrefix(key, "val_")
	var keys []string
	for _, x := range m.Measures() {
		switch {
		case x.Len == 0:
			keys = append(keys, "val_"+x.Name, x.Name)
		case x.Name == name:
			return monitored{}, usageError{fmt.Errorf("--monitor %s: %s is a vector of %d numbers, which cannot be monitored; monitor another metric", key, name, x.Len)}
		}
		if x.Name != name {
			continue
		}
		if !x.Known {
			return monitored{}, usageError{fmt.Errorf("--monitor %s: it is not known whether a higher or a lower %s is better; monitor another metric", key, name)}
		}
		return monitored{key, x.Higher}, nil
	}
	slices.Sort(keys)
	near := suggest.Nearest(key, keys)
	for _, k := range keys {
		if strings.HasPrefix(k, key) { // val_acc, as in Keras 1
			near = k
		}
	}
	hint := ""
	if near != "" {
		hint = "; did you mean " + near + "?"
	} else if _, err := metric.Parse(name); err == nil {
		hint = fmt.Sprintf("; --metrics accuracy,%s computes %s", name, name)
	}
	return monitored{}, usageError{fmt.Errorf("--monitor: there is no value %q; the training has %s%s", key, strings.Join(keys, ", "), hint)}
}
