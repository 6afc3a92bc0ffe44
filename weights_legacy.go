package lince

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/suggest"
	"github.com/lince-ml/lince/tensor"
)

// This file matches the weights of .h5 files of Keras 1 to 3, of whole models or weights only. legacy_weights.go matches the weights of one
// layer or nested model.

func weightsOfLegacy(m *Model, f source, o WeightsOptions) (*weightPlan, error) {
	file, err := keras.ReadLegacy(f.r, f.size)
	if err != nil {
		return nil, err
	}
	p := newLegacyPlan(m, file, o)
	if o.ByName {
		return &p.weightPlan, p.byName()
	}
	return &p.weightPlan, p.byOrder()
}

// loadLegacy sets the layers' variables from an .h5 file whose network the model has. It returns the variables in the order of the file.
func (m *Model) loadLegacy(f *keras.Legacy) ([]legacyVariable, error) {
	p := newLegacyPlan(m, f, WeightsOptions{})
	p.fresh = true
	if err := p.byOrder(); err != nil {
		return nil, err
	}
	if len(f.TopLevel) > 0 {
		p.errs = append(p.errs, fmt.Errorf("the file has %d weights of the model itself, which is not supported", len(f.TopLevel)))
	}
	_, err := p.apply(m)
	return p.order, err
}

type legacyPlan struct {
	WeightsOptions
	weightPlan
	model     *Model
	groups    []keras.LegacyGroup // those with weights
	met       map[*layerInstance]bool
	variables map[*graph.Variable]legacyVariable
	order     []legacyVariable // in the order of the file
}

func newLegacyPlan(m *Model, f *keras.Legacy, o WeightsOptions) *legacyPlan {
	p := &legacyPlan{WeightsOptions: o, model: m, met: map[*layerInstance]bool{}, variables: map[*graph.Variable]legacyVariable{}}
	for _, g := range f.Layers {
		if len(g.Weights) > 0 {
			p.groups = append(p.groups, g)
		}
	}
	from := origin{keras1: f.KerasVersion == "" || strings.HasPrefix(f.KerasVersion, "1."), theano: f.Backend == "theano"}
	met := map[*layerInstance]bool{}
	for _, l := range m.layers {
		for _, v := range l.legacyVariables(met) {
			v.form = m.innermost(v).storedForm(v.layer, v.Variable, from)
			p.variables[v.Variable] = v
		}
	}
	return p
}

// take gives a variable the value of a weight, in the model's form.
func (p *legacyPlan) take(to weightTarget, w keras.LegacyWeight) {
	v := p.variables[to.Variable]
	v.stored = w.Name
	p.order = append(p.order, v)
	p.add(to, w.Name, func() (*tensor.Tensor, error) {
		t, err := w.Read()
		if err == nil {
			t, err = legacyValue(v, t)
		}
		if err != nil {
			return nil, err
		}
		return v.form.value(v.Variable, t)
	})
}

// byOrder matches the layers that have weights with the groups that have weights, as Keras does.
func (p *legacyPlan) byOrder() error {
	var layers []*layerInstance
	var targets [][]weightTarget
	for _, l := range p.model.layers {
		if ts := l.targets("", p.met); len(ts) > 0 {
			layers, targets = append(layers, l), append(targets, ts)
		}
	}
	if len(layers) != len(p.groups) {
		return p.countError(layers, targets)
	}
	for i, g := range p.groups {
		p.group(layers[i], targets[i], g)
	}
	return nil
}

// countError lists layers and groups side by side.
func (p *legacyPlan) countError(layers []*layerInstance, targets [][]weightTarget) error {
	var model, file []string
	for i, l := range layers {
		model = append(model, fmt.Sprintf("%s (%d)", l.name, len(targets[i])))
	}
	for _, g := range p.groups {
		file = append(file, fmt.Sprintf("%s (%d)", g.Name, len(g.Weights)))
	}
	hint := "; use ByName to load the layers that both have"
	if p.fresh {
		hint = ""
	}
	return fmt.Errorf("the file has weights for %d layers, the network has %d layers with weights%s\n%s",
		len(file), len(model), hint, sideBySide("layer of the model (weights)", model, "layer of the file (weights)", file, firstDifference(model, file)))
}

