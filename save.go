package lince

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/atomicfile"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/graphjson"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// Save writes the model to a file that Keras 3 opens (model.save): the network, the compile options, the weights and the
// optimizer's state. The end of path decides the kind of file: .keras, or .h5 for the older format. An existing file is
// replaced only when the new one is completely written. Equal models give equal bytes.
//
// As with files of Keras, there are restrictions on .h5 files. Keras does not restore the optimizer's state from them. It
// does not open them if there are operations between the layers, such as x / 255, and it needs custom_objects for the layers
// of keras.applications. A model from ONNX or TensorFlow Lite cannot be saved as .h5.
//
// Save returns an error if the model was opened from a file with settings of layers that lince does not support,
// because the new file would lose them.
func (m *Model) Save(path string) error {
	k := kindFor(path)
	if k == nil || k.save == nil {
		return fmt.Errorf("saving: %s: the name must end in %s", path, saves())
	}
	return m.save("saving", path, "", nil, func(w io.Writer, f *keras.File) error { return k.save(w, m, f) })
}

// save writes a file whose name must end in suffix. It includes training, the state of Fit, if that is not nil.
// what is the first word of errors.
func (m *Model) save(what, path, suffix string, training *callback.State, write func(io.Writer, *keras.File) error) error {
	if !strings.HasSuffix(path, suffix) {
		return fmt.Errorf("%s: %s: the name must end in %s", what, path, suffix)
	}
	f, unlock, err := m.file(training)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", what, path, err)
	}
	defer unlock()
	if err := atomicfile.Write(path, func(w io.Writer) error { return write(w, f) }); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// WriteTo writes to w what Save writes to a file, and returns the number of bytes. It implements io.WriterTo.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	f, unlock, err := m.file(nil)
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

// ToJSON returns the network and the compile options, without weights, as JSON (model.to_json).
func (m *Model) ToJSON() ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	c, err := m.config()
	if err != nil {
		return nil, fmt.Errorf("to JSON: %w", err)
	}
	return c, nil
}

// extra is the part of a file that Keras ignores.
type extra struct {
	Classes       []string      `json:"classes,omitempty"`
	Preprocessing Preprocessing `json:"preprocessing,omitempty"`
	Temperature   float64       `json:"temperature,omitempty"`
	MultiLabel    bool          `json:"multi_label,omitempty"`
	Regression    bool          `json:"regression,omitempty"`
	// State has the variables that belong to no layer: the states of random number generators.
	State map[string]int64 `json:"state,omitempty"`
	// ExcludeFromWeightDecay is the optimizer's field, which is not in its Keras config.
	ExcludeFromWeightDecay []string `json:"exclude_from_weight_decay,omitempty"`
	// Training is a callback.State. A file that has it is a checkpoint.
	Training json.RawMessage `json:"training,omitempty"`
}

// extra returns what describes the classes and the images of the model.
func (m *Model) extra() extra {
	return extra{Classes: m.Classes, Preprocessing: m.Preprocessing, Temperature: m.Temperature, MultiLabel: m.MultiLabel, Regression: m.Regression}
}

// described reports whether there is any such description.
func (x extra) described() bool {
	return x.Classes != nil || x.Preprocessing != nil || x.Temperature != 0 || x.MultiLabel || x.Regression
}

// file returns the content of a file, including training, the state of Fit, if that is not nil. The model is
// locked for reading until unlock is called.
func (m *Model) file(training *callback.State) (f *keras.File, unlock func(), err error) {
	if list := m.unsupported(); len(list) > 0 {
		return nil, nil, fmt.Errorf("the new file would lose settings that lince does not have yet: %s", list[0])
	}
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
	x := m.extra()
	for _, v := range m.store.Variables() {
		if strings.HasPrefix(v.Path, generatorPath+"/") && v.DType == tensor.Int64 && v.Rank() == 0 {
			if x.State == nil {
				x.State = map[string]int64{}
			}
			x.State[v.Path] = tensor.Values[int64](v.Value())[0]
		}
	}
	if c := m.compiled; c != nil && c.config.Optimizer != nil {
		x.ExcludeFromWeightDecay = optimizer.Excluded(c.config.Optimizer)
	}
	if training != nil {
		if x.Training, err = json.Marshal(training); err != nil {
			return nil, nil, err
		}
	}
	if x.described() || x.State != nil || x.ExcludeFromWeightDecay != nil || x.Training != nil {
		if f.Extra, err = json.Marshal(x); err != nil {
			return nil, nil, err
		}
	}
	f.Weights = m.entries("", nil)
	if m.state != nil {
		f.Weights = append(f.Weights, *m.state)
	} else if c := m.compiled; c != nil && len(c.optimizer) > 0 {
		f.Weights = append(f.Weights, m.optimizerEntries()...)
	}
	return f, m.mu.RUnlock, nil
}

