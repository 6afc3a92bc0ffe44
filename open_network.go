package lince

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/suggest"
	"github.com/lince-ml/lince/layer"
)

// reader makes a model from a file's network.
type reader struct {
	Options
	missing map[string][]string      // names of layers, by unsupported class
	custom  string                   // the registered name of one of them that another package than Keras has
	reasons map[string]string        // why lince does not support a class of missing, if it is one of Keras
	shared  map[int64]*layerInstance // layers that are in several models, by keras.NetworkLayer.Shared
	batches bool                     // inputs keep the size of batches that the file fixes
}

// maxMissing limits the classes that an error lists.
const maxMissing = 50

// missingClasses returns an error that lists all unsupported classes.
func (r *reader) missingClasses() error {
	if len(r.missing) == 0 {
		return nil
	}
	var list []string
	for _, class := range slices.Sorted(maps.Keys(r.missing)) {
		names := r.missing[class]
		where := fmt.Sprintf("layer %s", names[0])
		if len(names) > 1 {
			where = fmt.Sprintf("%s and %d more", where, len(names)-1)
		}
		if reason := r.reasons[class]; reason != "" {
			where += "; " + reason
		} else if near := suggest.Nearest(class, layer.Classes()); near != "" {
			where += fmt.Sprintf("; did you mean %s?", near)
		}
		list = append(list, fmt.Sprintf("%s (%s)", class, where))
		if more := len(r.missing) - len(list); len(list) == maxMissing && more > 0 {
			list = append(list, fmt.Sprintf("and %d more", more))
			break
		}
	}
	err := fmt.Errorf("the model needs classes that lince does not support: %s; add custom layers to Options.Layers", strings.Join(list, ", "))
	if r.custom != "" {
		return &customLayersError{r.custom, err}
	}
	return err
}

// model makes the model of a network. in, if not nil, is the symbol that a nested model is applied to: it gives
// the input's shape if the network does not. where is the prefix of layer names in messages.
func (r *reader) model(n *keras.Network, in *Symbol, where string) (*Model, error) {
	var m *Model
	var err error
	if n.Class == "Sequential" {
		m, err = r.sequential(n, in, where)
	} else {
		m, err = r.functional(n, where)
	}
	if m == nil || err != nil {
		return nil, err
	}
	m.frozen = n.Frozen
	return m, nil
}

// options returns the reader's options for a model with a name.
func (r *reader) options(name string) Options {
	o := r.Options
	if name != "" {
		o.Name = name
	}
	return o
}

func (r *reader) sequential(n *keras.Network, in *Symbol, where string) (*Model, error) {
	list := n.Layers
	var layers []layer.Layer
	var errs []error
	x := in
	if len(list) > 0 && list[0].Network == nil && list[0].Class == "InputLayer" {
		l, _, err := r.layer(list[0], where)
		if l == nil || err != nil {
			return nil, err
		}
		layers, list = append(layers, l), list[1:]
		x = apply(newLayer(l), nil)
	} else {
		var first layer.Input
		switch {
		case len(n.BuildInputShape) > 1:
			first.Shape = n.BuildInputShape[1:]
		case in != nil && len(in.typ.Shape) > 1:
			first.Shape = in.typ.Shape[1:]
		case len(list) > 0 && list[0].Network != nil:
			// The nested model's input becomes the model's.
		default:
			return nil, errors.New("the file does not have the shape of the model's input; before saving in Keras, add keras.Input(shape) as the first layer, or call model.build")
		}
		if first.Shape != nil {
			layers = append(layers, first)
			x = apply(newLayer(first), nil)
		}
	}
	for _, nl := range list {
		l, err := r.instance(nl, x, where)
		if err != nil {
			errs = append(errs, err)
			x = nil
			continue
		}
		layers = append(layers, l)
		if x != nil {
			x = Apply(l, x)
		}
	}
	if errs != nil || len(r.missing) > 0 {
		return nil, errors.Join(errs...)
	}
	for _, l := range layers { // the calls above were for shapes only
		if l, ok := l.(*layerInstance); ok {
			l.applied = nil
		}
	}
	return r.options(n.Name).chain(layers)
}

