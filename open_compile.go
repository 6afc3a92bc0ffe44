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

// customOptions names the option for custom classes of each kind.
var customOptions = map[string]string{"optimizer": "Options.Optimizers", "loss": "Options.Losses", "metric": "Options.Metrics", "learning rate schedule": "Options.Schedules"}

// maxOutputs limits the work for a short file that declares one loss and very many outputs.
const maxOutputs = 10_000

// compileFrom compiles the model with the compile config of its file. It does nothing if the config is nil or null.
// Classes that lince does not support are noted in Model.unknown: predictions do not need them, Evaluate leaves them
// out, and Fit returns an error.
func (o Options) compileFrom(m *Model, text json.RawMessage, excluded []string) {
	m.compileJSON = text
	conf, err := config.Unmarshal(text)
	if err != nil {
		m.unknown = append(m.unknown, errors.New("compile_config is not a JSON object"))
		return
	}
	if conf["loss"] == nil || conf["optimizer"] == nil {
		return
	}
	c, ok := o.compileOptions(m, conf)
	if !ok {
		return
	}
	if c.Optimizer != nil && excluded != nil {
		c.Optimizer = optimizer.WithExcluded(c.Optimizer, excluded)
	}
	if err := m.unsupportedError(); err != nil {
		m.unknown = append(m.unknown, err)
	}
	if err := m.compileKnown(c); err != nil {
		if len(m.unknown) == 0 || !errors.Is(err, errNothing) { // else it is listed already
			m.unknown = append(m.unknown, err)
		}
		if m.compileKnown(c) != nil { // for evaluation alone, which may work
			return
		}
	}
	if err := m.checkLosses(m.compiled.objectives); err != nil {
		m.doubts = append(m.doubts, err)
	}
}

// CompileSettingError is an error of Model.Unknown about one setting in the compile config of a file. Compile options with another value for it make
// the rest of the file's settings usable.
type CompileSettingError struct {
	Setting string // "optimizer", "loss", "loss_weights", "metrics" or "weighted_metrics", as in Keras' compile()
	Err     error
}

func (e *CompileSettingError) Error() string { return e.Err.Error() }
func (e *CompileSettingError) Unwrap() error { return e.Err }

// note adds an error of a setting to Model.unknown. For an unknown class, the error names the option for custom classes.
func (m *Model) note(setting, what string, err error) {
	if err == nil {
		return
	}
	text := fmt.Errorf("%s: %w", what, err)
	if unknown := new(layer.UnknownClass); errors.As(err, &unknown) && customOptions[unknown.Kind] != "" {
		text = fmt.Errorf("%s: %w; add it to %s if it is a custom class", what, err, customOptions[unknown.Kind])
	}
	m.unknown = append(m.unknown, &CompileSettingError{setting, text})
}

// compileOptions decodes a compile config, and notes what lince does not support. ok is false if the model has too many
// outputs.
func (o Options) compileOptions(m *Model, conf map[string]any) (c CompileOptions, ok bool) {
	var err error
	if err = o.decodeSchedules(conf["optimizer"]); err == nil {
		c.Optimizer, err = decode(conf["optimizer"], o.Optimizers, optimizer.Parse, optimizer.Decode)
	}
	m.note("optimizer", "the optimizer", err)
	names := m.OutputNames()
	if len(names) > maxOutputs {
		m.unknown = append(m.unknown, fmt.Errorf("compile_config: the model has %d outputs, at most %d can be compiled from a file", len(names), maxOutputs))
		return c, false
	}
	for _, key := range []string{"loss", "loss_weights", "metrics", "weighted_metrics"} {
		if strings.HasSuffix(key, "metrics") && len(names) == 1 {
			if _, ok := conf[key].([]any); ok {
				continue // the metrics of the only output
			}
		}
		m.note(key, key, checkPlaces(conf[key], names))
	}
	if len(names) == 1 {
		one := o.objective(m, conf, names, 0)
		c.Loss, c.Metrics, c.WeightedMetrics = one.Loss, one.Metrics, one.WeightedMetrics
		if one.LossWeight != nil {
			c.Outputs = map[string]Objective{names[0]: {LossWeight: one.LossWeight}}
		}
		return c, true
	}
	c.Outputs = map[string]Objective{}
	for i, name := range names {
		c.Outputs[name] = o.objective(m, conf, names, i)
	}
	return c, true
}

