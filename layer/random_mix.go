package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// MixUp mixes each image with another image of the batch in training (keras.layers.MixUp). With a weight t, drawn from the
// beta distribution of Alpha and Alpha for each image, and a random permutation p of the batch:
//
//	y[i] = t[i]*x[i] + (1-t[i])*x[p[i]]
//
// As in a Keras model, only the images are mixed, not the targets. In prediction it returns its operand.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if Alpha is not greater than 0, or the operand is not a batch of images.
//
// Source: Zhang et al., 2018 (mixup: beyond empirical risk minimization).
type MixUp struct {
	// Alpha is the parameter of the beta distribution. Greater than 0. The default is 0.2.
	Alpha float64 `keras:"alpha,default=0.2,above=0"`
	// Seed makes the random numbers independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// CutMix replaces a rectangle of each image by that of another image of the batch in training
// (keras.layers.CutMix). With a random permutation p of the batch:
//
//	y[i] = x[p[i]]   in the rectangle
//	y[i] = x[i]      elsewhere
//
// The height and the width of a rectangle are those of the image times sqrt(1-t), where t is drawn from the beta distribution of
// a and a, and a, for the whole batch, from Factor. Its place is random. As in a Keras model, only the images
// are mixed, not the targets. In prediction it returns its operand.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if Factor is out of range, or the operand is not a batch of images.
//
// Source: Yun et al., 2019 (CutMix: regularization strategy to train strong classifiers with localizable features).
type CutMix struct {
	// Factor is the range of the parameter of the beta distribution. One number f is the range from 0 to f. From
	// 0 to 1. The default is 1.
	Factor Factor `keras:"factor,default=1"`
	// Seed makes the random numbers independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// RandomErasing replaces a random rectangle of images in training (keras.layers.RandomErasing):
//
//	y = FillValue   in the rectangle
//	y = x           elsewhere
//
// The height and the width of a rectangle are those of the image times square roots of numbers from Scale. Its place is
// random. An image is changed with a probability that is drawn from Factor. In prediction it returns its
// operand.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if an argument is out of range, FillValue does not fit the channels, or the
// operand is not a batch of images.
//
// Source: Zhong et al., 2020 (Random erasing data augmentation).
type RandomErasing struct {
	// Factor is the range of the probability. One number f is the range from 0 to f. From 0 to 1. The
	// default is 1.
	Factor Factor `keras:"factor,default=1"`
	// Scale is the range of the erased fractions. One number f is the range from 0 to f. From 0 to 1. The
	// default is 0.02 to 0.33.
	Scale Factor `keras:"scale,default=0.02:0.33"`
	// FillValue is a number, or three numbers for images with three channels, clipped to ValueRange. The
	// default, nil, draws each number from a normal distribution with mean 0 and standard deviation ValueRange[1].
	FillValue Numbers `keras:"fill_value"`
	// ValueRange is the range of the pixels. The default is 0 to 255.
	ValueRange Range `keras:"value_range,default=0:255"`
	// Seed makes the random numbers independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// Build implements Layer.
func (l MixUp) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, nil)
}

// Build implements Layer.
func (l CutMix) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, nil)
}

// Build implements Layer.
func (l RandomErasing) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, fillFits)
}

func (l CutMix) check() error { return checkFactors(l.factors()) }

func (l RandomErasing) check() error {
	if n := len(l.FillValue); n != 0 && n != 1 && n != 3 {
		return wrongf("FillValue has %d numbers, want 1 or 3", n)
	}
	return checkFactors(l.factors())
}

func (l CutMix) factors() []factorField { return oneFactor(l.Factor, 0) }

func (l RandomErasing) factors() []factorField {
	return append(oneFactor(l.Factor, 0), factorField{name: "Scale", key: "scale", of: l.Scale, lo: 0, hi: 1})
}

func fillFits(b *graph.Builder, l RandomErasing, x *graph.Value) bool {
	return l.FillValue == nil || l.FillValue.fit(b, "FillValue", x)
}

// random returns the weights and the permutation.
func (l MixUp) random(d *draws) []*graph.Value {
	return []*graph.Value{d.beta(d.Constant(d.x.DType, l.Alpha)), d.order()}
}

// random returns the first column of the rectangles, the first behind them, the same for the rows, and the permutation.
func (l CutMix) random(d *draws) []*graph.Value {
	lo, hi := l.factors()[0].ends()
	side := d.Sqrt(d.Offset(d.Neg(d.beta(d.shared(lo+1e-6, hi+1e-6))), 1))
	return append(d.rectangle(side, side), d.order())
}

// random returns 1 for images that are changed and 0 for others, and the rectangles as for CutMix. Without a FillValue, the pixels of
// the rectangles follow.
func (l RandomErasing) random(d *draws) []*graph.Value {
	f := l.factors()
	wide, tall := d.Sqrt(d.factor(f[1])), d.Sqrt(d.factor(f[1]))
	numbers := append([]*graph.Value{d.happens(f[0])}, d.rectangle(wide, tall)...)
	if l.FillValue == nil {
		numbers = append(numbers, d.Scale(d.normal(d.x), l.ValueRange[1]))
	}
	return numbers
}

// rectangle draws a place for rectangles whose sides are given fractions of the images' sides.
func (d *draws) rectangle(wide, tall *graph.Value) []*graph.Value {
	side := func(fraction, of *graph.Value) (first, end *graph.Value) {
		n := d.Mul(fraction, of)
		first = d.Mul(d.uniform(0, 1), d.Sub(of, n))
		return first, d.Add(first, n)
	}
	x0, x1 := side(wide, width(d.Builder, d.x))
	y0, y1 := side(tall, height(d.Builder, d.x))
	return []*graph.Value{x0, x1, y0, y1}
}

// inRectangle returns 1 for the pixels in a rectangle and 0 for others, (batch, height, width, 1).
func inRectangle(b *graph.Builder, x *graph.Value, of []*graph.Value) *graph.Value {
	between := func(axis int, first, end *graph.Value) *graph.Value {
		at := b.Index(x, axis)
		from, to := b.Binary(op.GreaterEqual, at, first), b.Binary(op.Less, at, end)
		return b.Mul(b.Cast(from, x.DType), b.Cast(to, x.DType))
	}
	return b.Mul(between(2, of[0], of[1]), between(1, of[2], of[3]))
}

func (l MixUp) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	t, other := numbers[0], b.Gather(x, numbers[1])
	return b.Add(b.Mul(t, x), b.Mul(b.Offset(b.Neg(t), 1), other))
}

func (l CutMix) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	return where(b, inRectangle(b, x, numbers), b.Gather(x, numbers[4]), x)
}

func (l RandomErasing) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	var fill *graph.Value
	if l.FillValue == nil {
		fill = numbers[5]
	} else {
		fill = l.FillValue.constant(b)
	}
	erased := b.Mul(numbers[0], inRectangle(b, x, numbers[1:]))
	return where(b, erased, clip(b, fill, l.ValueRange), x)
}
