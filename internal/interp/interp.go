// Package interp runs graphs in plain loops over float64, and rounds to the value's type after each
// op. The engine is tested against it. In Exact mode it does not round; gradients are checked against
// it by finite differences.
package interp

import (
	"fmt"
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/tensor"
)

// Array is a value whose elements, of any type, are held as float64. Elements of type Int64 are exact up to 1<<53; beyond, they are
// rounded to the nearest float64.
type Array struct {
	Shape tensor.Shape
	V     []float64
}

func newArray(s tensor.Shape) *Array { return &Array{s, make([]float64, s.Elements())} }

// Interpreter runs graphs. With Exact, floating-point values are not rounded.
type Interpreter struct{ Exact bool }

// New returns the interpreter as a backend.
func New() backend.Backend { return Interpreter{} }

// Name implements backend.Backend.
func (Interpreter) Name() string { return "interpreter" }

// Supports implements backend.Backend.
func (Interpreter) Supports(n *graph.Node) error {
	name := n.Op.Name()
	if w, ok := n.Op.(op.When); ok {
		name = w.Update.Name()
	}
	if _, ok := evals[name]; !ok {
		return &graph.Error{Where: n.Layer, Err: fmt.Errorf("the interpreter has no reference implementation of %s", name)}
	}
	return nil
}

// Compile implements backend.Backend.
func (i Interpreter) Compile(g *graph.Graph, store *graph.Store) (backend.Program, error) {
	for _, n := range g.Nodes {
		if err := i.Supports(n); err != nil {
			return nil, err
		}
	}
	return &program{i, g, store}, nil
}

type program struct {
	Interpreter
	g     *graph.Graph
	store *graph.Store
}

func (*program) Close() {}

// Run implements backend.Program.
func (p *program) Run(in, out []*tensor.Tensor) error {
	arrays := make([]*Array, len(in))
	for i, t := range in {
		arrays[i] = FromTensor(t)
	}
	vars := func(path string) *Array { return FromTensor(p.store.Lookup(path).Value()) }
	updated := false
	set := func(path string, a *Array) {
		a.to(p.store.Lookup(path).Value())
		updated = true
	}
	res, err := p.Evaluate(p.g, arrays, vars, set)
	if updated {
		p.store.Changed()
	}
	if err != nil {
		return err
	}
	for i, t := range out {
		if t == nil {
			continue
		}
		if !t.Shape().Equal(res[i].Shape) {
			return fmt.Errorf("output %q: got a tensor of shape %v, want %v", p.g.Outputs[i].Key, t.Shape(), res[i].Shape)
		}
		res[i].to(t)
	}
	return nil
}

// Evaluate runs g on inputs of known shapes and returns its outputs. vars reads a variable; set is
// called with each updated variable, in order, and may be nil if g has no updates.
func (i Interpreter) Evaluate(g *graph.Graph, in []*Array, vars func(path string) *Array, set func(path string, a *Array)) ([]*Array, error) {
	shapes := make([]tensor.Shape, len(in))
	for j, a := range in {
		shapes[j] = a.Shape
	}
	c, err := g.Specialize(shapes)
	if err != nil {
		return nil, err
	}
	values := map[*graph.Value]*Array{}
	for j, v := range c.Inputs {
		values[v] = in[j]
	}
	for _, n := range c.Nodes {
		switch o := n.Op.(type) {
		case op.Input:
			continue
		case op.Variable:
			values[n.Out[0]] = vars(o.Path)
			continue
		case op.Const:
			values[n.Out[0]] = FromTensor(o.Value)
			continue
		}
		if err := i.Supports(n); err != nil {
			return nil, err
		}
		args := make([]*Array, len(n.In))
		for j, v := range n.In {
			args[j] = values[v]
		}
		if w, ok := n.Op.(op.When); ok {
			last := len(args) - 1
			if args[last].V[0] == 0 {
				continue
			}
			n = &graph.Node{Op: w.Update, In: n.In[:last], Layer: n.Layer}
			args = args[:last]
		}
		if u, ok := n.Op.(op.Updater); ok {
			for j, v := range n.In[:u.Updates()] {
				args[j] = vars(v.Node.Op.(op.Variable).Path) // as the previous updates left it
			}
			evals[n.Op.Name()](n, args, nil)
			for j, v := range n.In[:u.Updates()] {
				i.round(v.DType, args[j])
				set(v.Node.Op.(op.Variable).Path, args[j])
			}
			continue
		}
		res := make([]*Array, len(n.Out))
		for j, v := range n.Out {
			res[j] = newArray(v.Shape)
		}
		evals[n.Op.Name()](n, args, res)
		for j, v := range n.Out {
			i.round(v.DType, res[j])
			values[v] = res[j]
		}
	}
	out := make([]*Array, len(c.Outputs))
	for j, o := range c.Outputs {
		out[j] = values[o.Value]
	}
	return out, nil
}

