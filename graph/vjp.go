package graph

import (
	"errors"
	"math"
	"slices"

	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// vjp is a gradient rule (a vector-Jacobian product). From a node and the gradients of its results
// (nil for a result that the loss does not depend on) it computes the gradients of the node's
// operands (nil for an operand that has no gradient).
type vjp func(b *Builder, n *Node, g []*Value) []*Value

// vjps maps the name of each op to its gradient rule. Ops whose derivative is 0 wherever it exists
// (comparisons, Sign, Floor, ArgMax and so on) have no gradient.
var vjps = map[string]vjp{
	"Neg":     unary(func(b *Builder, g, x, y *Value) *Value { return b.Neg(g) }),
	"Abs":     unary(func(b *Builder, g, x, y *Value) *Value { return b.Mul(g, b.Sign(x)) }),
	"Sign":    flat,
	"Square":  unary(func(b *Builder, g, x, y *Value) *Value { return b.Mul(g, b.Scale(x, 2)) }),
	"Sqrt":    unary(func(b *Builder, g, x, y *Value) *Value { return b.Div(b.Scale(g, .5), y) }),
	"Exp":     unary(func(b *Builder, g, x, y *Value) *Value { return b.Mul(g, y) }),
	"Log":     unary(func(b *Builder, g, x, y *Value) *Value { return b.Div(g, x) }),
	"Log1p":   unary(func(b *Builder, g, x, y *Value) *Value { return b.Div(g, b.Offset(x, 1)) }),
	"ReLU":    unary(func(b *Builder, g, x, y *Value) *Value { return b.Op(op.ReLUGrad{}, g, y) }),
	"ReLU6":   unary(func(b *Builder, g, x, y *Value) *Value { return b.Op(op.ReLU6Grad{}, g, y) }),
	"Sigmoid": unary(func(b *Builder, g, x, y *Value) *Value { return b.Mul(g, b.Sub(y, b.Square(y))) }),
	"Tanh":    unary(func(b *Builder, g, x, y *Value) *Value { return b.Sub(g, b.Mul(g, b.Square(y))) }),
	"Erf": unary(func(b *Builder, g, x, y *Value) *Value {
		return b.Mul(g, b.Scale(b.Exp(b.Neg(b.Square(x))), 2/math.Sqrt(math.Pi)))
	}),
	"Expm1":    unary(func(b *Builder, g, x, y *Value) *Value { return b.Mul(g, b.Offset(y, 1)) }),
	"Softplus": unary(func(b *Builder, g, x, y *Value) *Value { return b.Mul(g, b.Sigmoid(x)) }),
	"Floor":    flat,
	"Round":    flat,
	"Sin":      unary(func(b *Builder, g, x, y *Value) *Value { return b.Mul(g, b.Cos(x)) }),
	"Ceil":     flat,
	"Atan":     unary(func(b *Builder, g, x, y *Value) *Value { return b.Div(g, b.Offset(b.Square(x), 1)) }),
	"Cos":      unary(func(b *Builder, g, x, y *Value) *Value { return b.Neg(b.Mul(g, b.Sin(x))) }),

	"Add": binary(func(b *Builder, g, x, y, z *Value) (dx, dy *Value) { return g, g }),
	"Sub": binary(func(b *Builder, g, x, y, z *Value) (dx, dy *Value) { return g, b.Neg(g) }),
	"Mul": binary(func(b *Builder, g, x, y, z *Value) (dx, dy *Value) { return b.Mul(g, y), b.Mul(g, x) }),
	"Div": binary(func(b *Builder, g, x, y, z *Value) (dx, dy *Value) {
		return b.Div(g, y), b.Neg(b.Div(b.Mul(g, z), y))
	}),
	"Max": binary(func(b *Builder, g, x, y, z *Value) (dx, dy *Value) {
		return route(b, b.Binary(op.GreaterEqual, x, y), g)
	}),
	"Min": binary(func(b *Builder, g, x, y, z *Value) (dx, dy *Value) {
		return route(b, b.Binary(op.LessEqual, x, y), g)
	}),
	"Pow": binary(func(b *Builder, g, x, y, z *Value) (dx, dy *Value) {
		return b.Mul(g, b.Mul(y, b.Binary(op.Pow, x, b.Offset(y, -1)))), b.Mul(g, b.Mul(z, b.Log(x)))
	}),
	"Mod": binary(func(b *Builder, g, x, y, z *Value) (dx, dy *Value) {
		return g, b.Neg(b.Mul(g, b.Round(b.Div(b.Sub(x, z), y))))
	}),
	"FMod": binary(func(b *Builder, g, x, y, z *Value) (dx, dy *Value) {
		return g, b.Neg(b.Mul(g, b.Round(b.Div(b.Sub(x, z), y))))
	}),
	"BitAnd":       flat,
	"BitOr":        flat,
	"BitXor":       flat,
	"ShiftLeft":    flat,
	"ShiftRight":   flat,
	"Equal":        flat,
	"Less":         flat,
	"LessEqual":    flat,
	"Greater":      flat,
	"GreaterEqual": flat,
	"Select": func(b *Builder, n *Node, g []*Value) []*Value {
		dx, dy := route(b, n.In[0], g[0])
		return []*Value{nil, b.sumLike(dx, n.In[1]), b.sumLike(dy, n.In[2])}
	},
	"ReLUGrad": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.Op(op.ReLUGrad{}, g[0], n.In[1]), nil}
	},
	"ReLU6Grad": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.Op(op.ReLU6Grad{}, g[0], n.In[1]), nil}
	},
	"Cast": func(b *Builder, n *Node, g []*Value) []*Value {
		if !n.In[0].DType.IsFloat() {
			return []*Value{nil}
		}
		return []*Value{b.Cast(g[0], n.In[0].DType)}
	},

	"Reshape":     reshapeLike,
	"ReshapeLike": reshapeLike,
	"Transpose": func(b *Builder, n *Node, g []*Value) []*Value {
		perm := n.Op.(op.Transpose).Perm
		back := make([]int, len(perm))
		for i, d := range perm {
			back[d] = i
		}
		return []*Value{b.Transpose(g[0], back...)}
	},
	"BroadcastLike": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.sumLike(g[0], n.In[0]), nil}
	},
	"SumLike": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.BroadcastLike(g[0], n.In[0]), nil}
	},
	"Pad": func(b *Builder, n *Node, g []*Value) []*Value {
		o, x := n.Op.(op.Pad), n.In[0]
		cut := op.Slice{Begin: o.Before, Size: x.Shape}
		for i, d := range x.Shape {
			if d == tensor.Unknown && o.After[i] > 0 {
				cut.End = o.After // applies to dimensions of unknown size
			}
		}
		return []*Value{b.Op(cut, g[0])}
	},
	"Concat": func(b *Builder, n *Node, g []*Value) []*Value {
		axis := n.Op.(op.Concat).Axis
		begin, grads := make([]int, g[0].Rank()), make([]*Value, len(n.In))
		for i, x := range n.In {
			if x.Shape[axis] == tensor.Unknown {
				return []*Value{b.Errorf("Concat has no gradient along dimension %d of shape %v: its size is not known", axis, x.Shape)}
			}
			size := slices.Repeat([]int{tensor.Unknown}, len(begin))
			size[axis] = x.Shape[axis]
			grads[i] = b.Slice(g[0], slices.Clone(begin), size)
			begin[axis] += x.Shape[axis]
		}
		return grads
	},
	"Slice": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.Op(op.SliceGrad{Slice: n.Op.(op.Slice)}, g[0], n.In[0])}
	},
	"SliceGrad": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.Op(n.Op.(op.SliceGrad).Slice, g[0]), nil}
	},
	"Size":          flat,
	"OneHot":        flat,
	"ArgMax":        flat,
	"RandomUniform": flat,
	"ReduceSum": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.BroadcastLike(b.keepDims(n, g[0]), n.In[0])}
	},
	"ReduceMax":  extremum,
	"ReduceMin":  extremum,
	"ReduceProd": reduceProdGrad,
	"TopK":       topKGrad,

	"MatMul": func(b *Builder, n *Node, g []*Value) []*Value {
		return product(n, g[0], n.Op.(op.MatMul), func(o op.MatMul, x, y *Value) *Value { return b.Op(o, x, y) })
	},
	"BatchMatMul": func(b *Builder, n *Node, g []*Value) []*Value {
		return product(n, g[0], op.MatMul(n.Op.(op.BatchMatMul)), func(o op.MatMul, x, y *Value) *Value { return b.Op(op.BatchMatMul(o), x, y) })
	},
	"Conv2D": func(b *Builder, n *Node, g []*Value) []*Value {
		o := n.Op.(op.Conv2D)
		return []*Value{
			b.Op(op.Conv2DGradInput(o), n.In[1], g[0], n.In[0]),
			b.Op(op.Conv2DGradFilter(o), n.In[0], g[0], n.In[1]),
		}
	},
	"Conv2DGradInput": func(b *Builder, n *Node, g []*Value) []*Value {
		o := n.Op.(op.Conv2DGradInput)
		return []*Value{
			b.Op(op.Conv2DGradFilter(o), g[0], n.In[1], n.In[0]),
			b.Op(op.Conv2D(o), g[0], n.In[0]),
			nil,
		}
	},
	"Conv2DGradFilter": func(b *Builder, n *Node, g []*Value) []*Value {
		o := n.Op.(op.Conv2DGradFilter)
		return []*Value{
			b.Op(op.Conv2DGradInput(o), g[0], n.In[1], n.In[0]),
			b.Op(op.Conv2D(o), n.In[0], g[0]),
			nil,
		}
	},
	"DepthwiseConv2D": func(b *Builder, n *Node, g []*Value) []*Value {
		o := n.Op.(op.DepthwiseConv2D)
		return []*Value{
			b.Op(op.DepthwiseConv2DGradInput(o), n.In[1], g[0], n.In[0]),
			b.Op(op.DepthwiseConv2DGradFilter(o), n.In[0], g[0], n.In[1]),
		}
	},
	"DepthwiseConv2DGradInput": func(b *Builder, n *Node, g []*Value) []*Value {
		o := n.Op.(op.DepthwiseConv2DGradInput)
		return []*Value{
			b.Op(op.DepthwiseConv2DGradFilter(o), g[0], n.In[1], n.In[0]),
			b.Op(op.DepthwiseConv2D(o), g[0], n.In[0]),
			nil,
		}
	},
	"DepthwiseConv2DGradFilter": func(b *Builder, n *Node, g []*Value) []*Value {
		o := n.Op.(op.DepthwiseConv2DGradFilter)
		return []*Value{
			b.Op(op.DepthwiseConv2DGradInput(o), g[0], n.In[1], n.In[0]),
			b.Op(op.DepthwiseConv2D(o), n.In[0], g[0]),
			nil,
		}
	},
	"BatchNorm": func(b *Builder, n *Node, g []*Value) []*Value {
		o := n.Op.(op.BatchNorm)
		if g[1] != nil || g[2] != nil {
			b.fail(n.Op.Name(), errors.New("the mean and the variance of the batch have no gradient"))
			return make([]*Value, len(n.In))
		}
		in := []*Value{g[0], n.In[0], n.Out[1], n.Out[2]}
		if o.Scale {
			in = append(in, n.In[1])
		}
		grad := b.add(op.BatchNormGrad{Epsilon: o.Epsilon, Scale: o.Scale}, in...)
		if grad == nil {
			return make([]*Value, len(n.In))
		}
		d := grad.Out[:1:1]
		if o.Scale {
			d = append(d, grad.Out[1])
		}
		if o.Center {
			d = append(d, grad.Out[2])
		}
		return d
	},
	"MaxPool2D": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.Op(op.MaxPool2DGrad{Window: n.Op.(op.MaxPool2D).Window}, g[0], n.Out[1], n.In[0])}
	},
	"AveragePool2D": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.Op(op.AveragePool2DGrad{Window: n.Op.(op.AveragePool2D).Window}, g[0], n.In[0])}
	},
	"AveragePool2DGrad": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.AveragePool2D(g[0], n.Op.(op.AveragePool2DGrad).Window), nil}
	},
	"Softmax": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.Op(op.SoftmaxGrad{}, g[0], n.Out[0])}
	},
	"SoftmaxCrossEntropy": func(b *Builder, n *Node, g []*Value) []*Value {
		x, labels := n.In[0], n.In[1]
		rows := append(g[0].Shape.Clone(), 1)
		return []*Value{
			b.Op(op.SoftmaxCrossEntropyGrad{}, x, labels, g[0]),
			b.Neg(b.Mul(b.Reshape(g[0], rows...), b.Log(b.Softmax(x)))),
		}
	},

	"SegmentSum": func(b *Builder, n *Node, g []*Value) []*Value {
		one := b.OneHot(n.In[1], n.Op.(op.SegmentSum).Segments, n.In[0].DType)
		return []*Value{b.Sum(b.Mul(one, g[0]), one.Rank()-1), nil}
	},
	"Iota": flat,
	"CumSum": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.CumSum(g[0], !n.Op.(op.CumSum).Reverse)}
	},
	"Sparsemax": sparsemaxGrad,

	"Resize": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.Op(op.ResizeGrad{Resize: n.Op.(op.Resize)}, g[0], n.In[0])}
	},
	"ExpandDims": reshapeLike,
	"Squeeze":    reshapeLike,
	"Conv2DTranspose": func(b *Builder, n *Node, g []*Value) []*Value {
		w := n.Op.(op.Conv2DTranspose).Window
		return []*Value{
			b.Conv2D(g[0], n.In[1], w),
			b.Op(op.Conv2DGradFilter{Window: w}, g[0], n.In[0], n.In[1]),
		}
	},
	"AdaptiveMaxPool2D": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.Op(op.AdaptiveMaxPool2DGrad{Size: n.Op.(op.AdaptiveMaxPool2D).Size}, g[0], n.Out[1], n.In[0])}
	},
	"RandomNormal": flat,
	"ResizeGrad": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.Op(n.Op.(op.ResizeGrad).Resize, g[0]), nil}
	},
	"LayerNorm": layerNormGrad,
	"Gather": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.Op(op.GatherGrad(n.Op.(op.Gather)), g[0], n.In[1], n.In[0]), nil}
	},
	"StraightThrough": func(_ *Builder, _ *Node, g []*Value) []*Value { return []*Value{g[0], nil} },
	"GatherGrad": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.Op(op.Gather(n.Op.(op.GatherGrad)), g[0], n.In[1]), nil, nil}
	},
	"Scatter": scatterGrad,
	// The transforms and points of the warps come from random numbers, and have no gradient.
	"ProjectiveTransform": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.Op(op.ProjectiveTransformGrad{ProjectiveTransform: n.Op.(op.ProjectiveTransform)}, g[0], n.In[1], n.In[0]), nil}
	},
	"ProjectiveTransformGrad": func(b *Builder, n *Node, g []*Value) []*Value {
		o := n.Op.(op.ProjectiveTransformGrad).ProjectiveTransform
		o.Value = 0
		return []*Value{b.Op(o, g[0], n.In[1]), nil, nil}
	},
	"MapCoordinates": func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{b.Op(op.MapCoordinatesGrad{MapCoordinates: n.Op.(op.MapCoordinates)}, g[0], n.In[1], n.In[0]), nil}
	},
	"MapCoordinatesGrad": func(b *Builder, n *Node, g []*Value) []*Value {
		o := n.Op.(op.MapCoordinatesGrad).MapCoordinates
		o.Value = 0
		return []*Value{b.Op(o, g[0], n.In[1]), nil, nil}
	},
	"Index":             flat,
	"EqualizeHistogram": flat,
	"LocalEqualization": flat,
	"RandomPermutation": flat,
	// RandomLogGamma's alpha and Homography's points come from random numbers, and have no gradient.
	"RandomLogGamma": flat,
	"Homography":     flat,
}

