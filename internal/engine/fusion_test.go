package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/compile"
	"github.com/lince-ml/lince/internal/interp"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/tensor"
)

// trial draws a network of random shape with a pattern of package compile.
type trial struct {
	*rand.Rand
	b *graph.Builder
}

func (t trial) between(lo, hi int) int { return lo + t.IntN(hi-lo+1) }

// images adds an input of random shape, with at least the given height and width.
func (t trial) images(least int) *graph.Value {
	return t.b.Input("x", tensor.Float32, tensor.Unknown, t.between(least, 14), t.between(least, 14), t.between(1, 20))
}

func (t trial) window(most int) op.Window {
	w := op.Window{Padding: op.Valid}
	for i := range 2 {
		w.Size[i], w.Stride[i], w.Dilation[i] = t.between(1, most), t.between(1, 2), 1
	}
	if t.IntN(2) == 0 {
		w.Padding = op.Same
	}
	return w
}

func (t trial) conv(x *graph.Value, name string, w op.Window, o int) (y, kernel, bias *graph.Value) {
	kernel, bias = weight(t.b, name+"/kernel", w.Size[0], w.Size[1], x.Shape[3], o), weight(t.b, name+"/bias", o)
	return t.b.Conv2D(x, kernel, w), kernel, bias
}

func (t trial) depthwise(x *graph.Value, w op.Window) (y, kernel, bias *graph.Value) {
	w.Stride[1] = w.Stride[0]
	m := t.between(1, 2)
	kernel, bias = weight(t.b, "kernel", w.Size[0], w.Size[1], x.Shape[3], m), weight(t.b, "bias", x.Shape[3]*m)
	return t.b.DepthwiseConv2D(x, kernel, w), kernel, bias
}

// grads returns the gradients of the sum of y's squares, and y.
func (t trial) grads(y *graph.Value, of ...*graph.Value) []*graph.Value {
	return append(graph.Grad(t.b, t.b.Sum(t.b.Square(y)), of...), y)
}

// activate is ReLU, ReLU6 or nothing.
func (t trial) activate(y *graph.Value) *graph.Value {
	switch t.IntN(3) {
	case 0:
		return t.b.ReLU(y)
	case 1:
		return t.b.ReLU6(t.b.Scale(y, 1))
	}
	return y
}

// normalized is x*scale + shift, as layer.BatchNormalization computes it at inference.
func (t trial) normalized(x *graph.Value, name string) *graph.Value {
	n := x.Shape[x.Rank()-1]
	scale := t.b.Div(weight(t.b, name+"/gamma", n), t.b.Sqrt(t.b.Offset(t.b.Square(weight(t.b, name+"/deviation", n)), .5)))
	return t.b.Add(t.b.Mul(x, scale), t.b.Sub(weight(t.b, name+"/beta", n), t.b.Mul(weight(t.b, name+"/mean", n), scale)))
}

// batchNorm normalizes with the batch's statistics, and with gamma, beta, both or none.
func (t trial) batchNorm(x *graph.Value, name string) (y *graph.Value, weights []*graph.Value) {
	n := x.Shape[x.Rank()-1]
	var p [2]*graph.Value
	for i, what := range []string{"/gamma", "/beta"} {
		if t.IntN(4) > 0 {
			p[i] = weight(t.b, name+what, n)
			weights = append(weights, p[i])
		}
	}
	y, mean, variance := t.b.BatchNorm(x, p[0], p[1], 1e-3)
	t.b.MovingAverage(weight(t.b, name+"/moving_mean", n), mean, .9)
	t.b.MovingAverage(weight(t.b, name+"/moving_variance", n), variance, .9)
	return y, weights
}

// weighted returns the gradients of a weighted sum of y's squares, and y. The plain sum of the squares of a
// normalized value is nearly constant.
func (t trial) weighted(y *graph.Value, of ...*graph.Value) []*graph.Value {
	w := t.b.RandomUniform(5, t.b.Constant(tensor.Int64, 0), y)
	return append(graph.Grad(t.b, t.b.Sum(t.b.Mul(t.b.Square(y), w)), of...), y)
}

