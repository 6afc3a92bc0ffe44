package engine

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/interp"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/tensor"
)

func in0(b *graph.Builder, path string) *graph.Value { return b.Read(b.Store().Lookup(path)) }

// network is a small training step like the tutorial's.
func network(o op.Op, filters ...int) func(b *graph.Builder, x *graph.Value) []*graph.Value {
	return func(b *graph.Builder, x *graph.Value) []*graph.Value { return train(b, x, o, filters) }
}

func train(b *graph.Builder, x *graph.Value, o op.Op, filters []int) []*graph.Value {
	h := x
	for i, filters := range filters {
		l := b.In(fmt.Sprint("conv", i), "")
		k := weight(l, "kernel", 3, 3, h.Shape[3], filters)
		h = l.MaxPool2D(l.ReLU(l.Add(l.Conv2D(h, k, window(3, 1, 1, op.Valid)), weight(l, "bias", filters))), window(2, 2, 1, op.Valid))
	}
	n := h.Shape[1:].Elements()
	h = b.Reshape(h, -1, n)
	h = b.ReLU(b.Add(b.MatMul(h, weight(b, "dense/kernel", n, 10)), weight(b, "dense/bias", 10)))
	return classify(b, x, h, o)
}

// residual is a training step of a small network with normalized convolutions, some of them depthwise, and a
// shortcut.
func residual(b *graph.Builder, x *graph.Value) []*graph.Value {
	norm := func(name string, x *graph.Value) *graph.Value {
		l, n := b.In(name, ""), x.Shape[3]
		y, mean, variance := l.BatchNorm(x, weight(l, "gamma", n), weight(l, "beta", n), 1e-3)
		for i, v := range []*graph.Value{mean, variance} {
			l.MovingAverage(l.Variable(graph.Variable{Path: fmt.Sprint("moving", i), Type: v.Type, Role: graph.State}), v, .9)
		}
		return y
	}
	conv := func(name string, x *graph.Value, size, stride, filters int) *graph.Value {
		return norm(name, b.Conv2D(x, weight(b, name+"/kernel", size, size, x.Shape[3], filters), window(size, stride, 1, op.Same)))
	}
	h := b.ReLU(conv("first", x, 3, 1, 20))
	main := conv("main", b.ReLU6(norm("deep", b.DepthwiseConv2D(h, weight(b, "depthwise", 3, 3, 20, 1), window(3, 2, 1, op.Same)))), 1, 1, 48)
	h = b.ReLU(b.Add(conv("shortcut", h, 1, 2, 48), main))
	h = b.ReLU(b.Add(conv("again", h, 3, 1, 48), h))
	return classify(b, x, b.Mean(h, 1, 2), op.SGD{Momentum: .9})
}

// classify ends a training step: a dense layer with a softmax, and updates of all weights.
func classify(b *graph.Builder, x, h *graph.Value, o op.Op) []*graph.Value {
	logits := b.Add(b.MatMul(h, weight(b, "out/kernel", h.Shape[1], 2)), weight(b, "out/bias", 2))
	sure := b.Cast(b.Binary(op.Greater, b.Mean(x, 1, 2, 3), b.Constant(tensor.Float32, 0)), tensor.Float32)
	y := b.OneHot(b.Cast(sure, tensor.Int32), 2, tensor.Float32)
	loss := b.Mean(b.SoftmaxCrossEntropy(logits, y))
	var weights []*graph.Value
	for _, v := range b.Store().Variables() {
		if v.Trainable() {
			weights = append(weights, b.Read(v))
		}
	}
	lr := b.Constant(tensor.Float32, .01)
	for i, g := range graph.Grad(b, loss, weights...) {
		v := b.Variable(graph.Variable{Path: fmt.Sprint("velocity", i), Type: g.Type, Role: graph.Slot})
		b.Update(o, weights[i], v, g, lr)
	}
	return []*graph.Value{loss, b.Softmax(logits)}
}

// find returns the index of a case.
func find(t testing.TB, name string) int {
	for i, c := range cases {
		if c.name == name {
			return i
		}
	}
	t.Fatalf("no case %q", name)
	return 0
}

