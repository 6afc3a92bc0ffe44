package lince

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/atomicfile"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/tensor"
)

// Save writes the model to a .keras file, which Keras 3 opens: the network, how it was
// compiled, weights and the optimizer's state. A file that is there is replaced once the
// new one is whole on the disk. Equal models give equal bytes.
func (m *Model) Save(path string) error {
	if !strings.HasSuffix(path, ".keras") {
		return fmt.Errorf("saving: %s: the name must end in .keras", path)
	}
	f, unlock, err := m.file()
	if err != nil {
		return fmt.Errorf("saving: %s: %w", path, err)
	}
	defer unlock()
	if err := atomicfile.Write(path, func(w io.Writer) error { return keras.Write(w, f) }); err != nil {
		return fmt.Errorf("saving: %w", err)
	}
	return nil
}

// WriteTo writes what Save would, and returns the number of bytes.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	f, unlock, err := m.file()
	if err != nil {
		return 0, fmt.Errorf("saving: %w", err)
	}
	defer unlock()
	c := &counter{w: w}
	if err := keras.Write(c, f); err != nil {
		return c.n, fmt.Errorf("saving: %w", err)
	}
	return c.n, nil
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// ToJSON is the network and how it was compiled, without weights: Keras' model.to_json().
func (m *Model) ToJSON() ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	c, err := m.config()
	if err != nil {
		return nil, fmt.Errorf("to JSON: %w", err)
	}
	return c, nil
}

// extra is what Keras has no place for.
type extra struct {
	Classes       []string      `json:"classes,omitempty"`
	Preprocessing Preprocessing `json:"preprocessing,omitempty"`
	// State has the scalars that belong to no layer: where the random numbers are.
	State map[string]int64 `json:"state,omitempty"`
}

// file gathers what is saved. It holds the model for reading until unlock is called.
func (m *Model) file() (f *keras.File, unlock func(), err error) {
	m.mu.RLock()
	defer func() {
		if err != nil {
			m.mu.RUnlock()
		}
	}()
	if err := m.checkExtra(); err != nil {
		return nil, nil, err
	}
	f = &keras.File{}
	if f.Config, err = m.config(); err != nil {
		return nil, nil, err
	}
	x := extra{Classes: m.Classes, Preprocessing: m.Preprocessing}
	for _, v := range m.store.Variables() {
		if strings.HasPrefix(v.Path, generatorPath+"/") && v.DType == tensor.Int64 && v.Rank() == 0 {
			if x.State == nil {
				x.State = map[string]int64{}
			}
			x.State[v.Path] = tensor.Values[int64](v.Value())[0]
		}
	}
	if x.Classes != nil || x.Preprocessing != nil || x.State != nil {
		if f.Extra, err = json.Marshal(x); err != nil {
			return nil, nil, err
		}
	}
	f.Weights = keras.Weights{{Name: m.name}}
	for i, path := range m.weightPaths() {
		l := m.layers[i]
		f.Weights = append(f.Weights, keras.Entry{Path: path, Name: l.Name, Vars: tensors(l.Variables)})
	}
	if c := m.compiled; c != nil && len(c.optimizer) > 0 {
		f.Weights = append(f.Weights, keras.Entry{Path: optimizerPath, Name: c.config.Optimizer.Named(), Vars: tensors(c.optimizer)})
	}
	return f, m.mu.RUnlock, nil
}

// weightPaths are the layers' places in the file's weights.
func (m *Model) weightPaths() []string {
	classes := make([]string, len(m.layers))
	for i, l := range m.layers {
		classes[i] = l.Class
	}
	return keras.LayerPaths(classes)
}

func tensors(vs []*graph.Variable) []*tensor.Tensor {
	ts := make([]*tensor.Tensor, len(vs))
	for i, v := range vs {
		ts[i] = v.Value()
	}
	return ts
}

// config is the model as a Keras object.
func (m *Model) config() (json.RawMessage, error) {
	shape := m.InputShape()
	in := m.input
	in.Name = m.inName
	layers := []any{object("keras.layers", in.Class(), in.Config(), nil)}
	for _, l := range m.layers {
		c := l.Config.Config()
		c["name"] = l.Name
		layers = append(layers, object("keras.layers", l.Class, c, l.Input))
	}
	o := object("keras", "Sequential", map[string]any{
		"name": m.name, "trainable": true, "dtype": "float32", "layers": layers, "build_input_shape": dims(shape),
	}, shape)
	if m.compiled != nil {
		o["compile_config"] = m.compileConfig()
	}
	return keras.Marshal(python(o))
}

// object is config.Wrap, with what Keras notes of something that was built.
func object(module, class string, conf map[string]any, input tensor.Shape) map[string]any {
	o := config.Wrap(module, class, conf)
	if input != nil {
		o["build_config"] = map[string]any{"input_shape": dims(input)}
	}
	return o
}

// dims is a shape as JSON.
func dims(s tensor.Shape) []any {
	d := make([]any, len(s))
	for i, n := range s {
		if n != tensor.Unknown {
			d[i] = n
		}
	}
	return d
}

// python makes floats stay floats in Python.
func python(v any) any {
	switch v := v.(type) {
	case float64:
		return keras.Float(v)
	case float32:
		return keras.Float(float64(v))
	case map[string]any:
		c := make(map[string]any, len(v))
		for k, x := range v {
			c[k] = python(x)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, x := range v {
			c[i] = python(x)
		}
		return c
	}
	return v
}

// compileConfig is how the model was compiled, with the learning rate as it is now.
func (m *Model) compileConfig() map[string]any {
	c := m.compiled.config
	opt := c.Optimizer.Config()
	if rate, err := m.rate(); err == nil {
		opt["learning_rate"] = float64(rate.Value().Float32s()[0])
	}
	conf := map[string]any{
		"optimizer":           config.Wrap("keras.optimizers", c.Optimizer.Class(), opt),
		"loss":                config.Wrap("keras.losses", c.Loss.Class(), c.Loss.Config()),
		"loss_weights":        nil,
		"run_eagerly":         false,
		"steps_per_execution": 1,
		"jit_compile":         false,
	}
	for key, list := range map[string][]metric.Metric{"metrics": c.Metrics, "weighted_metrics": c.WeightedMetrics} {
		conf[key] = nil
		var out []any
		for _, x := range list {
			if a, ok := x.(metric.Accuracy); ok && a.Named() != "accuracy" && a.Named() != "acc" {
				x = named{a.Resolve(m.compiled.target.Shape, m.OutputShape()), a.Named()}
			}
			if x.Class() == "" {
				out = append(out, x.Named())
				continue
			}
			out = append(out, config.Wrap("keras.metrics", x.Class(), x.Config()))
		}
		if out != nil {
			conf[key] = out
		}
	}
	return conf
}

// named is a metric under another name.
type named struct {
	metric.Metric
	name string
}

func (n named) Config() map[string]any {
	c := n.Metric.Config()
	c["name"] = n.name
	return c
}