// trials has for each pattern a network, the fused op that its plan must contain, and one that it must not.
var trials = map[string]struct {
	op    string
	build func(t trial) []*graph.Value
	not   string
}{
	"zero padding + conv of any kind, and their gradients": {"FusedConv2D", func(t trial) []*graph.Value {
		x := t.b.Input("x", tensor.Float32, tensor.Unknown, t.between(3, 14), t.between(3, 14), 2*t.between(1, 20))
		pad := func(x *graph.Value) *graph.Value {
			return t.b.Pad(x, []int{0, t.between(0, 3), t.between(0, 3), 0}, []int{0, t.between(0, 3), 1 + t.between(0, 3), 0}, 0)
		}
		valid := func() op.Window {
			w := t.window(3)
			w.Padding = op.Valid
			return w
		}
		y, k, bias := t.conv(pad(x), "a", valid(), 2*t.between(1, 20))
		y = t.b.ReLU(t.b.Add(y, bias))
		// Converters store equal biases once.
		y, shared, _ := t.conv(pad(y), "b", valid(), y.Shape[3])
		y = t.b.ReLU(t.b.Add(y, bias))
		w := valid()
		w.Size = [2]int{2, 2}
		g := weight(t.b, "groups", 2, 2, y.Shape[3]/2, 4)
		y = t.b.Op(op.Conv2D{Window: w, Groups: 2}, pad(t.b.Pad(y, []int{0, 1, 1, 0}, []int{0, 0, 0, 0}, 0)), g)
		y, d, _ := t.depthwise(pad(t.b.Square(y)), window(1, 1, 1, op.Valid))
		return t.grads(y, x, k, shared, bias, g, d)
	}, ""},
	"zero padding of a relu's or relu6's result + max-pool": {"MaxPool2D", func(t trial) []*graph.Value {
		x := t.images(3)
		y := t.b.ReLU6(t.b.Offset(t.b.Scale(x, 5), float64(t.between(-1, 1))))
		y = t.b.Pad(y, []int{0, t.between(0, 2), t.between(0, 2), 0}, []int{0, 1, t.between(0, 2), 0}, 0)
		y = t.b.MaxPool2D(y, window(3, t.between(1, 2), 1, op.Valid))
		return []*graph.Value{y}
	}, "Pad"},
	"dense layer over the channels of images": {"FusedConv2D", func(t trial) []*graph.Value {
		x := t.images(1)
		c, o := x.Shape[3], t.between(1, 40)
		y := t.b.MatMul(t.b.Reshape(x, tensor.Unknown, c), weight(t.b, "kernel", c, o))
		if t.IntN(2) == 0 {
			y = t.b.Add(y, weight(t.b, "bias", o))
		}
		y = t.b.Reshape(y, tensor.Unknown, x.Shape[1], x.Shape[2], o)
		return []*graph.Value{t.b.ReLU(y)}
	}, "MatMul"},
	"conv or matmul (+ bias) + scale (+ shift) of variables": {"Mul", func(t trial) []*graph.Value {
		o := t.between(1, 40)
		var x, y, k, bias *graph.Value
		switch t.IntN(4) {
		case 0:
			x = t.images(5)
			y, k, bias = t.conv(x, "a", t.window(3), o)
		case 1:
			x = t.images(5)
			y, k, bias = t.depthwise(x, t.window(3))
		case 2:
			groups, w := t.between(2, 5), t.window(3)
			x = t.b.Input("x", tensor.Float32, tensor.Unknown, 6, 7, groups*2)
			k, bias = weight(t.b, "kernel", w.Size[0], w.Size[1], 2, groups*3), weight(t.b, "bias", groups*3)
			y = t.b.Op(op.Conv2D{Window: w, Groups: groups}, x, k)
		default:
			x = t.b.Input("x", tensor.Float32, tensor.Unknown, 30)
			k, bias = weight(t.b, "kernel", 30, o), weight(t.b, "bias", o)
			y = t.b.MatMul(x, k)
		}
		if t.IntN(2) == 0 {
			y = t.b.Add(y, bias)
		}
		if t.IntN(4) == 0 {
			y = t.b.Mul(y, weight(t.b, "scale", y.Shape[y.Rank()-1]))
		} else {
			y = t.normalized(y, "bn")
		}
		return t.grads(t.activate(y), x, k)
	}, "FusedScaleShift"},
	"conv + bias + relu + 2x2 max-pool, and its gradient": {"FusedConv2DGradFilter", func(t trial) []*graph.Value {
		x, w := t.images(5), t.window(3)
		w.Stride = [2]int{1, 1}
		y, k, bias := t.conv(x, "a", w, t.between(1, 40))
		pool := op.Window{Size: [2]int{2, 2}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}, Padding: op.Valid}
		return t.grads(t.b.MaxPool2D(t.b.ReLU(t.b.Add(y, bias)), pool), x, k, bias)
	}, ""},
	"conv (+ bias) (+ residual) (+ relu or relu6)": {"FusedConv2D", func(t trial) []*graph.Value {
		x, w, o := t.images(3), t.window(3), t.between(1, 40)
		y, k, bias := t.conv(x, "a", w, o)
		if t.IntN(3) > 0 {
			y = t.b.Add(y, bias)
		}
		z, l, _ := t.conv(x, "b", w, o)
		y = t.activate(t.b.Add(z, y))
		return t.grads(y, x, k, l)
	}, ""},
	"conv filter gradient + bias gradient": {"FusedConv2DGradFilter", func(t trial) []*graph.Value {
		x := t.images(3)
		y, k, bias := t.conv(x, "a", t.window(3), t.between(1, 40))
		y, shared, _ := t.conv(t.b.Add(y, bias), "b", window(3, 1, 1, op.Same), y.Shape[3])
		return t.grads(t.b.Add(y, bias), x, k, shared, bias)
	}, ""},
	"depthwise conv (+ bias) (+ relu or relu6)": {"FusedDepthwiseConv2D", func(t trial) []*graph.Value {
		x := t.images(5)
		y, k, bias := t.depthwise(x, t.window(5))
		return t.grads(t.activate(t.b.Add(y, bias)), x, k)
	}, ""},
	"conv in groups (+ bias) (+ relu or relu6)": {"FusedGroupedConv2D", func(t trial) []*graph.Value {
		groups, in, out := t.between(2, 5), t.between(1, 4), t.between(1, 4)
		x := t.b.Input("x", tensor.Float32, tensor.Unknown, t.between(4, 12), t.between(4, 12), groups*in)
		w := t.window(4)
		k, bias := weight(t.b, "kernel", w.Size[0], w.Size[1], in, groups*out), weight(t.b, "bias", groups*out)
		y := t.b.Add(t.b.Op(op.Conv2D{Window: w, Groups: groups}, x, k), bias)
		return t.grads(t.activate(y), x, k, bias)
	}, ""},
	"depthwise conv filter gradient + bias gradient": {"FusedDepthwiseConv2DGradFilter", func(t trial) []*graph.Value {
		x := t.images(5)
		y, k, bias := t.depthwise(x, t.window(5))
		return t.grads(t.b.Add(y, bias), x, k, bias)
	}, ""},
	"transposed conv (+ bias) (+ relu or relu6)": {"FusedConv2DTranspose", func(t trial) []*graph.Value {
		x, o := t.images(1), op.Conv2DTranspose{Window: window(1, 1, 1, op.Valid)}
		for a := range 2 {
			o.Size[a], o.Stride[a] = t.between(1, 4), t.between(1, 3)
			o.Last[a] = max(o.Size[a], o.Stride[a])
		}
		o.Stride[0] = max(o.Stride[0], 2)
		o.Last[0] = max(o.Size[0], o.Stride[0])
		if t.IntN(2) == 0 {
			o.Padding, o.Last = op.Same, o.Stride
		}
		n := t.between(1, 40)
		k, bias := weight(t.b, "kernel", o.Size[0], o.Size[1], n, x.Shape[3]), weight(t.b, "bias", n)
		y := t.b.Op(o, x, k)
		if t.IntN(3) > 0 {
			return t.grads(t.activate(t.b.Add(y, bias)), x, k, bias)
		}
		return t.grads(t.b.ReLU(y), x, k)
	}, ""},
	"matmul + bias (+ relu)": {"FusedMatMul", func(t trial) []*graph.Value {
		x := t.b.Input("x", tensor.Float32, tensor.Unknown, t.between(1, 70))
		n := t.between(1, 50)
		k, bias := weight(t.b, "kernel", x.Shape[1], n), weight(t.b, "bias", n)
		y := t.b.Add(t.b.MatMul(x, k), bias)
		if t.IntN(2) == 0 {
			y = t.b.ReLU(y)
		}
		return t.grads(y, x, k, bias)
	}, ""},
	"matmul + optimizer's update": {"FusedMatMulUpdate", func(t trial) []*graph.Value {
		b := t.b
		rows := t.between(64, 300)
		x := b.Input("x", tensor.Float32, tensor.Unknown, rows)
		k := weight(b, "kernel", rows, 65536/rows+t.between(1, 40))
		loss := b.Sum(b.Square(b.ReLU(b.MatMul(x, k))))
		g, rate := graph.Grad(b, loss, k)[0], weight(b, "rate")
		slot := func(i int) *graph.Value { return weight(b, fmt.Sprint("slot", i), k.Shape...) }
		switch t.IntN(5) {
		case 0:
			b.Update(op.SGD{}, k, g, rate)
		case 1:
			b.Update(op.SGD{Momentum: .9, Nesterov: true, Decay: .1}, k, slot(0), g, rate)
		case 2:
			b.Update(op.RMSprop{Rho: .9, Momentum: .5, Epsilon: 2, Centered: true}, k, slot(0), slot(1), slot(2), g, rate)
		case 3:
			b.Update(op.RMSprop{Rho: .9, Epsilon: 1}, k, slot(0), g, rate)
		default:
			steps := b.Variable(graph.Variable{Path: "steps", Type: op.Type{DType: tensor.Int64}})
			b.Update(op.Adam{Beta1: .9, Beta2: .999, Epsilon: 1, AMSGrad: true, Decay: .1}, k, slot(0), slot(1), slot(2), g, rate, steps)
		}
		return []*graph.Value{loss}
	}, ""},
	"relu or relu6 gradient + batch norm gradient": {"FusedBatchNormGrad", func(t trial) []*graph.Value {
		x, o, w := t.images(4), t.between(1, 40), t.window(3)
		y, k, bias := t.conv(x, "a", w, o)
		y, wrt := t.batchNorm(t.b.Add(y, bias), "bn")
		if t.IntN(2) == 0 { // a residual
			z, l, _ := t.conv(x, "b", w, o)
			wrt = append(wrt, l)
			if t.IntN(2) == 0 { // which is normalized too
				var more []*graph.Value
				z, more = t.batchNorm(z, "shortcut")
				wrt = append(wrt, more...)
			}
			y = t.b.Add(y, z)
		}
		if t.IntN(2) == 0 {
			y = t.b.ReLU(y)
		} else {
			y = t.b.ReLU6(t.b.Scale(y, 1))
		}
		return t.weighted(y, append(wrt, x, k)...)
	}, "ReLUGrad"},
	"batch norm (+ residual) (+ relu or relu6)": {"FusedBatchNorm", func(t trial) []*graph.Value {
		var x *graph.Value
		if t.IntN(3) > 0 {
			x = t.images(4)
		} else {
			x = t.b.Input("x", tensor.Float32, tensor.Unknown, 20, t.between(1, 70))
		}
		y, wrt := t.batchNorm(x, "bn")
		switch t.IntN(4) {
		case 0:
			y = t.b.ReLU(y)
		case 1:
			y = t.b.ReLU6(y)
		case 2:
			y = t.b.Add(x, y)
		default:
			y = t.b.ReLU(t.b.Add(y, x))
		}
		return t.weighted(y, append(wrt, x)...)
	}, "BatchNorm"},
	"conv (+ bias) + batch norm (+ residual) (+ relu or relu6)": {"FusedConvBatchNorm", func(t trial) []*graph.Value {
		x, o, w := t.images(4), t.between(1, 40), t.window(3)
		switch t.IntN(3) {
		case 0: // of regions
			o = 16 * t.between(1, 5)
		case 1:
			o, w = 16*t.between(1, 5), window(1, 1, 1, op.Same)
		}
		y, k, bias := t.conv(x, "a", w, o)
		wrt := []*graph.Value{x, k}
		if t.IntN(2) == 0 {
			y = t.b.Add(y, bias)
		}
		y, more := t.batchNorm(y, "bn")
		if t.IntN(2) == 0 {
			z, l, _ := t.conv(x, "b", w, o)
			wrt, y = append(wrt, l), t.b.Add(z, y)
		}
		return t.weighted(t.activate(y), append(wrt, more...)...)
	}, "BatchNorm"},
	"scale + shift (+ residual) (+ relu or relu6)": {"FusedScaleShift", func(t trial) []*graph.Value {
		x := t.images(3)
		y := t.normalized(x, "bn")
		if t.IntN(2) == 0 {
			y = t.b.Add(y, x)
		}
		y = t.activate(y)
		if t.IntN(3) > 0 {
			return []*graph.Value{y}
		}
		return t.grads(y, x)
	}, "ScaleShift"},
}