// firstDifference returns the index of the first elements that differ.
func firstDifference(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// sideBySide returns a table of two columns, at most 20 rows around row at.
func sideBySide(leftTitle string, left []string, rightTitle string, right []string, at int) string {
	const most = 20
	n := max(len(left), len(right))
	from := max(0, min(at-3, n-most))
	to := min(n, from+most)
	cell := func(list []string, i int) string {
		if i < len(list) {
			return list[i]
		}
		return "-"
	}
	width := len(leftTitle)
	for i := from; i < to; i++ {
		width = max(width, len(cell(left, i)))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "  %-*s  %s", width, leftTitle, rightTitle)
	if from > 0 {
		fmt.Fprintf(&b, "\n  %-*s  (%d rows before)", width, "...", from)
	}
	for i := from; i < to; i++ {
		mark := " "
		if i == at {
			mark = ">"
		}
		fmt.Fprintf(&b, "\n%s %-*s  %s", mark, width, cell(left, i), cell(right, i))
	}
	if to < n {
		fmt.Fprintf(&b, "\n  %-*s  (%d rows after)", width, "...", n-to)
	}
	return b.String()
}

// group matches the weights of a group with a layer's variables.
func (p *legacyPlan) group(l *layerInstance, targets []weightTarget, g keras.LegacyGroup) {
	vs := l.legacyVariables(map[*layerInstance]bool{})
	for i, v := range vs {
		vs[i] = p.variables[v.Variable]
	}
	order, err := matchLegacy(vs, g.Weights)
	if err != nil {
		p.mismatch(p.WeightsOptions, targets, fmt.Errorf("layer %s, group %q of the file: %w", l.name, g.Name, err))
		return
	}
	for j, v := range order {
		i := slices.IndexFunc(targets, func(t weightTarget) bool { return t.Variable == v.Variable })
		if i < 0 {
			continue // the layer is in two models, and has its weights already
		}
		p.take(targets[i], g.Weights[j])
	}
}

// byName matches groups with layers of the same name. If a nested model is flat on the other side, or has other layers there, its weights
// are matched one by one.
func (p *legacyPlan) byName() error {
	all := p.model.weightTargets()
	of := map[*layerInstance][]weightTarget{}
	for _, l := range p.model.layers {
		of[l] = l.targets("", p.met)
	}
	single := map[string][]*layerInstance{} // layers at any depth
	inSingle := map[*layerInstance][]weightTarget{}
	for _, t := range all {
		if inSingle[t.layer] == nil {
			single[t.layer.name] = append(single[t.layer.name], t.layer)
		}
		inSingle[t.layer] = append(inSingle[t.layer], t)
	}
	matched := map[*layerInstance]bool{}
	for _, g := range p.groups {
		var l *layerInstance
		targets := []weightTarget(nil)
		for _, x := range p.model.layers {
			if x.name == g.Name && len(of[x]) > 0 {
				l, targets = x, of[x]
			}
		}
		if l == nil && len(single[g.Name]) == 1 {
			l = single[g.Name][0]
			targets = inSingle[l]
		}
		if l != nil && (l.Model() == nil || len(targets) == len(g.Weights)) {
			p.group(l, targets, g)
		} else {
			p.oneByOne(g, single, inSingle)
		}
	}
	done := map[string]bool{}
	for _, pair := range p.pairs {
		done[pair.to.path] = true
		matched[pair.to.layer] = true
	}
	for _, s := range p.skipped {
		done[s.Variable] = true
	}
	var names []string
	for _, g := range p.groups {
		names = append(names, g.Name)
	}
	if len(matched) == 0 && len(p.errs) == 0 && len(p.skipped) == 0 {
		return noNameMatches(p.model, names)
	}
	for _, t := range all {
		if !done[t.path] && len(p.errs) == 0 {
			reason := "the file has no layer of this name"
			if near := suggest.Nearest(t.layer.name, names); near != "" {
				reason += "; the nearest is " + near
			}
			p.skip(t, reason)
		}
	}
	return nil
}

// oneByOne matches the weights of a group by the names of the layer and the variable at the end of their names, with layers at any depth.
func (p *legacyPlan) oneByOne(g keras.LegacyGroup, single map[string][]*layerInstance, in map[*layerInstance][]weightTarget) {
	failed := map[*layerInstance]error{}
	type pair struct {
		to weightTarget
		w  keras.LegacyWeight
	}
	var found []pair
	for _, w := range g.Weights {
		layer, name := legacyName(w.Name)
		var to *weightTarget
		if list := single[layer]; len(list) == 1 {
			for i, t := range in[list[0]] {
				if t.Path[strings.LastIndexByte(t.Path, '/')+1:] == name {
					to = &in[list[0]][i]
				}
			}
		}
		switch {
		case to == nil:
			p.unused = append(p.unused, g.Name+"/"+w.Name)
		case !fitsShape(p.variables[to.Variable], w):
			failed[to.layer] = errors.Join(failed[to.layer], fmt.Errorf("layer %s, weight %q of the file has shape %v, want %v", to.where, w.Name, w.Shape, p.variables[to.Variable].form.shape))
		default:
			found = append(found, pair{*to, w})
		}
	}
	for _, f := range found {
		if failed[f.to.layer] == nil {
			p.take(f.to, f.w)
		}
	}
	for _, list := range single {
		for _, l := range list {
			if failed[l] != nil {
				p.mismatch(p.WeightsOptions, in[l], failed[l])
			}
		}
	}
}
