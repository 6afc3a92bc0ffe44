package lince

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

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
			if !p.ordered {
				s = &torchSearch{units: units[:len(units)-a], modules: modules, names: newModuleNames(modules)}
			}
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
		if !p.ordered {
			furthest.names = newModuleNames(modules)
		}
		furthest.run()
	}
	p.errs = append(p.errs, noTorchMatch(units, modules, furthest))
	return nil
}

// torchSearch looks for orders of the units in which they fit the modules one by one or, if names is set, for orders of the modules in which they fit the units.
type torchSearch struct {
	units   []*torchUnit
	modules []*torchModule
	names   *moduleNames
	found   []torchPair

	shortcuts bool   // as many modules as units are of shortcuts, so that those belong together
	placed    []bool // units, or modules if names is set
	order     []torchPair
	steps     int
	tooMany   bool // the search was cut short
	solutions [][]torchPair
	best      []torchPair // the longest order
}

// torchPair is a unit and its module.
type torchPair struct{ unit, module int }

// maxSteps limits the search. A network without ambiguous branches takes a step for each layer.
const maxSteps = 200_000

func (s *torchSearch) run() {
	s.placed = make([]bool, max(len(s.units), len(s.modules)))
	short := 0
	for _, m := range s.modules {
		short += rank(!m.isShortcut())
	}
	for _, u := range s.units {
		short -= rank(!u.shortcut)
	}
	s.shortcuts = short == 0
	s.next()
}

// fits reports whether a module can be that of a unit.
func (s *torchSearch) fits(u *torchUnit, m *torchModule) bool {
	return (!s.shortcuts || u.shortcut == m.isShortcut()) && u.fits(m) == ""
}

func (s *torchSearch) next() {
	if s.steps++; s.steps > maxSteps {
		s.tooMany = true
		return
	}
	if len(s.order) > len(s.best) {
		s.best = slices.Clone(s.order)
	}
	end := len(s.modules)
	if s.names != nil {
		end = len(s.units)
	}
	if len(s.order) == end {
		s.solutions = append(s.solutions, slices.Clone(s.order))
		return
	}
	for _, pair := range s.candidates() {
		at := pair.unit
		if s.names != nil {
			at = pair.module
			s.names.use(at, 1)
		}
		s.placed[at] = true
		s.order = append(s.order, pair)
		s.next()
		s.order = s.order[:len(s.order)-1]
		s.placed[at] = false
		if s.names != nil {
			s.names.use(at, -1)
		}
		if len(s.solutions) > 1 || s.steps > maxSteps {
			return
		}
	}
}

// candidates returns the pairs that can come next.
func (s *torchSearch) candidates() (list []torchPair) {
	next := len(s.order)
	if s.names != nil {
		for i, m := range s.modules {
			if !s.placed[i] && s.names.ready(i) && s.fits(s.units[next], m) {
				list = append(list, torchPair{next, i})
			}
		}
		return list
	}
	for i, u := range s.units {
		if !s.placed[i] && !slices.ContainsFunc(u.after, func(j int) bool { return j < len(s.units) && !s.placed[j] }) && s.fits(u, s.modules[next]) {
			list = append(list, torchPair{i, next})
		}
	}
	return list
}

// ambiguous is the error if there are several matches.
func (s *torchSearch) ambiguous() error {
	if len(s.solutions) < 2 {
		return fmt.Errorf("the modules of the file fit the layers of the model in very many ways; give the names of some with WeightsOptions.Names, or on the command line with lince convert --names")
	}
	var left, right []string
	for _, a := range s.solutions[0] {
		for _, b := range s.solutions[1] {
			if a.module == b.module && a.unit != b.unit {
				left = append(left, s.modules[a.module].String())
				right = append(right, s.units[a.unit].title()+" or "+s.units[b.unit].title())
			}
		}
	}
	return fmt.Errorf("the modules of the file fit the layers of the model in more than one way; give the names of these with WeightsOptions.Names, or on the command line with lince convert --names\n%s",
		sideBySide("module", left, "layer", right, -1))
}

