package engine

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/compile"
	"github.com/lince-ml/lince/internal/offheap"
	"github.com/lince-ml/lince/tensor"
)

// maxPlans limits the number of plans that a program keeps. Usually there is one for full batches, one
// for the last batch of an epoch and one for single images.
const maxPlans = 8

// program is a graph with the plans that were made from it.
type program struct {
	engine  *Engine
	graph   *graph.Graph
	store   *graph.Store
	changes []*graph.Variable // the variables that its updates change

	profiling atomic.Pointer[profiling]

	running sync.RWMutex // locked for writing by a run that changes variables
	mu      sync.Mutex
	plans   []*plan // the most recently used first
	limit   int     // of the size of a plan, in bytes; 0 means that there is none
}

func newProgram(e *Engine, g *graph.Graph, store *graph.Store) *program {
	p := &program{engine: e, graph: g, store: store}
	for _, n := range g.Nodes {
		for _, v := range n.Updated() {
			p.changes = append(p.changes, store.Lookup(v.Node.Op.(op.Variable).Path))
		}
	}
	return p
}

// Close implements backend.Program.
func (p *program) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plans = nil
}

// Limit implements backend.Limited.
func (p *program) Limit(bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limit != bytes {
		p.limit, p.plans = bytes, nil
	}
}

// Run implements backend.Program.
func (p *program) Run(in, out []*tensor.Tensor) error { return p.RunOn(0, in, out) }

// RunOn implements backend.Threaded.
func (p *program) RunOn(threads int, in, out []*tensor.Tensor) error {
	if all := p.engine.pool.threads; threads <= 0 || threads > all {
		threads = all
	}
	if p.changes != nil {
		p.running.Lock()
		defer p.running.Unlock()
	} else {
		p.running.RLock()
		defer p.running.RUnlock()
	}
	pl, err := p.plan(in)
	if err != nil {
		return err
	}
	return pl.run(threads, in, out)
}

// plan finds or makes the plan for the shapes of in.
func (p *program) plan(in []*tensor.Tensor) (*plan, error) {
	if len(in) != len(p.graph.Inputs) {
		return nil, fmt.Errorf("got %d inputs, want %d", len(in), len(p.graph.Inputs))
	}
	for i, v := range p.graph.Inputs {
		if in[i].DType() != v.DType {
			return nil, fmt.Errorf("input %q is %v, want %v", v.Node.Op.(op.Input).Key, in[i].DType(), v.DType)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, pl := range p.plans {
		if pl.fits(in) {
			copy(p.plans[1:i+1], p.plans[:i])
			p.plans[0] = pl
			return pl, nil
		}
	}
	shapes := make([]tensor.Shape, len(in))
	for i, t := range in {
		shapes[i] = t.Shape().Clone()
	}
	return p.addPlan(shapes)
}

// Plan implements backend.Planned.
func (p *program) Plan(shapes []tensor.Shape) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if slices.ContainsFunc(p.plans, func(pl *plan) bool { return slices.EqualFunc(pl.shapes, shapes, tensor.Shape.Equal) }) {
		return nil
	}
	_, err := p.addPlan(shapes)
	return err
}

// addPlan makes the plan for inputs of these shapes, and keeps it.
func (p *program) addPlan(shapes []tensor.Shape) (*plan, error) {
	pl, err := p.newPlan(shapes)
	if err != nil {
		return nil, err
	}
	if p.limit > 0 && pl.size() > p.limit {
		return nil, fmt.Errorf("a run on %v needs %d MiB of memory besides the variables, although it computes %d results twice; the limit is %d MiB: use smaller batches or more memory", shapes, pl.size()>>20, pl.Recomputed, p.limit>>20)
	}
	if err := offheap.Check(pl.size()); err != nil {
		return nil, fmt.Errorf("results between the ops: %w; use smaller batches or images", err)
	}
	p.plans = append([]*plan{pl}, p.plans[:min(len(p.plans), maxPlans-1)]...)
	return pl, nil
}

func (p *program) newPlan(shapes []tensor.Shape) (*plan, error) {
	pl, err := p.compile(shapes, p.limit)
	if err == nil && p.limit > 0 && pl.size() > p.limit && pl.ArenaSize <= p.limit {
		// The workers' memory has a part of the limit, too.
		pl, err = p.compile(shapes, max(1, p.limit-(pl.size()-pl.ArenaSize)))
	}
	if err != nil {
		return nil, err
	}
	if t := p.engine.trace; t != nil {
		t.made(pl)
	}
	return pl, nil
}

// compile makes a plan whose arena takes at most budget bytes, if that is possible.
func (p *program) compile(shapes []tensor.Shape, budget int) (*plan, error) {
	target := &target{isa: p.engine.isa, lowered: map[*graph.Node]*lowering{}}
	c, err := compile.Compile(p.graph, shapes, target, budget)
	if err != nil {
		return nil, err
	}
	pl := &plan{Plan: c, program: p, shapes: shapes, lowered: target.lowered}
	for _, l := range pl.lowered {
		pl.scratch = max(pl.scratch, 4*l.scratch)
	}
	pl.scratch = (pl.scratch + tensor.Align - 1) &^ (tensor.Align - 1)
	return pl, nil
}

// plan is a compiled graph with the instances that run it.
type plan struct {
	*compile.Plan
	program *program
	shapes  []tensor.Shape
	lowered map[*graph.Node]*lowering
	scratch int // bytes for each worker

	mu   sync.Mutex
	made []*instance // each bound to a different arena
}

// size is the size of the arena that a run needs, in bytes.
func (p *plan) size() int { return p.ArenaSize + p.program.engine.pool.threads*p.scratch }

func (p *plan) fits(in []*tensor.Tensor) bool {
	for i, t := range in {
		if !t.Shape().Equal(p.shapes[i]) {
			return false
		}
	}
	return true
}

func (p *plan) run(threads int, in, out []*tensor.Tensor) error {
	for i, o := range p.Outputs {
		if i < len(out) && out[i] != nil && (out[i].DType() != o.Value.DType || !out[i].Shape().Equal(o.Value.Shape)) {
			return fmt.Errorf("output %q: got a tensor %v, want %v", o.Key, out[i], o.Value.Type)
		}
	}
	inst := p.take()
	defer p.program.engine.arenas.release(inst.arena)
	err := inst.run(threads, in, out)
	if p.program.changes != nil {
		p.program.store.Changed(p.program.changes...)
	}
	return err
}

// take returns an instance whose arena is free, or a new one.
func (p *plan) take() *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	arenas := &p.program.engine.arenas
	for k := 0; k < len(p.made); {
		ok, gone := arenas.claim(p.made[k])
		switch {
		case ok:
			return p.made[k]
		case gone:
			p.made = slices.Delete(p.made, k, k+1)
		default:
			k++
		}
	}
	a := arenas.take(p.size())
	i := newInstance(p, a)
	a.bind(i)
	p.made = append(p.made, i)
	return i
}
