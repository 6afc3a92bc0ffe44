// Package graphtest runs layers, losses, metrics and optimizers in tests, on the naive interpreter and on the CPU
// engine, and checks their gradients.
package graphtest

import (
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/engine"
	"github.com/lince-ml/lince/internal/interp"
	"github.com/lince-ml/lince/tensor"
)

// Build adds the code under test to a graph.
type Build func(b *graph.Builder, in []*graph.Value) []*graph.Value

// Model is a graph with its variables.
type Model struct {
	Graph *graph.Graph
	Store *graph.Store

	copied              *graph.Store
	engine, interpreter backend.Program
}

// New makes a model whose inputs have the types of in, with any number of rows. Its weights are initialized with seed
// 1.
func New(t testing.TB, training bool, in []*tensor.Tensor, build Build) *Model {
	t.Helper()
	m, err := TryNew(training, in, build)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TryNew is like New, but returns mistakes as an error.
func TryNew(training bool, in []*tensor.Tensor, build Build) (*Model, error) {
	store := graph.NewStore()
	b := graph.NewBuilder(store, training)
	inputs := make([]*graph.Value, len(in))
	for i, x := range in {
		shape := x.Shape().Clone()
		if len(shape) > 0 {
			shape[0] = tensor.Unknown
		}
		inputs[i] = b.Input(fmt.Sprintf("in%d", i), x.DType(), shape...)
	}
	var outputs []graph.Output
	for i, v := range build(b, inputs) {
		outputs = append(outputs, graph.Output{Key: fmt.Sprintf("out%d", i), Value: v})
	}
	g, err := b.Finish(outputs...)
	if err != nil {
		return nil, err
	}
	store.Initialize(1)
	return &Model{Graph: g, Store: store}, nil
}

// View returns the builder's view for a layer, as a model creates it. The view is frozen if the layer's config, conf,
// sets trainable to false.
func View(b *graph.Builder, path, label string, conf map[string]any) *graph.Builder {
	b = b.In(path, label)
	if conf["trainable"] == false {
		return b.Freeze()
	}
	return b
}

var cpu = sync.OnceValues(func() (*engine.Engine, error) { return engine.New(engine.Options{Threads: 2}) })

// Run runs the model once, including updates, and expects the same results from the CPU engine.
func (m *Model) Run(t testing.TB, in ...*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	if m.interpreter == nil {
		m.compile(t)
	}
	for i, v := range m.Store.Variables() {
		if err := m.copied.Set(m.copied.Variables()[i], v.Value()); err != nil {
			t.Fatal(err)
		}
	}
	got := m.run(t, m.engine, in)
	want := m.run(t, m.interpreter, in)
	for i, x := range want {
		compare(t, fmt.Sprintf("output %d", i), got[i], x)
	}
	for i, v := range m.Store.Variables() {
		compare(t, v.Path, m.copied.Variables()[i].Value(), v.Value())
	}
	return want
}

// compile makes the programs: the interpreter's on the model's variables, the engine's on a copy of them.
func (m *Model) compile(t testing.TB) {
	t.Helper()
	m.copied = graph.NewStore()
	for _, v := range m.Store.Variables() {
		if _, err := m.copied.Declare(graph.Variable{Path: v.Path, Type: v.Type, Role: v.Role}); err != nil {
			t.Fatal(err)
		}
	}
	m.copied.Initialize(0)
	cpu, err := cpu()
	if err == nil {
		m.engine, err = cpu.Compile(m.Graph, m.copied)
	}
	if err == nil {
		m.interpreter, err = interp.New().Compile(m.Graph, m.Store)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.engine.Close)
	t.Cleanup(m.interpreter.Close)
}

func (m *Model) run(t testing.TB, p backend.Program, in []*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	c, err := m.Graph.Specialize(shapes(in))
	if err != nil {
		t.Fatal(err)
	}
	out := make([]*tensor.Tensor, len(c.Outputs))
	for i, o := range c.Outputs {
		out[i] = tensor.New(o.Value.DType, o.Value.Shape...)
	}
	if err := p.Run(in, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// compare expects the engine's tensor to equal the interpreter's, up to rounding.
func compare(t testing.TB, what string, engine, interpreter *tensor.Tensor) {
	t.Helper()
	got, want := interp.FromTensor(engine), interp.FromTensor(interpreter)
	for i := range want.V {
		if !Near(got.V[i], want.V[i], 1e-4, 1e-5) {
			t.Errorf("%s, element %d: the engine has %v, the interpreter %v", what, i, got.V[i], want.V[i])
			return
		}
	}
}

func shapes(in []*tensor.Tensor) []tensor.Shape {
	s := make([]tensor.Shape, len(in))
	for i, x := range in {
		s[i] = x.Shape()
	}
	return s
}

// Formula returns numbers in [lo, hi) that internal/golden/formula.py computes too. The first 10,007 numbers of a salt
// are distinct.
func Formula(salt int, lo, hi float64, shape ...int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, shape...)
	for i := range x.Float32s() {
		k := (i*7919 + salt*104729 + 12345) % 10007
		x.Float32s()[i] = float32(lo + float64((hi-lo)*(float64(k)/10007)))
	}
	return x
}

// Uniform returns numbers in [0, 1), as uniform of internal/golden/training.py: the upper 24 bits of a hash of the index and the salt.
func Uniform(n int, salt uint64) []float64 {
	u := make([]float64, n)
	for i := range u {
		x := uint64(i)*2654435761 + salt*40503 + 12345
		x = (x ^ x>>15) * 2246822519 & 0xffffffff
		x = (x ^ x>>13) * 3266489917 & 0xffffffff
		x ^= x >> 16
		u[i] = float64(x>>8) / (1 << 24)
	}
	return u
}

// CheckGradient compares the gradient of the first output with finite differences in float64. The output is weighted so
// that no two of its elements count the same. It checks the gradients of all weights, and of every floating-point input
// of in up to free (all if free is negative).
func CheckGradient(t testing.TB, training bool, free int, in []*tensor.Tensor, build Build) {
	t.Helper()
	m, wrt := withGradients(t, training, free, in, build)
	m.Run(t, in...)
	arrays := make([]*interp.Array, len(in))
	for i, x := range in {
		arrays[i] = interp.FromTensor(x)
	}
	vars := map[string]*interp.Array{}
	for _, v := range m.Store.Variables() {
		vars[v.Path] = interp.FromTensor(v.Value())
	}
	run := func() []*interp.Array {
		out, err := interp.Interpreter{Exact: true}.Evaluate(m.Graph, arrays,
			func(path string) *interp.Array {
				a := vars[path]
				return &interp.Array{Shape: a.Shape, V: append([]float64(nil), a.V...)}
			},
			func(string, *interp.Array) {}) // each run starts from the same state
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	grads := run()[1:]
	input := 0
	for i, path := range wrt {
		name, at := path, vars[path]
		if path == "" {
			for !in[input].DType().IsFloat() {
				input++
			}
			name, at = fmt.Sprintf("input %d", input), arrays[input]
			input++
		}
		if !grads[i].Shape.Equal(at.Shape) {
			t.Errorf("gradient of %s has shape %v, want %v", name, grads[i].Shape, at.Shape)
			continue
		}
		const h = 1e-5
		for j, x := range at.V {
			at.V[j] = x + h
			up := run()[0].V[0]
			at.V[j] = x - h
			down := run()[0].V[0]
			at.V[j] = x
			want := (up - down) / (2 * h)
			rounding := 1e-15 * math.Abs(up) / h // of the difference of two large numbers
			if got := grads[i].V[j]; math.Abs(got-want) > 1e-6*max(1, math.Abs(want))+rounding {
				t.Errorf("gradient of element %d of %s is %v, want %v", j, name, got, want)
			}
		}
	}
}

// withGradients makes the model of CheckGradient: its outputs are the weighted sum and its gradients. wrt names what the
// gradients are of: the path of a variable, or "" for an input.
func withGradients(t testing.TB, training bool, free int, in []*tensor.Tensor, build Build) (m *Model, wrt []string) {
	t.Helper()
	m = New(t, training, in, func(b *graph.Builder, inputs []*graph.Value) []*graph.Value {
		y := build(b, inputs)[0]
		if !y.Valid() {
			return []*graph.Value{y}
		}
		weights := b.RandomUniform(99, b.Constant(tensor.Int64, 5), y)
		loss := b.Sum(b.Mul(y, b.Offset(weights, .5)))
		var values []*graph.Value
		for i, x := range inputs {
			if x.DType.IsFloat() && (free < 0 || i < free) {
				values = append(values, x)
				wrt = append(wrt, "")
			}
		}
		for _, v := range b.Store().Variables() {
			if v.Trainable() {
				values = append(values, b.Read(v))
				wrt = append(wrt, v.Path)
			}
		}
		grads := graph.Grad(b, loss, values...)
		for i, g := range grads {
			if g == nil {
				t.Fatalf("the result does not depend on value %d %q", i, wrt[i])
			}
		}
		return append([]*graph.Value{loss}, grads...)
	})
	return m, wrt
}

// Near reports whether got and want differ by at most rel*|want| + abs.
func Near(got, want, rel, abs float64) bool {
	return math.Abs(got-want) <= rel*math.Abs(want)+abs || got == want || math.IsNaN(got) && math.IsNaN(want)
}
