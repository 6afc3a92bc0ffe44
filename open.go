package lince

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// Open reads a model from a .keras file of lince or Keras 3. See Options.Open.
func Open(path string) (*Model, error) { return Options{}.Open(path) }

// Read reads a model from a .keras archive. See Options.Open.
func Read(r io.ReaderAt, size int64) (*Model, error) { return Options{}.Read(r, size) }

// FromJSON makes a model of Keras' model.to_json(). See Options.FromJSON.
func FromJSON(config []byte) (*Model, error) { return Options{}.FromJSON(config) }

// Open reads a model from a .keras file of lince or Keras 3: a Sequential model, or a
// Functional one that is a chain of layers. It is compiled as it was when it was saved, and
// goes on training from there; with NoCompile it is only a network with weights.
//
// Files may come from strangers: nothing in them names code or a path, and they cannot
// claim more memory than in proportion to their size.
func (o Options) Open(path string) (*Model, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, fmt.Errorf("opening the model %s: %w", path, err)
	}
	defer func() { _ = f.Close() }() // only read
	m, err := o.read(f, size)
	if err != nil {
		return nil, fmt.Errorf("opening the model %s: %w", path, err)
	}
	return m, nil
}

// Read reads a model from a .keras archive of size bytes, as Open does.
func (o Options) Read(r io.ReaderAt, size int64) (*Model, error) {
	m, err := o.read(r, size)
	if err != nil {
		return nil, fmt.Errorf("reading a model: %w", err)
	}
	return m, nil
}

// FromJSON makes a model of Keras' model.to_json(), with initial weights; it is compiled
// where the JSON says how.
func (o Options) FromJSON(text []byte) (*Model, error) {
	m, compile, err := o.fromConfig(text)
	if err == nil {
		err = checkMemory(m.store.Variables())
	}
	if err == nil {
		m.store.Initialize(m.seed)
		err = m.compileFrom(compile)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a model's JSON: %w", err)
	}
	return m, nil
}

func (o Options) read(r io.ReaderAt, size int64) (*Model, error) {
	f, err := keras.Read(r, size)
	if err != nil {
		return nil, err
	}
	return o.fromFile(f)
}

// fromFile makes the model of a file.
func (o Options) fromFile(f *keras.File) (*Model, error) {
	m, compile, err := o.fromConfig(f.Config)
	if err != nil {
		return nil, err
	}
	// Variables take memory only once it is known that the file has their values.
	if err := m.load(f.Weights); err != nil {
		return nil, err
	}
	x, err := m.readExtra(f)
	if err != nil {
		return nil, err
	}
	m.Classes, m.Preprocessing = x.Classes, x.Preprocessing
	if err := m.checkExtra(); err != nil {
		return nil, err
	}
	if err := m.compileFrom(compile); err != nil {
		return nil, err
	}
	if m.compiled != nil {
		if err := m.loadOptimizer(f.Weights); err != nil {
			return nil, err
		}
	}
	return m, m.loadStreams(x)
}

// readExtra reads what Keras has no place for.
func (m *Model) readExtra(f *keras.File) (x extra, err error) {
	if f.Extra != nil {
		if err := json.Unmarshal(f.Extra, &x); err != nil {
			return x, fmt.Errorf("what lince keeps in the file: %w", err)
		}
	}
	return x, nil
}

