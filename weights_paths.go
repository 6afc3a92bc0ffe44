package lince

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/beside"
	"github.com/lince-ml/lince/internal/suggest"
	"github.com/lince-ml/lince/tensor"
)

// This file matches the weights of Keras 3, whose paths depend on the order of layers: layers/conv2d_1/vars/0.

func weightsOfKeras(m *Model, f source, o WeightsOptions) (*weightPlan, error) {
	file, err := readKeras(f)
	if err != nil {
		return nil, err
	}
	if o.ByName { // old versions have the names of layers only in the network
		if n, err := keras.ReadNetwork(file.Config); err == nil {
			nameEntries(file.Weights, n)
		}
	}
	return m.planPaths(file.Weights, o)
}

// nameEntries gives entries without a name that of the layer in the network.
func nameEntries(weights keras.Weights, n *keras.Network) {
	names := map[string]string{}
	var visit func(n *keras.Network, at string)
	visit = func(n *keras.Network, at string) {
		for i, path := range n.LayerPaths(at) {
			if path == "" {
				continue
			}
			names[path] = n.Layers[i].Name
			if inner := n.Layers[i].Network; inner != nil {
				visit(inner, path)
			}
		}
	}
	visit(n, "")
	for i, e := range weights {
		if e.Name == "" {
			weights[i].Name = names[e.Path]
		}
	}
}

func weightsOfH5(m *Model, f source, o WeightsOptions) (*weightPlan, error) {
	weights, err := keras.ReadWeights(f.r, f.size)
	if err != nil {
		return nil, err
	}
	return m.planPaths(weights, o)
}

// maxShardMap limits the size of a .weights.json file, which has a line for each layer.
const maxShardMap = 64 << 20

// weightsOfShards reads a .weights.json file and the files beside it.
func weightsOfShards(m *Model, f source, o WeightsOptions) (*weightPlan, error) {
	weights, err := readShards(f)
	if err != nil {
		return nil, err
	}
	return m.planPaths(weights, o)
}

func readShards(f source) (keras.Weights, error) {
	if f.size > maxShardMap {
		return nil, fmt.Errorf("has %d bytes, want at most %d", f.size, maxShardMap)
	}
	text := make([]byte, f.size)
	if _, err := io.ReadFull(io.NewSectionReader(f.r, 0, f.size), text); err != nil {
		return nil, err
	}
	others := beside.To(f.path)
	defer others.Close()
	return keras.ReadShards(text, others.Open)
}

// planPaths matches layers with entries: by the order of layers, or by name.
func (m *Model) planPaths(weights keras.Weights, o WeightsOptions) (*weightPlan, error) {
	p := &pathPlan{WeightsOptions: o, entries: weights.ByPath(), forms: m.flattenedForms(nil), used: map[string]bool{}, met: map[*layerInstance]bool{}}
	if o.ByName {
		if err := p.names(weights); err != nil {
			return nil, err
		}
	}
	p.model(m, "", "")
	if o.ByName && len(p.pairs) == 0 && len(p.skipped) > 0 && len(p.errs) == 0 {
		return nil, noNameMatches(m, slices.Sorted(maps.Keys(p.named)))
	}
	for _, e := range weights {
		if !p.used[e.Path] && len(e.Vars) > 0 && e.Path != optimizerPath && !strings.HasPrefix(e.Path, optimizerPath+"/") && strings.HasPrefix(e.Path, "layers/") {
			p.unused = append(p.unused, e.Path)
		}
	}
	return &p.weightPlan, nil
}

// noNameMatches is the error if no layer of the file has the name of a layer of the model.
func noNameMatches(m *Model, file []string) error {
	var layers []string
	for _, l := range m.layers {
		if len(l.vars()) > 0 {
			layers = append(layers, l.name)
		}
	}
	return fmt.Errorf("no layer of the file has the name of a layer of the model; the model has %s, the file %s", some(layers), some(file))
}

