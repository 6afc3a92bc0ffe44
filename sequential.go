package lince

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"

	"github.com/lince-ml/lince/format/keras"
)

// Sequential makes a model of layers, each of which takes what the one before it gives;
// the first is layer.Input. See Options.Sequential.
func Sequential(layers ...layer.Layer) (*Model, error) { return Options{}.Sequential(layers...) }

// Sequential makes a model of layers, each of which takes what the one before it gives;
// the first is layer.Input. The weights have their initial values.
//
// An error names every mistake by the layer's place in the list (from 0), class and name.
func (o Options) Sequential(layers ...layer.Layer) (*Model, error) {
	m, err := o.build(layers)
	if err != nil {
		return nil, err
	}
	if err := checkMemory(m.store.Variables()); err != nil {
		return nil, err
	}
	m.store.Initialize(m.seed)
	return m, nil
}

// The names that a layer cannot have: the first parts of the paths of other variables.
const (
	optimizerPath  = "optimizer"
	metricsPath    = "metrics"
	evaluationPath = "evaluation"
	generatorPath  = "seed_generator"
)

var reserved = []string{optimizerPath, metricsPath, evaluationPath, generatorPath}

// build makes a model whose variables have no values yet, and take no memory.
func (o Options) build(layers []layer.Layer) (*Model, error) {
	b, err := o.engineFor()
	if err != nil {
		return nil, err
	}
	m := &Model{name: o.Name, seed: o.Seed, store: graph.NewStore(), backend: b}
	if m.name == "" {
		m.name = "sequential"
	}
	var errs []error
	if err := checkName(m.name); err != nil {
		errs = append(errs, fmt.Errorf("the model: %w", err))
	}
	layers, pointers := values(layers)
	errs = append(errs, pointers...)
	if len(layers) == 0 {
		return nil, errors.Join(append(errs, errors.New("the network has no layers; the first is layer.Input{Shape: ...}"))...)
	}
	missing := 0
	if in, ok := layers[0].(layer.Input); ok {
		m.input = in
	} else if layers[0] != nil {
		missing = 1
		errs = append(errs, fmt.Errorf("layer 0 (%s): the first layer must be layer.Input, which says the shape of an example; found no Input", layers[0].Class()))
		layers = append([]layer.Layer{nil}, layers...)
	}
	names, err := nameLayers(layers, missing)
	if err != nil {
		errs = append(errs, err)
	}
	m.inName = names[0]
	for i, l := range layers {
		if i > 0 && l != nil {
			m.layers = append(m.layers, Layer{Name: names[i], Class: l.Class(), Config: l, place: i - missing})
		}
	}
	if len(m.layers) == 0 {
		errs = append(errs, errors.New("the network has an input, but no layers that do something with it"))
	}
	// A layer that has no place in the network is still looked at, for its own mistakes.
	g, err := m.inference(errs != nil)
	if err != nil {
		errs = append(errs, err)
	}
	if errs != nil {
		return nil, errors.Join(errs...)
	}
	m.predict.graph = g
	for i := range m.layers {
		l := &m.layers[i]
		for _, v := range m.store.Variables() {
			if strings.HasPrefix(v.Path, l.Name+"/") {
				l.Variables = append(l.Variables, v)
			}
		}
		slices.SortStableFunc(l.Variables, func(a, b *graph.Variable) int { return int(a.Role) - int(b.Role) })
	}
	return m, nil
}

// inference builds the graph of predictions. The shapes of the layers are noted on the way.
func (m *Model) inference(broken bool) (*graph.Graph, error) {
	b := graph.NewBuilder(m.store, false)
	y := m.forward(b, broken)
	if broken {
		return nil, b.Err()
	}
	return b.Finish(graph.Output{Key: "output", Value: y})
}

