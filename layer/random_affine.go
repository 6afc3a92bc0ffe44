package layer

import (
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// RandomFlip mirrors images at random in training (keras.layers.RandomFlip). An image is mirrored with
// probability 1/2; with mode horizontal_and_vertical, an image is mirrored in both directions or in none:
//
//	y[r][c] = x[r][w-1-c]       horizontal
//	y[r][c] = x[h-1-r][c]       vertical
//	y[r][c] = x[h-1-r][w-1-c]   horizontal_and_vertical
//
// In prediction it returns its operand.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if the operand is not a batch of images.
type RandomFlip struct {
	// Mode is horizontal_and_vertical, horizontal or vertical. The default is horizontal_and_vertical.
	Mode string `keras:"mode,oneof=horizontal_and_vertical|horizontal|vertical"`
	// Seed makes the random numbers independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// RandomRotation rotates images by random angles about their center in training
// (keras.layers.RandomRotation). With the angle t, drawn from Factor times 360 degrees, and the center
// (u, v) = ((w-1)/2, (h-1)/2):
//
//	y(c, r) = x(u + (c-u)*cos(t) - (r-v)*sin(t), v + (c-u)*sin(t) + (r-v)*cos(t))
//
// A positive angle rotates counter-clockwise. In prediction it returns its operand.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if Factor is out of range, an argument is not one of those that are listed, or
// the operand is not a batch of images.
type RandomRotation struct {
	// Factor is the range of the angles, in full turns. One number f is the range from -f to f, at
	// most 1. Required.
	Factor Factor `keras:"factor,required"`
	// FillMode says which pixels stand outside the image: reflect, wrap, constant or nearest. The default
	// is reflect.
	FillMode string `keras:"fill_mode,oneof=reflect|wrap|constant|nearest"`
	// Interpolation is bilinear or nearest. The default is bilinear.
	Interpolation string `keras:"interpolation,oneof=bilinear|nearest"`
	// Seed makes the random numbers independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`
	// FillValue is the value outside the image with FillMode constant. Any number. The default is 0.
	FillValue float64 `keras:"fill_value"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// RandomZoom zooms images by random factors about their center in training (keras.layers.RandomZoom).
// With the zooms f and g of height and width, and the center (u, v) = ((w-1)/2, (h-1)/2):
//
//	y(c, r) = x(u + (c-u)*g, v + (r-v)*f)
//
// where f is 1 plus a number from HeightFactor. A negative number zooms in, a positive one out. In
// prediction it returns its operand.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if a factor is out of range, an argument is not one of those that are listed, or
// the operand is not a batch of images.
type RandomZoom struct {
	// HeightFactor is the range of the vertical zooms minus 1. One number f is the range from -f to f.
	// Greater than -1 and at most 1. Required.
	HeightFactor Factor `keras:"height_factor,required"`
	// WidthFactor is the same for the horizontal zoom. The default, nil, zooms both directions equally.
	WidthFactor Factor `keras:"width_factor"`
	// FillMode says which pixels stand outside the image: reflect, wrap, constant or nearest. The default
	// is reflect.
	FillMode string `keras:"fill_mode,oneof=reflect|wrap|constant|nearest"`
	// Interpolation is bilinear or nearest. The default is bilinear.
	Interpolation string `keras:"interpolation,oneof=bilinear|nearest"`
	// Seed makes the random numbers independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`
	// FillValue is the value outside the image with FillMode constant. Any number. The default is 0.
	FillValue float64 `keras:"fill_value"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// RandomTranslation shifts images by random distances in training (keras.layers.RandomTranslation).
// With a shift down by f, drawn from HeightFactor, and to the right by g, drawn from WidthFactor:
//
//	y(c, r) = x(c - g*w, r - f*h)
//
// In prediction it returns its operand.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if a factor is out of range, an argument is not one of those that are listed, or
// the operand is not a batch of images.
type RandomTranslation struct {
	// HeightFactor is the range of the shifts down, as a fraction of the height. One number f is the
	// range from -f to f. From -1 to 1. Required.
	HeightFactor Factor `keras:"height_factor,required"`
	// WidthFactor is the same for the shift to the right and the width. Required.
	WidthFactor Factor `keras:"width_factor,required"`
	// FillMode says which pixels stand outside the image: reflect, wrap, constant or nearest. The default
	// is reflect.
	FillMode string `keras:"fill_mode,oneof=reflect|wrap|constant|nearest"`
	// Interpolation is bilinear or nearest. The default is bilinear.
	Interpolation string `keras:"interpolation,oneof=bilinear|nearest"`
	// Seed makes the random numbers independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`
	// FillValue is the value outside the image with FillMode constant. Any number. The default is 0.
	FillValue float64 `keras:"fill_value"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// RandomShear shears images at random in training (keras.layers.RandomShear). With the horizontal shear
// f, drawn from XFactor, and the vertical shear g, drawn from YFactor, both of which have the same random
// sign:
//
//	y(c, r) = x(c + f*r, r + g*c)
//
// In prediction it returns its operand.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if a factor is out of range, an argument is not one of those that are listed, or
// the operand is not a batch of images.
type RandomShear struct {
	// XFactor is the range of the horizontal shears. One number f is the range from -f to f. From 0 to
	// 1. The default is 0.
	XFactor Factor `keras:"x_factor,default=0"`
	// YFactor is the same for the vertical shear. The default is 0.
	YFactor Factor `keras:"y_factor,default=0"`
	// Interpolation is bilinear or nearest. The default is bilinear.
	Interpolation string `keras:"interpolation,oneof=bilinear|nearest"`
	// FillMode says which pixels stand outside the image: reflect, wrap, constant or nearest. The default
	// is reflect.
	FillMode string `keras:"fill_mode,oneof=reflect|wrap|constant|nearest"`
	// FillValue is the value outside the image with FillMode constant. Any number. The default is 0.
	FillValue float64 `keras:"fill_value"`
	// Seed makes the random numbers independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// RandomPerspective moves the corners of images at random in training (keras.layers.RandomPerspective).
// The column c and the row r of each corner become
//
//	c + c*u   r + r*v
//
// with u and v drawn from -Scale/2 to Scale/2, and the image is transformed so that its corners move
// there. An image is transformed with a probability that is drawn from Factor. In prediction it returns its
// operand.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if Factor or Scale is out of range, an argument is not one of those that are
// listed, or the operand is not a batch of images.
type RandomPerspective struct {
	// Factor is the range of the probability. One number f is the range from 0 to f. From 0 to 1. The
	// default is 1.
	Factor Factor `keras:"factor,default=1"`
	// Scale is the size of the range of the moves. From 0 to 1. The default, nil, is 1.
	Scale *float64 `keras:"scale,default=1,min=0,max=1"`
	// Interpolation is bilinear or nearest. The default is bilinear.
	Interpolation string `keras:"interpolation,oneof=bilinear|nearest"`
	// FillValue is the value outside the image. Any number. The default is 0.
	FillValue float64 `keras:"fill_value"`
	// Seed makes the random numbers independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// Build implements Layer.
func (l RandomFlip) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, nil)
}

// Build implements Layer.
func (l RandomRotation) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, nil)
}

// Build implements Layer.
func (l RandomZoom) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, nil)
}

// Build implements Layer.
func (l RandomTranslation) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, nil)
}

// Build implements Layer.
func (l RandomShear) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, nil)
}

// Build implements Layer.
func (l RandomPerspective) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, nil)
}

func (l RandomRotation) check() error { return checkFactors(l.factors()) }

func (l RandomZoom) check() error { return checkFactors(l.factors()) }

func (l RandomTranslation) check() error { return checkFactors(l.factors()) }

func (l RandomShear) check() error { return checkFactors(l.factors()) }

func (l RandomPerspective) check() error { return checkFactors(l.factors()) }

func (l RandomRotation) factors() []factorField {
	return oneFactor(l.Factor, -1)
}

func (l RandomZoom) factors() []factorField {
	return []factorField{
		{name: "HeightFactor", key: "height_factor", of: l.HeightFactor, rule: factorSigned, lo: -1, hi: 1, open: true},
		{name: "WidthFactor", key: "width_factor", of: l.WidthFactor, rule: factorSigned, lo: -1, hi: 1, open: true},
	}
}

func (l RandomTranslation) factors() []factorField {
	return []factorField{
		{name: "HeightFactor", key: "height_factor", of: l.HeightFactor, rule: factorSigned, lo: -1, hi: 1},
		{name: "WidthFactor", key: "width_factor", of: l.WidthFactor, rule: factorSigned, lo: -1, hi: 1},
	}
}

func (l RandomShear) factors() []factorField {
	return []factorField{
		{name: "XFactor", key: "x_factor", of: l.XFactor, rule: factorSigned, lo: 0, hi: 1},
		{name: "YFactor", key: "y_factor", of: l.YFactor, rule: factorSigned, lo: 0, hi: 1},
	}
}

func (l RandomPerspective) factors() []factorField {
	return oneFactor(l.Factor, 0)
}

// random returns 1 for images that are mirrored and 0 for others.
func (l RandomFlip) random(d *draws) []*graph.Value {
	return []*graph.Value{d.truth(d.Binary(op.LessEqual, d.uniform(0, 1), d.Constant(d.x.DType, .5)))}
}

// random returns the angles in degrees.
func (l RandomRotation) random(d *draws) []*graph.Value {
	lo, hi := l.factors()[0].ends()
	return []*graph.Value{d.uniform(lo*360, hi*360)}
}

// random returns the vertical and the horizontal zooms.
func (l RandomZoom) random(d *draws) []*graph.Value {
	f := l.factors()
	tall := d.Offset(d.factor(f[0]), 1)
	if l.WidthFactor == nil {
		return []*graph.Value{tall, tall}
	}
	return []*graph.Value{tall, d.Offset(d.factor(f[1]), 1)}
}

// random returns the shifts down and to the right, in pixels.
func (l RandomTranslation) random(d *draws) []*graph.Value {
	f := l.factors()
	return []*graph.Value{d.Mul(d.factor(f[0]), height(d.Builder, d.x)), d.Mul(d.factor(f[1]), width(d.Builder, d.x))}
}

// random returns the horizontal and the vertical shears.
func (l RandomShear) random(d *draws) []*graph.Value {
	f, sign := l.factors(), d.sign()
	return []*graph.Value{d.Mul(d.factor(f[0]), sign), d.Mul(d.factor(f[1]), sign)}
}

// random returns 1 for images that are transformed and 0 for others, and the corners after the move.
func (l RandomPerspective) random(d *draws) []*graph.Value {
	from := corners(d.Builder, d.x, d.each)
	moves := d.like(from, -.5**l.Scale, .5**l.Scale)
	return []*graph.Value{d.happens(l.factors()[0]), d.Add(from, d.Mul(from, moves))}
}

// corners returns the column and row of the corners of each image, (batch, 4, 2). each has shape
// (batch, 1, 1, 1).
func corners(b *graph.Builder, x, each *graph.Value) *graph.Value {
	last := b.Concat(0, b.Reshape(b.Offset(width(b, x), -1), 1), b.Reshape(b.Offset(height(b, x), -1), 1))
	square := b.Op(op.Const{Value: tensor.Of([]float32{0, 0, 1, 0, 0, 1, 1, 1}, 4, 2)})
	ones := b.BroadcastLike(b.Constant(x.DType, 1), b.Reshape(each, tensor.Unknown, 1, 1))
	return b.Mul(ones, b.Mul(square, last))
}

func (l RandomFlip) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	flip := numbers[0]
	one, sign := b.Constant(x.DType, 1), b.Offset(b.Scale(flip, -2), 1)
	n := []*graph.Value{one, nil, nil, nil, one, nil}
	if l.Mode != "vertical" {
		n[0], n[2] = sign, b.Mul(flip, b.Offset(width(b, x), -1))
	}
	if l.Mode != "horizontal" {
		n[4], n[5] = sign, b.Mul(flip, b.Offset(height(b, x), -1))
	}
	return project(b, x, op.Sampling{Nearest: true, Fill: op.FillNearest}, [2]int{}, n...)
}

func (l RandomRotation) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	angle := b.Scale(numbers[0], math.Pi/180)
	cos, sin := b.Cos(angle), b.Sin(angle)
	u, v := b.Scale(b.Offset(width(b, x), -1), .5), b.Scale(b.Offset(height(b, x), -1), .5)
	return project(b, x, samplingOf(l.FillMode, l.Interpolation, l.FillValue), [2]int{},
		cos, b.Neg(sin), b.Add(b.Sub(u, b.Mul(u, cos)), b.Mul(v, sin)),
		sin, cos, b.Sub(b.Sub(v, b.Mul(u, sin)), b.Mul(v, cos)))
}

func (l RandomZoom) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	tall, wide := numbers[0], numbers[1]
	shift := func(size, zoom *graph.Value) *graph.Value {
		return b.Mul(b.Scale(b.Offset(size, -1), .5), b.Offset(b.Neg(zoom), 1))
	}
	return project(b, x, samplingOf(l.FillMode, l.Interpolation, l.FillValue), [2]int{},
		wide, nil, shift(width(b, x), wide), nil, tall, shift(height(b, x), tall))
}

func (l RandomTranslation) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	one := b.Constant(x.DType, 1)
	return project(b, x, samplingOf(l.FillMode, l.Interpolation, l.FillValue), [2]int{},
		one, nil, b.Neg(numbers[1]), nil, one, b.Neg(numbers[0]))
}

func (l RandomShear) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	one := b.Constant(x.DType, 1)
	return project(b, x, samplingOf(l.FillMode, l.Interpolation, l.FillValue), [2]int{}, one, numbers[0], nil, numbers[1], one)
}

func (l RandomPerspective) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	happens := b.Reshape(numbers[0], tensor.Unknown, 1)
	moved := b.Homography(corners(b, x, numbers[0]), numbers[1])
	same := b.Op(op.Const{Value: tensor.Of([]float32{1, 0, 0, 0, 1, 0, 0, 0}, 1, 8)})
	return b.ProjectiveTransform(x, where(b, happens, moved, same), samplingOf("constant", l.Interpolation, l.FillValue), [2]int{})
}
