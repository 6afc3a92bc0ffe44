package lince

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// This file matches the modules of a PyTorch state dict with the layers of a model.
//
// A state dict has its modules in the order in which they were registered, which is, by custom, one in which they can run. The layers of the model are
// a graph. So a match is an order of the layers in which each comes after those that it depends on, and in which each layer fits the module at
// the same place. If there is exactly one such order, it is the match. A chain has at most one. Parallel branches may have several;
// in a residual block, the shorter
// branch is the shortcut, whose modules have a word of torchShortcuts in their names.
//
// A safetensors file is sorted by names. Then the order is taken from the names: modules whose names differ in a number run in the order of the
// numbers (layer1.0 before layer1.1, conv1 before conv2), and all modules of a container (layer1.0) run before another one of the container around it.

// torchShortcuts are words in the names of the modules of a residual block's shortcut.
var torchShortcuts = []string{"downsample", "shortcut", "skip", "identity", "residual"}

func (m *torchModule) isShortcut() bool {
	name := strings.ToLower(m.name)
	return slices.ContainsFunc(torchShortcuts, func(w string) bool { return strings.Contains(name, w) })
}

// torchUnit is a layer with weights.
type torchUnit struct {
	layer   *layerInstance
	where   string
	targets []weightTarget
	after   []int // the units that it depends on, directly or through layers without weights
	// shortcut means that it is in the shorter of the two branches of a residual block, and the longer one has units, too.
	shortcut bool
	flat     tensor.Shape // (height, width, channels) of the features along its first axis, if they were flattened
}

func (u *torchUnit) title() string { return fmt.Sprintf("%s (%s)", u.where, u.layer.Class()) }

// wants lists the tensors that the layer's module must have.
func (u *torchUnit) wants() string {
	var parts []string
	for _, t := range u.targets {
		c := convention(u.layer.Class(), t.name())
		if c == nil {
			return "no module of PyTorch; use Names"
		}
		parts = append(parts, fmt.Sprintf("%s%v", c.name, c.layout(t.Shape, u.flat).shape))
	}
	return strings.Join(parts, " ")
}

// fits returns why a module is not the layer's, "" if it can be.
func (u *torchUnit) fits(m *torchModule) string {
	for _, t := range u.targets {
		c := convention(u.layer.Class(), t.name())
		if c == nil {
			return fmt.Sprintf("a %s has no counterpart among the modules of PyTorch; give the tensor of each variable", u.layer.Class())
		}
		i := slices.Index(m.suffix, c.name)
		if i < 0 {
			return fmt.Sprintf("it has no %s, for %s %v", c.name, t.name(), t.Shape)
		}
		if l := c.layout(t.Shape, u.flat); !l.fits(m.tensors[i].shape) {
			return fmt.Sprintf("its %s has shape %v, want %v for %s %v", c.name, m.tensors[i].shape, l.shape, t.name(), t.Shape)
		}
	}
	if len(m.tensors) > len(u.targets) {
		return fmt.Sprintf("it has %d tensors (%s), want %s", len(m.tensors), strings.Join(m.suffix, ", "), u.wants())
	}
	return ""
}

// take gives the layer the tensors of a module that fits.
func (u *torchUnit) take(p *namedPlan, m *torchModule) {
	for _, t := range u.targets {
		c := convention(u.layer.Class(), t.name())
		p.take(t, m.tensors[slices.Index(m.suffix, c.name)], c.layout(t.Shape, u.flat).convert)
	}
}

// takeOne gives a variable a tensor if it fits.
func (u *torchUnit) takeOne(p *namedPlan, t weightTarget, from *namedTensor) bool {
	c := convention(u.layer.Class(), t.name())
	if c == nil {
		return false
	}
	l := c.layout(t.Shape, u.flat)
	if !l.fits(from.shape) {
		return false
	}
	p.take(t, from, l.convert)
	return true
}

// torchUnits returns the layers with weights in the order in which they run.
func (m *Model) torchUnits() []*torchUnit {
	w := &unitWalk{number: map[*layerInstance]int{}, after: map[*Symbol]map[int]bool{}, outer: map[*Symbol]*Symbol{}, targets: map[*layerInstance][]weightTarget{}}
	for _, t := range m.weightTargets() {
		w.targets[t.layer] = append(w.targets[t.layer], t)
	}
	w.model(m)
	return w.units
}

// unitWalk follows the calls of a model and its nested models.
type unitWalk struct {
	units   []*torchUnit
	number  map[*layerInstance]int
	targets map[*layerInstance][]weightTarget
	after   map[*Symbol]map[int]bool // the last units before each value
	outer   map[*Symbol]*Symbol      // the values that nested models are applied to, and their results
}

