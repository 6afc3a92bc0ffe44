package cli

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/tensor"
)

// side is a file that diff compares.
type side struct {
	name    string
	model   *lince.Model // nil for a file of weights
	tensors []namedWeight
	close   func()
}

// namedWeight is a weight of a file.
type namedWeight struct {
	name  string
	shape tensor.Shape
	read  func() (*tensor.Tensor, error)
}

// openSide opens a model, or a file of weights.
func openSide(name string) (*side, error) {
	m, err := openModel(name, lince.Options{NoCompile: true})
	if err == nil {
		s := &side{name: name, close: func() {}}
		s.use(m)
		return s, nil
	}
	kind, kindErr := lince.FileKindOf(name)
	if kindErr != nil || !kind.Tensors {
		return nil, err
	}
	f, weightsErr := lince.OpenTensors(name)
	if weightsErr != nil {
		return nil, err
	}
	s := &side{name: name, close: func() { _ = f.Close() }} // only read
	for _, t := range f.Tensors {
		s.tensors = append(s.tensors, namedWeight{t.Name, t.Shape, t.Read})
	}
	return s, nil
}

// use makes the side a model.
func (s *side) use(m *lince.Model) {
	s.model, s.tensors = m, nil
	for _, l := range flatten(m, "") {
		if l.layer.Model() != nil {
			continue // the variables belong to its layers
		}
		for _, v := range l.layer.Variables() {
			s.tensors = append(s.tensors, namedWeight{l.prefix + v.Path(), v.Shape(), func() (*tensor.Tensor, error) { return v.Value(), nil }})
		}
	}
}

// fill loads the weights of a file without a network into the network of the other file.
func (s *side) fill(other *side) error {
	if s.model != nil || other.model == nil {
		return nil
	}
	text, err := other.model.ToJSON()
	if err != nil {
		return err
	}
	m, err := lince.Options{NoCompile: true}.FromJSON(text)
	if err != nil {
		return err
	}
	if _, err := m.LoadWeights(s.name, lince.WeightsOptions{}); err != nil {
		return err
	}
	s.use(m)
	return nil
}

// graphClass is the class of the layer that is a whole graph, such as an ONNX model.
const graphClass = "Graph"

// layered reports whether the model has layers of Keras.
func (s *side) layered() bool { return !hasGraph(s.model) }

// hasGraph reports whether a model has a layer that is a whole graph.
func hasGraph(m *lince.Model) bool {
	return slices.ContainsFunc(m.Layers(), func(l *lince.Layer) bool { return l.Class() == graphClass })
}

// placedLayer is a layer of a model or of a nested one, whose names are prefix.
type placedLayer struct {
	prefix string
	layer  *lince.Layer
}

func (p placedLayer) name() string { return p.prefix + p.layer.Name() }

// flatten returns the layers of a model and of its nested models.
func flatten(m *lince.Model, prefix string) (list []placedLayer) {
	for _, l := range m.Layers() {
		list = append(list, placedLayer{prefix, l})
		if inner := l.Model(); inner != nil {
			list = append(list, flatten(inner, prefix+l.Name()+"/")...)
		}
	}
	return list
}

// diffLayers compares the layers of two models by name.
func diffLayers(a, b *lince.Model) (list []layerDiff) {
	byName := map[string]placedLayer{}
	inB := flatten(b, "")
	for _, l := range inB {
		byName[l.name()] = l
	}
	for _, x := range flatten(a, "") {
		y, ok := byName[x.name()]
		delete(byName, x.name())
		if !ok {
			list = append(list, layerDiff{Layer: x.name(), OnlyIn: "a", A: x.layer.Class()})
			continue
		}
		list = append(list, diffSettings(x, y)...)
	}
	for _, y := range inB {
		if _, ok := byName[y.name()]; ok {
			list = append(list, layerDiff{Layer: y.name(), OnlyIn: "b", A: y.layer.Class()})
		}
	}
	return list
}

// diffSettings compares two layers of the same name.
func diffSettings(x, y placedLayer) (list []layerDiff) {
	add := func(setting string, a, b any) {
		list = append(list, layerDiff{Layer: x.name(), Setting: setting, A: a, B: b})
	}
	if a, b := x.layer.Class(), y.layer.Class(); a != b {
		add("class", a, b)
		return list
	}
	if a, b := inputsOf(x.layer), inputsOf(y.layer); !slices.Equal(a, b) {
		add("inputs", a, b)
	}
	if x.layer.Model() != nil { // its layers are compared
		return list
	}
	a, b := plain(x.layer.Config()), plain(y.layer.Config())
	keys := map[string]bool{}
	for _, c := range []map[string]any{a, b} {
		for k := range c {
			keys[k] = true
		}
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		if !reflect.DeepEqual(a[k], b[k]) {
			add(k, a[k], b[k])
		}
	}
	return list
}

// inputsOf returns the names of the layers whose results a layer is applied to.
func inputsOf(l *lince.Layer) (names []string) {
	in := l.Input()
	if in == nil {
		return nil
	}
	for _, s := range in.Values() {
		names = append(names, s.Layer().Name())
	}
	return names
}

// plain returns a layer's config as JSON has it, without what has no meaning for a comparison.
func plain(config map[string]any) map[string]any {
	out := map[string]any{}
	if text, err := json.Marshal(config); err != nil || json.Unmarshal(text, &out) != nil {
		return config
	}
	delete(out, "name")
	return out
}