type pathPlan struct {
	WeightsOptions
	weightPlan
	entries map[string]keras.Entry
	forms   map[*graph.Variable]stored // of variables that are in the file in another form
	used    map[string]bool
	met     map[*layerInstance]bool      // a layer in two models has its values at its first path; Keras' files have no other
	inside  map[string]map[string]string // with ByName: paths of layers by the path of their model and their name
	named   map[string][]string          // with ByName: paths of layers by name
}

// names finds the names of the layers in the file.
func (p *pathPlan) names(weights keras.Weights) error {
	p.inside, p.named = map[string]map[string]string{}, map[string][]string{}
	for _, e := range weights {
		i := strings.LastIndex("/"+e.Path, "/layers/")
		if i < 0 || e.Name == "" || strings.Contains(e.Path[i+len("layers/"):], "/") {
			continue
		}
		model := strings.TrimSuffix(e.Path[:i], "/")
		if p.inside[model] == nil {
			p.inside[model] = map[string]string{}
		}
		p.inside[model][e.Name] = e.Path
		p.named[e.Name] = append(p.named[e.Name], e.Path)
	}
	if len(p.named) == 0 {
		return errors.New("the file has no names of layers; load it without ByName")
	}
	return nil
}

// model plans the layers of a model whose path in the file is at. where is the prefix of names in messages.
func (p *pathPlan) model(m *Model, at, where string) {
	for i, path := range m.weightPaths(at) {
		l := m.layers[i]
		if p.met[l] {
			continue
		}
		if p.ByName {
			found := false
			if path, found = p.find(l, at); !found {
				p.missing(l, where)
				continue
			}
		}
		if inner := l.Model(); inner != nil {
			p.met[l] = true
			p.model(inner, path, where+l.name+"/")
			continue
		}
		p.layer(l, path, where)
	}
}

// find returns the path of the layer with the name of l: in the model at a path, or else anywhere if there is only one.
func (p *pathPlan) find(l *layerInstance, at string) (string, bool) {
	if path, ok := p.inside[at][l.name]; ok {
		return path, true
	}
	if list := p.named[l.name]; len(list) == 1 {
		return list[0], true
	}
	return "", l.Model() != nil // the layers of a nested model can be anywhere
}

// missing records that the file has no layer of a name.
func (p *pathPlan) missing(l *layerInstance, where string) {
	reason := "the file has no layer of this name"
	if near := suggest.Nearest(l.name, slices.Sorted(maps.Keys(p.named))); near != "" {
		reason += "; the nearest is " + near
	}
	for _, t := range l.targets(where, p.met) {
		p.skip(t, reason)
	}
}

func (p *pathPlan) layer(l *layerInstance, path, where string) {
	targets := l.targets(where, p.met)
	of := map[string]weightTarget{}
	for _, t := range targets {
		of[t.Path] = t
	}
	var errs []error
	pairs := len(p.pairs)
	for _, g := range l.groups(path) {
		e := p.entries[g.path]
		p.used[g.path] = true
		if len(e.Vars) != len(g.variables) {
			errs = append(errs, fmt.Errorf("layer %s: want %d variables%s, the file has %d", where+l.name, len(g.variables), g.in(path), len(e.Vars)))
		}
		for j, v := range g.variables[:min(len(g.variables), len(e.Vars))] {
			t := e.Vars[j]
			if !t.Shape().Equal(v.Shape) || t.DType() != v.DType && (t.DType() != tensor.BFloat16 || v.DType != tensor.Float32) {
				errs = append(errs, fmt.Errorf("layer %s: %s must be %v, the file has %v", where+l.name, v.Path, v.Type, t))
			}
			p.add(of[v.Path], fmt.Sprintf("%s/vars/%d", g.path, j), func() (*tensor.Tensor, error) {
				if s, ok := p.forms[v]; ok {
					return s.value(v, t)
				}
				return t, nil
			})
		}
	}
	if errs != nil {
		p.pairs = p.pairs[:pairs]
		p.mismatch(p.WeightsOptions, targets, errors.Join(errs...))
	}
}
