package engine

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/compile"
	"github.com/lince-ml/lince/internal/kernel/conv"
	"github.com/lince-ml/lince/profile"
	"github.com/lince-ml/lince/tensor"
)

// step is a unit of work for the workers. Its parts may run in any order and concurrently.
type step struct {
	node  *graph.Node
	parts int
	run   func(part int, scratch []float32)
}

// preparation packs a weight, or computes a value that depends only on variables. It runs when the
// variables have changed.
type preparation struct {
	kind   string  // for profiles
	of     *packed // the result
	vars   []*graph.Variable
	number int // of its first step
	steps  []step
}

// instance is a plan bound to memory. It runs one run at a time.
type instance struct {
	plan    *plan
	arena   *arena
	inputs  map[*graph.Value]*memory
	prepare []*preparation
	before  int       // number of steps in prepare
	packed  []*packed // all packed values that the instance uses
	steps   []step
	outputs []*memory
	job     job
	helpers []*worker
	bad     error // found by LINCE_CHECK
	times   *profile.Run
	traced  *traced // with LINCE_TRACE=plan
}

// memory is the memory of a value. Kernels hold pointers to a memory rather than slices, because an
// input has different memory in each run. Of the slices with a type, only that for the value's type is set, if there is one; see elements for the
// other types.
type memory struct {
	raw []byte
	f32 []float32
	u8  []uint8
	i32 []int32
	i64 []int64
}

func (m *memory) set(d tensor.DType, b []byte) {
	m.raw = b
	switch d {
	case tensor.Float32, tensor.Bool: // the engine keeps a Bool as a float32, 0 or 1
		m.f32 = tensor.View[float32](b)
	case tensor.Uint8:
		m.u8 = b
	case tensor.Int32:
		m.i32 = tensor.View[int32](b)
	case tensor.Int64:
		m.i64 = tensor.View[int64](b)
	case tensor.Float64, tensor.Int8, tensor.Int16:
	default:
		panic("engine: no memory of type " + d.String())
	}
}

// setBools makes memory for the elements of a Bool tensor, in the engine's form.
func (m *memory) setBools(values []bool) {
	if len(m.f32) != len(values) {
		m.set(tensor.Bool, tensor.New(tensor.Float32, len(values)).Raw())
	}
	for i, v := range values {
		m.f32[i] = truth(v)
	}
}

// newInstance binds a plan to an arena, which must have at least the plan's size.
func newInstance(p *plan, a *arena) *instance {
	i := &instance{plan: p, arena: a, inputs: map[*graph.Value]*memory{}}
	b := &binding{instance: i, memory: map[*graph.Value]*memory{}}
	for _, n := range p.Nodes {
		l := p.lowered[n]
		if l == nil {
			continue
		}
		b.node, b.work, b.rawWork = n, nil, nil
		b.packs, b.unpacked = l.packs, nil
		if w, ok := p.Work[n]; ok {
			all := a.Bytes[w.Offset : w.Offset+w.Size]
			b.rawWork = all[:4*l.work]
			b.work = tensor.View[float32](b.rawWork)
			b.unpacked = tensor.View[float32](all[4*min(aligned(l.work), len(all)/4):])
		}
		b.preparing = nil
		if p.Prepared[n] {
			b.preparing = b.prepare()
		}
		l.bind(b)
		if p.program.engine.check {
			b.check()
		}
		if b.preparing != nil {
			i.prepare = append(i.prepare, b.preparing)
		}
	}
	for _, p := range i.prepare {
		p.number = i.before
		i.before += len(p.steps)
	}
	for _, o := range p.Outputs {
		i.outputs = append(i.outputs, b.at(o.Value))
	}
	for t := range p.program.engine.pool.threads {
		at := p.ArenaSize + t*p.scratch
		i.job.scratch = append(i.job.scratch, tensor.View[float32](a.Bytes[at:at+p.scratch]))
	}
	i.helpers = make([]*worker, 0, p.program.engine.pool.threads)
	i.job.wake = make(chan struct{}, 1)
	if p.program.engine.trace != nil {
		i.traced = &traced{}
	}
	return i
}

func (i *instance) run(threads int, in, out []*tensor.Tensor) error {
	i.bad = nil
	for j, v := range i.plan.Inputs {
		if m := i.inputs[v]; m != nil {
			if v.DType == tensor.Bool {
				m.setBools(tensor.Values[bool](in[j]))
				continue
			}
			m.set(v.DType, in[j].Raw())
		}
	}
	pool := i.plan.program.engine.pool
	i.helpers = pool.take(i.helpers[:0], threads-1)
	defer func() {
		i.job.over(i.helpers)
		pool.give(i.helpers)
	}()
	i.job.profile = i.profile()
	i.pack()
	i.all(i.steps, i.before)
	if i.bad != nil {
		return i.bad
	}
	if i.traced != nil && i.traced.runs == traceRuns {
		i.plan.program.engine.trace.measured(i.plan, &i.traced.times)
	}
	for j, t := range out {
		if t == nil {
			continue
		}
		switch m := i.outputs[j]; t.DType() {
		case tensor.Float32:
			copy(t.Float32s(), m.f32)
		case tensor.Bool:
			for k, v := range m.f32[:t.Len()] {
				tensor.Values[bool](t)[k] = v != 0
			}
		default:
			copy(t.Raw(), m.raw)
		}
	}
	return nil
}

