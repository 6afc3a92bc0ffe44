package lince

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
)

// own are the options for classes of a program's own, by kind of class.
var own = map[string]string{"optimizer": "Options.Optimizers", "loss": "Options.Losses", "metric": "Options.Metrics"}

// maxOutputs bounds what a short file makes of one loss for all outputs.
const maxOutputs = 10_000

// compileFrom compiles the model as a file says; nil or null is not at all. What the file names
// and lince lacks is noted in Model.unknown: predictions do not need it, an evaluation goes
// without it, and only training refuses.
func (o Options) compileFrom(m *Model, text json.RawMessage) {
	m.said = text
	conf, err := config.Unmarshal(text)
	if err != nil {
		m.unknown = append(m.unknown, errors.New("compile_config is no JSON object"))
		return
	}
	if conf["loss"] == nil || conf["optimizer"] == nil {
		return
	}
	var c CompileOptions
	note := func(what string, err error) {
		var unknown *layer.UnknownClass
		switch {
		case errors.As(err, &unknown) && own[unknown.Kind] != "":
			m.unknown = append(m.unknown, fmt.Errorf("%s: %w; %s makes those of your own", what, err, own[unknown.Kind]))
		case err != nil:
			m.unknown = append(m.unknown, fmt.Errorf("%s: %w", what, err))
		}
	}
	c.Optimizer, err = decode(conf["optimizer"], o.Optimizers, optimizer.Parse, optimizer.Decode)
	note("the optimizer", err)
	c.Outputs = map[string]Objective{}
	names := m.OutputNames()
	if len(names) > maxOutputs {
		note("compile_config", fmt.Errorf("the model has %d outputs, and at most %d are compiled as a file says", len(names), maxOutputs))
		return
	}
	for _, key := range []string{"loss", "loss_weights", "metrics", "weighted_metrics"} {
		if strings.HasSuffix(key, "metrics") && len(names) == 1 {
			if _, ok := conf[key].([]any); ok {
				continue // all of the one output
			}
		}
		note(key, checkPlaces(conf[key], names))
	}
	for i, name := range names {
		var one Objective
		of := ""
		if len(names) > 1 {
			of = " of the output " + name
		}
		if v := ofOutput(conf["loss"], names, i); v != nil {
			one.Loss, err = decode(v, o.Losses, loss.Parse, loss.Decode)
			note("the loss"+of, err)
		}
		if v := ofOutput(conf["loss_weights"], names, i); v != nil {
			w, ok := config.Float(v)
			if !ok || w < 0 {
				note("loss_weights"+of, fmt.Errorf("%s, want a number of at least 0", config.Show(v)))
			} else {
				one.LossWeight = &w
			}
		}
		for _, k := range []struct {
			key  string
			list *[]metric.Metric
		}{{"metrics", &one.Metrics}, {"weighted_metrics", &one.WeightedMetrics}} {
			for _, v := range metricsOf(conf[k.key], names, i) {
				x, err := decode(v, o.Metrics, metric.Parse, metric.Decode)
				if err != nil {
					note("a metric"+of, err)
					continue
				}
				*k.list = append(*k.list, x)
			}
		}
		c.Outputs[name] = one
	}
	if len(names) == 1 {
		one := c.Outputs[names[0]]
		c.Loss, c.Metrics, c.WeightedMetrics = one.Loss, one.Metrics, one.WeightedMetrics
		one.Loss, one.Metrics, one.WeightedMetrics = nil, nil, nil
		if c.Outputs = nil; one.LossWeight != nil {
			c.Outputs = map[string]Objective{names[0]: one}
		}
	}
	if err := m.passedOverError(); err != nil {
		m.unknown = append(m.unknown, err)
	}
	if err := m.compileKnown(c); err != nil {
		if len(m.unknown) == 0 || !errors.Is(err, errNothing) { // else it is said already
			m.unknown = append(m.unknown, err)
		}
		if m.compileKnown(c) != nil { // for evaluation alone, which may do
			return
		}
	}
	if err := m.checkLosses(m.compiled.objectives); err != nil {
		m.doubts = append(m.doubts, err)
	}
}

// Unknown says what of how a file's model was compiled is not known here, and why; nil where
// all is. The model predicts without it, Evaluate measures by the rest, and Fit refuses until
// Compile is called.
func (m *Model) Unknown() []error { return slices.Clone(m.unknown) }

// ofOutput is what a loss, or anything said as one value, a list or a dict, says of an output.
func ofOutput(v any, names []string, i int) any {
	switch v := v.(type) {
	case []any:
		if i < len(v) {
			return v[i]
		}
		return nil // Keras takes a short list for the first outputs
	case map[string]any:
		if isObject(v) {
			return v
		}
		return v[names[i]]
	}
	return v
}

// checkPlaces finds what is said of outputs that there are not.
func checkPlaces(v any, names []string) error {
	switch v := v.(type) {
	case []any:
		if len(v) > len(names) {
			return fmt.Errorf("a list of %d for %d outputs", len(v), len(names))
		}
	case map[string]any:
		if !isObject(v) {
			return unknownNames("outputs", v, names)
		}
	}
	return nil
}

// isObject says whether a map is one of Keras' serialised objects, and no dict by outputs.
func isObject(v map[string]any) bool {
	_, ok := v["class_name"].(string)
	return ok
}

// metricsOf are the metrics of an output: of one output all there are, of several what a list
// or a dict has at its place.
func metricsOf(v any, names []string, i int) []any {
	if m, ok := v.(map[string]any); ok && !isObject(m) {
		v = m[names[i]]
	} else if l, ok := v.([]any); ok && len(names) > 1 {
		v = nil
		if i < len(l) {
			v = l[i]
		}
	}
	var flat func(v any) []any
	flat = func(v any) []any {
		l, ok := v.([]any)
		if !ok && v != nil {
			return []any{v}
		}
		var out []any
		for _, x := range l {
			out = append(out, flat(x)...)
		}
		return out
	}
	return flat(v)
}

// decode makes an optimizer, a loss or a metric of a name, or of a Keras object. own are the
// program's own classes.
func decode[T any](v any, own map[string]func(json.RawMessage) (T, error), parse func(string) (T, error), decode func(string, map[string]any) (T, error)) (T, error) {
	var none T
	if m, ok := v.(map[string]any); ok && m["class_name"] == "function" {
		v = m["config"]
	}
	if name, ok := v.(string); ok {
		if make := own[name]; make != nil {
			return make(nil)
		}
		return parse(name)
	}
	class, conf := config.Object(v)
	if class == "" {
		return none, fmt.Errorf("%s is no Keras object", config.Show(v))
	}
	if make := own[class]; make != nil {
		text, err := json.Marshal(conf)
		if err != nil {
			return none, err
		}
		return make(text)
	}
	return decode(class, conf)
}

// unknownError is what training says of a model that could not be compiled as its file says; nil
// where there is no such thing.
func (m *Model) unknownError() error {
	if len(m.unknown) == 0 {
		return nil
	}
	var list []string
	for _, err := range m.unknown {
		list = append(list, err.Error())
	}
	return fmt.Errorf("the model's file says how it was compiled, which is not all known here; call Compile to say it anew: %s", strings.Join(list, "; "))
}