func (i Interpreter) round(d tensor.DType, a *Array) {
	switch d {
	case tensor.Float32:
		if !i.Exact {
			for j, v := range a.V {
				a.V[j] = float64(float32(v))
			}
		}
	case tensor.Float64:
	case tensor.BFloat16:
		panic("interp: bfloat16")
	case tensor.Bool:
	default:
		for j, v := range a.V {
			a.V[j] = wrap(d, v)
		}
	}
}

// wrap truncates a result to an integer, and takes it modulo the range of its type. Not a number and infinity, the results of
// divisions by zero, become 0.
func wrap(d tensor.DType, v float64) float64 {
	const range64 = 1 << 64
	v = math.Trunc(v)
	if v-v != 0 {
		return 0
	}
	if v >= range64/2 || v < -range64/2 {
		v = math.Mod(v, range64)
		switch {
		case v >= range64/2:
			v -= range64
		case v < -range64/2:
			v += range64
		}
	}
	n := int64(v)
	switch d {
	case tensor.Int8:
		n = int64(int8(n))
	case tensor.Int16:
		n = int64(int16(n))
	case tensor.Int32:
		n = int64(int32(n))
	case tensor.Uint8:
		n = int64(uint8(n))
	}
	return float64(n)
}

// ranges has the smallest and the largest number of each type but the floating-point types.
var ranges = map[tensor.DType][2]float64{
	tensor.Int8:  {math.MinInt8, math.MaxInt8},
	tensor.Int16: {math.MinInt16, math.MaxInt16},
	tensor.Int32: {math.MinInt32, math.MaxInt32},
	tensor.Int64: {math.MinInt64, math.MaxInt64 &^ 1023}, // the largest float64 below 1<<63
	tensor.Uint8: {0, math.MaxUint8},
	tensor.Bool:  {0, 1},
}

// FromTensor returns an array with a copy of a tensor's elements.
func FromTensor(t *tensor.Tensor) *Array {
	a := newArray(t.Shape())
	switch t.DType() {
	case tensor.Float32:
		load[float32](a, t)
	case tensor.Float64:
		load[float64](a, t)
	case tensor.Int8:
		load[int8](a, t)
	case tensor.Int16:
		load[int16](a, t)
	case tensor.Int32:
		load[int32](a, t)
	case tensor.Int64:
		load[int64](a, t)
	case tensor.Uint8:
		load[uint8](a, t)
	case tensor.Bool:
		for i, v := range tensor.Values[bool](t) {
			if v {
				a.V[i] = 1
			}
		}
	default:
		panic("interp: a tensor of " + t.DType().String())
	}
	return a
}

func (a *Array) to(t *tensor.Tensor) {
	switch t.DType() {
	case tensor.Float32:
		store[float32](a, t)
	case tensor.Float64:
		store[float64](a, t)
	case tensor.Int8:
		store[int8](a, t)
	case tensor.Int16:
		store[int16](a, t)
	case tensor.Int32:
		store[int32](a, t)
	case tensor.Int64:
		store[int64](a, t)
	case tensor.Uint8:
		store[uint8](a, t)
	case tensor.Bool:
		for i, v := range a.V {
			tensor.Values[bool](t)[i] = v != 0
		}
	default:
		panic("interp: a tensor of " + t.DType().String())
	}
}

type number interface {
	float32 | float64 | int8 | int16 | int32 | int64 | uint8
}

func load[T number](a *Array, t *tensor.Tensor) {
	for i, v := range tensor.Values[T](t) {
		a.V[i] = float64(v)
	}
}

func store[T number](a *Array, t *tensor.Tensor) {
	for i := range tensor.Values[T](t) {
		tensor.Values[T](t)[i] = T(a.V[i])
	}
}
