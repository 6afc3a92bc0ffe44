package lince

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// This file matches the modules of a PyTorch state dict with the layers of a model.
//
// A state dict has its modules in the order in which they were registered, which is, by custom, one in which they can run. The layers of the model are
// a graph. So a match is an order of the layers in which each comes after those that it depends on, and in which each layer fits the module at
// the same place. If there is exactly one such order, it is the match. The classifier of a chain has one always. Parallel branches may have several;
// torchShortcuts decides between the two branches of a residual block.

// torchShortcuts are words in the names of the modules of a residual block's shortcut, which is registered after the longer branch.
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
	after   []int        // the units that it depends on, directly or through layers without weights
	depth   int          // the largest number of units before it
	flat    tensor.Shape // (height, width, channels) of the features along its first axis, if they were flattened
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
				for j := range before {
					u.after = append(u.after, j)
					u.depth = max(u.depth, w.units[j].depth+1)
				}
				slices.Sort(u.after)
				w.number[c.layer], w.units = i, append(w.units, u)
			}
			before = map[int]bool{i: true}
		}
		for _, s := range c.out {
			w.after[s] = before
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
	for i, u := range s.found {
		units[u].take(p, modules[i])
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

// search finds the match. With SkipMismatch, it leaves out as few modules and layers as possible at the end. It records an error and returns nil if there
// is no match, or more than one.
func (p *namedPlan) search(units []*torchUnit, modules []*torchModule) *torchSearch {
	const most = 8 // that are left out
	furthest := &torchSearch{}
	for left := 0; left <= most; left++ {
		for a := range left + 1 {
			b := left - a // modules
			if a > len(units) || b > len(modules) || len(units)-a != len(modules)-b {
				continue
			}
			s := &torchSearch{units: units[:len(units)-a], modules: modules[:len(modules)-b]}
			s.run()
			switch {
			case len(s.solutions) == 1 && !s.tooMany:
				s.found = s.solutions[0]
				return s
			case len(s.solutions) > 1 || s.tooMany:
				p.errs = append(p.errs, s.ambiguous())
				return nil
			}
			if len(s.best) > len(furthest.best) || furthest.units == nil {
				furthest = s
			}
		}
		if !p.SkipMismatch {
			break
		}
	}
	if furthest.units == nil { // the numbers differ; how far do they agree?
		furthest = &torchSearch{units: units, modules: modules}
		furthest.run()
	}
	p.errs = append(p.errs, noTorchMatch(units, modules, furthest))
	return nil
}

// torchSearch looks for orders of the units in which they fit the modules one by one.
type torchSearch struct {
	units   []*torchUnit
	modules []*torchModule
	found   []int // the unit of each module

	placed    []bool
	order     []int
	steps     int
	tooMany   bool // the search was cut short
	solutions [][]int
	best      []int // the longest order
}

// maxSteps limits the search. A network without ambiguous branches takes a step for each layer.
const maxSteps = 200_000

func (s *torchSearch) run() {
	s.placed = make([]bool, len(s.units))
	s.next()
}

func (s *torchSearch) next() {
	if s.steps++; s.steps > maxSteps {
		s.tooMany = true
		return
	}
	if len(s.order) > len(s.best) {
		s.best = slices.Clone(s.order)
	}
	if len(s.order) == len(s.modules) {
		s.solutions = append(s.solutions, slices.Clone(s.order))
		return
	}
	for _, u := range s.candidates() {
		s.placed[u] = true
		s.order = append(s.order, u)
		s.next()
		s.order = s.order[:len(s.order)-1]
		s.placed[u] = false
		if len(s.solutions) > 1 || s.steps > maxSteps {
			return
		}
	}
}

// candidates returns the units that can be the next module: they fit, and all before them are placed.
func (s *torchSearch) candidates() (list []int) {
	m := s.modules[len(s.order)]
	for i, u := range s.units {
		if !s.placed[i] && !slices.ContainsFunc(u.after, func(j int) bool { return j < len(s.placed) && !s.placed[j] }) && u.fits(m) == "" {
			list = append(list, i)
		}
	}
	if len(list) != 2 {
		return list
	}
	// In a residual block, the shortcut has fewer layers before it.
	short, long := list[0], list[1]
	if s.units[short].depth > s.units[long].depth {
		short, long = long, short
	}
	later := slices.ContainsFunc(s.modules[len(s.order)+1:], func(x *torchModule) bool {
		return x.isShortcut() && s.units[short].fits(x) == ""
	})
	switch {
	case s.units[short].depth == s.units[long].depth:
	case m.isShortcut():
		return []int{short}
	case later:
		return []int{long}
	}
	return list
}

// ambiguous is the error if there are several matches.
func (s *torchSearch) ambiguous() error {
	if len(s.solutions) < 2 {
		return fmt.Errorf("the modules of the file fit the layers of the model in very many ways; give the names of some in WeightsOptions.Names")
	}
	a, b := s.solutions[0], s.solutions[1]
	var left, right []string
	for i, m := range s.modules {
		if a[i] != b[i] {
			left = append(left, m.String())
			right = append(right, s.units[a[i]].title()+" or "+s.units[b[i]].title())
		}
	}
	return fmt.Errorf("the modules of the file fit the layers of the model in more than one way; give the names of these in WeightsOptions.Names\n%s",
		sideBySide("module", left, "layer", right, -1))
}

// noTorchMatch is the error if there is no match. It lists layers and modules side by side.
func noTorchMatch(units []*torchUnit, modules []*torchModule, s *torchSearch) error {
	var left, right []string
	placed := map[int]bool{}
	for _, u := range s.best {
		left = append(left, units[u].title()+": "+units[u].wants())
		placed[u] = true
	}
	for i, u := range units {
		if !placed[i] {
			left = append(left, u.title()+": "+u.wants())
		}
	}
	for _, m := range modules {
		right = append(right, m.String())
	}
	at := len(s.best)
	why := ""
	if at < len(left) && at < len(modules) {
		i := slices.IndexFunc(units, func(u *torchUnit) bool { return left[at] == u.title()+": "+u.wants() })
		if w := units[i].fits(modules[at]); w != "" {
			why = fmt.Sprintf("; the module %s is not %s: %s", modules[at].name, units[i].title(), w)
		}
	}
	if len(units) != len(modules) && at == min(len(units), len(modules)) {
		why = "; what both have matches, and SkipMismatch leaves out the rest"
	}
	return fmt.Errorf("the %d modules of the file do not match the %d layers of the model with weights%s\n%s", len(modules), len(units), why,
		sideBySide("layer: what its module must have", left, "module: what it has", right, at))
}
