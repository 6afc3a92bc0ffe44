package interp

import (
	"math"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/philox"
	"github.com/lince-ml/lince/tensor"
)

// eval computes a node's results from its operands. The elements of out are initially 0. An update
// changes its first operands.
type eval func(n *graph.Node, in, out []*Array)

// evals maps the name of each op to its reference implementation.
var evals = map[string]eval{
	"Input":    nil,
	"Variable": nil,
	"Const":    nil,

	"Neg":     unary(func(x float64) float64 { return -x }),
	"Abs":     unary(math.Abs),
	"Sign":    unary(sign),
	"Square":  unary(func(x float64) float64 { return x * x }),
	"Sqrt":    unary(math.Sqrt),
	"Exp":     unary(math.Exp),
	"Log":     unary(math.Log),
	"Log1p":   unary(math.Log1p),
	"ReLU":    unary(relu),
	"ReLU6":   unary(func(x float64) float64 { return min(relu(x), 6) }),
	"Sigmoid": unary(func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }),
	"Tanh":    unary(math.Tanh),

	"Erf":      unary(math.Erf),
	"Expm1":    unary(math.Expm1),
	"Softplus": unary(func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }),
	"Floor":    unary(math.Floor),
	"Round":    unary(math.RoundToEven),
	"Sin":      unary(math.Sin),
	"Cos":      unary(math.Cos),
	"Ceil":     unary(math.Ceil),
	"Atan":     unary(math.Atan),

	"Add":          binary(func(x, y float64) float64 { return x + y }),
	"Sub":          binary(func(x, y float64) float64 { return x - y }),
	"Mul":          binary(func(x, y float64) float64 { return x * y }),
	"Div":          binary(func(x, y float64) float64 { return x / y }),
	"Max":          binary(func(x, y float64) float64 { return max(x, y) }),
	"Min":          binary(func(x, y float64) float64 { return min(x, y) }),
	"Pow":          binary(math.Pow),
	"Mod":          binary(mod),
	"FMod":         binary(math.Mod),
	"BitAnd":       bits(func(x, y int64) int64 { return x & y }),
	"BitOr":        bits(func(x, y int64) int64 { return x | y }),
	"BitXor":       bits(func(x, y int64) int64 { return x ^ y }),
	"ShiftLeft":    bits(func(x, y int64) int64 { return shift(x, y, true) }),
	"ShiftRight":   bits(func(x, y int64) int64 { return shift(x, y, false) }),
	"Equal":        binary(func(x, y float64) float64 { return truth(x == y) }),
	"Less":         binary(func(x, y float64) float64 { return truth(x < y) }),
	"LessEqual":    binary(func(x, y float64) float64 { return truth(x <= y) }),
	"Greater":      binary(func(x, y float64) float64 { return truth(x > y) }),
	"GreaterEqual": binary(func(x, y float64) float64 { return truth(x >= y) }),
	"ReLUGrad": binary(func(g, y float64) float64 {
		if y > 0 {
			return g
		}
		return 0
	}),
	"ReLU6Grad": binary(func(g, y float64) float64 {
		if y > 0 && y < 6 {
			return g
		}
		return 0
	}),
	"Select": func(_ *graph.Node, in, out []*Array) {
		each(out[0].Shape, func(i int, at []int) {
			if in[0].at(at) != 0 {
				out[0].V[i] = in[1].at(at)
			} else {
				out[0].V[i] = in[2].at(at)
			}
		})
	},
	"Cast": cast,

	"Reshape":     func(_ *graph.Node, in, out []*Array) { copy(out[0].V, in[0].V) },
	"ReshapeLike": func(_ *graph.Node, in, out []*Array) { copy(out[0].V, in[0].V) },
	"Transpose": func(n *graph.Node, in, out []*Array) {
		src := make([]int, len(in[0].Shape))
		each(out[0].Shape, func(i int, at []int) {
			for j, d := range n.Op.(op.Transpose).Perm {
				src[d] = at[j]
			}
			out[0].V[i] = in[0].at(src)
		})
	},
	"BroadcastLike": func(_ *graph.Node, in, out []*Array) {
		each(out[0].Shape, func(i int, at []int) { out[0].V[i] = in[0].at(at) })
	},
	"SumLike": func(_ *graph.Node, in, out []*Array) {
		each(in[0].Shape, func(i int, at []int) { *out[0].ptr(at) += in[0].V[i] })
	},
	"Pad": func(n *graph.Node, in, out []*Array) {
		for i := range out[0].V {
			out[0].V[i] = n.Op.(op.Pad).Value
		}
		each(in[0].Shape, func(i int, at []int) { *out[0].ptr(moved(at, n.Op.(op.Pad).Before)) = in[0].V[i] })
	},
	"Concat": func(n *graph.Node, in, out []*Array) {
		axis := n.Op.(op.Concat).Axis
		begin := make([]int, len(out[0].Shape))
		for _, x := range in {
			each(x.Shape, func(i int, at []int) { *out[0].ptr(moved(at, begin)) = x.V[i] })
			begin[axis] += x.Shape[axis]
		}
	},
	"Slice": func(n *graph.Node, in, out []*Array) {
		each(out[0].Shape, func(i int, at []int) { out[0].V[i] = in[0].at(moved(at, n.Op.(op.Slice).Begin)) })
	},
	"Size": func(n *graph.Node, in, out []*Array) {
		out[0].V[0] = float64(n.Op.(op.Size).Count(in[0].Shape))
	},
	"OneHot": func(n *graph.Node, in, out []*Array) {
		depth := n.Op.(op.OneHot).Depth
		for i, v := range in[0].V {
			if c := int(v); c >= 0 && c < depth {
				out[0].V[i*depth+c] = 1
			}
		}
	},

	"SegmentSum": func(_ *graph.Node, in, out []*Array) {
		for i, v := range in[0].V {
			if s := int(in[1].V[i]); s >= 0 && s < len(out[0].V) {
				out[0].V[s] += v
			}
		}
	},
	"CumSum": func(n *graph.Node, in, out []*Array) {
		rows(in[0], func(i int, row []float64) {
			sum, y := 0., out[0].V[i*len(row):]
			for j := range row {
				if n.Op.(op.CumSum).Reverse {
					j = len(row) - 1 - j
				}
				sum += row[j]
				y[j] = sum
			}
		})
	},
	"Iota": func(n *graph.Node, _, out []*Array) {
		each(out[0].Shape, func(i int, at []int) { out[0].V[i] = float64(at[n.Op.(op.Iota).Axis]) })
	},

	"ReduceSum": reduce(0, func(a, x float64) float64 { return a + x }),
	"ReduceMax": func(n *graph.Node, in, out []*Array) {
		reduce(limits(n)[0], func(a, x float64) float64 { return max(a, x) })(n, in, out)
	},
	"ReduceMin": func(n *graph.Node, in, out []*Array) {
		reduce(limits(n)[1], func(a, x float64) float64 { return min(a, x) })(n, in, out)
	},
	"ReduceProd": reduce(1, func(a, x float64) float64 { return a * x }),
	"TopK":       topK,
	"ArgMax": func(_ *graph.Node, in, out []*Array) {
		rows(in[0], func(i int, row []float64) {
			for j, v := range row {
				if v > row[int(out[0].V[i])] {
					out[0].V[i] = float64(j)
				}
			}
		})
	},
	"MatMul": func(n *graph.Node, in, out []*Array) { product(n.Op.(op.MatMul), in[0], in[1], out[0]) },
	"BatchMatMul": func(n *graph.Node, in, out []*Array) {
		batch := len(out[0].Shape) - 2
		matrix := func(a *Array, i int) *Array {
			s := a.Shape[batch:]
			return &Array{s, a.V[i*s.Elements():][:s.Elements()]}
		}
		for i := range out[0].Shape[:batch].Elements() {
			product(op.MatMul(n.Op.(op.BatchMatMul)), matrix(in[0], i), matrix(in[1], i), matrix(out[0], i))
		}
	},

	"Conv2D": func(n *graph.Node, in, out []*Array) {
		conv(n.Op.(op.Conv2D), in[0], in[1], out[0], func(x, w, y int) { out[0].V[y] += in[0].V[x] * in[1].V[w] })
	},
	"Conv2DGradInput": func(n *graph.Node, in, out []*Array) {
		conv(op.Conv2D(n.Op.(op.Conv2DGradInput)), out[0], in[0], in[1], func(x, w, y int) { out[0].V[x] += in[0].V[w] * in[1].V[y] })
	},
	"Conv2DGradFilter": func(n *graph.Node, in, out []*Array) {
		conv(op.Conv2D(n.Op.(op.Conv2DGradFilter)), in[0], out[0], in[1], func(x, w, y int) { out[0].V[w] += in[0].V[x] * in[1].V[y] })
	},
	"DepthwiseConv2D": func(n *graph.Node, in, out []*Array) {
		depthwise(n.Op.(op.DepthwiseConv2D).Window, in[0], in[1], out[0], func(x, w, y int) { out[0].V[y] += in[0].V[x] * in[1].V[w] })
	},
	"DepthwiseConv2DGradInput": func(n *graph.Node, in, out []*Array) {
		depthwise(n.Op.(op.DepthwiseConv2DGradInput).Window, out[0], in[0], in[1], func(x, w, y int) { out[0].V[x] += in[0].V[w] * in[1].V[y] })
	},
	"DepthwiseConv2DGradFilter": func(n *graph.Node, in, out []*Array) {
		depthwise(n.Op.(op.DepthwiseConv2DGradFilter).Window, in[0], out[0], in[1], func(x, w, y int) { out[0].V[w] += in[0].V[x] * in[1].V[y] })
	},
	"MaxPool2D": func(n *graph.Node, in, out []*Array) {
		for i := range out[0].V {
			out[0].V[i] = math.Inf(-1)
		}
		pool(n.Op.(op.MaxPool2D).Window, in[0], out[0], func(x, y, position int) {
			if in[0].V[x] > out[0].V[y] {
				out[0].V[y], out[1].V[y] = in[0].V[x], float64(position)
			}
		})
	},
	"MaxPool2DGrad": func(n *graph.Node, in, out []*Array) {
		pool(n.Op.(op.MaxPool2DGrad).Window, out[0], in[0], func(x, y, position int) {
			if int(in[1].V[y]) == position {
				out[0].V[x] += in[0].V[y]
			}
		})
	},
	"AveragePool2D": func(n *graph.Node, in, out []*Array) {
		w := n.Op.(op.AveragePool2D).Window
		count := counts(w, in[0], out[0])
		pool(w, in[0], out[0], func(x, y, _ int) { out[0].V[y] += in[0].V[x] })
		for i := range count {
			out[0].V[i] /= count[i]
		}
	},
	"AveragePool2DGrad": func(n *graph.Node, in, out []*Array) {
		w := n.Op.(op.AveragePool2DGrad).Window
		count := counts(w, out[0], in[0])
		pool(w, out[0], in[0], func(x, y, _ int) { out[0].V[x] += in[0].V[y] / count[y] })
	},

	"Softmax": func(_ *graph.Node, in, out []*Array) {
		copy(out[0].V, in[0].V)
		rows(out[0], func(_ int, row []float64) { softmax(row) })
	},
	"SoftmaxGrad": func(_ *graph.Node, in, out []*Array) {
		copy(out[0].V, in[0].V)
		rows(out[0], func(i int, g []float64) {
			y := in[1].V[i*len(g):][:len(g)]
			dot := 0.0
			for j := range g {
				dot += g[j] * y[j]
			}
			for j := range g {
				g[j] = y[j] * (g[j] - dot)
			}
		})
	},
	"SoftmaxCrossEntropy": func(_ *graph.Node, in, out []*Array) {
		rows(in[0], func(i int, x []float64) {
			top, sum := slices.Max(x), 0.0
			for _, v := range x {
				sum += math.Exp(v - top)
			}
			for j, v := range x {
				out[0].V[i] -= in[1].V[i*len(x)+j] * (v - top - math.Log(sum))
			}
		})
	},
	"SoftmaxCrossEntropyGrad": func(_ *graph.Node, in, out []*Array) {
		copy(out[0].V, in[0].V)
		rows(out[0], func(i int, p []float64) {
			softmax(p)
			for j := range p {
				p[j] = (p[j] - in[1].V[i*len(p)+j]) * in[2].V[i]
			}
		})
	},
	"BatchNorm": func(n *graph.Node, in, out []*Array) {
		o := n.Op.(op.BatchNorm)
		x, y, mean, variance := in[0].V, out[0].V, out[1].V, out[2].V
		c := len(mean)
		count := float64(len(x) / c)
		for i, v := range x {
			mean[i%c] += v / count
		}
		for i, v := range x {
			d := v - mean[i%c]
			variance[i%c] += d * d / count
		}
		for i, v := range x {
			y[i] = (v - mean[i%c]) / math.Sqrt(variance[i%c]+o.Epsilon)
			if o.Scale {
				y[i] *= in[1].V[i%c]
			}
			if o.Center {
				y[i] += in[len(in)-1].V[i%c]
			}
		}
	},
	"BatchNormGrad": func(n *graph.Node, in, out []*Array) {
		o := n.Op.(op.BatchNormGrad)
		g, x, mean, variance := in[0].V, in[1].V, in[2].V, in[3].V
		dx, dgamma, dbeta := out[0].V, out[1].V, out[2].V
		c := len(mean)
		count := float64(len(x) / c)
		xhat := func(i int) float64 { return (x[i] - mean[i%c]) / math.Sqrt(variance[i%c]+o.Epsilon) }
		for i, v := range g {
			dgamma[i%c] += v * xhat(i)
			dbeta[i%c] += v
		}
		for i, v := range g {
			dx[i] = (v - dbeta[i%c]/count - xhat(i)*dgamma[i%c]/count) / math.Sqrt(variance[i%c]+o.Epsilon)
			if o.Scale {
				dx[i] *= in[4].V[i%c]
			}
		}
	},
	"RandomUniform": func(n *graph.Node, in, out []*Array) {
		u := make([]float32, len(out[0].V))
		philox.Uniform(n.Op.(op.RandomUniform).Key, int64(in[0].V[0]), 0, u)
		for i, v := range u {
			out[0].V[i] = float64(v)
		}
	},

	"ExpandDims": func(_ *graph.Node, in, out []*Array) { copy(out[0].V, in[0].V) },
	"Squeeze":    func(_ *graph.Node, in, out []*Array) { copy(out[0].V, in[0].V) },
	"SliceGrad": func(n *graph.Node, in, out []*Array) {
		each(in[0].Shape, func(i int, at []int) { *out[0].ptr(moved(at, n.Op.(op.SliceGrad).Begin)) = in[0].V[i] })
	},
	"Conv2DTranspose": func(n *graph.Node, in, out []*Array) {
		o := op.Conv2D{Window: n.Op.(op.Conv2DTranspose).Window}
		conv(o, out[0], in[1], in[0], func(x, w, y int) { out[0].V[x] += in[1].V[w] * in[0].V[y] })
	},
	"AdaptiveMaxPool2D":     adaptiveMax,
	"AdaptiveMaxPool2DGrad": adaptiveMaxGrad,
	"RandomNormal": func(n *graph.Node, in, out []*Array) {
		z := make([]float32, len(out[0].V))
		philox.Normal(n.Op.(op.RandomNormal).Key, int64(in[0].V[0]), 0, z)
		for i, v := range z {
			out[0].V[i] = float64(v)
		}
	},
	"Resize": func(n *graph.Node, in, out []*Array) {
		resample(n.Op.(op.Resize), in[0].Shape, out[0].Shape, func(x, y int, w float64) { out[0].V[y] += w * in[0].V[x] })
	},
	"ResizeGrad": func(n *graph.Node, in, out []*Array) {
		resample(n.Op.(op.ResizeGrad).Resize, out[0].Shape, in[0].Shape, func(x, y int, w float64) { out[0].V[x] += w * in[0].V[y] })
	},

	"Assign": func(_ *graph.Node, in, _ []*Array) { copy(in[0].V, in[1].V) },
	"MovingAverage": func(n *graph.Node, in, _ []*Array) {
		m := n.Op.(op.MovingAverage).Momentum
		for i, v := range in[1].V {
			in[0].V[i] = in[0].V[i]*m + v*(1-m)
		}
	},
	"SGD": func(n *graph.Node, in, _ []*Array) {
		o := n.Op.(op.SGD)
		w, g, lr := in[0].V, in[o.Updates()].V, in[o.Updates()+1].V[0]
		for i := range w {
			w[i] -= w[i] * o.Decay * lr
			if o.Momentum == 0 {
				w[i] -= lr * g[i]
				continue
			}
			m := in[1].V
			m[i] = o.Momentum*m[i] - lr*g[i]
			if o.Nesterov {
				w[i] += o.Momentum*m[i] - lr*g[i]
			} else {
				w[i] += m[i]
			}
		}
	},
	"RMSprop": func(n *graph.Node, in, _ []*Array) {
		o := n.Op.(op.RMSprop)
		k := o.Updates()
		w, v, g, lr := in[0].V, in[1].V, in[k].V, in[k+1].V[0]
		for i := range w {
			w[i] -= w[i] * o.Decay * lr
			v[i] = o.Rho*v[i] + (1-o.Rho)*g[i]*g[i]
			d := v[i] + o.Epsilon
			if o.Centered {
				a := in[k-1].V
				a[i] = o.Rho*a[i] + (1-o.Rho)*g[i]
				d -= a[i] * a[i]
			}
			step := lr * g[i] / math.Sqrt(d)
			if o.Momentum > 0 {
				m := in[2].V
				m[i] = o.Momentum*m[i] + step
				step = m[i]
			}
			w[i] -= step
		}
	},
	"Adam": func(n *graph.Node, in, _ []*Array) {
		o := n.Op.(op.Adam)
		k := o.Updates()
		w, m, v, g, lr, t := in[0].V, in[1].V, in[2].V, in[k].V, in[k+1].V[0], in[k+2].V[0]+1
		single := func(beta float64) float64 { return float64(float32(beta)) } // as Keras rounds it
		alpha := lr * math.Sqrt(1-math.Pow(single(o.Beta2), t)) / (1 - math.Pow(single(o.Beta1), t))
		for i := range w {
			w[i] -= w[i] * o.Decay * lr
			m[i] += (g[i] - m[i]) * (1 - o.Beta1)
			v[i] += (g[i]*g[i] - v[i]) * (1 - o.Beta2)
			d := v[i]
			if o.AMSGrad {
				in[3].V[i] = max(in[3].V[i], d)
				d = in[3].V[i]
			}
			w[i] -= alpha * m[i] / (math.Sqrt(d) + o.Epsilon)
		}
	},

	"AverageWeights": func(n *graph.Node, in, _ []*Array) {
		o, a, w, updates := n.Op.(op.AverageWeights), in[0].V, in[1].V, int(in[2].V[0])
		m := o.Momentum
		if updates == 0 {
			m = 0
		}
		for i := range a {
			a[i] = m*a[i] + (1-m)*w[i]
			if o.Overwrite > 0 && (updates+1)%o.Overwrite == 0 {
				w[i] = a[i]
			}
		}
	},
	"Every": func(n *graph.Node, in, out []*Array) {
		every, steps := n.Op.(op.Every).N, int(in[0].V[0])
		out[0].V[0], out[1].V[0] = float64(steps/every), truth((steps+1)%every == 0)
	},
	"Schedule": func(n *graph.Node, in, out []*Array) {
		out[0].V[0] = n.Op.(op.Schedule).Of.At(int64(in[0].V[0]))
	},
	"Sparsemax": func(_ *graph.Node, in, out []*Array) {
		copy(out[0].V, in[0].V)
		rows(out[0], func(_ int, row []float64) { sparsemaxResult(row) })
	},
	"SparsemaxGrad": func(_ *graph.Node, in, out []*Array) {
		copy(out[0].V, in[0].V)
		rows(out[0], func(i int, g []float64) { sparsemaxGradient(g, in[1].V[i*len(g):][:len(g)]) })
	},

	"LayerNorm":               layerNorm,
	"LayerNormGrad":           layerNormGrad,
	"Gather":                  gather,
	"StraightThrough":         func(_ *graph.Node, in, out []*Array) { copy(out[0].V, in[1].V) },
	"GatherGrad":              gatherGrad,
	"Scatter":                 scatterRows,
	"ProjectiveTransform":     projectiveTransform,
	"ProjectiveTransformGrad": projectiveTransformGrad,
	"MapCoordinates":          mapCoordinates,
	"MapCoordinatesGrad":      mapCoordinatesGrad,
	"Index":                   index,
	"Homography":              homography,
	"EqualizeHistogram":       equalize,
	"LocalEqualization":       equalizeLocally,
	"RandomPermutation":       randomPermutation,
	"RandomLogGamma":          randomLogGamma,
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