// try draws a network, two stores with the same variables, and a shape for its input.
func try(t *testing.T, seed int, build func(t trial) []*graph.Value) (g *graph.Graph, stores [2]*graph.Store, shape tensor.Shape) {
	t.Helper()
	for i := range stores {
		r := rand.New(rand.NewPCG(uint64(seed), 3))
		stores[i] = graph.NewStore()
		b := graph.NewBuilder(stores[i], true)
		var out []graph.Output
		for i, v := range build(trial{r, b}) {
			out = append(out, graph.Output{Key: fmt.Sprint(i), Value: v})
		}
		var err error
		if g, err = b.Finish(out...); err != nil {
			t.Fatal(err)
		}
		stores[i].Initialize(uint64(seed))
		shape = g.Inputs[0].Shape.Clone()
		shape[0] = 1 + r.IntN(4)
	}
	return g, stores, shape
}

// TestFusion compares the plan that each pattern makes with the unfused graph on the interpreter, for random
// shapes.
func TestFusion(t *testing.T) {
	names := compile.Patterns()
	for name := range trials {
		if !slices.Contains(names, name) {
			t.Errorf("there is no pattern %q", name)
		}
	}
	count := 30
	if testing.Short() {
		count = 5
	}
	for _, name := range names {
		c, ok := trials[name]
		if !ok {
			t.Errorf("pattern %q has no network here", name)
			continue
		}
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			for seed := range count {
				g, stores, shape := try(t, seed, c.build)
				checkFused(t, g, stores[0], stores[1], shape, c.op, c.not)
				if t.Failed() {
					t.Fatalf("seed %d, input %v:\n%v", seed, shape, g)
				}
			}
		})
	}
}