// entries appends the weights of the model's layers, with their paths in the file. path is the path of the model
// itself. A layer that is in two models is written under both paths; Keras opens such a file as two layers.
func (m *Model) entries(path string, list keras.Weights) keras.Weights {
	list = append(list, keras.Entry{Path: path, Name: m.name})
	for i, at := range m.weightPaths(path) {
		l := m.layers[i]
		if inner := l.Model(); inner != nil {
			list = inner.entries(at, list)
			continue
		}
		if l.isOp() {
			continue
		}
		for _, g := range l.groups(at) {
			list = append(list, keras.Entry{Path: g.path, Name: g.name, Vars: tensors(g.variables)})
		}
	}
	return list
}

// weightPaths returns the paths of the layers' weights in the file. path is the path of the model itself.
func (m *Model) weightPaths(path string) []string {
	paths := make([]string, len(m.layers))
	var classes []string
	for _, l := range m.layers {
		if !l.isOp() {
			classes = append(classes, l.Class())
		}
	}
	numbered := keras.LayerPaths(classes)
	for i, l := range m.layers {
		if l.isOp() { // not in files of weights
			continue
		}
		paths[i], numbered = numbered[0], numbered[1:]
		if path != "" {
			paths[i] = path + "/" + paths[i]
		}
	}
	return paths
}

func tensors(vs []*graph.Variable) []*tensor.Tensor {
	ts := make([]*tensor.Tensor, len(vs))
	for i, v := range vs {
		ts[i] = v.Value()
	}
	return ts
}

// config returns the model as a Keras object.
func (m *Model) config() (json.RawMessage, error) {
	n, err := m.describe(m.sharedLayers())
	if err != nil {
		return nil, err
	}
	switch {
	case len(m.unknown) > 0:
		n.CompileConfig = m.compileJSON
	case m.compiled != nil:
		if n.CompileConfig, err = keras.Marshal(python(m.compileConfig())); err != nil {
			return nil, err
		}
	}
	return keras.WriteNetwork(n)
}

// Config implements layer.Layer: it returns what Keras' get_config returns.
func (m *Model) Config() map[string]any {
	var o struct {
		Config map[string]any `json:"config"`
	}
	n, err := m.describe(m.sharedLayers())
	if err == nil {
		var text []byte
		if text, err = keras.WriteNetwork(n); err == nil {
			err = json.Unmarshal(text, &o)
		}
	}
	if err != nil { // only if a layer's Config cannot be encoded as JSON
		return map[string]any{"name": m.name, "trainable": !m.frozen}
	}
	return o.Config
}

// sharedLayers numbers the layers that occur in several models, among the model and its nested models.
func (m *Model) sharedLayers() map[*layerInstance]int64 {
	numbers := map[*layerInstance]int64{}
	in, met := map[*layerInstance]*Model{}, map[*Model]bool{}
	var visit func(m *Model)
	visit = func(m *Model) {
		met[m] = true
		for _, l := range m.layers {
			if first := in[l]; first == nil {
				in[l] = m
			} else if first != m && numbers[l] == 0 {
				numbers[l] = int64(len(numbers) + 1)
			}
			if inner := l.Model(); inner != nil && !met[inner] {
				visit(inner)
			}
		}
	}
	visit(m)
	return numbers
}