func (r *reader) functional(n *keras.Network, where string) (*Model, error) {
	results, err := r.applyCalls(n, where)
	if err != nil || len(r.missing) > 0 {
		return nil, err
	}
	ends := [2]*Symbol{}
	for i, s := range []keras.Structure{n.Inputs, n.Outputs} {
		var list []*Symbol
		for _, t := range s.Tensors {
			list = append(list, results.find(t))
		}
		if ends[i] = List(list...); s.Single {
			ends[i] = list[0]
		}
	}
	m, err := r.options(n.Name).between(ends[0], ends[1])
	if err != nil {
		return nil, err
	}
	m.inputKeys, m.outputKeys = n.Inputs.Keys, n.Outputs.Keys
	return m, nil
}

// results has the results of calls in a file, by name of the layer and index of the call.
type results map[string][][]*Symbol

// find returns the result that a file refers to, an invalid symbol if the layer could not be applied.
func (r results) find(t keras.TensorRef) *Symbol {
	if list := r[t.Layer][t.Node]; t.Tensor < len(list) {
		return list[t.Tensor]
	}
	return &Symbol{}
}

// applyCalls makes the layers of a file's network and applies them as the file says. The error lists all mistakes.
func (r *reader) applyCalls(n *keras.Network, where string) (results, error) {
	g := n.Graph()
	run, err := g.Calls()
	if err != nil {
		return nil, err
	}
	layers := make([]*layerInstance, len(n.Layers))
	values := results{}
	for _, nl := range n.Layers {
		values[nl.Name] = make([][]*Symbol, max(len(nl.Calls), 1))
	}
	var errs []error
	for _, c := range run {
		nl := n.Layers[c.Op]
		var in []*Symbol
		if len(nl.Calls) > 0 {
			for _, t := range nl.Calls[c.Node].Tensors() {
				in = append(in, values.find(t))
			}
		}
		if layers[c.Op] == nil {
			var x *Symbol
			if len(in) > 0 {
				x = in[0]
			}
			l, err := r.instance(nl, x, where)
			if err != nil {
				errs = append(errs, err)
			}
			if l == nil {
				layers[c.Op] = &layerInstance{name: nl.Name}
				continue
			}
			layers[c.Op] = l
			if err := l.setCall(nl.Calls); err != nil {
				errs = append(errs, fmt.Errorf("layer %s%s (%s): %w", where, nl.Name, nl.Class, err))
				layers[c.Op] = &layerInstance{name: nl.Name}
			}
		}
		if layers[c.Op].config == nil {
			continue // its class or config has a mistake
		}
		if len(nl.Calls) > 0 {
			refs, keywords, err := layers[c.Op].operandsOf(nl.Calls[c.Node])
			if err == nil && !layers[c.Op].isOp() {
				err = layers[c.Op].plainCall(nl.Calls[c.Node])
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("layer %s%s (%s): %w", where, nl.Name, nl.Class, err))
				continue
			}
			if refs != nil {
				for i, t := range refs {
					in[i] = values.find(t)
				}
				values[nl.Name][c.Node] = applyWith(layers[c.Op], in, keywords).Values()
				continue
			}
		}
		values[nl.Name][c.Node] = apply(layers[c.Op], in).Values()
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, list := range values {
		numberCalls(list)
	}
	return values, nil
}

// numberCalls numbers the calls of a layer in the order of the file. They may have been made in another
// order, because each call is made after the calls that it depends on.
func numberCalls(results [][]*Symbol) {
	var calls []*call
	var born []int
	for _, list := range results {
		if len(list) > 0 {
			calls, born = append(calls, list[0].call), append(born, list[0].call.born)
		}
	}
	slices.Sort(born)
	for i, c := range calls {
		c.born = born[i]
	}
}

// plainCall refuses arguments of a call that lince does not support. It accepts None as a mask. It ignores
// training, because the caller decides whether the model trains.
func (l *layerInstance) plainCall(c keras.NetworkCall) error {
	for i, a := range c.Args {
		if v, ok := a.(keras.Constant); ok && !isNone(v) {
			return fmt.Errorf("it is called with %.100s as argument %d, which is not supported", v, i)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.Kwargs)) {
		if v, ok := c.Kwargs[key].(keras.Constant); ok && !l.accepts(key, v) {
			return fmt.Errorf("it is called with %s=%.100s, which is not supported", key, v)
		}
	}
	return nil
}