// flat is the rule for an op whose derivative is 0, so that its operands have no gradient.
func flat(_ *Builder, n *Node, _ []*Value) []*Value { return make([]*Value, len(n.In)) }

func unary(f func(b *Builder, g, x, y *Value) *Value) vjp {
	return func(b *Builder, n *Node, g []*Value) []*Value {
		return []*Value{f(b, g[0], n.In[0], n.Out[0])}
	}
}

func binary(f func(b *Builder, g, x, y, z *Value) (dx, dy *Value)) vjp {
	return func(b *Builder, n *Node, g []*Value) []*Value {
		dx, dy := f(b, g[0], n.In[0], n.In[1], n.Out[0])
		return []*Value{b.sumLike(dx, n.In[0]), b.sumLike(dy, n.In[1])}
	}
}

func reshapeLike(b *Builder, n *Node, g []*Value) []*Value {
	return append([]*Value{b.Op(op.ReshapeLike{}, g[0], n.In[0])}, make([]*Value, len(n.In)-1)...)
}

// product returns the gradients of a matrix product or a batch matrix product. mul adds the op of a
// product.
func product(n *Node, g *Value, o op.MatMul, mul func(o op.MatMul, x, y *Value) *Value) []*Value {
	x, y := n.In[0], n.In[1]
	var dx, dy *Value
	if o.TransposeA {
		dx = mul(op.MatMul{TransposeA: o.TransposeB, TransposeB: true}, y, g)
	} else {
		dx = mul(op.MatMul{TransposeB: !o.TransposeB}, g, y)
	}
	if o.TransposeB {
		dy = mul(op.MatMul{TransposeA: true, TransposeB: o.TransposeA}, g, x)
	} else {
		dy = mul(op.MatMul{TransposeA: !o.TransposeA}, x, g)
	}
	return []*Value{dx, dy}
}

// route sends g to x where cond is true and to y where it is not.
func route(b *Builder, cond, g *Value) (dx, dy *Value) {
	zero := b.like(g, 0)
	return b.Select(cond, g, zero), b.Select(cond, zero, g)
}

// sumLike sums g to the shape of x. If an op broadcast x to the shape of g, this is the gradient of
// x.
func (b *Builder) sumLike(g, x *Value) *Value {
	if g.Valid() && x.Valid() && g.Shape.Equal(x.Shape) {
		return g
	}
	return b.Op(op.SumLike{}, g, x)
}

// keepDims reshapes v, which has the shape of the result of reduction n, so that the reduced
// dimensions have size 1.
func (b *Builder) keepDims(n *Node, v *Value) *Value {
	r := n.Op.(op.Reduce)
	if r.KeepDims {
		return v
	}
	r.KeepDims = true
	return b.Op(op.ReshapeLike{}, v, b.Op(r, n.In[0]))
}

// Differentiable lists the names of the ops that have a gradient rule.
func Differentiable() []string {
	names := make([]string, 0, len(vjps))
	for name := range vjps {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
