package keras

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/lince-ml/lince/tensor"
)

// modelJSON is the JSON that Keras 3 writes for a model, outermost or nested.
type modelJSON struct {
	Module         string          `json:"module"`
	ClassName      string          `json:"class_name"`
	Config         any             `json:"config"`
	RegisteredName *string         `json:"registered_name"`
	BuildConfig    any             `json:"build_config,omitempty"`
	CompileConfig  json.RawMessage `json:"compile_config"`
	Shared         int64           `json:"lince_shared,omitempty"`
	*placeJSON
}

// layerJSON is the JSON of any other entry of "layers".
type layerJSON struct {
	Module         string          `json:"module"`
	ClassName      string          `json:"class_name"`
	Config         json.RawMessage `json:"config"`
	RegisteredName *string         `json:"registered_name"`
	BuildConfig    json.RawMessage `json:"build_config,omitempty"`
	Shared         int64           `json:"lince_shared,omitempty"`
	*placeJSON
}

// placeJSON holds the members that only layers of a Functional model have.
type placeJSON struct {
	Name         string     `json:"name"`
	InboundNodes []callJSON `json:"inbound_nodes"`
}

type callJSON struct {
	Args   []any          `json:"args"`
	Kwargs map[string]any `json:"kwargs"`
}

type tensorJSON struct {
	ClassName string      `json:"class_name"`
	Config    historyJSON `json:"config"`
}

type historyJSON struct {
	Shape        []any  `json:"shape"`
	DType        string `json:"dtype"`
	KerasHistory []any  `json:"keras_history"`
}

type sequentialJSON struct {
	Name            string          `json:"name"`
	Trainable       bool            `json:"trainable"`
	DType           json.RawMessage `json:"dtype"`
	Layers          []any           `json:"layers"`
	BuildInputShape any             `json:"build_input_shape,omitempty"`
}

type functionalJSON struct {
	Name         string `json:"name"`
	Trainable    bool   `json:"trainable"`
	Layers       []any  `json:"layers"`
	InputLayers  any    `json:"input_layers"`
	OutputLayers any    `json:"output_layers"`
}

type shapeJSON struct {
	InputShape any `json:"input_shape"`
}

// WriteNetwork writes the config of a model as Keras 3.15 does, for config.json of a .keras file or as model.to_json(). The tensors in calls
// need a Shape. A DType of "" means float32. Names that are not unique and invalid references are errors, because Keras cannot read them.
func WriteNetwork(n *Network) ([]byte, error) {
	w := &networkWriter{}
	o := w.model("the model", n, nil, 0)
	if err := errors.Join(w.errs...); err != nil {
		return nil, fmt.Errorf("keras: the model's config: %w", err)
	}
	b, err := Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("keras: the model's config: %w", err)
	}
	return b, nil
}

type networkWriter struct{ errs []error }

func (w *networkWriter) errorf(where, format string, a ...any) {
	w.errs = append(w.errs, fmt.Errorf("%s: %w", where, fmt.Errorf(format, a...)))
}

func (w *networkWriter) model(where string, n *Network, place *placeJSON, depth int) modelJSON {
	o := modelJSON{Module: "keras", ClassName: n.Class, CompileConfig: n.CompileConfig, placeJSON: place}
	if o.CompileConfig == nil {
		o.CompileConfig = json.RawMessage("{}")
	}
	if depth > maxDepth {
		w.errorf(where, "models are nested more than %d deep", maxDepth)
		return o
	}
	layers := w.layers(where, n, depth)
	switch n.Class {
	case sequential:
		c := sequentialJSON{Name: n.Name, Trainable: !n.Frozen, DType: n.DType, Layers: layers}
		if c.DType == nil {
			c.DType = json.RawMessage(`{"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": null}`)
		}
		if n.BuildInputShape != nil {
			c.BuildInputShape = Dims(n.BuildInputShape)
			o.BuildConfig = shapeJSON{Dims(n.BuildInputShape)}
		}
		o.Config = c
	case functional:
		name := functional
		o.Module, o.RegisteredName, o.BuildConfig = "keras.src.models.functional", &name, shapeJSON{}
		o.Config = functionalJSON{
			Name: n.Name, Trainable: !n.Frozen, Layers: layers,
			InputLayers:  w.structure(where+": inputs", n, n.Inputs),
			OutputLayers: w.structure(where+": outputs", n, n.Outputs),
		}
	default:
		w.errorf(where, "its class is %q, want Sequential or Functional", n.Class)
	}
	return o
}