func (w *unitWalk) model(m *Model) {
	for _, c := range m.calls {
		if len(c.in) == 0 {
			continue
		}
		before := map[int]bool{}
		for _, x := range c.in {
			for i := range w.after[x] {
				before[i] = true
			}
		}
		if inner := c.layer.Model(); inner != nil {
			for i, s := range inner.inputs {
				w.outer[s], w.after[s] = c.in[i], w.after[c.in[i]]
			}
			w.model(inner)
			for i, s := range inner.outputs {
				w.outer[c.out[i]], w.after[c.out[i]] = s, w.after[s]
			}
			continue
		}
		if ts := w.targets[c.layer]; len(ts) > 0 {
			i, met := w.number[c.layer]
			if !met {
				i = len(w.units)
				u := &torchUnit{layer: c.layer, where: ts[0].where, targets: ts, flat: w.flattened(c)}
				u.after = slices.Sorted(maps.Keys(before))
				w.number[c.layer], w.units = i, append(w.units, u)
			}
			before = map[int]bool{i: true}
		}
		if _, ok := c.layer.config.(layer.Add); ok && len(c.in) == 2 {
			w.markShortcut(w.before(c.in[0]), w.before(c.in[1]))
		}
		for _, s := range c.out {
			w.after[s] = before
		}
	}
}

// before returns all units on which a value depends.
func (w *unitWalk) before(x *Symbol) map[int]bool {
	all := map[int]bool{}
	todo := slices.Collect(maps.Keys(w.after[x]))
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !all[i] {
			all[i] = true
			todo = append(todo, w.units[i].after...)
		}
	}
	return all
}

// markShortcut marks the units of the shorter of two branches, given all units before the ends of both.
func (w *unitWalk) markShortcut(a, b map[int]bool) {
	onlyA, onlyB := maps.Clone(a), maps.Clone(b)
	maps.DeleteFunc(onlyA, func(i int, _ bool) bool { return b[i] })
	maps.DeleteFunc(onlyB, func(i int, _ bool) bool { return a[i] })
	if len(onlyA) > len(onlyB) {
		onlyA, onlyB = onlyB, onlyA
	}
	if len(onlyA) < len(onlyB) {
		for i := range onlyA {
			w.units[i].shortcut = true
		}
	}
}

// flattened returns the shape (height, width, channels) of the image whose elements are the features that a call is applied to, or nil.
func (w *unitWalk) flattened(c *call) tensor.Shape {
	x := c.in[0]
	for range 10_000 { // an upper bound for the length of the chain; there are no loops
		if from := w.outer[x]; from != nil {
			x = from
			continue
		}
		c := x.call
		if c == nil || len(c.in) != 1 {
			return nil
		}
		in, out := c.in[0].Shape(), x.Shape()
		switch c.layer.config.(type) {
		case layer.Flatten, layer.Reshape:
			if len(in) == 4 && len(out) == 2 && in[1:].Known() && in[1]*in[2] > 1 && in[3] > 1 {
				return in[1:]
			}
			return nil
		}
		if len(out) != 2 || !in.Equal(out) || len(w.targets[c.layer]) > 0 && c.layer.Class() != "BatchNormalization" && c.layer.Class() != "PReLU" {
			return nil
		}
		x = c.in[0]
	}
	return nil
}

// torch matches the layers that have no values yet with the modules that are not used yet.
func (p *namedPlan) torch(m *Model) {
	var units []*torchUnit
	number := map[int]int{} // of all units, among units
	for i, u := range m.torchUnits() {
		if !p.done[u.targets[0].path] {
			number[i] = len(units)
			units = append(units, u)
		}
	}
	all := m.torchUnits()
	for _, u := range units {
		u.after = reduced(u.after, all, number)
	}
	modules := slices.DeleteFunc(torchModules(p.tensors), func(m *torchModule) bool {
		return slices.ContainsFunc(m.tensors, func(t *namedTensor) bool { return p.used[t.name] })
	})
	if p.ByName {
		p.torchByName(m, units, modules)
		return
	}
	s := p.search(units, modules)
	if s == nil {
		return
	}
	for _, pair := range s.found {
		units[pair.unit].take(p, modules[pair.module])
	}
	for _, u := range units {
		for _, t := range u.targets {
			if !p.done[t.path] {
				p.skip(t, "the file has no module for it at the end of the network")
			}
		}
	}
	p.rest()
}

// reduced replaces units that are matched already by those before them.
func reduced(after []int, all []*torchUnit, number map[int]int) (list []int) {
	met := map[int]bool{}
	var visit func(after []int)
	visit = func(after []int) {
		for _, i := range after {
			if met[i] {
				continue
			}
			met[i] = true
			if n, ok := number[i]; ok {
				list = append(list, n)
			} else {
				visit(all[i].after)
			}
		}
	}
	visit(after)
	slices.Sort(list)
	return list
}

// torchByName matches modules with layers of the same name.
func (p *namedPlan) torchByName(m *Model, units []*torchUnit, modules []*torchModule) {
	normal := strings.NewReplacer(".", "_", "/", "_")
	of := map[string]*torchModule{}
	var names []string
	for _, m := range modules {
		of[normal.Replace(m.name)] = m
		names = append(names, m.name)
	}
	matched := false
	for _, u := range units {
		x := of[normal.Replace(u.where)]
		if x == nil {
			x = of[normal.Replace(u.layer.name)]
		}
		if x == nil {
			for _, t := range u.targets {
				p.skip(t, "the file has no module of this name")
			}
			continue
		}
		matched = true
		if why := u.fits(x); why != "" {
			p.mismatch(p.WeightsOptions, u.targets, fmt.Errorf("layer %s, module %s of the file: %s", u.title(), x.name, why))
			continue
		}
		u.take(p, x)
	}
	if !matched && len(p.pairs) == 0 {
		p.errs = append(p.errs, noNameMatches(m, names))
	}
	p.rest()
}