// decodeSchedules replaces a custom learning rate schedule, and a custom inner optimizer, in the config of an optimizer by
// what they decode to. A custom optimizer gets its config unchanged.
func (o Options) decodeSchedules(v any) error {
	class, conf := config.Object(v)
	if conf == nil || o.Optimizers[class] != nil {
		return nil
	}
	s, err := custom(conf["learning_rate"], o.Schedules)
	if err != nil {
		return fmt.Errorf("learning_rate: %w", err)
	}
	if s != nil {
		conf["learning_rate"] = s
	}
	if err := o.decodeSchedules(conf["inner_optimizer"]); err != nil {
		return fmt.Errorf("inner_optimizer: %w", err)
	}
	inner, err := custom(conf["inner_optimizer"], o.Optimizers)
	if err != nil {
		return fmt.Errorf("inner_optimizer: %w", err)
	}
	if inner != nil {
		conf["inner_optimizer"] = inner
	}
	return nil
}

// objective decodes the part of a compile config for output i.
func (o Options) objective(m *Model, conf map[string]any, names []string, i int) (one Objective) {
	of := ""
	if len(names) > 1 {
		of = " of the output " + names[i]
	}
	if v := ofOutput(conf["loss"], names, i); v != nil {
		var err error
		one.Loss, err = decode(v, o.Losses, loss.Parse, loss.Decode)
		m.note("loss", "the loss"+of, err)
	}
	if v := ofOutput(conf["loss_weights"], names, i); v != nil {
		w, ok := config.Float(v)
		if !ok || w < 0 {
			m.note("loss_weights", "loss_weights"+of, fmt.Errorf("must be a number greater than or equal to 0, got %s", config.Show(v)))
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
				m.note(k.key, "a metric"+of, err)
				continue
			}
			*k.list = append(*k.list, x)
		}
	}
	return one
}

// Unknown lists the classes and settings in the model's file that training needs and lince does not support, each as an
// error, a *CompileSettingError if one setting of the compile config is concerned. It is nil if lince supports all of them. The model can still predict, and Evaluate leaves out unknown metrics.
// Fit returns an error until Compile succeeds.
func (m *Model) Unknown() []error { return slices.Clone(m.unknown) }

// ofOutput returns the value for output i of a setting such as loss. The setting is one value, a list or a dict.
func ofOutput(v any, names []string, i int) any {
	switch v := v.(type) {
	case []any:
		if i < len(v) {
			return v[i]
		}
		return nil // in Keras, a short list is for the first outputs
	case map[string]any:
		if isObject(v) {
			return v
		}
		return v[names[i]]
	}
	return v
}

// checkPlaces returns an error if a setting is for outputs that the model does not have.
func checkPlaces(v any, names []string) error {
	switch v := v.(type) {
	case []any:
		if len(v) > len(names) {
			return fmt.Errorf("a list of %d values for %d outputs", len(v), len(names))
		}
	case map[string]any:
		if !isObject(v) {
			return unknownNames("outputs", v, names)
		}
	}
	return nil
}

// isObject reports whether a map is a serialized Keras object, not a dict by outputs.
func isObject(v map[string]any) bool {
	_, ok := v["class_name"].(string)
	return ok
}

// metricsOf returns the metrics of output i: all metrics if there is one output, else those for the output in a list or
// dict.
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

// decode makes an optimizer, a loss or a metric from a name or a Keras object. custom decodes custom classes.
func decode[T any](v any, custom map[string]func(json.RawMessage) (T, error), parse func(string) (T, error), decode func(string, map[string]any) (T, error)) (T, error) {
	var none T
	if m, ok := v.(map[string]any); ok && m["class_name"] == "function" {
		v = m["config"]
	}
	if name, ok := v.(string); ok {
		if make := custom[name]; make != nil {
			return make(nil)
		}
		return parse(name)
	}
	class, conf := config.Object(v)
	if class == "" {
		return none, fmt.Errorf("%s is not a Keras object", config.Show(v))
	}
	if make := custom[class]; make != nil {
		text, err := json.Marshal(conf)
		if err != nil {
			return none, err
		}
		return make(text)
	}
	return decode(class, conf)
}

// unknownError returns the error of Fit for a model that could not be compiled with the options in its file, or nil.
func (m *Model) unknownError() error {
	if len(m.unknown) == 0 {
		return nil
	}
	var list []string
	for _, err := range m.unknown {
		list = append(list, err.Error())
	}
	return fmt.Errorf("the model cannot be compiled with the options in its file; call Compile first: %s", strings.Join(list, "; "))
}