func build(t testing.TB, i int) (*graph.Graph, *graph.Store) {
	t.Helper()
	c := cases[i]
	store := graph.NewStore()
	b := graph.NewBuilder(store, true)
	shape := append([]int{tensor.Unknown}, c.shape[1:]...)
	x := b.Input("x", tensor.Float32, shape...)
	var out []graph.Output
	for j, v := range c.build(b, x) {
		out = append(out, graph.Output{Key: fmt.Sprint(j), Value: v})
	}
	g, err := b.Finish(out...)
	if err != nil {
		t.Fatal(err)
	}
	store.Initialize(1)
	return g, store
}

func pixels(seed uint64, shape ...int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, shape...)
	uniform(1).Initialize(x, seed)
	return x
}

func outputs(t testing.TB, g *graph.Graph, shapes ...tensor.Shape) []*tensor.Tensor {
	t.Helper()
	c, err := g.Specialize(shapes)
	if err != nil {
		t.Fatal(err)
	}
	var out []*tensor.Tensor
	for _, o := range c.Outputs {
		out = append(out, tensor.New(o.Value.DType, o.Value.Shape...))
	}
	return out
}

// compare checks that values are equal, floating-point numbers up to a bound relative to the largest element: sums in another order
// differ by rounding.
func compare(t *testing.T, what string, got, want *tensor.Tensor) {
	t.Helper()
	g, w := interp.FromTensor(got), interp.FromTensor(want)
	scale := 0.
	for _, v := range w.V {
		scale = max(scale, math.Abs(v))
	}
	bound := 3e-5 * scale
	if !want.DType().IsFloat() {
		bound = scale / (1 << 52) // the interpreter rounds integers above 1<<53
	}
	for i := range w.V {
		if d := math.Abs(g.V[i] - w.V[i]); d > bound || math.IsNaN(g.V[i]) != math.IsNaN(w.V[i]) {
			t.Errorf("%s: element %d is %v, want %v", what, i, g.V[i], w.V[i])
			return
		}
	}
}

// TestInterpreter compares the engine with the interpreter on all instruction sets, in two runs with one batch
// size and one with another.
func TestInterpreter(t *testing.T) {
	for i, c := range cases {
		if testing.Short() && (c.name == "winograd" || c.name == "larger network") {
			continue // the interpreter takes seconds under the race detector
		}
		for _, isa := range kernel.Available() {
			t.Run(c.name+"/"+isa.String(), func(t *testing.T) {
				g, store := build(t, i)
				_, oracle := build(t, i)
				p := compiledFor(t, isa, Options{Threads: 2}, g, store)
				q, err := interp.New().Compile(g, oracle)
				if err != nil {
					t.Fatal(err)
				}
				for run, n := range []int{c.shape[0], c.shape[0], 1} {
					shape := append([]int{n}, c.shape[1:]...)
					x := pixels(uint64(run), shape...)
					got, want := outputs(t, g, shape), outputs(t, g, shape)
					if err := p.Run([]*tensor.Tensor{x}, got); err != nil {
						t.Fatal(err)
					}
					if err := q.Run([]*tensor.Tensor{x}, want); err != nil {
						t.Fatal(err)
					}
					for j := range got {
						compare(t, fmt.Sprintf("run %d, output %d", run, j), got[j], want[j])
					}
					for _, v := range oracle.Variables() {
						compare(t, fmt.Sprintf("run %d, %s", run, v.Path), store.Lookup(v.Path).Value(), v.Value())
					}
				}
			})
		}
	}
}