// describe returns the network in the form in which files store it. shared has the numbers of layers that are in
// several models.
func (m *Model) describe(shared map[*layerInstance]int64) (*keras.Network, error) {
	n := &keras.Network{Class: m.class, Name: m.name, Frozen: m.frozen}
	layers := m.layers
	if m.class == "Sequential" {
		n.BuildInputShape = m.InputShape()
		layers = append([]*layerInstance{m.inputs[0].call.layer}, layers...)
	}
	calls, node := nodes(m.calls)
	ref := func(s *Symbol) keras.TensorRef {
		return keras.TensorRef{
			Layer: s.call.layer.name, Node: node[s.call], Tensor: s.index,
			Shape: s.Shape(), DType: s.DType().String(),
		}
	}
	for _, l := range layers {
		out, err := l.describe(calls[l], shared)
		if err != nil {
			return nil, err
		}
		if m.class == "Functional" {
			out.Calls = l.describeCalls(calls[l], ref)
		}
		n.Layers = append(n.Layers, out)
	}
	for _, side := range []struct {
		symbols []*Symbol
		list    bool
		keys    []string
		to      *keras.Structure
	}{{m.inputs, m.inputList, m.inputKeys, &n.Inputs}, {m.outputs, m.outputList, m.outputKeys, &n.Outputs}} {
		side.to.Keys = side.keys
		side.to.Single = len(side.symbols) == 1 && !side.list && side.keys == nil
		for _, s := range side.symbols {
			side.to.Tensors = append(side.to.Tensors, ref(s))
		}
	}
	return n, nil
}

// describe returns the layer in the form in which files store it, without its calls.
func (l *layerInstance) describe(calls []*call, shared map[*layerInstance]int64) (out keras.NetworkLayer, err error) {
	out = keras.NetworkLayer{Module: "keras.layers", Class: l.Class(), Name: l.name, Frozen: l.frozen, Shared: shared[l]}
	if inner := l.Model(); inner != nil {
		out.Network, err = inner.describe(shared)
		return out, err
	}
	if o, ok := l.config.(kerasOp); ok {
		return o.describe(l.name)
	}
	conf := l.Config()
	if g, ok := l.config.(graphLayer); ok {
		if conf["graph"] == nil {
			_, err := graphjson.Marshal(g.g)
			return out, fmt.Errorf("layer %s: %w", l.name, err)
		}
		out.Module, out.RegisteredName = customModule, graphClass
	} else if a, ok := applicationLayers()[out.Class]; ok {
		out.Module, out.RegisteredName = a.module, out.Class
	} else if !slices.Contains(layer.Classes(), out.Class) {
		out.Module, out.RegisteredName = customModule, out.Class
	}
	if out.Config, err = keras.Marshal(python(conf)); err != nil {
		return out, fmt.Errorf("layer %s: its config: %w", l.name, err)
	}
	if build := calls[0].buildConfig(); build != nil {
		out.BuildConfig, err = keras.Marshal(build)
	}
	return out, err
}

// describeCalls returns the layer's calls in the form in which files store them. ref returns a file's reference to
// a symbol.
func (l *layerInstance) describeCalls(calls []*call, ref func(*Symbol) keras.TensorRef) (list []keras.NetworkCall) {
	if o, ok := l.config.(kerasOp); ok {
		return o.describeCalls(calls, ref)
	}
	for _, c := range calls {
		if len(c.in) == 0 {
			continue
		}
		args := make([]keras.Arg, len(c.in))
		for i, x := range c.in {
			args[i] = ref(x)
		}
		if inner := l.Model(); inner != nil && inner.inputKeys != nil {
			dict := keras.ArgDict{}
			for i, key := range inner.inputKeys {
				dict[key] = args[i]
			}
			args = []keras.Arg{dict}
		} else if _, most := l.Operands(); most != 1 && l.operandNames() == nil {
			args = []keras.Arg{keras.ArgList(args)}
		}
		list = append(list, c.withKeywords(keras.NetworkCall{Args: args}))
	}
	return list
}

// buildConfig returns the shapes of the call's operands for JSON, as Keras writes them for the layer. It is nil for an input.
func (c *call) buildConfig() map[string]any {
	shape := c.inputShape()
	names := c.layer.operandNames()
	switch {
	case shape == nil:
		return nil
	case names == nil:
		return map[string]any{"input_shape": shape}
	}
	shapes := map[string]any{}
	for i, x := range c.in {
		shapes[names[i]+"_shape"] = keras.Dims(x.Shape())
	}
	return map[string]any{"shapes_dict": shapes}
}