// forward adds the layers to a graph and returns what the last one gives. In a network
// that is broken already they are applied to nothing.
func (m *Model) forward(b *graph.Builder, broken bool) *graph.Value {
	var x *graph.Value
	if broken && m.input.Shape == nil {
		x = b.Invalid()
	} else {
		x = m.input.Build(b.In("", fmt.Sprintf("layer 0 (InputLayer %s)", m.inName)), nil)
	}
	for i := range m.layers {
		l := &m.layers[i]
		view := b.In(l.Name, fmt.Sprintf("layer %d (%s %s)", l.place, l.Class, l.Name))
		if l.Config.Config()["trainable"] == false {
			view = view.Freeze()
		}
		y := l.Config.Build(view, x)
		switch {
		case y == nil:
			y = view.Errorf("Build returned nil")
		case !y.Valid() && x.Valid() && b.Err() == nil:
			y = view.Errorf("Build returned an invalid value and no mistake; use Errorf to tell what is wrong")
		}
		if y.Valid() {
			if _, err := known(y.Shape).CheckedElements(); err != nil || slices.Contains(y.Shape[min(1, y.Rank()):], 0) {
				y = view.Errorf("the result would have shape %v", y.Shape)
			}
		}
		if x.Valid() && y.Valid() {
			l.Input, l.Output = x.Shape.Clone(), y.Shape.Clone()
		}
		x = y
	}
	return x
}

// known is a shape with 1 for what is not known.
func known(s tensor.Shape) tensor.Shape {
	s = s.Clone()
	for i, d := range s {
		if d == tensor.Unknown {
			s[i] = 1
		}
	}
	return s
}

// values takes layers out of pointers to them: &layer.Dense{} is layer.Dense{}.
func values(layers []layer.Layer) ([]layer.Layer, []error) {
	out := make([]layer.Layer, len(layers))
	var errs []error
	for i, l := range layers {
		v := reflect.ValueOf(l)
		switch {
		case l == nil || v.Kind() == reflect.Pointer && v.IsNil():
			errs = append(errs, fmt.Errorf("layer %d is nil", i))
			continue
		case v.Kind() == reflect.Pointer:
			if e, ok := v.Elem().Interface().(layer.Layer); ok {
				l = e
			}
		}
		out[i] = l
	}
	return out, errs
}

// nameLayers gives names to layers that have none, as Keras does (conv2d, conv2d_1, ...),
// and checks those that have. The first missing ones of the list are not the user's.
func nameLayers(layers []layer.Layer, missing int) ([]string, error) {
	var errs []error
	names := make([]string, len(layers))
	taken := map[string]int{}
	for i, l := range layers {
		if l == nil || l.Named() == "" {
			continue
		}
		names[i] = l.Named()
		where := fmt.Sprintf("layer %d (%s)", i-missing, l.Class())
		if err := checkName(names[i]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", where, err))
		}
		if first, ok := taken[names[i]]; ok {
			errs = append(errs, fmt.Errorf("%s: its name %q is layer %d's already; give it another, or none", where, names[i], first-missing))
			names[i] = "" // an automatic one, so that no other mistake follows
			continue
		}
		taken[names[i]] = i
	}
	for i, l := range layers {
		if i > 0 && l != nil {
			if _, ok := l.(layer.Input); ok {
				errs = append(errs, fmt.Errorf("layer %d (InputLayer): only the first layer can be an Input", i-missing))
			}
		}
	}
	count := map[string]int{}
	for i, l := range layers {
		if names[i] != "" {
			continue
		}
		stem := "input_layer"
		if l != nil {
			stem = keras.SnakeCase(l.Class())
		}
		for {
			name := stem
			if n := count[stem]; n > 0 {
				name += "_" + strconv.Itoa(n)
			}
			count[stem]++
			if _, ok := taken[name]; !ok {
				names[i] = name
				taken[name] = i
				break
			}
		}
	}
	return names, errors.Join(errs...)
}

// checkName says what is wrong with a name that somebody chose.
func checkName(name string) error {
	switch {
	case strings.Contains(name, "/"):
		return fmt.Errorf("its name %q has a slash, which separates the parts of variables' names", name)
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("its name %q has control characters", name)
	case len(name) > 1000:
		return fmt.Errorf("its name has %d bytes, want at most 1000", len(name))
	case slices.Contains(reserved, name):
		return fmt.Errorf("its name %q is one that lince uses itself; give it another", name)
	}
	return nil
}

// maxMemory is what a model's variables may take at most: 64 GiB. A network that needs
// more is a mistake, and is better told than tried.
const maxMemory = 1 << 36

func checkMemory(vs []*graph.Variable) error {
	total := 0
	for _, v := range vs {
		n, err := v.Shape.CheckedElements()
		if err == nil && n <= maxMemory/max(v.DType.Size(), 1) {
			total += n * v.DType.Size()
		} else {
			total = maxMemory + 1
		}
		if total > maxMemory {
			return fmt.Errorf("the weights up to %s %v take more than 64 GiB; use smaller pictures, more pooling or fewer units", v.Path, v.Shape)
		}
	}
	return nil
}