func (w *networkWriter) layers(where string, n *Network, depth int) []any {
	calls := make(map[string]int, len(n.Layers))
	for _, l := range n.Layers {
		if _, ok := calls[l.Name]; ok {
			w.errorf(where, "two layers have the name %q", l.Name)
		}
		calls[l.Name] = len(l.Calls)
		if l.Network == nil && l.Class == inputLayer {
			calls[l.Name] = 1
		}
	}
	out := make([]any, 0, len(n.Layers))
	for _, l := range n.Layers {
		where := fmt.Sprintf("layer %q (%s)", l.Name, l.Class)
		if depth > 0 {
			where = fmt.Sprintf("model %q: %s", n.Name, where)
		}
		var place *placeJSON
		if n.Class == functional {
			place = &placeJSON{Name: l.Name, InboundNodes: []callJSON{}}
			for i, c := range l.Calls {
				place.InboundNodes = append(place.InboundNodes, w.call(where+": call "+strconv.Itoa(i), l, c, calls))
			}
		}
		if l.Network != nil {
			inner := *l.Network
			inner.Name, inner.Frozen = l.Name, l.Frozen
			o := w.model(where, &inner, place, depth+1)
			o.Shared = l.Shared
			out = append(out, o)
			continue
		}
		o := layerJSON{Module: l.Module, ClassName: l.Class, BuildConfig: l.BuildConfig, Shared: l.Shared, placeJSON: place}
		if o.Module == "" {
			o.Module = "keras.layers"
		}
		if l.RegisteredName != "" {
			o.RegisteredName = &l.RegisteredName
		}
		var err error
		if o.Config, err = layerConfig(l); err != nil {
			w.errorf(where, "%w", err)
		}
		out = append(out, o)
	}
	return out
}

// noTrainable lists the classes whose constructors do not accept trainable. Keras does not write the flag for them, and rejects files that
// have it.
var noTrainable = map[string]bool{
	inputLayer: true, "Discretization": true, "HashedCrossing": true, "Pipeline": true,
	"SpatialDropout1D": true, "SpatialDropout2D": true, "SpatialDropout3D": true,
}

// layerConfig returns a layer's config with its name and its trainable flag.
func layerConfig(l NetworkLayer) (json.RawMessage, error) {
	v, err := scan(l.Config)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	if v.kind() != '{' {
		return nil, fmt.Errorf("config is %s, want an object", v.show())
	}
	name, err := Marshal(l.Name)
	if err != nil {
		return nil, err
	}
	trainable := strconv.FormatBool(!l.Frozen)
	if l.Op() || noTrainable[l.Class] {
		trainable = ""
	}
	return setMembers(v, [2]string{"name", string(name)}, [2]string{"trainable", trainable}), nil
}

// setMembers returns an object with some members set. An existing member keeps its place; a new one comes first. A member that is set to ""
// is removed.
func setMembers(v value, set ...[2]string) json.RawMessage {
	out := []byte{'{'}
	add := func(key []byte, x string) {
		if x == "" {
			return
		}
		if len(out) > 1 {
			out = append(out, ", "...)
		}
		out = append(append(append(out, key...), ": "...), x...)
	}
	keys := make([]string, len(set))
	for i, m := range set {
		keys[i] = m[0]
	}
	for i, f := range v.fields(keys...) {
		if f.d == nullDocument {
			add([]byte(strconv.Quote(set[i][0])), set[i][1])
		}
	}
	for k, x := range v.members() {
		text := string(x.raw())
		for _, m := range set {
			if k.is(m[0]) {
				text = m[1]
			}
		}
		add(k.raw(), text)
	}
	return append(out, '}')
}

func (w *networkWriter) call(where string, l NetworkLayer, c NetworkCall, calls map[string]int) callJSON {
	o := callJSON{Args: []any{}, Kwargs: map[string]any{}}
	for _, a := range c.Args {
		o.Args = append(o.Args, w.arg(where, a, calls))
	}
	for key, a := range c.Kwargs {
		o.Kwargs[key] = w.arg(where, a, calls)
	}
	if c.Kwargs == nil {
		class := l.Class
		if l.Network != nil {
			class = l.Network.Class
		}
		for key, x := range usualKwargs[class] {
			o.Kwargs[key] = json.RawMessage(x)
		}
		if l.Network != nil && len(c.Args) == 1 {
			if list, ok := c.Args[0].(ArgList); ok {
				o.Kwargs["mask"] = make([]any, len(list)) // a null for each input
			}
		}
	}
	return o
}