// TestSameBits checks that graphs, among them two training steps, give the same bits with one to five threads,
// and on AVX2 and AVX-512.
func TestSameBits(t *testing.T) {
	for _, name := range []string{"images", "large images", "pad, concat and slice", "batch matmul", "transposed convolutions", "adaptive maxima", "resize", "image ops", "large arrays of other types", "chains", "network", "larger network"} {
		i := find(t, name)
		var want []byte
		for _, isa := range kernel.Available() {
			if isa == kernel.Generic { // it rounds each product, so its bits differ, but not between numbers of threads
				want = nil
			}
			for _, threads := range []int{1, 2, 3, 5} {
				g, store := build(t, i)
				e, err := newEngine(Options{Threads: threads}, isa)
				if err != nil {
					t.Fatal(err)
				}
				p, err := e.Compile(g, store)
				if err != nil {
					t.Fatal(err)
				}
				var got []byte
				for run := range 3 {
					x := pixels(uint64(run), cases[i].shape...)
					out := outputs(t, g, x.Shape())
					if err := p.Run([]*tensor.Tensor{x}, out); err != nil {
						t.Fatal(err)
					}
					for _, y := range out {
						got = append(got, y.Raw()...)
					}
				}
				e.pool.close()
				for _, v := range store.Variables() {
					got = append(got, v.Value().Raw()...)
				}
				if want == nil {
					want = got
				}
				if string(got) != string(want) {
					t.Errorf("%s, %v with %d threads: other bits than before", cases[i].name, isa, threads)
				}
			}
		}
	}
}

// TestNoAllocation checks that a training step does not allocate memory.
func TestNoAllocation(t *testing.T) {
	e, err := New(Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer e.pool.close()
	for i := len(cases) - 3; i < len(cases); i++ {
		g, store := build(t, i)
		p, err := e.Compile(g, store)
		if err != nil {
			t.Fatal(err)
		}
		in := []*tensor.Tensor{pixels(1, cases[i].shape...)}
		out := outputs(t, g, in[0].Shape())
		if n := testing.AllocsPerRun(20, func() {
			if err := p.Run(in, out); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a step", cases[i].name, n)
		}
	}
}

// TestTogether runs a program without updates in many goroutines concurrently.
func TestTogether(t *testing.T) {
	i := find(t, "convolutions")
	g, store := build(t, i)
	p := compiled(t, Options{Threads: 3}, g, store)
	in := []*tensor.Tensor{pixels(1, cases[i].shape...)}
	want := outputs(t, g, in[0].Shape())
	if err := p.Run(in, want); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error, 8)
	for range cap(errs) {
		got := outputs(t, g, in[0].Shape())
		go func() {
			err := p.Run(in, got)
			for i := range got {
				if err == nil && string(got[i].Raw()) != string(want[i].Raw()) {
					err = fmt.Errorf("output %d has other bits", i)
				}
			}
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestErrors(t *testing.T) {
	g, store := build(t, 0)
	p := compiled(t, Options{}, g, store)
	for _, in := range [][]*tensor.Tensor{nil, {tensor.New(tensor.Float32, 7, 6)}, {tensor.New(tensor.Int32, 7, 5)}} {
		if err := p.Run(in, nil); err == nil {
			t.Errorf("%v: no error", in)
		}
	}
	x := pixels(1, 7, 5)
	if err := p.Run([]*tensor.Tensor{x}, []*tensor.Tensor{tensor.New(tensor.Float32, 2)}); err == nil {
		t.Error("an output of another shape: no error")
	}
	if _, err := New(Options{Threads: -1}); err == nil {
		t.Error("-1 threads: no error")
	}
}

// TestCheck checks that LINCE_CHECK=nan reports the first op whose result is not finite.
func TestCheck(t *testing.T) {
	t.Setenv("LINCE_CHECK", "nan")
	e, err := New(Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer e.pool.close()
	store := graph.NewStore()
	b := graph.NewBuilder(store, false)
	x := b.Input("x", tensor.Float32, tensor.Unknown, 3)
	y := b.In("second", "").Log(b.In("first", "").Add(x, x))
	g, err := b.Finish(graph.Output{Key: "y", Value: b.In("third", "").Exp(y)})
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Compile(g, store)
	if err != nil {
		t.Fatal(err)
	}
	out := []*tensor.Tensor{tensor.New(tensor.Float32, 1, 3)}
	if err := p.Run([]*tensor.Tensor{tensor.Of([]float32{1, 2, 3}, 1, 3)}, out); err != nil {
		t.Errorf("finite numbers: %v", err)
	}
	err = p.Run([]*tensor.Tensor{tensor.Of([]float32{1, -1, 3}, 1, 3)}, out)
	if want := `Log of layer "second": element 1 of the result float32 (1, 3) is NaN`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	t.Setenv("LINCE_CHECK", "inf")
	if _, err := New(Options{}); err == nil {
		t.Error("LINCE_CHECK=inf: no error")
	}
}