// loadStreams puts the random numbers where they were.
func (m *Model) loadStreams(x extra) error {
	for path, n := range x.State {
		if v := m.store.Lookup(path); v != nil && v.DType == tensor.Int64 && v.Rank() == 0 {
			if err := m.store.Set(v, tensor.Scalar(n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxLayers is how many layers a file's model may have.
const maxLayers = 10_000

// fromConfig makes a model of a Keras object. Its variables have no values yet. compile is
// nil where it is not to be compiled.
func (o Options) fromConfig(text []byte) (m *Model, compile json.RawMessage, err error) {
	var model keras.Object
	if err := json.Unmarshal(text, &model); err != nil {
		return nil, nil, fmt.Errorf("the configuration: %w", err)
	}
	var objects []keras.Object
	var conf struct {
		Name            string         `json:"name"`
		Layers          []keras.Object `json:"layers"`
		BuildInputShape []*int         `json:"build_input_shape"`

		InputLayers  json.RawMessage `json:"input_layers"`
		OutputLayers json.RawMessage `json:"output_layers"`
	}
	if err := json.Unmarshal(model.Config, &conf); err != nil {
		return nil, nil, fmt.Errorf("the configuration of %s: %w", model.ClassName, err)
	}
	if n := len(conf.Layers); n > maxLayers {
		return nil, nil, fmt.Errorf("the model has %d layers, at most %d are read", n, maxLayers)
	}
	switch model.ClassName {
	case "Sequential":
		objects = conf.Layers
	case "Functional", "Model":
		if objects, err = chain(conf.Layers, conf.InputLayers, conf.OutputLayers); err != nil {
			return nil, nil, err
		}
	case "":
		return nil, nil, errors.New("the configuration is no Keras model: it has no class_name")
	default:
		return nil, nil, fmt.Errorf("the model is of class %q; Sequential can be read, and Functional where it is a chain of layers", model.ClassName)
	}
	layers, err := o.decodeLayers(objects)
	if err != nil {
		return nil, nil, err
	}
	if len(layers) > 0 {
		_, ok := layers[0].(layer.Input)
		if !ok && len(conf.BuildInputShape) < 2 {
			return nil, nil, errors.New("the model does not say the shape of its input; give it keras.Input(shape) as the first layer, or build it, before it is saved")
		}
		if !ok {
			in := layer.Input{}
			for _, d := range conf.BuildInputShape[1:] {
				n := tensor.Unknown
				if d != nil {
					n = *d
				}
				in.Shape = append(in.Shape, n)
			}
			layers = append([]layer.Layer{in}, layers...)
		}
	}
	if conf.Name != "" {
		o.Name = conf.Name
	}
	if m, err = o.build(layers); err != nil {
		return nil, nil, err
	}
	if !o.NoCompile {
		compile = model.CompileConfig
	}
	return m, compile, nil
}

func (o Options) decodeLayers(objects []keras.Object) ([]layer.Layer, error) {
	var layers []layer.Layer
	var errs []error
	for i, object := range objects {
		l, err := o.decodeLayer(object)
		if err != nil {
			errs = append(errs, fmt.Errorf("layer %d: %w", i, err))
			continue
		}
		layers = append(layers, l)
	}
	return layers, errors.Join(errs...)
}

func (o Options) decodeLayer(object keras.Object) (layer.Layer, error) {
	if own := o.Layers[object.ClassName]; own != nil {
		l, err := own(object.Config)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", object.ClassName, err)
		}
		return l, nil
	}
	conf, err := decodeMap(object.Config)
	if err != nil {
		return nil, err
	}
	return layer.Decode(object.ClassName, conf)
}

// decodeMap reads an object, its numbers exactly.
func decodeMap(text json.RawMessage) (map[string]any, error) {
	if len(text) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		return nil, fmt.Errorf("its config: %w", err)
	}
	return m, nil
}

// chain puts the layers of a Functional model in order, if each takes what one other gives.
func chain(layers []keras.Object, inputs, outputs json.RawMessage) ([]keras.Object, error) {
	fail := func(format string, a ...any) ([]keras.Object, error) {
		return nil, fmt.Errorf("the Functional model is no chain of layers, which is what can be read: "+format, a...)
	}
	first, err := oneTensor(inputs)
	if err != nil {
		return fail("its inputs: %w", err)
	}
	last, err := oneTensor(outputs)
	if err != nil {
		return fail("its outputs: %w", err)
	}
	after := map[string]keras.Object{} // by the name of the layer before
	var order []keras.Object
	for _, l := range layers {
		from, err := inbound(l.InboundNodes)
		switch {
		case err != nil:
			return fail("layer %s: %w", l.Name, err)
		case from == "" && l.Name == first:
			order = append(order, l)
		case from == "":
			return fail("layer %s takes nothing", l.Name)
		default:
			if other, ok := after[from]; ok {
				return fail("%s goes to both %s and %s", from, other.Name, l.Name)
			}
			after[from] = l
		}
	}
	if len(order) != 1 {
		return fail("there is no one layer %s for its input", first)
	}
	for len(order) <= len(layers) {
		next, ok := after[order[len(order)-1].Name]
		if !ok {
			break
		}
		order = append(order, next)
	}
	if len(order) != len(layers) || order[len(order)-1].Name != last {
		return fail("not all layers are on the way from %s to %s", first, last)
	}
	return order, nil
}

// oneTensor reads ["name", 0, 0], or a list of one such.
func oneTensor(text json.RawMessage) (string, error) {
	var v []any
	if err := json.Unmarshal(text, &v); err != nil {
		return "", err
	}
	if len(v) == 1 {
		if inner, ok := v[0].([]any); ok {
			v = inner
		}
	}
	if len(v) >= 3 {
		if name, ok := v[0].(string); ok && v[1] == 0. && v[2] == 0. {
			return name, nil
		}
	}
	return "", fmt.Errorf("%.100s, want one", text)
}

// inbound reads where a layer's operand comes from; "" is nowhere.
func inbound(text json.RawMessage) (string, error) {
	if len(text) == 0 {
		return "", nil
	}
	var nodes []any
	if err := json.Unmarshal(text, &nodes); err != nil {
		return "", err
	}
	if len(nodes) == 0 {
		return "", nil
	}
	if len(nodes) > 1 {
		return "", errors.New("it is used more than once")
	}
	bad := fmt.Errorf("its operands are %.200s, want one", text)
	var history any
	switch node := nodes[0].(type) {
	case map[string]any: // Keras 3
		args, _ := node["args"].([]any)
		if len(args) != 1 {
			return "", bad
		}
		arg, _ := args[0].(map[string]any)
		conf, _ := arg["config"].(map[string]any)
		history = conf["keras_history"]
	case []any: // Keras 2
		if len(node) != 1 {
			return "", bad
		}
		history = node[0]
	}
	h, _ := history.([]any)
	if len(h) < 3 {
		return "", bad
	}
	name, ok := h[0].(string)
	if !ok || name == "" || h[1] != 0. || h[2] != 0. {
		return "", bad
	}
	return name, nil
}

// load gives the layers' variables the file's values.
func (m *Model) load(weights keras.Weights) error {
	var errs []error
	vars := make([][]*tensor.Tensor, len(m.layers))
	for i, path := range m.weightPaths() {
		l := m.layers[i]
		e, _ := weights.Find(path)
		vars[i] = e.Vars
		if len(e.Vars) != len(l.Variables) {
			errs = append(errs, fmt.Errorf("layer %s: the file has %d variables, the network %d", l.Name, len(e.Vars), len(l.Variables)))
		}
		for j, v := range l.Variables[:min(len(l.Variables), len(e.Vars))] {
			if t := e.Vars[j]; t.DType() != v.DType || !t.Shape().Equal(v.Shape) {
				errs = append(errs, fmt.Errorf("layer %s: the file's %s is %v, the network's %v", l.Name, v.Path, t, v.Type))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for i, l := range m.layers {
		for j, v := range l.Variables {
			if err := m.store.Set(v, vars[i][j]); err != nil {
				return err
			}
		}
	}
	m.store.Initialize(m.seed) // nothing is left, but that there are values is for the store to say
	return nil
}

// compileFrom compiles the model as a file says; nil or null is not at all.
func (m *Model) compileFrom(text json.RawMessage) error {
	conf, err := decodeMap(text)
	if err != nil {
		return fmt.Errorf("how it was compiled: %w", err)
	}
	if conf["loss"] == nil || conf["optimizer"] == nil {
		return nil
	}
	var c Compile
	var errs []error
	note := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	c.Optimizer, err = decode(conf["optimizer"], optimizer.Parse, optimizer.Decode)
	note(err)
	c.Loss, err = decode(one(conf["loss"]), loss.Parse, loss.Decode)
	note(err)
	if conf["loss_weights"] != nil {
		note(fmt.Errorf("loss_weights are %s: not supported", config.Show(conf["loss_weights"])))
	}
	for i, list := range []*[]metric.Metric{&c.Metrics, &c.WeightedMetrics} {
		values, err := flat(conf[[]string{"metrics", "weighted_metrics"}[i]])
		note(err)
		for _, v := range values {
			x, err := decode(v, metric.Parse, metric.Decode)
			note(err)
			*list = append(*list, x)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("how it was compiled (Options.NoCompile leaves it out): %w", err)
	}
	if err := m.compile(c); err != nil {
		return fmt.Errorf("how it was compiled (Options.NoCompile leaves it out): %w", err)
	}
	return nil
}

// decode makes an optimizer, a loss or a metric of a name, or of a Keras object.
func decode[T any](v any, parse func(string) (T, error), decode func(string, map[string]any) (T, error)) (T, error) {
	var none T
	if m, ok := v.(map[string]any); ok && m["class_name"] == "function" {
		v = m["config"]
	}
	if name, ok := v.(string); ok {
		return parse(name)
	}
	class, conf := config.Object(v)
	if class == "" {
		return none, fmt.Errorf("%s is no Keras object", config.Show(v))
	}
	return decode(class, conf)
}

// one takes the only element out of a list.
func one(v any) any {
	if l, ok := v.([]any); ok && len(l) == 1 {
		return l[0]
	}
	return v
}

// flat is a list of metrics, or a list with that list for the only output, as Keras 2 has it.
func flat(v any) ([]any, error) {
	if v == nil {
		return nil, nil
	}
	l, ok := v.([]any)
	if ok && len(l) == 1 {
		if inner, is := l[0].([]any); is {
			l = inner
		}
	}
	if !ok {
		return nil, fmt.Errorf("metrics are %s, want a list", config.Show(v))
	}
	return l, nil
}

// loadOptimizer gives the optimizer's variables the file's values. A file of a model that
// was compiled but not trained has no slots.
func (m *Model) loadOptimizer(weights keras.Weights) error {
	e, ok := weights.Find(optimizerPath)
	vs := m.compiled.optimizer
	if !ok || len(e.Vars) == 0 {
		return nil
	}
	if len(e.Vars) != len(vs) && len(e.Vars) != 2 {
		return fmt.Errorf("the optimizer's state (Options.NoCompile leaves it out): the file has %d variables, %s %d", len(e.Vars), m.compiled.config.Optimizer.Class(), len(vs))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, t := range e.Vars[:min(len(e.Vars), len(vs))] {
		if t.DType() == tensor.Int32 && vs[i].DType == tensor.Int64 && t.Len() == 1 && t.Shape().Equal(vs[i].Shape) {
			t = tensor.Scalar(int64(tensor.Values[int32](t)[0]))
		}
		if err := m.store.Set(vs[i], t); err != nil {
			return fmt.Errorf("the optimizer's state (Options.NoCompile leaves it out): %w", err)
		}
	}
	m.compiled.started = len(e.Vars) == len(vs)
	return nil
}