func relu(x float64) float64 {
	if x < 0 {
		return 0
	}
	return x // NaN stays NaN
}

func softmax(x []float64) {
	top, sum := slices.Max(x), 0.0
	for i, v := range x {
		x[i] = math.Exp(v - top)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}

func unary(f func(float64) float64) eval {
	return func(_ *graph.Node, in, out []*Array) {
		for i, v := range in[0].V {
			out[0].V[i] = f(v)
		}
	}
}

func binary(f func(x, y float64) float64) eval {
	return func(_ *graph.Node, in, out []*Array) {
		each(out[0].Shape, func(i int, at []int) { out[0].V[i] = f(in[0].at(at), in[1].at(at)) })
	}
}

func reduce(start float64, f func(a, x float64) float64) eval {
	return func(n *graph.Node, in, out []*Array) {
		axes := n.Op.(op.Reduce).Axes
		for i := range out[0].V {
			out[0].V[i] = start
		}
		kept := in[0].Shape.Clone()
		for d := range kept {
			if axes == nil || slices.Contains(axes, d) {
				kept[d] = 1
			}
		}
		acc := &Array{kept, out[0].V}
		each(in[0].Shape, func(i int, at []int) { p := acc.ptr(at); *p = f(*p, in[0].V[i]) })
	}
}

// product multiplies two matrices.
func product(o op.MatMul, a, b, out *Array) {
	k := a.Shape[1]
	if o.TransposeA {
		k = a.Shape[0]
	}
	cols := out.Shape[1]
	for i := range out.V {
		r, c, sum := i/cols, i%cols, 0.0
		for j := range k {
			ia, ib := r*a.Shape[1]+j, j*b.Shape[1]+c
			if o.TransposeA {
				ia = j*a.Shape[1] + r
			}
			if o.TransposeB {
				ib = c*b.Shape[1] + j
			}
			sum += a.V[ia] * b.V[ib]
		}
		out.V[i] = sum
	}
}

// moved is the index at + begin.
func moved(at, begin []int) []int {
	m := slices.Clone(at)
	for d, n := range begin {
		m[d] += n
	}
	return m
}

// each calls f for each element of a shape in row-major order, with its offset i and its index at.
func each(s tensor.Shape, f func(i int, at []int)) {
	at := make([]int, len(s))
	for i := range s.Elements() {
		f(i, at)
		for d := len(s) - 1; d >= 0; d-- {
			if at[d]++; at[d] < s[d] {
				break
			}
			at[d] = 0
		}
	}
}

// ptr returns the element at an index into a shape to which a is broadcast.
func (a *Array) ptr(at []int) *float64 {
	at = at[len(at)-len(a.Shape):]
	i := 0
	for d, n := range a.Shape {
		i *= n
		if n != 1 {
			i += at[d]
		}
	}
	return &a.V[i]
}

func (a *Array) at(at []int) float64 { return *a.ptr(at) }

// rows calls f for each row along the last dimension.
func rows(a *Array, f func(i int, row []float64)) {
	n := a.Shape[len(a.Shape)-1]
	for i := range len(a.V) / max(n, 1) {
		f(i, a.V[i*n:(i+1)*n])
	}
}