// accepts reports whether the layer supports a constant argument of a call. setCall has read use_causal_mask.
func (l *layerInstance) accepts(key string, v keras.Constant) bool {
	if isNone(v) || key == "training" {
		return true
	}
	_, masked := l.config.(layer.CausalMasked)
	return masked && (key == causalMask || key == "return_attention_scores" && string(v) == "false")
}

// isNone reports whether a constant is null or a list of nulls, which Keras writes as the mask of a model
// with several inputs.
func isNone(v keras.Constant) bool {
	var list []json.RawMessage
	if string(v) == "null" {
		return true
	}
	if json.Unmarshal(v, &list) != nil || len(list) == 0 {
		return false
	}
	return !slices.ContainsFunc(list, func(x json.RawMessage) bool { return string(x) != "null" })
}

// instance returns the layer instance of a layer in a file. If lince does not support the layer's class, it notes
// the class in missing and returns nil without an error.
func (r *reader) instance(nl keras.NetworkLayer, x *Symbol, where string) (*layerInstance, error) {
	if l := r.shared[nl.Shared]; l != nil && l.name == nl.Name && l.Class() == nl.Class {
		return l, nil
	}
	l, err := r.newLayer(nl, x, where)
	if l != nil && nl.Shared != 0 {
		r.shared[nl.Shared] = l
	}
	return l, err
}

func (r *reader) newLayer(nl keras.NetworkLayer, x *Symbol, where string) (*layerInstance, error) {
	if nl.Network != nil {
		m, err := r.model(nl.Network, x, where+nl.Name+"/")
		if m == nil || err != nil {
			return nil, err
		}
		m.name, m.autoNamed = nl.Name, false
		l := m.asLayer()
		l.name, l.frozen = nl.Name, nl.Frozen
		m.frozen = nl.Frozen
		return l, nil
	}
	if _, custom := r.Layers[nl.Class]; nl.Op() && !custom && hasOp(nl.Class) {
		o, err := newOp(nl)
		if err != nil {
			return nil, fmt.Errorf("layer %s%s (%s): %w", where, nl.Name, nl.Class, err)
		}
		l := newLayer(o)
		l.name = nl.Name
		return l, nil
	}
	conf, unsupported, err := r.layer(nl, where)
	if conf == nil || err != nil {
		return nil, err
	}
	l := newLayer(conf)
	l.name, l.frozen, l.unsupported = nl.Name, nl.Frozen, unsupported
	l.channelsFirst, l.flattened = nl.ChannelsFirst, nl.Flattened
	return l, nil
}

// decodeCustom replaces custom regularizers and constraints in the config of a layer by what they decode to.
func (o Options) decodeCustom(conf map[string]any) error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(conf)) {
		var x any
		var err error
		switch {
		case strings.HasSuffix(key, "_regularizer"):
			x, err = custom(conf[key], o.Regularizers)
		case strings.HasSuffix(key, "_constraint"):
			x, err = custom(conf[key], o.Constraints)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		} else if x != nil {
			conf[key] = x
		}
	}
	return errors.Join(errs...)
}

// custom decodes a Keras object if its class is in decoders. Otherwise it returns nil.
func custom[T any](v any, decoders map[string]func(json.RawMessage) (T, error)) (any, error) {
	class, conf := config.Object(v)
	decode := decoders[class]
	if decode == nil {
		return nil, nil
	}
	text, err := json.Marshal(conf)
	if err != nil {
		return nil, err
	}
	return decode(text)
}