// noTorchMatch is the error if there is no match. It lists layers and modules side by side.
func noTorchMatch(units []*torchUnit, modules []*torchModule, s *torchSearch) error {
	var left, right []string
	units, modules = slices.Clone(units), slices.Clone(modules)
	for i, pair := range s.best { // what fits comes first, in the order of the match
		if j := slices.Index(units, s.units[pair.unit]); j > i {
			units = slices.Insert(slices.Delete(units, j, j+1), i, s.units[pair.unit])
		}
		if j := slices.Index(modules, s.modules[pair.module]); j > i {
			modules = slices.Insert(slices.Delete(modules, j, j+1), i, s.modules[pair.module])
		}
	}
	for _, u := range units {
		left = append(left, u.title()+": "+u.wants())
	}
	for _, m := range modules {
		right = append(right, m.String())
	}
	at := len(s.best)
	why := ""
	switch n := min(len(units), len(modules)); {
	case at < n:
		w := units[at].fits(modules[at])
		if w == "" {
			w = "it depends on layers that come later"
		}
		why = fmt.Sprintf("; the module %s is not %s: %s", modules[at].name, units[at].title(), w)
	case len(units) != len(modules):
		why = "; what both have matches, and SkipMismatch leaves out the rest"
	}
	return fmt.Errorf("the %d modules of the file do not match the %d layers of the model with weights%s\n%s", len(modules), len(units), why,
		sideBySide("layer: what its module must have", left, "module: what it has", right, at))
}

// moduleNames is the order in which modules can run by their names.
type moduleNames struct {
	// Modules whose names differ in a number are in groups, one for each number.
	waiting       []int      // modules of each group that have not run
	groups, after [][]int    // of each module: its groups, and those that must have run before it
	containers    [][]string // of each module, from the outermost
	size, used    map[string]int
	open          []string // containers of which some modules have run, from the outermost
}

func newModuleNames(modules []*torchModule) *moduleNames {
	n := &moduleNames{
		groups: make([][]int, len(modules)), after: make([][]int, len(modules)), containers: make([][]string, len(modules)),
		size: map[string]int{}, used: map[string]int{},
	}
	type place struct{ number, module int }
	families := map[string][]place{} // modules whose names differ in a number, and what follows it
	for i, m := range modules {
		parts := strings.Split(m.name, ".")
		at := ""
		for k, part := range parts {
			stem := strings.TrimRight(part, "0123456789")
			if number, err := strconv.Atoi(part[len(stem):]); err == nil {
				families[at+stem] = append(families[at+stem], place{number, i})
			}
			if at += part + "."; k < len(parts)-1 {
				n.containers[i] = append(n.containers[i], at)
				n.size[at]++
			}
		}
	}
	// The modules of a number wait for those of the number before it, which wait in turn.
	for _, f := range families {
		slices.SortStableFunc(f, func(a, b place) int { return cmp.Compare(a.number, b.number) })
		for i, x := range f {
			if i == 0 || x.number != f[i-1].number {
				n.waiting = append(n.waiting, 0)
			}
			group := len(n.waiting) - 1
			n.waiting[group]++
			n.groups[x.module] = append(n.groups[x.module], group)
			if x.number != f[0].number {
				n.after[x.module] = append(n.after[x.module], group-1)
			}
		}
	}
	return n
}

// ready reports whether a module can run next.
func (n *moduleNames) ready(i int) bool {
	if k := len(n.open); k > 0 && !slices.Contains(n.containers[i], n.open[k-1]) {
		return false
	}
	return !slices.ContainsFunc(n.after[i], func(group int) bool { return n.waiting[group] > 0 })
}

// use records that a module runs (by is 1), or takes that back (-1).
func (n *moduleNames) use(i, by int) {
	for _, group := range n.groups[i] {
		n.waiting[group] -= by
	}
	for _, c := range n.containers[i] {
		n.used[c] += by
	}
	n.open = n.open[:0:0]
	for _, c := range n.containers[i] {
		if n.used[c] > 0 && n.used[c] < n.size[c] {
			n.open = append(n.open, c)
		}
	}
}
