package engine

import (
	"fmt"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/compile"
	"github.com/lince-ml/lince/profile"
)

// profiling is the profile that records a program's times.
type profiling struct {
	to   *profile.Profile
	name string
}

// Profile implements backend.Profiled.
func (p *program) Profile(to *profile.Profile, name string) {
	if to == nil {
		p.profiling.Store(nil)
		return
	}
	p.profiling.Store(&profiling{to, name})
}

// profile returns the profile that records the times of this run, or nil.
func (i *instance) profile() *profile.Run {
	var to *profile.Profile
	name := "run"
	if p := i.plan.program.profiling.Load(); p != nil {
		to, name = p.to, p.name
	} else if i.traced != nil {
		to = i.traced.profile()
	}
	if to == nil {
		return nil
	}
	if i.times == nil || !i.times.Belongs(to) {
		i.times = to.NewRun(i.plan.describe(name), i.plan.program.engine.pool.threads, i.describe())
	}
	i.times.Begin()
	return i.times
}

// describe returns a name for the plan: "train, batch 15".
func (p *plan) describe(name string) string {
	if len(p.shapes) > 0 && len(p.shapes[0]) > 0 {
		return fmt.Sprintf("%s, batch %d", name, p.shapes[0][0])
	}
	return name
}

// describe lists the steps: those of prepare, then those of steps.
func (i *instance) describe() []profile.Step {
	var list []profile.Step
	for _, p := range i.prepare {
		for _, s := range p.steps {
			list = append(list, s.describe(i.plan, p.kind))
		}
	}
	var last *graph.Node
	for _, s := range i.steps {
		kind := ""
		if s.node == last {
			kind = "add up"
		}
		last = s.node
		list = append(list, s.describe(i.plan, kind))
	}
	return list
}

// describe describes the step. kind is empty for the step that does a node's main work, and names the
// node's other steps.
func (s *step) describe(p *plan, kind string) profile.Step {
	d := profile.Step{Op: s.node.Op.Name(), Layer: s.node.Layer, Parts: s.parts}
	if kind != "" {
		d.Op += " " + kind
		return d
	}
	l := p.lowered[s.node]
	d.FLOPs = l.flops
	if l.choices != nil {
		c := chosen(l.choices())
		d.Algorithm, d.Cycles = c.Name, c.Cycles
	}
	var in, out []string
	seen := map[*graph.Value]bool{}
	for side, values := range [][]*graph.Value{s.node.In, s.node.Out} {
		for _, v := range values {
			text := strings.ReplaceAll(strings.Trim(v.Shape.String(), "(,)"), ", ", "x")
			if text == "" {
				text = "()"
			}
			if side == 0 {
				in = append(in, text)
			} else {
				out = append(out, text)
			}
			if root := compile.Root(v); !seen[root] || side == 1 {
				seen[root] = true
				d.Bytes += v.Shape.Elements() * elementSize(v.DType)
			}
		}
	}
	d.Shape = strings.Join(in, " ")
	if len(out) > 0 {
		d.Shape += " -> " + strings.Join(out, " ")
	}
	return d
}
