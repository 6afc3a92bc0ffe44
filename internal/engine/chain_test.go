package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/compile"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/tensor"
)

// chained has activations, dropout, and a gate for each channel of an image, between convolutions.
func chained(b *graph.Builder, x *graph.Value) []*graph.Value {
	number := func(v float64) *graph.Value { return b.Constant(tensor.Float32, v) }
	var weights, out []*graph.Value
	for i, f := range []func(x *graph.Value) *graph.Value{
		func(x *graph.Value) *graph.Value { return b.Mul(x, b.Sigmoid(x)) },
		func(x *graph.Value) *graph.Value { return b.Mul(b.Scale(x, .5), b.Offset(b.Erf(b.Scale(x, .7071)), 1)) },
		func(x *graph.Value) *graph.Value {
			return b.Mul(x, b.Scale(b.ReLU6(b.Offset(b.Scale(x, 5), 3)), 1./6))
		},
		func(x *graph.Value) *graph.Value { return b.Mul(x, b.Tanh(b.Softplus(x))) },
		func(x *graph.Value) *graph.Value { return b.Select(b.Binary(op.Greater, x, number(0)), x, b.Expm1(x)) },
		func(x *graph.Value) *graph.Value {
			kept := b.Binary(op.GreaterEqual, b.RandomUniform(1, b.Constant(tensor.Int64, 3), x), number(.3))
			return b.Add(b.Mul(b.Mul(x, b.Cast(kept, tensor.Float32)), number(1/.7)), x)
		},
		func(x *graph.Value) *graph.Value {
			mean := b.Mean(x, 1, 2)
			gate := b.Sigmoid(b.Reshape(mean, -1, 1, 1, mean.Shape[1]))
			return b.ReLU(b.Mul(b.Add(x, weight(b, fmt.Sprint("row", mean.Shape[1]), mean.Shape[1])), gate))
		},
	} {
		channels := []int{20, 16, 7, 1, 3, 64, 5}[i]
		k := weight(b, fmt.Sprint("kernel", i), 1, 1, x.Shape[3], channels)
		l := weight(b, fmt.Sprint("back", i), 1, 1, channels, 4)
		weights = append(weights, k, l)
		x = b.Conv2D(f(b.Conv2D(x, k, window(1, 1, 1, op.Same))), l, window(1, 1, 1, op.Same))
		out = append(out, x)
	}
	return append(out, graph.Grad(b, b.Sum(b.Mul(x, x)), weights...)...)
}

