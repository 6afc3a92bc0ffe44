package graph

import (
	"strconv"

	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Constant returns x as a scalar of the given type.
func (b *Builder) Constant(dtype tensor.DType, x float64) *Value {
	t := tensor.Number(dtype, x)
	if t == nil {
		return b.Errorf("no constants of type %v", dtype)
	}
	return b.Op(op.Const{Value: t})
}

// like returns x as a scalar of the type of v.
func (b *Builder) like(v *Value, x float64) *Value {
	if !v.Valid() {
		return b.Invalid()
	}
	return b.Constant(v.DType, x)
}

// Neg is -x.
func (b *Builder) Neg(x *Value) *Value { return b.Op(op.Unary{Fn: op.Neg}, x) }

// Abs is |x|.
func (b *Builder) Abs(x *Value) *Value { return b.Op(op.Unary{Fn: op.Abs}, x) }

// Sign is -1, 0 or 1.
func (b *Builder) Sign(x *Value) *Value { return b.Op(op.Unary{Fn: op.Sign}, x) }

// Square is x*x.
func (b *Builder) Square(x *Value) *Value { return b.Op(op.Unary{Fn: op.Square}, x) }

// Sqrt is the square root.
func (b *Builder) Sqrt(x *Value) *Value { return b.Op(op.Unary{Fn: op.Sqrt}, x) }

// Exp is e to the x.
func (b *Builder) Exp(x *Value) *Value { return b.Op(op.Unary{Fn: op.Exp}, x) }

// Log is the natural logarithm.
func (b *Builder) Log(x *Value) *Value { return b.Op(op.Unary{Fn: op.Log}, x) }

// Log1p is ln(1+x).
func (b *Builder) Log1p(x *Value) *Value { return b.Op(op.Unary{Fn: op.Log1p}, x) }

// ReLU is max(x, 0).
func (b *Builder) ReLU(x *Value) *Value { return b.Op(op.Unary{Fn: op.ReLU}, x) }

// ReLU6 is min(max(x, 0), 6).
func (b *Builder) ReLU6(x *Value) *Value { return b.Op(op.Unary{Fn: op.ReLU6}, x) }

// Sigmoid is 1/(1+exp(-x)).
func (b *Builder) Sigmoid(x *Value) *Value { return b.Op(op.Unary{Fn: op.Sigmoid}, x) }

// Tanh is the hyperbolic tangent.
func (b *Builder) Tanh(x *Value) *Value { return b.Op(op.Unary{Fn: op.Tanh}, x) }

// Erf is the error function, 2/sqrt(pi) times the integral of exp(-t*t) from 0 to x.
func (b *Builder) Erf(x *Value) *Value { return b.Op(op.Unary{Fn: op.Erf}, x) }

// Expm1 is e to the x, minus 1. It is accurate for small x.
func (b *Builder) Expm1(x *Value) *Value { return b.Op(op.Unary{Fn: op.Expm1}, x) }

// Softplus is ln(1+exp(x)). It does not overflow.
func (b *Builder) Softplus(x *Value) *Value { return b.Op(op.Unary{Fn: op.Softplus}, x) }

// Floor is the greatest integer that is not greater than x. Its gradient is 0.
func (b *Builder) Floor(x *Value) *Value { return b.Op(op.Unary{Fn: op.Floor}, x) }

// Round is the nearest integer; halves are rounded to even. Its gradient is 0.
func (b *Builder) Round(x *Value) *Value { return b.Op(op.Unary{Fn: op.Round}, x) }

// Sin is the sine of x, in radians.
func (b *Builder) Sin(x *Value) *Value { return b.Op(op.Unary{Fn: op.Sin}, x) }

// Cos is the cosine of x, in radians.
func (b *Builder) Cos(x *Value) *Value { return b.Op(op.Unary{Fn: op.Cos}, x) }

// Ceil is the smallest integer that is not less than x. Its gradient is 0.
func (b *Builder) Ceil(x *Value) *Value { return b.Op(op.Unary{Fn: op.Ceil}, x) }

// Atan is the angle between -pi/2 and pi/2, in radians, whose tangent is x.
func (b *Builder) Atan(x *Value) *Value { return b.Op(op.Unary{Fn: op.Atan}, x) }

// Binary applies a function to the elements of two values, broadcast as in NumPy.
func (b *Builder) Binary(fn op.BinaryFn, x, y *Value) *Value {
	return b.Op(op.Binary{Fn: fn}, x, y)
}

// Add is x+y.
func (b *Builder) Add(x, y *Value) *Value { return b.Binary(op.Add, x, y) }

// Sub is x-y.
func (b *Builder) Sub(x, y *Value) *Value { return b.Binary(op.Sub, x, y) }

// Mul is x*y.
func (b *Builder) Mul(x, y *Value) *Value { return b.Binary(op.Mul, x, y) }

// Div is x/y.
func (b *Builder) Div(x, y *Value) *Value { return b.Binary(op.Div, x, y) }

// Max is the greater of x and y.
func (b *Builder) Max(x, y *Value) *Value { return b.Binary(op.Max, x, y) }

// Min is the smaller of x and y.
func (b *Builder) Min(x, y *Value) *Value { return b.Binary(op.Min, x, y) }

// Scale is x*f.
func (b *Builder) Scale(x *Value, f float64) *Value { return b.Mul(x, b.like(x, f)) }

// Offset is x+f.
func (b *Builder) Offset(x *Value, f float64) *Value { return b.Add(x, b.like(x, f)) }

// Clip is min(max(x, lo), hi).
func (b *Builder) Clip(x *Value, lo, hi float64) *Value {
	return b.Min(b.Max(x, b.like(x, lo)), b.like(x, hi))
}

// Select takes each element from x where cond is true, and from y where it is false.
func (b *Builder) Select(cond, x, y *Value) *Value { return b.Op(op.Select{}, cond, x, y) }

// Cast converts the elements to another type; if x has that type already, Cast returns x.
func (b *Builder) Cast(x *Value, to tensor.DType) *Value {
	if x.DType == to {
		return x
	}
	return b.Op(op.Cast{To: to}, x)
}

// Reshape changes the shape of x and keeps the order of its elements; see op.Reshape.
func (b *Builder) Reshape(x *Value, shape ...int) *Value {
	return b.Op(op.Reshape{Shape: shape}, x)
}

// Transpose permutes the dimensions; see op.Transpose.
func (b *Builder) Transpose(x *Value, perm ...int) *Value {
	return b.Op(op.Transpose{Perm: perm}, x)
}

// Pad surrounds x with elements equal to value: before[i] before dimension i, after[i] after it.
func (b *Builder) Pad(x *Value, before, after []int, value float64) *Value {
	return b.Op(op.Pad{Before: before, After: after, Value: value}, x)
}

// Concat joins values along dimension axis; their other dimensions must be equal.
func (b *Builder) Concat(axis int, x ...*Value) *Value { return b.Op(op.Concat{Axis: axis}, x...) }

// Slice takes size[i] elements of dimension i, starting at begin[i], or all elements from begin[i]
// to the end if size[i] is tensor.Unknown.
func (b *Builder) Slice(x *Value, begin, size []int) *Value {
	return b.Op(op.Slice{Begin: begin, Size: size}, x)
}

// BroadcastLike broadcasts x to the shape of ref.
func (b *Builder) BroadcastLike(x, ref *Value) *Value { return b.Op(op.BroadcastLike{}, x, ref) }

// Size is the number of elements of x along axes (default: all), as a scalar of the type of x.
func (b *Builder) Size(x *Value, axes ...int) *Value {
	return b.Op(op.Size{Axes: axes, DType: x.DType}, x)
}

// OneHot turns integers into rows of depth elements; see op.OneHot.
func (b *Builder) OneHot(x *Value, depth int, dtype tensor.DType) *Value {
	return b.Op(op.OneHot{Depth: depth, DType: dtype}, x)
}

// Sum is the sum along axes (default: all), which are removed.
func (b *Builder) Sum(x *Value, axes ...int) *Value {
	return b.Op(op.Reduce{Fn: op.ReduceSum, Axes: axes}, x)
}

// SumKeep is like Sum, but keeps the summed dimensions with size 1.
func (b *Builder) SumKeep(x *Value, axes ...int) *Value {
	return b.Op(op.Reduce{Fn: op.ReduceSum, Axes: axes, KeepDims: true}, x)
}

// Mean is the mean along axes (default: all), which are removed.
func (b *Builder) Mean(x *Value, axes ...int) *Value {
	return b.Div(b.Sum(x, axes...), b.Size(x, axes...))
}

// ArgMax is the index of the maximum along the last dimension.
func (b *Builder) ArgMax(x *Value) *Value { return b.Op(op.ArgMax{}, x) }

// MatMul is the product of two matrices.
func (b *Builder) MatMul(x, y *Value) *Value { return b.Op(op.MatMul{}, x, y) }

// BatchMatMul multiplies corresponding matrices of x and y, which are in their last two dimensions.
func (b *Builder) BatchMatMul(x, y *Value) *Value { return b.Op(op.BatchMatMul{}, x, y) }

// Conv2D convolves images with a filter.
func (b *Builder) Conv2D(x, filter *Value, w op.Window) *Value {
	return b.Op(op.Conv2D{Window: w}, x, filter)
}

// DepthwiseConv2D convolves each channel of images with its own part of a filter.
func (b *Builder) DepthwiseConv2D(x, filter *Value, w op.Window) *Value {
	return b.Op(op.DepthwiseConv2D{Window: w}, x, filter)
}

// MaxPool2D is the maximum of each window.
func (b *Builder) MaxPool2D(x *Value, w op.Window) *Value {
	return b.Op(op.MaxPool2D{Window: w}, x)
}

// AveragePool2D is the mean of each window.
func (b *Builder) AveragePool2D(x *Value, w op.Window) *Value {
	return b.Op(op.AveragePool2D{Window: w}, x)
}

// BatchNorm normalizes each channel of x with the mean and variance of the batch, which it also
// returns. If gamma is nil the result is not scaled, and if beta is nil it is not shifted.
func (b *Builder) BatchNorm(x, gamma, beta *Value, epsilon float64) (y, mean, variance *Value) {
	o, in := op.BatchNorm{Epsilon: epsilon, Scale: gamma != nil, Center: beta != nil}, []*Value{x}
	for _, v := range []*Value{gamma, beta} {
		if v != nil {
			in = append(in, v)
		}
	}
	n := b.add(o, in...)
	if n == nil {
		return b.Invalid(), b.Invalid(), b.Invalid()
	}
	return n.Out[0], n.Out[1], n.Out[2]
}

// Softmax is exp(x)/sum(exp(x)) along the last dimension.
func (b *Builder) Softmax(x *Value) *Value { return b.Op(op.Softmax{}, x) }

// SoftmaxCrossEntropy is the cross-entropy of each row of logits with a row of labels,
// probabilities that sum to 1.
func (b *Builder) SoftmaxCrossEntropy(logits, labels *Value) *Value {
	return b.Op(op.SoftmaxCrossEntropy{}, logits, labels)
}

// RandomUniform draws numbers from [0, 1) in the shape of ref. step, an Int64 scalar, counts the
// runs. The view's path and seed identify the stream. If a layer is applied twice, its second draw
// with the same path and seed gets another stream.
func (b *Builder) RandomUniform(seed uint64, step, ref *Value) *Value {
	return b.Op(op.RandomUniform{Key: b.stream(seed)}, step, ref)
}

// RandomNormal draws numbers from the standard normal distribution; see RandomUniform.
func (b *Builder) RandomNormal(seed uint64, step, ref *Value) *Value {
	return b.Op(op.RandomNormal{Key: b.stream(seed)}, step, ref)
}

// stream returns the key of the next stream of the view's path and seed.
func (b *Builder) stream(seed uint64) uint64 {
	key := Key(seed, b.path)
	n := b.draws[key]
	b.draws[key]++
	if n > 0 {
		key = Key(key, strconv.Itoa(n))
	}
	return key
}

// Assign sets a variable after all other ops have run.
func (b *Builder) Assign(variable, value *Value) { b.Update(op.Assign{}, variable, value) }

// MovingAverage moves a variable towards a value after all other ops have run; see
// op.MovingAverage.
func (b *Builder) MovingAverage(variable, value *Value, momentum float64) {
	b.Update(op.MovingAverage{Momentum: momentum}, variable, value)
}