// checkFused compares the engine with the interpreter, and looks for an op in the plan.
func checkFused(t *testing.T, g *graph.Graph, store, oracle *graph.Store, shape tensor.Shape, want, not string) {
	t.Helper()
	isa := kernel.Available()[0]
	plan, err := compile.Compile(g, []tensor.Shape{shape}, &target{isa: isa, lowered: map[*graph.Node]*lowering{}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(plan.Nodes, func(n *graph.Node) bool { return n.Op.Name() == name })
	}
	if !has(want) || has(not) {
		t.Errorf("want a plan with %s and without %q:\n%v", want, not, plan)
	}
	checkRun(t, isa, g, store, oracle, shape)
}

// checkRun compares a run of the engine, over store, with one of the interpreter, over oracle.
func checkRun(t *testing.T, isa kernel.ISA, g *graph.Graph, store, oracle *graph.Store, shape tensor.Shape) {
	t.Helper()
	p := compiledFor(t, isa, Options{Threads: 2}, g, store)
	q, err := interp.New().Compile(g, oracle)
	if err != nil {
		t.Fatal(err)
	}
	x := pixels(7, shape...)
	got, wanted := outputs(t, g, shape), outputs(t, g, shape)
	if err := p.Run([]*tensor.Tensor{x}, got); err != nil {
		t.Fatal(err)
	}
	if err := q.Run([]*tensor.Tensor{x}, wanted); err != nil {
		t.Fatal(err)
	}
	for i := range got {
		compare(t, fmt.Sprintf("output %d", i), got[i], wanted[i])
	}
	for _, v := range oracle.Variables() {
		compare(t, v.Path, store.Lookup(v.Path).Value(), v.Value())
	}
}