// layer decodes a layer's configuration. unsupported lists its settings that lince does not support and that only
// training needs.
func (r *reader) layer(nl keras.NetworkLayer, where string) (l layer.Layer, unsupported []string, err error) {
	name := where + cmp.Or(nl.Name, "without a name")
	if nl.Op() {
		class := fmt.Sprintf("%s.%s", nl.Module, nl.Class)
		r.missing[class] = append(r.missing[class], name)
		return nil, nil, nil
	}
	decode := r.Layers[nl.Class]
	switch a, ok := applicationLayers()[nl.Class]; {
	case nl.RegisteredName == graphClass:
		decode = decodeGraph
	case ok && decode == nil:
		decode = a.decode
	}
	if decode != nil {
		l, err := decode(nl.Config)
		if err != nil {
			return nil, nil, fmt.Errorf("layer %s (%s): %w", name, nl.Class, err)
		}
		return l, nil, nil
	}
	conf, err := config.Unmarshal(nl.Config)
	if err != nil {
		return nil, nil, fmt.Errorf("layer %s (%s): %w", name, nl.Class, err)
	}
	if err := r.decodeCustom(conf); err != nil {
		return nil, nil, fmt.Errorf("layer %s (%s): %w", name, nl.Class, err)
	}
	l, ignored, err := layer.DecodeForPrediction(nl.Class, conf)
	if err != nil {
		unknown, rest := unknownClasses(err)
		for _, u := range unknown {
			what := u.Class
			if u.Kind != "layer" {
				what = fmt.Sprintf("%s %q", u.Kind, u.Class)
			}
			r.missing[what] = append(r.missing[what], name)
			r.reasons[what] = u.Reason
			if u.Class == nl.Class && strings.Contains(nl.RegisteredName, ">") {
				r.custom = nl.RegisteredName
			}
		}
		if rest != nil {
			return nil, nil, fmt.Errorf("layer %s: %w", name, rest)
		}
		return nil, nil, nil
	}
	for _, i := range ignored {
		unsupported = append(unsupported, fmt.Sprintf("layer %s: %v", name, i))
	}
	if input, is := l.(layer.Input); is && !r.batches {
		// Keras takes batches of any size here. It writes that of the first batch if a Sequential without an Input was built by fit.
		input.Batch = 0
		l = input
	}
	return l, unsupported, nil
}

// hasGraph reports whether a network has a graph as a layer, which may depend on the size of batches.
func hasGraph(n *keras.Network) bool {
	return slices.ContainsFunc(n.Layers, func(l keras.NetworkLayer) bool {
		return l.RegisteredName == graphClass || l.Network != nil && hasGraph(l.Network)
	})
}

// unknownClasses separates the unknown classes from the other errors in err.
func unknownClasses(err error) (unknown []*layer.UnknownClass, rest error) {
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		var others []error
		for _, e := range list.Unwrap() {
			u, r := unknownClasses(e)
			unknown = append(unknown, u...)
			others = append(others, r)
		}
		return unknown, errors.Join(others...)
	}
	var u *layer.UnknownClass
	if errors.As(err, &u) {
		return []*layer.UnknownClass{u}, nil
	}
	return nil, err
}

// LayerSettingsError is the error of Compile and Fit for a model from a file whose layers have settings that lince does not support. The model can
// predict, because only training needs these settings.
type LayerSettingsError struct {
	Settings []string // such as "layer dense: dtype mixed_float16"
}

// Error returns the message. It names the first settings.
func (e *LayerSettingsError) Error() string {
	return "the model can only predict, because training needs settings of layers that lince does not have yet: " + e.List()
}

// List returns the first settings, and the number of the others.
func (e *LayerSettingsError) List() string {
	const most = 5
	list, more := e.Settings, ""
	if len(list) > most {
		list, more = list[:most], fmt.Sprintf(", and %d more", len(list)-most)
	}
	return strings.Join(list, "; ") + more
}

// unsupportedError returns the error of Fit for a model whose layers have settings that lince does not support, or
// nil.
func (m *Model) unsupportedError() error {
	if list := m.unsupported(); len(list) > 0 {
		return &LayerSettingsError{list}
	}
	return nil
}

// unsupported lists the settings of layers that lince does not support and that affect training only: those that were
// left out when a file was read, and dtype policies other than float32.
func (m *Model) unsupported() []string {
	var list []string
	for _, l := range m.layers {
		list = append(list, l.unsupported...)
		if inner := l.Model(); inner != nil {
			list = append(list, inner.unsupported()...)
		} else if p, err := layer.PolicyOf(l.config); err == nil && p != layer.Float32 {
			list = append(list, fmt.Sprintf("layer %s: dtype %s", l.name, p))
		}
	}
	return list
}