// TestChainsOfPlan checks that the plan of chained has a pass over memory for the gradient and for the result of
// each of its functions, and no other element-wise op for a large value.
func TestChainsOfPlan(t *testing.T) {
	i := find(t, "chains")
	g, _ := build(t, i)
	plan, err := compile.Compile(g, []tensor.Shape{cases[i].shape}, &target{isa: kernel.Available()[0], lowered: map[*graph.Node]*lowering{}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, n := range plan.Nodes {
		switch n.Op.(type) {
		case compile.Chain:
			found++
		case op.Unary, op.RandomUniform, op.Select:
			if n.Out[0].Shape.Elements() >= 64 {
				t.Errorf("the plan has %s with result %v", n.Op.Name(), n.Out[0])
			}
		}
	}
	if found < 14 {
		t.Errorf("the plan has %d chains, want at least 14:\n%v", found, plan)
	}
}

// TestUnfold compares batch normalization and the element-wise ops that follow it, which are divided and joined in
// other ways, with the interpreter.
func TestUnfold(t *testing.T) {
	for seed := range 40 {
		g, stores, shape := try(t, seed, func(t trial) []*graph.Value {
			x := t.images(4)
			y, wrt := x, []*graph.Value{x}
			if t.IntN(3) > 0 {
				var k *graph.Value
				y, k, _ = t.conv(x, "a", t.window(3), t.between(4, 40))
				wrt = append(wrt, k)
			}
			switch t.IntN(3) {
			case 0:
				y = t.normalized(y, "bn")
			case 1:
				y = t.normalized(y, "bn")
				y = t.b.Add(y, t.b.Sigmoid(y))
			default:
				var more []*graph.Value
				y, more = t.batchNorm(y, "bn")
				wrt = append(wrt, more...)
			}
			y = t.b.Mul(y, t.b.Sigmoid(y))
			z, k, _ := t.conv(y, "b", t.window(2), t.between(1, 9))
			return t.weighted(z, append(wrt, k)...)
		})
		checkFused(t, g, stores[0], stores[1], shape, "FusedChain", "FusedScaleShift")
		if t.Failed() {
			t.Fatalf("seed %d, input %v:\n%v", seed, shape, g)
		}
	}
}

// TestChainBits checks that values have the same bits if more of them are outputs, which are kept in memory and divide
// the chains in other ways.
func TestChainBits(t *testing.T) {
	count := 60
	if testing.Short() {
		count = 10
	}
	shape := tensor.Shape{3, 5, 6, 7}
	for _, isa := range kernel.Available() {
		e, err := newEngine(Options{Threads: 2}, isa)
		if err != nil {
			t.Fatal(err)
		}
		for seed := range count {
			want := map[string]string{} // the bits of each output
			for _, every := range []int{1, 3, 1000} {
				b := graph.NewBuilder(graph.NewStore(), true)
				values, last := randomElementwise(b, uint64(seed), shape)
				var out []graph.Output
				for j, v := range values {
					if j%every == 0 || slices.Contains(last, v) {
						out = append(out, graph.Output{Key: fmt.Sprint(j), Value: v})
					}
				}
				g, err := b.Finish(out...)
				if err != nil {
					t.Fatal(err)
				}
				p, err := e.Compile(g, graph.NewStore())
				if err != nil {
					t.Fatal(err)
				}
				got := outputs(t, g, shape)
				if err := p.Run([]*tensor.Tensor{pixels(uint64(seed), shape...)}, got); err != nil {
					t.Fatal(err)
				}
				for j, o := range g.Outputs {
					bits := string(got[j].Raw())
					if w, ok := want[o.Key]; ok && w != bits {
						t.Fatalf("%v, seed %d: value %s has other bits with every %dth value as an output:\n%v", isa, seed, o.Key, every, g)
					}
					want[o.Key] = bits
				}
				p.Close()
			}
		}
		e.pool.close()
	}
}

// randomElementwise builds a graph of random element-wise ops of an input, with the gradient by the input. last has
// the last value and the gradient.
func randomElementwise(b *graph.Builder, seed uint64, shape tensor.Shape) (values, last []*graph.Value) {
	r := rand.New(rand.NewPCG(seed, 5))
	x := b.Input("x", tensor.Float32, append(tensor.Shape{tensor.Unknown}, shape[1:]...)...)
	values = []*graph.Value{x}
	operands := []*graph.Value{b.Constant(tensor.Float32, .7), b.SumKeep(x, 0, 1, 2), b.Mean(x, 1, 2, 3), b.SumKeep(x, 3), b.SumKeep(x, 1, 2)}
	operands[2] = b.Reshape(operands[2], -1, 1, 1, 1)
	for range 4 + r.IntN(20) {
		v := values[r.IntN(len(values))]
		w := values[r.IntN(len(values))]
		if r.IntN(2) == 0 {
			w = operands[r.IntN(len(operands))]
		}
		switch r.IntN(4) {
		case 0:
			v = b.Op(op.Unary{Fn: []op.UnaryFn{op.Neg, op.Abs, op.ReLU, op.ReLU6, op.Sigmoid, op.Tanh, op.Erf, op.Softplus, op.Sin, op.Square}[r.IntN(10)]}, v)
		case 1:
			v = b.Select(b.Binary([]op.BinaryFn{op.Less, op.Greater, op.GreaterEqual}[r.IntN(3)], v, w), w, b.Neg(v))
		case 2:
			v = b.Mul(b.Cast(b.Binary(op.Less, v, w), tensor.Float32), b.RandomUniform(seed, b.Constant(tensor.Int64, 2), v))
		default:
			v = b.Binary([]op.BinaryFn{op.Add, op.Sub, op.Mul, op.Max, op.Min}[r.IntN(5)], v, w)
		}
		values = append(values, v)
	}
	v := values[len(values)-1]
	grad := graph.Grad(b, b.Sum(b.Square(v)), x)[0]
	if grad == nil {
		return values, []*graph.Value{v}
	}
	return append(values, grad), []*graph.Value{v, grad}
}