// pack runs the preparations whose variables have changed. Other runs that need the same result wait.
func (i *instance) pack() {
	for _, p := range i.prepare {
		version := i.plan.program.store.Version(p.vars...) + 1 // 0 means not prepared yet
		p.of.mu.Lock()
		if p.of.version != version {
			i.all(p.steps, p.number)
			if i.bad == nil {
				p.of.version = version
			}
		}
		p.of.mu.Unlock()
	}
}

// all runs steps. first is the number in a profile of the first of them.
func (i *instance) all(steps []step, first int) {
	for s := range steps {
		i.job.number = first + s
		i.job.run(&steps[s], i.helpers)
		if i.bad != nil {
			return
		}
	}
}

// binding gives a lowering the memory of its node's values, and collects its steps.
type binding struct {
	instance *instance
	node     *graph.Node
	work     []float32
	rawWork  []byte    // the bytes of work
	packs    []pack    // of the node, those that are not bound yet
	unpacked []float32 // memory for them in the arena
	memory   map[*graph.Value]*memory

	preparing   *preparation // the node's preparation, if it is prepared
	expressions map[*graph.Value]expression
}

// at returns the memory of a value.
func (b *binding) at(v *graph.Value) *memory {
	root := compile.Root(v)
	if m := b.memory[root]; m != nil {
		return m
	}
	m := new(memory)
	b.memory[root] = m
	switch o := root.Node.Op.(type) {
	case op.Input:
		b.instance.inputs[root] = m
	case op.Variable:
		m.set(root.DType, b.instance.plan.program.store.Lookup(o.Path).Value().Raw())
	case op.Const:
		if root.DType == tensor.Bool {
			m.setBools(tensor.Values[bool](o.Value))
			break
		}
		m.set(root.DType, o.Value.Raw())
	default:
		s := b.instance.plan.Slots[root]
		n := root.Shape.Elements() * elementSize(root.DType)
		m.set(root.DType, b.instance.arena.Bytes[s.Offset:s.Offset+n])
	}
	return m
}

// in returns the memory of the node's operand i.
func (b *binding) in(i int) *memory { return b.at(b.node.In[i]) }

// out returns the memory of the node's result i.
func (b *binding) out(i int) *memory { return b.at(b.node.Out[i]) }

// step adds a step to the instance, or to the node's preparation. If parts is 0, it adds nothing.
func (b *binding) step(parts int, run func(part int, scratch []float32)) {
	if parts == 0 {
		return
	}
	i, s := b.instance, step{b.node, parts, run}
	if b.preparing != nil {
		b.preparing.steps = append(b.preparing.steps, s)
		return
	}
	i.steps = append(i.steps, s)
}

// pack returns memory for the node's operand as packed by k; the lowering has announced it with lowering.pack. If the operand stays the same between runs, it is packed
// before a run in which it has changed. Otherwise it is packed just before it is used, into memory that other nodes use, too: in training, the packed weights of all layers would take several
// times the memory of the weights.
func (b *binding) pack(operand int, k conv.Packer) []float32 {
	w, v, i := b.in(operand), compile.Root(b.node.In[operand]), b.instance
	announced := b.packs[0]
	b.packs = b.packs[1:]
	if announced.operand != operand || announced.length != k.PackedLen() {
		panic(fmt.Sprintf("engine: %s packs operand %d to %d numbers, but announced %v", b.node.Op.Name(), operand, k.PackedLen(), announced))
	}
	if !announced.kept {
		to := b.unpacked[:k.PackedLen()]
		b.unpacked = b.unpacked[min(aligned(len(to)), len(b.unpacked)):]
		b.step(k.PackParts(), func(part int, _ []float32) { k.Pack(part, w.f32, to) })
		return to
	}
	p, e := (*packed)(nil), b.expression(v)
	if shared, ok := k.(conv.SharedPacker); ok && e.vars != nil {
		program := i.plan.program
		p = program.engine.packs.find(program.store, e.key, shared.Packing(), k.PackedLen())
	} else {
		p = newPacked(k.PackedLen())
	}
	i.packed = append(i.packed, p)
	s := step{b.node, k.PackParts(), func(part int, _ []float32) { k.Pack(part, w.f32, p.data) }}
	i.prepare = append(i.prepare, &preparation{kind: "pack", of: p, vars: e.vars, steps: []step{s}})
	return p.data
}

// check adds a step that checks the node's results, or the variables that it updated.
func (b *binding) check() {
	n, values := b.node, b.node.Out
	if u, ok := n.Op.(op.Updater); ok {
		values = n.In[:u.Updates()]
	}
	for _, v := range values {
		if v.DType != tensor.Float32 || compile.Root(v) != v {
			continue
		}
		m, i := b.at(v), b.instance
		b.step(1, func(int, []float32) {
			for j, x := range m.f32 {
				if x-x != 0 { // NaN or infinity
					i.bad = &NotFiniteError{n.Op.Name(), n.Layer, j, v.Type, x}
					return
				}
			}
		})
	}
}

// truth converts a Bool to the engine's form, 0 or 1.
func truth(b bool) float32 {
	if b {
		return 1
	}
	return 0
}
