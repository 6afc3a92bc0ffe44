package lince

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/suggest"
	"github.com/lince-ml/lince/tensor"
)

// This file matches tensors that have names but no order of layers: safetensors and PyTorch's state dicts.

// namedTensor is a tensor in a file.
type namedTensor struct {
	name     string
	shape    tensor.Shape
	readable bool   // its type has a conversion
	typ      string // the type's name in the format
	read     func() (*tensor.Tensor, error)
}

// namedPlan matches tensors with variables.
type namedPlan struct {
	WeightsOptions
	weightPlan
	tensors []namedTensor
	ordered bool // the tensors are in the order of the network
	targets []weightTarget
	lookup  map[string]*namedTensor
	used    map[string]bool // names of tensors
	done    map[string]bool // paths of variables
}

// planTensors matches tensors with the model's variables: by Names, by the paths of variables, or as PyTorch's modules.
// ordered means that the tensors are in the order of a state dict.
func (m *Model) planTensors(tensors []namedTensor, ordered bool, o WeightsOptions) (*weightPlan, error) {
	p := &namedPlan{WeightsOptions: o, tensors: tensors, ordered: ordered, targets: m.weightTargets()}
	p.index()
	p.given(m)
	if len(p.errs) > 0 {
		return &p.weightPlan, nil
	}
	exact := slices.ContainsFunc(p.targets, func(t weightTarget) bool { return p.lookup[t.path] != nil })
	switch {
	case exact:
		p.exact()
	case len(p.pairs) < len(p.targets):
		p.torch(m)
	default:
		p.rest()
	}
	return &p.weightPlan, nil
}

func (p *namedPlan) index() {
	if p.lookup != nil {
		return
	}
	p.lookup, p.used, p.done = map[string]*namedTensor{}, map[string]bool{}, map[string]bool{}
	for i, t := range p.tensors {
		p.lookup[t.name] = &p.tensors[i]
	}
}

// take gives a variable the value of a tensor, after a conversion if convert is not nil.
func (p *namedPlan) take(t weightTarget, from *namedTensor, convert func(*tensor.Tensor) *tensor.Tensor) {
	p.used[from.name], p.done[t.path] = true, true
	read := from.read
	if convert != nil {
		read = func() (*tensor.Tensor, error) {
			x, err := from.read()
			if err != nil {
				return nil, err
			}
			return convert(x), nil
		}
	}
	p.add(t, from.name, read)
}

// exact matches variables with the tensors that have their paths as names.
func (p *namedPlan) exact() {
	p.index()
	var missing []weightTarget
	for _, t := range p.targets {
		from := p.lookup[t.path]
		switch {
		case p.done[t.path]:
		case from == nil:
			missing = append(missing, t)
		case !from.shape.Equal(t.Shape):
			p.used[from.name] = true
			p.mismatch(p.WeightsOptions, []weightTarget{t}, fmt.Errorf("%s: the file has shape %v, want %v", t.path, from.shape, t.Shape))
		default:
			p.take(t, from, nil)
		}
	}
	unused := p.rest()
	for i, t := range missing {
		reason := "the file has no tensor of this name"
		if i < maxWeightErrors {
			if near := suggest.Nearest(t.path, unused); near != "" {
				reason += fmt.Sprintf("; the nearest is %s %v", near, p.lookup[near].shape)
			}
		}
		if p.ByName {
			p.skip(t, reason)
			continue
		}
		p.errs = append(p.errs, fmt.Errorf("%s %v: %s", t.path, t.Shape, reason))
	}
}

// rest lists the tensors that no variable took.
func (p *namedPlan) rest() []string {
	p.unused = nil
	for _, t := range p.tensors {
		if !p.used[t.name] && !strings.HasSuffix(t.name, "."+batchCounter) {
			p.unused = append(p.unused, t.name)
		}
	}
	return p.unused
}

// given matches what WeightsOptions.Names says.
func (p *namedPlan) given(m *Model) {
	if len(p.Names) == 0 {
		return
	}
	units := map[string]*torchUnit{}
	for _, u := range m.torchUnits() {
		units[u.where] = u
	}
	var known []string
	variables := map[string]weightTarget{}
	for _, t := range p.targets {
		variables[t.path] = t
		known = append(known, t.path)
	}
	known = append(known, slices.Sorted(maps.Keys(units))...)
	modules := map[string]*torchModule{}
	for _, m := range torchModules(p.tensors) {
		modules[m.name] = m
	}
	for _, key := range slices.Sorted(maps.Keys(p.Names)) {
		name := p.Names[key]
		t, isVariable := variables[key]
		u := units[key]
		switch from := p.lookup[name]; {
		case isVariable && from == nil:
			p.errs = append(p.errs, fmt.Errorf("the name %q in Names: the file has no tensor %q%s", key, name, similarTo(name, tensorNames(p.tensors))))
		case isVariable:
			p.givenVariable(t, from, units[t.where])
		case u == nil:
			p.errs = append(p.errs, fmt.Errorf("the name %q in Names: the model has no layer with weights and no variable of this name%s", key, similarTo(key, known)))
		case modules[name] != nil:
			if why := u.fits(modules[name]); why != "" {
				p.errs = append(p.errs, fmt.Errorf("the name %q in Names: layer %s does not fit the module %s: %s", key, u.title(), name, why))
				continue
			}
			u.take(p, modules[name])
		default:
			p.givenLayer(key, name, u, slices.Sorted(maps.Keys(modules)))
		}
	}
}

func similarTo(name string, names []string) string {
	if n := suggest.Nearest(name, names); n != "" {
		return fmt.Sprintf("; did you mean %q?", n)
	}
	return ""
}

func (p *namedPlan) givenVariable(t weightTarget, from *namedTensor, u *torchUnit) {
	if strings.Contains(from.name, "/") || u == nil || !u.takeOne(p, t, from) {
		if !from.shape.Equal(t.Shape) {
			p.errs = append(p.errs, fmt.Errorf("%s: the file's %s has shape %v, want %v", t.path, from.name, from.shape, t.Shape))
			return
		}
		p.take(t, from, nil)
	}
}

// givenLayer takes the tensors name/kernel, name/bias, ... for a layer.
func (p *namedPlan) givenLayer(key, name string, u *torchUnit, modules []string) {
	var list []*namedTensor
	for _, t := range u.targets {
		if from := p.lookup[name+"/"+t.name()]; from != nil && from.shape.Equal(t.Shape) {
			list = append(list, from)
		}
	}
	if len(list) < len(u.targets) {
		p.errs = append(p.errs, fmt.Errorf("the name %q in Names: the file has no module or layer %q that fits %s%s", key, name, u.title(), similarTo(name, modules)))
		return
	}
	for i, t := range u.targets {
		p.take(t, list[i], nil)
	}
}