// inputShape returns the shape of the call's operands for JSON, nil for an input.
func (c *call) inputShape() any {
	switch len(c.in) {
	case 0:
		return nil
	case 1:
		return keras.Dims(c.in[0].Shape())
	}
	var list []any
	for _, x := range c.in {
		list = append(list, keras.Dims(x.Shape()))
	}
	return list
}

// python marks floats, so that they are written as floats for Python: 1.0, not 1.
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

// compileConfig returns the compile config, with the current learning rate.
func (m *Model) compileConfig() map[string]any {
	c := m.compiled.config
	opt := optimizer.ConfigOf(c.Optimizer)
	if rate, s, err := m.rate(); err == nil && s == nil {
		of := opt
		if inner, _ := optimizer.Rate(c.Optimizer); inner != "" {
			_, of = config.Object(opt[inner])
		}
		of["learning_rate"] = float64(rate.Value().Float32s()[0])
	}
	conf := map[string]any{
		"optimizer":           wrap("keras.optimizers", optimizer.ClassOf(c.Optimizer), opt, optimizer.Classes()),
		"loss_weights":        nil,
		"run_eagerly":         false,
		"steps_per_execution": 1,
		"jit_compile":         false,
	}
	keys := []struct {
		key string
		of  func(o objective) any
	}{
		{"loss", func(o objective) any {
			if o.Loss == nil {
				return nil
			}
			return wrap("keras.losses", loss.ClassOf(o.Loss), loss.ConfigOf(o.Loss), loss.Classes())
		}},
		{"metrics", func(o objective) any { return m.metricList(o, o.Metrics) }},
		{"weighted_metrics", func(o objective) any { return m.metricList(o, o.WeightedMetrics) }},
		{"loss_weights", func(o objective) any {
			if o.LossWeight == nil {
				return nil
			}
			return *o.LossWeight
		}},
	}
	objectives := m.compiled.objectives
	for _, k := range keys {
		conf[k.key] = nil
		if len(m.outputs) == 1 && m.outputKeys == nil {
			conf[k.key] = k.of(objectives[0])
			continue
		}
		// A list in the order of the outputs means the same as a dict. An output that has nothing is None, or
		// 1 in the list of weights.
		list := make([]any, len(m.outputs))
		said := false
		for _, o := range objectives {
			list[o.output] = k.of(o)
			said = said || list[o.output] != nil
		}
		if !said {
			continue
		}
		for i, v := range list {
			if v == nil && k.key == "loss_weights" {
				list[i] = 1.
			}
		}
		conf[k.key] = list
		if m.outputKeys != nil { // Keras needs a dict here
			dict := map[string]any{}
			for i, key := range m.outputKeys {
				dict[key] = list[i]
			}
			conf[k.key] = dict
		}
	}
	return conf
}

// customModule is the module of custom classes in files. Keras finds such a class by its registered name
// among the custom_objects that the caller passes.
const customModule = "custom"

// wrap returns the Keras object of a class, which is a custom class unless it is in known.
func wrap(module, class string, conf map[string]any, known []string) map[string]any {
	o := config.Wrap(module, class, conf)
	if !slices.Contains(known, class) {
		o["module"], o["registered_name"] = customModule, class
	}
	return o
}

// metricList returns the metrics of an output as a file lists them; nil if there are none.
func (m *Model) metricList(o objective, list []metric.Metric) any {
	var out []any
	for _, x := range list {
		if a, ok := x.(metric.Accuracy); ok && a.Named() != "accuracy" && a.Named() != "acc" {
			x = named{a.Resolve(o.target.Shape, m.outputs[o.output].Shape()), a.Named()}
		}
		if metric.ClassOf(x) == "" {
			out = append(out, metric.NameOf(x))
			continue
		}
		out = append(out, wrap("keras.metrics", metric.ClassOf(x), metric.ConfigOf(x), append(metric.Classes(), metric.ClassOf(metric.Loss{}))))
	}
	if out == nil {
		return nil
	}
	return out
}

// named is a metric with another name.
type named struct {
	metric.Metric
	name string
}

func (n named) Class() string { return metric.ClassOf(n.Metric) }

func (n named) Config() map[string]any {
	c := metric.ConfigOf(n.Metric)
	c["name"] = n.name
	return c
}
