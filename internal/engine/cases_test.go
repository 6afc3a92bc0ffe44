package engine

import (
	"fmt"
	"math/rand/v2"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/optimizer/schedule"
	"github.com/lince-ml/lince/tensor"
)

func window(size, stride, dilation int, p op.Padding) op.Window {
	return op.Window{Size: [2]int{size, size}, Stride: [2]int{stride, stride}, Dilation: [2]int{dilation, dilation}, Padding: p}
}

// uniform initializes variables with numbers between -r and r.
type uniform float64

func (r uniform) Initialize(t *tensor.Tensor, key uint64) {
	random := rand.New(rand.NewPCG(key, 1))
	for i := range t.Float32s() {
		t.Float32s()[i] = float32((random.Float64()*2 - 1) * float64(r))
	}
}

func weight(b *graph.Builder, name string, shape ...int) *graph.Value {
	return b.Variable(graph.Variable{Path: name, Type: op.Type{DType: tensor.Float32, Shape: shape}, Init: uniform(.5)})
}

// cases are graphs with one float32 input "x", with an unknown batch dimension. The engine and the interpreter
// must compute the same outputs and updates.
var cases = []struct {
	name  string
	shape []int
	build func(b *graph.Builder, x *graph.Value) []*graph.Value
}{
	{"elementwise", []int{7, 5}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		y := b.Offset(b.Square(x), .1)
		return []*graph.Value{
			b.Neg(x), b.Abs(x), b.Sign(x), b.Sqrt(y), b.Exp(x), b.Log(y), b.Log1p(y), b.ReLU(x), b.ReLU6(b.Scale(x, 9)), b.Sigmoid(x), b.Tanh(x),
			b.Add(x, y), b.Sub(x, y), b.Mul(x, y), b.Div(x, y), b.Max(x, y), b.Min(x, y), b.Binary(op.Pow, y, x), b.Clip(x, -.2, .3),
		}
	}},
	{"more functions of one number", []int{7, 5}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		x = b.Scale(x, 5)
		return []*graph.Value{b.Erf(x), b.Expm1(x), b.Softplus(x), b.Floor(x), b.Round(x), b.Sin(x), b.Cos(x)}
	}},
	{"comparisons", []int{4, 3}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		y := b.Neg(x)
		var out []*graph.Value
		for _, fn := range []op.BinaryFn{op.Equal, op.Less, op.LessEqual, op.Greater, op.GreaterEqual} {
			c := b.Binary(fn, x, y)
			out = append(out, c, b.Cast(c, tensor.Float32), b.Select(c, x, y), b.Select(c, b.Constant(tensor.Float32, 3), y))
		}
		return out
	}},
	{"broadcasts", []int{3, 4, 5}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		row, col, mid := weight(b, "row", 5), b.SumKeep(x, 2), b.SumKeep(x, 1)
		last := b.SumKeep(x, 0)
		return []*graph.Value{
			b.Add(x, row), b.Sub(row, x), b.Mul(x, col), b.Div(col, b.Offset(b.Square(x), 1)), b.Add(x, mid), b.Sub(mid, x), b.Mul(last, x),
			b.Add(mid, col), b.BroadcastLike(mid, x), b.BroadcastLike(b.Constant(tensor.Float32, 2), x),
			b.Op(op.SumLike{}, x, row), b.Op(op.SumLike{}, x, mid), b.Op(op.SumLike{}, x, col), b.Op(op.SumLike{}, x, last),
		}
	}},
	{"reductions", []int{3, 4, 5}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		var out []*graph.Value
		for _, axes := range [][]int{nil, {0}, {1}, {2}, {0, 1}, {1, 2}, {0, 2}} {
			for _, fn := range []op.ReduceFn{op.ReduceSum, op.ReduceMax} {
				out = append(out, b.Op(op.Reduce{Fn: fn, Axes: axes}, x), b.Op(op.Reduce{Fn: fn, Axes: axes, KeepDims: true}, x))
			}
			out = append(out, b.Mean(x, axes...))
		}
		return append(out, b.ArgMax(x), b.OneHot(b.ArgMax(x), 5, tensor.Float32))
	}},
	{"segments", []int{3, 4, 5}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		s := b.SegmentSum(b.Square(x), b.Cast(b.Scale(x, 9), tensor.Int32), 7)
		return append(graph.Grad(b, b.Sum(b.Square(s)), x), s, b.Iota(x, 0), b.Iota(x, 1), b.Iota(x, 2), b.CumSum(x, false), b.CumSum(x, true))
	}},
	{"many segments", []int{3, 40, 500}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		return []*graph.Value{b.SegmentSum(b.Square(x), b.Cast(b.Scale(x, 99), tensor.Int32), 50), b.SegmentSum(x, b.Cast(b.Iota(x, 2), tensor.Int32), 90_000), b.Iota(x, 1)}
	}},
	{"shapes", []int{3, 4, 5}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		return []*graph.Value{b.Reshape(x, -1, 20), b.Transpose(x, 2, 0, 1), b.Square(b.Reshape(b.Neg(x), 5, 4, -1))}
	}},
	{"images", []int{3, 6, 5, 20}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		var out []*graph.Value
		for _, axes := range [][]int{{1, 2}, {3}, {0}, {0, 2}, {1, 3}, {0, 1, 2}, {2}} {
			y := b.Offset(b.Square(b.SumKeep(x, axes...)), .1)
			top := b.Op(op.Reduce{Fn: op.ReduceMax, Axes: axes}, x)
			z := b.Add(b.Mul(x, y), b.Sub(y, b.Div(x, y)))
			out = append(out, y, z, top, b.Mean(x, axes...), b.BroadcastLike(y, x), b.Op(op.SumLike{}, z, y), b.Max(y, x),
				b.Select(b.Binary(op.Less, x, y), y, x), b.Select(b.Binary(op.Less, y, b.Constant(tensor.Float32, 1)), x, y))
			out = append(out, graph.Grad(b, b.Add(b.Sum(b.Square(z)), b.Sum(b.Square(top))), x)...)
		}
		return out
	}},
	{"large images", []int{2, 40, 41, 32}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		mean, top := b.Mean(x, 1, 2), b.Op(op.Reduce{Fn: op.ReduceMax, Axes: []int{1, 2}}, x)
		gate := b.Reshape(b.Sigmoid(b.MatMul(mean, weight(b, "gate", 32, 32))), -1, 1, 1, 32)
		y := b.Mul(x, gate)
		return append(graph.Grad(b, b.Add(b.Sum(b.Square(y)), b.Sum(b.Square(top))), x), mean, top, y, b.Op(op.Reduce{Fn: op.ReduceMax, Axes: []int{0}}, x))
	}},
	{"pad, concat and slice", []int{3, 6, 5, 4}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		all := tensor.Unknown
		one := b.Slice(x, []int{0, 0, 0, 2}, []int{all, all, all, 1})
		var out []*graph.Value
		for _, y := range []*graph.Value{
			b.Pad(x, []int{0, 1, 2, 0}, []int{0, 0, 3, 0}, 0), b.Pad(x, []int{0, 0, 0, 2}, []int{0, 1, 0, 1}, -1.5), b.Pad(b.Neg(x), []int{0, 0, 0, 0}, []int{0, 0, 0, 0}, 1),
			b.Pad(x, []int{0, 200, 0, 0}, []int{0, 300, 0, 0}, 2), b.Pad(b.Constant(tensor.Float32, 3), []int{}, []int{}, 2),
			b.Concat(3, x, b.Neg(x), one), b.Concat(3, one, one), b.Concat(1, x, x, b.Square(x)), b.Concat(2, one, one, one), b.Concat(1, b.Neg(x)),
			b.Slice(x, []int{0, 1, 2, 0}, []int{all, 4, all, 4}), b.Slice(x, []int{0, 5, 0, 3}, []int{all, 1, 5, 1}), b.Slice(b.Neg(x), []int{0, 0, 0, 0}, []int{all, 6, all, all}),
			b.Slice(x, []int{0, 1, 0, 0}, []int{all, 0, all, all}), b.Concat(1, x, b.Slice(x, []int{0, 1, 0, 0}, []int{all, 0, all, all})),
		} {
			if out = append(out, y); y.Rank() == 4 {
				out = append(out, graph.Grad(b, b.Sum(b.Square(y)), x)...)
			}
		}
		return out
	}},
	{"batch matmul", []int{3, 2, 7, 40}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		y := b.Transpose(b.Square(x), 0, 1, 3, 2)
		var out []*graph.Value
		for _, z := range []*graph.Value{
			b.BatchMatMul(x, y), b.Op(op.BatchMatMul{TransposeA: true}, x, x), b.Op(op.BatchMatMul{TransposeB: true}, x, b.Neg(x)),
			b.Op(op.BatchMatMul{TransposeA: true, TransposeB: true}, x, y),
		} {
			out = append(append(out, z), graph.Grad(b, b.Sum(b.Square(z)), x)...)
		}
		long := b.Reshape(x, 1, 1, -1) // the kernel splits the sums of its products
		return append(out, b.Op(op.BatchMatMul{TransposeB: true}, long, long))
	}},
	{"integers", []int{3, 2}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		n := b.Cast(b.Scale(x, 10), tensor.Int64)
		m := b.Cast(b.Scale(x, -7), tensor.Int32)
		c := b.Constant(tensor.Int64, 2)
		return []*graph.Value{
			b.Add(n, c), b.Sub(n, c), b.Mul(n, n), b.Binary(op.Less, n, c), b.Cast(n, tensor.Float32), b.Cast(m, tensor.Float32),
			b.Binary(op.Equal, m, m), b.Max(m, b.Cast(n, tensor.Int32)), b.Add(b.Cast(m, tensor.Int64), n),
		}
	}},
	{"products over no elements", []int{6, 40}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		const all = tensor.Unknown
		none := b.Slice(x, []int{0, 0}, []int{all, 0})
		bias := weight(b, "bias", 6)
		y := b.Op(op.MatMul{TransposeB: true}, none, none)
		batch := b.Reshape(none, 3, 2, 0)
		return []*graph.Value{
			y, b.Op(op.MatMul{TransposeA: true}, b.Transpose(none, 1, 0), b.Transpose(none, 1, 0)), b.MatMul(none, b.Transpose(none, 1, 0)),
			b.Add(y, bias), b.ReLU(b.Add(b.Op(op.MatMul{TransposeB: true}, b.Square(none), none), bias)),
			b.Op(op.BatchMatMul{TransposeB: true}, batch, batch), b.BatchMatMul(b.Transpose(batch, 0, 2, 1), batch),
		}
	}},
	{"matmul", []int{6, 40}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		w, v := weight(b, "w", 40, 9), weight(b, "v", 9, 40)
		bias := weight(b, "bias", 9)
		return []*graph.Value{
			b.MatMul(x, w), b.Op(op.MatMul{TransposeB: true}, x, v), b.Op(op.MatMul{TransposeA: true}, x, x),
			b.Op(op.MatMul{TransposeA: true, TransposeB: true}, w, x),
			b.Add(b.Op(op.MatMul{TransposeB: true}, x, v), bias), b.ReLU(b.Add(bias, b.MatMul(b.Neg(x), w))),
		}
	}},
	{"convolutions", []int{3, 9, 8, 3}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		var out []*graph.Value
		for i, w := range []op.Window{window(3, 1, 1, op.Valid), window(3, 1, 1, op.Same), window(3, 2, 1, op.Same), window(2, 1, 2, op.Valid), window(1, 1, 1, op.Valid), window(4, 2, 1, op.Valid)} {
			k := weight(b, fmt.Sprint("k", i), w.Size[0], w.Size[1], 3, 5)
			bias := weight(b, fmt.Sprint("b", i), 5)
			y := b.Conv2D(x, k, w)
			out = append(out, y, b.Add(b.Conv2D(b.Neg(x), k, w), bias), b.ReLU(b.Add(b.Conv2D(b.Square(x), k, w), bias)))
			out = append(out, graph.Grad(b, b.Sum(b.Square(y)), x, k)...)
		}
		return out
	}},
	{"depthwise convolutions", []int{3, 9, 8, 6}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		var out []*graph.Value
		for i, w := range []op.Window{window(3, 1, 1, op.Valid), window(3, 1, 1, op.Same), window(3, 2, 1, op.Same), window(2, 1, 2, op.Valid), window(5, 2, 1, op.Same), window(5, 1, 1, op.Same)} {
			m := 1 + i%2
			k := weight(b, fmt.Sprint("k", i), w.Size[0], w.Size[1], 6, m)
			bias := weight(b, fmt.Sprint("b", i), 6*m)
			y := b.DepthwiseConv2D(x, k, w)
			z := b.ReLU6(b.Scale(b.Add(b.DepthwiseConv2D(b.Neg(x), k, w), bias), 5))
			out = append(out, y, z, b.ReLU(b.Add(b.DepthwiseConv2D(b.Square(x), k, w), bias)), b.ReLU6(b.DepthwiseConv2D(b.Exp(x), k, w)),
				b.ReLU6(b.Add(b.DepthwiseConv2D(b.Scale(x, 30), k, w), bias)))
			out = append(out, graph.Grad(b, b.Sum(b.Square(y)), x, k)...)
			out = append(out, graph.Grad(b, b.Sum(b.Square(z)), x, k, bias)...)
		}
		return out
	}},
	{"grouped convolutions", []int{3, 9, 8, 6}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		var out []*graph.Value
		for i, groups := range []int{2, 3, 6} {
			o := op.Conv2D{Window: window(3, 1+i%2, 1, op.Same), Groups: groups}
			k := weight(b, fmt.Sprint("k", i), 3, 3, 6/groups, 12)
			bias := weight(b, fmt.Sprint("b", i), 12)
			y := b.ReLU(b.Add(b.Op(o, x, k), bias))
			out = append(out, y, b.Op(o, x, b.Neg(k)), b.MaxPool2D(b.ReLU(b.Add(b.Op(o, b.Neg(x), k), bias)), window(2, 2, 1, op.Valid)))
			out = append(out, graph.Grad(b, b.Sum(b.Square(y)), x, k, bias)...)
		}
		return out
	}},
	{"pools", []int{2, 7, 6, 3}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		var out []*graph.Value
		for _, w := range []op.Window{window(2, 2, 1, op.Valid), window(3, 2, 1, op.Same), window(3, 1, 1, op.Valid)} {
			m, a := b.MaxPool2D(x, w), b.AveragePool2D(x, w)
			out = append(out, m, a, graph.Grad(b, b.Sum(b.Square(m)), x)[0], graph.Grad(b, b.Sum(b.Square(a)), x)[0])
		}
		return out
	}},
	{"softmax", []int{5, 4}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		labels := b.OneHot(b.ArgMax(b.Neg(x)), 4, tensor.Float32)
		y, loss := b.Softmax(x), b.SoftmaxCrossEntropy(x, labels)
		return []*graph.Value{y, loss, graph.Grad(b, b.Sum(b.Square(y)), x)[0], graph.Grad(b, b.Mean(loss), x)[0]}
	}},
	{"sparsemax", []int{5, 70}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		few, many := b.Sparsemax(x), b.Sparsemax(b.Scale(x, .001))
		return []*graph.Value{few, many, graph.Grad(b, b.Sum(b.Square(few)), x)[0], graph.Grad(b, b.Sum(b.Square(many)), x)[0]}
	}},
	{"batch normalization", []int{5, 6, 7, 12}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		gamma, beta := weight(b, "gamma", 12), weight(b, "beta", 12)
		far := b.Offset(x, 2) // a mean far from 0
		var out []*graph.Value
		for i, p := range [][2]*graph.Value{{gamma, beta}, {gamma, nil}, {nil, beta}, {nil, nil}} {
			y, mean, variance := b.BatchNorm([]*graph.Value{x, far}[i%2], p[0], p[1], 1e-3)
			wrt := []*graph.Value{x}
			for _, v := range p {
				if v != nil {
					wrt = append(wrt, v)
				}
			}
			out = append(append(out, y, mean, variance), graph.Grad(b, b.Sum(b.Square(b.Sigmoid(y))), wrt...)...)
			for j, v := range []*graph.Value{mean, variance} {
				moving := weight(b, fmt.Sprint("moving", j), 12) // shared: four updates of one variable
				b.MovingAverage(moving, v, .9)
			}
		}
		y, _, _ := b.BatchNorm(b.Reshape(x, -1, 12), gamma, beta, 1e-3)
		one, _, _ := b.BatchNorm(b.Reshape(x, -1, 1), nil, nil, 1e-3)
		return append(out, y, one)
	}},
	{"frozen normalization", []int{4, 9, 8, 5}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		norm := trial{b: b}.normalized
		k, l := weight(b, "k", 3, 3, 5, 6), weight(b, "l", 9, 8, 6, 12)
		y := b.ReLU(norm(b.Conv2D(x, k, window(3, 1, 1, op.Same)), "first")) // its weights are trained, so they are scaled in each run
		z := b.ReLU(norm(b.Conv2D(y, l, op.Window{Size: [2]int{9, 8}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}}), "second"))
		loss := b.Mean(b.Square(z))
		g := graph.Grad(b, loss, k, l, x)
		rate := b.Constant(tensor.Float32, .1)
		b.Update(op.SGD{}, k, g[0], rate)
		b.Update(op.SGD{}, l, g[1], rate)
		return []*graph.Value{y, z, loss, g[2]}
	}},
	{"random", []int{4, 3}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		return []*graph.Value{b.In("drop", "").RandomUniform(7, b.Constant(tensor.Int64, 3), x), b.In("drop", "").RandomNormal(7, b.Constant(tensor.Int64, 3), x)}
	}},
	{"updates", []int{6, 4}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		step := b.Variable(graph.Variable{Path: "step", Type: op.Type{DType: tensor.Int64}, Role: graph.Hyper})
		lr := b.Constant(tensor.Float32, .1)
		g := b.Mean(x, 0)
		slot := func(name string) *graph.Value {
			return b.Variable(graph.Variable{Path: name, Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{4}}, Role: graph.Slot})
		}
		for i, o := range []op.Op{
			op.SGD{}, op.SGD{Momentum: .9}, op.SGD{Momentum: .9, Nesterov: true, Decay: .3},
			op.RMSprop{Rho: .9, Epsilon: 1e-7, Decay: .3}, op.RMSprop{Rho: .9, Epsilon: 1e-7, Momentum: .5, Centered: true}, op.RMSprop{Rho: .9, Epsilon: 1e-7, Centered: true},
			op.Adam{Beta1: .9, Beta2: .999, Epsilon: 1e-7}, op.Adam{Beta1: .9, Beta2: .999, Epsilon: 1e-7, AMSGrad: true, Decay: .3},
		} {
			in := []*graph.Value{weight(b, fmt.Sprint("w", i), 4)}
			for j := 1; j < o.(op.Updater).Updates(); j++ {
				in = append(in, slot(fmt.Sprint("s", i, j)))
			}
			in = append(in, g, lr)
			if _, ok := o.(op.Adam); ok {
				in = append(in, step)
			}
			b.Update(o, in...)
		}
		copied := slot("copied")
		b.Assign(step, b.Add(step, b.Constant(tensor.Int64, 1)))
		b.Update(op.Assign{}, copied, in0(b, "w0")) // reads w0 as it was before the run's updates
		return []*graph.Value{g}
	}},
	{"updates under conditions", []int{6, 4}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		step := b.Variable(graph.Variable{Path: "step", Type: op.Type{DType: tensor.Int64}, Role: graph.Hyper})
		g := b.Mean(x, 0)
		every := b.Op(op.Every{N: 2}, step)
		yes := every.Node.Out[1]
		no := b.Select(yes, b.Constant(tensor.Bool, 0), b.Constant(tensor.Bool, 1))
		rate := b.Op(op.Schedule{Of: schedule.ExponentialDecay{InitialLearningRate: .1, DecaySteps: 2, DecayRate: .5}, Label: "exponential"}, step)
		for i, at := range []*graph.Builder{b, b.When(yes), b.When(no), b.When(yes).When(no), b.When(no).When(no)} {
			w, average := weight(b, fmt.Sprint("w", i), 4), weight(b, fmt.Sprint("a", i), 4)
			at.Update(op.SGD{Decay: .1}, w, g, rate)
			at.Update(op.AverageWeights{Momentum: .9, Overwrite: 1 + i%2}, average, w, every)
			at.Assign(weight(b, fmt.Sprint("copy", i), 4), g)
		}
		b.Assign(step, b.Add(step, b.Constant(tensor.Int64, 1)))
		return []*graph.Value{b.Cast(every, tensor.Float32), rate}
	}},
	{"winograd", []int{4, 13, 12, 24}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		var out []*graph.Value
		for i, pad := range []op.Padding{op.Valid, op.Same} {
			k, bias := weight(b, fmt.Sprint("k", i), 3, 3, 24, 32), weight(b, fmt.Sprint("b", i), 32)
			y := b.ReLU(b.Add(b.Conv2D(x, k, window(3, 1, 1, pad)), bias))
			z := b.MaxPool2D(b.ReLU(b.Add(b.Conv2D(b.Neg(x), k, window(3, 1, 1, pad)), bias)), window(2, 2, 1, op.Valid))
			out = append(out, y, z)
			out = append(out, graph.Grad(b, b.Sum(b.Square(y)), x, k, bias)...)
			out = append(out, graph.Grad(b, b.Sum(b.Square(z)), x, k, bias)...)
		}
		return out
	}},
	{"transposed convolutions", []int{2, 6, 5, 20}, transposed},
	{"adaptive maxima", []int{2, 7, 6, 3}, adaptiveMaxima},
	{"resize", []int{3, 7, 6, 3}, resizes},
	{"layer normalization", []int{5, 6, 7, 48}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		gamma, beta := weight(b, "gamma", 48), weight(b, "beta", 48)
		var out []*graph.Value
		for i, p := range [][2]*graph.Value{{gamma, beta}, {gamma, nil}, {nil, beta}, {nil, nil}} {
			y := b.LayerNorm(b.Offset(x, float64(i)), p[0], p[1], 1e-3)
			wrt := []*graph.Value{x}
			for _, v := range p {
				if v != nil {
					wrt = append(wrt, v)
				}
			}
			out = append(append(out, y), graph.Grad(b, b.Sum(b.Square(b.Sigmoid(y))), wrt...)...)
		}
		return append(out, b.LayerNorm(b.Reshape(x, -1, 14), nil, nil, 0))
	}},
	{"gather", []int{9, 300}, func(b *graph.Builder, x *graph.Value) []*graph.Value {
		table := weight(b, "table", 10, 300)
		i := b.ArgMax(b.Reshape(x, -1, 12)) // from 0 to 11: rows 10 and 11 do not exist
		y, z := b.Gather(table, b.Min(i, b.Constant(tensor.Int32, 9))), b.Gather(table, b.Cast(b.Sub(b.Constant(tensor.Int32, 1), i), tensor.Int64))
		through := b.Op(op.StraightThrough{}, x, b.Square(x))
		return []*graph.Value{y, z, b.Gather(table, i), through, graph.Grad(b, b.Sum(b.Exp(through)), x)[0], graph.Grad(b, b.Sum(b.Square(y)), table)[0], graph.Grad(b, b.Sum(b.Square(z)), table)[0]}
	}},
	{"image ops", []int{4, 6, 7, 3}, imageOps},
	{"arithmetic on all types", []int{3, 4, 5}, typedArithmetic},
	{"conversions", []int{4, 5}, typedCasts},
	{"ops that move and combine elements of all types", []int{3, 4, 5}, typedShapes},
	{"large arrays of other types", []int{3, 40, 500}, typedParts},
	{"NaN", []int{9, 7}, nans},
	{"constants and variables of other types", []int{3, 4}, typedInputs},
	{"residual network", []int{5, 14, 13, 3}, residual},
	{"chains", []int{5, 9, 8, 12}, chained},
	{"network", []int{5, 14, 13, 3}, network(op.RMSprop{Rho: .9, Epsilon: 1e-7}, 6, 8)},
	{"larger network", []int{5, 26, 25, 3}, network(op.SGD{Momentum: .9}, 32, 48)}, // its second convolution uses Winograd
}
