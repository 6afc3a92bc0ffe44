package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// RandomContrast changes the contrast of images by random factors in training
// (keras.layers.RandomContrast). With the mean m of a channel of an image and a factor f:
//
//	y = clip((x-m)*f + m, ValueRange)
//
// f is drawn from 1 minus the lower end to 1 plus the upper end of Factor. As in Keras, whose
// documentation says otherwise, one number only increases the contrast. In prediction it returns its
// operand.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if Factor or ValueRange is out of range, or the operand is not a batch of images.
type RandomContrast struct {
	// Factor is the range of the changes. One number f is the range from 0 to f. From 0 to 1. Required.
	Factor Factor `keras:"factor,required"`
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

// RandomBrightness changes the brightness of images by random numbers in training
// (keras.layers.RandomBrightness). With a number f from Factor:
//
//	y = clip(x + f*(ValueRange[1]-ValueRange[0]), ValueRange)
//
// In prediction it returns its operand.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if Factor or ValueRange is out of range, or the operand is not a batch of images.
type RandomBrightness struct {
	// Factor is the range of the changes, as a fraction of ValueRange. One number f is the range from -f
	// to f. From -1 to 1. Required.
	Factor Factor `keras:"factor,required"`
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

// RandomColorDegeneration makes images partly gray in training (keras.layers.RandomColorDegeneration).
// With a number f from Factor:
//
//	y = clip(x + f*(g-x), ValueRange)   g = 0.2989*red + 0.5870*green + 0.1140*blue
//
// In prediction it returns its operand.
//
// Input shape: (batch, height, width, channels), with 3 channels or 1. Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if Factor or ValueRange is out of range, or the operand is not a batch of images
// with 3 channels or 1.
type RandomColorDegeneration struct {
	// Factor is the range of the changes. At 1, the image is gray. One number f is the range from -f to
	// f. From -1 to 1. Required.
	Factor Factor `keras:"factor,required"`
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

// RandomGrayscale makes images gray at random in training (keras.layers.RandomGrayscale):
//
//	y = 0.2989*red + 0.5870*green + 0.1140*blue   with probability Factor
//	y = x                                         otherwise
//
// A gray image has the same number in all channels. In prediction it returns its operand.
//
// Input shape: (batch, height, width, channels), with 3 channels or 1. Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if Factor is out of range, or the operand is not a batch of images with 3
// channels or 1.
type RandomGrayscale struct {
	// Factor is the probability. From 0 to 1. The default, nil, is 0.5.
	Factor *float64 `keras:"factor,default=0.5,min=0,max=1"`
	// Seed makes the random numbers independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed. Keras does not save it.
	Seed *int `keras:"seed,omitempty"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// RandomHue changes the hue of images by random numbers in training (keras.layers.RandomHue). In
// the color space HSV, whose hue goes around a circle from 0 to 1:
//
//	hue = hue + s*f/2   (mod 1)
//
// with f from Factor and a random sign s. In prediction it returns its operand.
//
// Input shape: (batch, height, width, 3). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if Factor or ValueRange is out of range, or the operand is not a batch of images
// with 3 channels.
type RandomHue struct {
	// Factor is the range of the changes. One number f is the range from 0 to f. From 0 to 1. Required.
	Factor Factor `keras:"factor,required"`
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

// RandomSaturation changes the saturation of images by random factors in training
// (keras.layers.RandomSaturation). In the color space HSV:
//
//	saturation = clip(saturation*f/(1-f+1e-7), ValueRange)
//
// with f from Factor: 0.5 does not change an image, 0 makes it gray. The range of f that one number stands for is half
// negative, as in Keras, and a negative f makes an image gray, so give two numbers. In prediction it returns its
// operand.
//
// Input shape: (batch, height, width, 3). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if Factor or ValueRange is out of range, or the operand is not a batch of images
// with 3 channels.
type RandomSaturation struct {
	// Factor is the range of f. One number f is the range from -f to f. From -1 to 1. Required.
	Factor Factor `keras:"factor,required"`
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

// RandomInvert inverts the colors of images at random in training (keras.layers.RandomInvert):
//
//	y = ValueRange[1] - x
//
// An image is inverted with a probability that is drawn from Factor. In prediction it returns its operand.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if Factor or ValueRange is out of range, or the operand is not a batch of images.
type RandomInvert struct {
	// Factor is the range of the probability. One number f is the range from 0 to f. From 0 to 1. The
	// default is 1.
	Factor Factor `keras:"factor,default=1"`
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
func (l RandomContrast) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, nil)
}

// Build implements Layer.
func (l RandomBrightness) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, nil)
}

// Build implements Layer.
func (l RandomColorDegeneration) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, wantGrayable)
}

// Build implements Layer.
func (l RandomGrayscale) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, wantGrayable)
}

// Build implements Layer.
func (l RandomHue) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, wantRGB)
}

// Build implements Layer.
func (l RandomSaturation) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, wantRGB)
}

// Build implements Layer.
func (l RandomInvert) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, nil)
}

func (l RandomContrast) check() error { return checkFactors(l.factors()) }

func (l RandomBrightness) check() error { return checkFactors(l.factors()) }

func (l RandomColorDegeneration) check() error { return checkFactors(l.factors()) }

func (l RandomHue) check() error { return checkFactors(l.factors()) }

func (l RandomSaturation) check() error { return checkFactors(l.factors()) }

func (l RandomInvert) check() error { return checkFactors(l.factors()) }

func (l RandomContrast) factors() []factorField { return oneFactor(l.Factor, 0) }

func (l RandomBrightness) factors() []factorField { return oneFactor(l.Factor, -1) }

func (l RandomColorDegeneration) factors() []factorField { return oneFactor(l.Factor, -1) }

func (l RandomHue) factors() []factorField { return oneFactor(l.Factor, 0) }

func (l RandomSaturation) factors() []factorField { return oneFactor(l.Factor, -1) }

func (l RandomInvert) factors() []factorField { return oneFactor(l.Factor, 0) }

// oneFactor is the field Factor of most layers, with numbers from lo to 1.
func oneFactor(f Factor, lo float64) []factorField {
	return []factorField{{name: "Factor", key: "factor", of: f, lo: lo, hi: 1}}
}

func wantRGB[L augmenter](b *graph.Builder, _ L, x *graph.Value) bool { return wantColors(b, x, false) }

func wantGrayable[L augmenter](b *graph.Builder, _ L, x *graph.Value) bool {
	return wantColors(b, x, true)
}

// random returns the factors of the contrast.
func (l RandomContrast) random(d *draws) []*graph.Value {
	lo, hi := l.factors()[0].ends()
	return []*graph.Value{d.uniform(1-lo, 1+hi)}
}

// random returns what is added to the pixels.
func (l RandomBrightness) random(d *draws) []*graph.Value {
	return []*graph.Value{d.Scale(d.factor(l.factors()[0]), l.ValueRange[1]-l.ValueRange[0])}
}

// random returns how gray the images become.
func (l RandomColorDegeneration) random(d *draws) []*graph.Value {
	return []*graph.Value{d.factor(l.factors()[0])}
}

// random returns 1 for images that become gray and 0 for others.
func (l RandomGrayscale) random(d *draws) []*graph.Value {
	return []*graph.Value{d.truth(d.Binary(op.Less, d.uniform(0, 1), d.Constant(d.x.DType, *l.Factor)))}
}

// random returns what is added to the hue.
func (l RandomHue) random(d *draws) []*graph.Value {
	sign := d.sign()
	return []*graph.Value{d.Scale(d.Mul(sign, d.factor(l.factors()[0])), .5)}
}

// random returns the factors of the saturation.
func (l RandomSaturation) random(d *draws) []*graph.Value {
	f := d.factor(l.factors()[0])
	return []*graph.Value{d.Div(f, d.Offset(d.Offset(d.Neg(f), 1), 1e-7))}
}

// random returns 1 for images that are inverted and 0 for others.
func (l RandomInvert) random(d *draws) []*graph.Value {
	return []*graph.Value{d.happens(l.factors()[0])}
}

func (l RandomContrast) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	mean := b.Div(b.SumKeep(x, 1, 2), b.Size(x, 1, 2))
	return clip(b, b.Add(b.Mul(b.Sub(x, mean), numbers[0]), mean), l.ValueRange)
}

func (l RandomBrightness) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	return clip(b, b.Add(x, numbers[0]), l.ValueRange)
}

func (l RandomColorDegeneration) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	return clip(b, b.Add(x, b.Mul(numbers[0], b.Sub(toGray(b, x), x))), l.ValueRange)
}

func (l RandomGrayscale) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	return where(b, numbers[0], toGray(b, x), x)
}

func (l RandomHue) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	unit := Range{0, 1}
	hue, saturation, value := toHSV(b, rescale(b, x, l.ValueRange, unit))
	zero, one := b.Constant(x.DType, 0), b.Constant(x.DType, 1)
	hue = b.Add(hue, numbers[0])
	hue = b.Select(b.Binary(op.Greater, hue, one), b.Sub(hue, one), hue)
	hue = b.Select(b.Binary(op.Less, hue, zero), b.Add(hue, one), hue)
	return rescale(b, clip(b, toRGB(b, hue, saturation, value), unit), unit, l.ValueRange)
}

func (l RandomSaturation) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	hue, saturation, value := toHSV(b, x)
	return toRGB(b, hue, clip(b, b.Mul(saturation, numbers[0]), l.ValueRange), value)
}

func (l RandomInvert) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	return where(b, numbers[0], b.Offset(b.Neg(x), l.ValueRange[1]), x)
}

// toHSV converts RGB images to hue, saturation and value, each with one channel, as tf.image.rgb_to_hsv
// does.
func toHSV(b *graph.Builder, x *graph.Value) (hue, saturation, value *graph.Value) {
	all := tensor.Unknown
	channel := func(c int) *graph.Value { return b.Slice(x, []int{0, 0, 0, c}, []int{all, all, all, 1}) }
	red, green, blue := channel(0), channel(1), channel(2)
	zero, one := b.Constant(x.DType, 0), b.Constant(x.DType, 1)
	value = b.Max(red, b.Max(green, blue))
	span := b.Sub(value, b.Min(red, b.Min(green, blue)))
	colored, lit := b.Binary(op.Greater, span, zero), b.Binary(op.Greater, value, zero)
	// The divisors are 1 where the quotient is not used, so that its gradient is finite.
	saturation = b.Select(lit, b.Div(span, b.Select(lit, value, one)), zero)
	sixth := b.Div(b.Constant(x.DType, 1./6), b.Select(colored, span, one))
	hue = b.Select(b.Binary(op.Equal, red, value), b.Mul(sixth, b.Sub(green, blue)),
		b.Select(b.Binary(op.Equal, green, value), b.Offset(b.Mul(sixth, b.Sub(blue, red)), 2./6),
			b.Offset(b.Mul(sixth, b.Sub(red, green)), 4./6)))
	hue = b.Select(colored, hue, zero)
	return b.Select(b.Binary(op.Less, hue, zero), b.Add(hue, one), hue), saturation, value
}

// toRGB is the inverse of toHSV, as tf.image.hsv_to_rgb.
func toRGB(b *graph.Builder, hue, saturation, value *graph.Value) *graph.Value {
	vector := func(v ...float32) *graph.Value { return b.Op(op.Const{Value: tensor.Of(v, 3)}) }
	// The distance of the hue from red, green and blue gives how much of each color there is.
	distance := b.Abs(b.Sub(b.Scale(hue, 6), vector(3, 2, 4)))
	part := b.Clip(b.Add(b.Mul(distance, vector(1, -1, -1)), vector(-1, 2, 2)), 0, 1)
	rest := b.Offset(b.Neg(saturation), 1)
	return b.Mul(b.Add(rest, b.Mul(saturation, part)), value)
}