// usualKwargs lists what Keras writes for a call without keyword arguments. If a layer's call accepts mask or training, Keras passes them.
var usualKwargs = map[string]map[string]string{
	sequential:               {"mask": "null"},
	functional:               {"mask": "null"},
	"BatchNormalization":     {"mask": "null"},
	"Softmax":                {"mask": "null"},
	"GlobalAveragePooling1D": {"mask": "null"},
	"Bidirectional":          {"mask": "null"},
	"TimeDistributed":        {"mask": "null"},
	"LSTM":                   {"training": "false", "mask": "null"},
	"GRU":                    {"training": "false", "mask": "null"},
	"Dropout":                {"training": "false"},
	"SpatialDropout1D":       {"training": "false"},
	"SpatialDropout2D":       {"training": "false"},
	"SpatialDropout3D":       {"training": "false"},
	"AlphaDropout":           {"training": "false"},
	"GaussianDropout":        {"training": "false"},
	"GaussianNoise":          {"training": "false"},
	"SpectralNormalization":  {"training": "false"},
	"RandomBrightness":       {"training": "true"},
	"RandomContrast":         {"training": "true"},
	"RandomCrop":             {"training": "true"},
	"RandomFlip":             {"training": "true"},
	"RandomRotation":         {"training": "true"},
	"RandomTranslation":      {"training": "true"},
	"RandomZoom":             {"training": "true"},
}

func (w *networkWriter) arg(where string, a Arg, calls map[string]int) any {
	switch a := a.(type) {
	case TensorRef:
		if a.Shape == nil {
			w.errorf(where, "its operand, a result of layer %q, has no shape", a.Layer)
			return nil
		}
		if err := checkRef(a, calls); err != nil {
			w.errorf(where, "%w", err)
		}
		dtype := a.DType
		if dtype == "" {
			dtype = "float32"
		}
		return tensorJSON{tensorClass, historyJSON{Dims(a.Shape), dtype, []any{a.Layer, a.Node, a.Tensor}}}
	case ArgList:
		l := make([]any, len(a))
		for i, x := range a {
			l[i] = w.arg(where, x, calls)
		}
		return l
	case ArgDict:
		m := make(map[string]any, len(a))
		for key, x := range a {
			m[key] = w.arg(where, x, calls)
		}
		return m
	case Constant:
		return json.RawMessage(a)
	}
	w.errorf(where, "an argument is nil")
	return nil
}

// structure writes the references to inputs or outputs. There, calls of a nested Functional model count from 1.
func (w *networkWriter) structure(where string, n *Network, s Structure) any {
	layers := make(map[string]NetworkLayer, len(n.Layers))
	calls := make(map[string]int, len(n.Layers))
	for _, l := range n.Layers {
		layers[l.Name], calls[l.Name] = l, len(l.Calls)
		if l.Network == nil && l.Class == inputLayer {
			calls[l.Name] = 1
		}
	}
	refs := make([]any, len(s.Tensors))
	for i, t := range s.Tensors {
		if err := checkRef(t, calls); err != nil {
			w.errorf(where, "%w", err)
		}
		if m := layers[t.Layer].Network; m != nil && m.Class != sequential {
			t.Node++
		}
		refs[i] = []any{t.Layer, t.Node, t.Tensor}
	}
	switch {
	case len(refs) == 0:
		w.errorf(where, "want at least one tensor")
	case s.Single && len(refs) == 1:
		return refs[0]
	case s.Single || s.Keys != nil && len(s.Keys) != len(refs):
		w.errorf(where, "it has %d tensors, which contradicts Single or Keys", len(refs))
	case s.Keys != nil:
		m := map[string]any{}
		for i, key := range s.Keys {
			m[key] = refs[i]
		}
		return m
	}
	return refs
}

// Dims returns a shape as JSON, with null for an unknown dimension.
func Dims(s tensor.Shape) []any {
	d := make([]any, len(s))
	for i, n := range s {
		if n != tensor.Unknown {
			d[i] = n
		}
	}
	return d
}
