package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// RandomPosterization reduces the number of levels of images at random in training
// (keras.layers.RandomPosterization). Of the 8 bits of a pixel, the highest n are kept:
//
//	y = floor(x / 2^(8-n)) * 2^(8-n)
//
// after x was mapped from ValueRange to 0 to 255 and rounded down; y is mapped back. n is drawn from
// the lower end of Factor to its upper end minus 1. The function has steps, so no gradient passes
// through it. In prediction it returns its operand.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if Factor or ValueRange is out of range, or the operand is not a batch of images.
type RandomPosterization struct {
	// Factor is the range of n, integers. One number f is the range from 1 to f. If both ends are equal,
	// n is always that number. From 1 to 8. Required.
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

// Solarization inverts the bright pixels of images in training (keras.layers.Solarization):
//
//	s = clip(x+a, 0, 255)
//	y = s       if s < t
//	y = 255-s   otherwise
//
// after x was mapped from ValueRange to 0 to 255; y is mapped back. As in Keras, a is drawn from the
// lower end of AdditionFactor to 255 times its upper end, and t from ThresholdFactor in the same way. With
// the defaults, all pixels are inverted. In prediction it returns its operand.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if a factor or ValueRange is out of range, or the operand is not a batch of
// images.
type Solarization struct {
	// AdditionFactor is the range of a. One number f is the range from 0 to f. From 0 to 1. The default
	// is 0.
	AdditionFactor Factor `keras:"addition_factor,default=0"`
	// ThresholdFactor is the range of t. One number f is the range from 0 to f. From 0 to 1. The default
	// is 0.
	ThresholdFactor Factor `keras:"threshold_factor,default=0"`
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

// AutoContrast stretches the range of each channel of each image to ValueRange (keras.layers.AutoContrast):
//
//	y = (x-min)/(max-min)
//
// mapped from 0 to 1 to ValueRange. A channel with one number only does not change. As in Keras, it acts in
// training and in prediction.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if ValueRange is not a range, or the operand is not a batch of images.
type AutoContrast struct {
	// ValueRange is the range of the pixels. The default is 0 to 255.
	ValueRange Range `keras:"value_range,default=0:255"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// Equalization equalizes the histograms of images in training (keras.layers.Equalization). As in Keras, a histogram
// is that of a channel of the whole batch. With the number n(i) of pixels in bins up to i, and the
// number n0 in the first bin that is not empty:
//
//	y = round(255*(n(i)-n0) / (n(Bins-1)-n0))   i = floor(x/255*(Bins-1))
//
// after x was mapped from ValueRange to 0 to 255; y is mapped back. A channel with one bin only does not
// change. The function has steps, so no gradient passes through it. In prediction it returns its operand.
//
// Keras 3.15 cannot build a model that contains this layer, and so cannot open its file.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if Bins or ValueRange is out of range, or the operand is not a batch of images.
type Equalization struct {
	// ValueRange is the range of the pixels. The default is 0 to 255.
	ValueRange Range `keras:"value_range,default=0:255"`
	// Bins is the number of bins. At least 1 and at most 65536. The default is 256.
	Bins int `keras:"bins,default=256,min=1,max=65536"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// ContrastLimitedAdaptiveHistogramEqualization equalizes the histograms of tiles of each channel of each image (CLAHE,
// keras.layers.ContrastLimitedAdaptiveHistogramEqualization). A histogram has 256 bins. With the number
// n(i) of pixels of a tile in bins up to i, after each bin was cut to ClipLimit times the mean bin and the rest
// was distributed over all bins:
//
//	y = 255*(n(i)-n(0)) / (n(255)-n(0))   i = floor(x)
//
// after x was mapped from ValueRange to 0 to 255; y is mapped back. Between the centers of tiles, the results of the
// nearest four are interpolated. The function has steps, so no gradient passes through it. As in Keras, it
// acts in training and in prediction.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if an argument is out of range, the operand is not a batch of images, or the
// images are so small that more than half of the tiles would lie outside.
//
// Source: Zuiderveld, 1994 (Contrast limited adaptive histogram equalization).
type ContrastLimitedAdaptiveHistogramEqualization struct {
	// ValueRange is the range of the pixels. The default is 0 to 255.
	ValueRange Range `keras:"value_range,default=0:255"`
	// ClipLimit is the largest bin, as a multiple of the mean bin. At 0 there is no limit. At least 0. The default, nil,
	// is 4.
	ClipLimit *float64 `keras:"clip_limit,default=4,min=0"`
	// TileGridSize is the number of tiles along the height and the width. At least 1. The default is 8x8.
	TileGridSize Size `keras:"tile_grid_size,default=8,count"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// RandomSharpness sharpens or blurs images at random in training (keras.layers.RandomSharpness). With a number f
// from Factor:
//
//	y = clip(x + (1-2f)*(smooth(x)-x), ValueRange)
//
// smooth(x) is the mean of the 3x3 pixels around a pixel, itself with weight 5; outside the image they are 0.
// At 0.5 an image does not change, below it is blurred, above it is sharpened. In prediction it
// returns its operand.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if Factor or ValueRange is out of range, or the operand is not a batch of images.
type RandomSharpness struct {
	// Factor is the range of f. One number f is the range from 0 to f. From 0 to 1. Required.
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

// RandomGaussianBlur blurs images at random in training (keras.layers.RandomGaussianBlur). The weights of the
// pixels around a pixel are
//
//	exp(-(c/s)^2/2) * exp(-(r/t)^2/2)
//
// at a distance of c columns and r rows, divided by their sum. s and t are drawn from Sigma, for all images of a batch. An
// image is blurred with a probability that is drawn from Factor. All images are clipped to ValueRange. In
// prediction it returns its operand.
//
// Input shape: (batch, height, width, channels). Integers are converted to float32.
// Output shape: the input shape.
//
// Build reports an error if an argument is out of range, or the operand is not a batch of images.
type RandomGaussianBlur struct {
	// Factor is the range of the probability. One number f is the range from 0 to f. From 0 to 1. The
	// default is 1.
	Factor Factor `keras:"factor,default=1"`
	// Kernel is the number of pixels around a pixel, itself included. Odd numbers, at most 255. The default is 3x3.
	Kernel Size `keras:"kernel_size,default=3,min=1,max=255"`
	// Sigma is the range of s and t. One number f is the range from 0 to f. From 0 to 1. The default is 1.
	Sigma Factor `keras:"sigma,default=1"`
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

// Class implements Layer.
func (ContrastLimitedAdaptiveHistogramEqualization) Class() string {
	return "ContrastLimitedAdaptiveHistogramEqualization"
}

// Build implements Layer.
func (l RandomPosterization) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, nil)
}

// Build implements Layer.
func (l Solarization) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, nil)
}

// Build implements Layer.
func (l AutoContrast) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return recolor(b, l, x)
}

// Build implements Layer.
func (l Equalization) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, nil, x, nil)
}

// Build implements Layer.
func (l ContrastLimitedAdaptiveHistogramEqualization) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return recolor(b, l, x)
}

// Build implements Layer.
func (l RandomSharpness) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, nil)
}

// Build implements Layer.
func (l RandomGaussianBlur) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, nil)
}

// recolor builds a layer that acts in training and in prediction, and draws no numbers.
func recolor[L augmenter](b *graph.Builder, l L, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok {
		return b.Invalid()
	}
	x, ok = toFloat(b, x)
	if !ok || !wantImages(b, x) {
		return b.Invalid()
	}
	return l.change(b, x, nil)
}

func (l RandomPosterization) check() error { return checkFactors(l.factors()) }

func (l Solarization) check() error { return checkFactors(l.factors()) }

func (l RandomSharpness) check() error { return checkFactors(l.factors()) }

func (l RandomGaussianBlur) check() error {
	if k := l.Kernel; k[0] > 0 && k[1] > 0 && (k[0]%2 == 0 || k[1]%2 == 0) {
		return wrongf("Kernel is %v, want odd numbers", k)
	}
	return checkFactors(l.factors())
}

func (l RandomPosterization) factors() []factorField {
	return []factorField{{name: "Factor", key: "factor", of: l.Factor, lo: 1, hi: 8, whole: true}}
}

func (l Solarization) factors() []factorField {
	return []factorField{
		{name: "AdditionFactor", key: "addition_factor", of: l.AdditionFactor, rule: factorUpward, lo: 0, hi: 1},
		{name: "ThresholdFactor", key: "threshold_factor", of: l.ThresholdFactor, rule: factorUpward, lo: 0, hi: 1},
	}
}

func (l RandomSharpness) factors() []factorField { return oneFactor(l.Factor, 0) }

func (l RandomGaussianBlur) factors() []factorField {
	return append(oneFactor(l.Factor, 0), factorField{name: "Sigma", key: "sigma", of: l.Sigma, lo: 0, hi: 1})
}

// random returns the numbers of bits that are removed.
func (l RandomPosterization) random(d *draws) []*graph.Value {
	lo, hi := l.factors()[0].ends()
	bits := d.Offset(d.below(d.each, max(int(hi-lo), 1)), lo)
	return []*graph.Value{d.Offset(d.Neg(bits), 8)}
}

// random returns what is added to the pixels, and the thresholds.
func (l Solarization) random(d *draws) []*graph.Value {
	var numbers []*graph.Value
	for _, f := range l.factors() {
		lo, hi := f.ends()
		numbers = append(numbers, d.uniform(lo, hi*255))
	}
	return numbers
}

func (AutoContrast) random(*draws) []*graph.Value { return nil }

func (Equalization) random(*draws) []*graph.Value { return nil }

func (ContrastLimitedAdaptiveHistogramEqualization) random(*draws) []*graph.Value { return nil }

// random returns f.
func (l RandomSharpness) random(d *draws) []*graph.Value {
	return []*graph.Value{d.factor(l.factors()[0])}
}

// random returns 1 for images that are blurred and 0 for others, and the scalars s and t.
func (l RandomGaussianBlur) random(d *draws) []*graph.Value {
	f := l.factors()
	lo, hi := f[1].ends()
	return []*graph.Value{d.happens(f[0]), d.shared(lo+1e-6, hi+1e-6), d.shared(lo+1e-6, hi+1e-6)}
}

func (l RandomPosterization) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	step := b.Binary(op.Pow, b.Constant(x.DType, 2), numbers[0])
	pixels := b.Floor(clip(b, rescale(b, x, l.ValueRange, bytes), bytes))
	return rescale(b, b.Mul(b.Floor(b.Div(pixels, step)), step), bytes, l.ValueRange)
}

func (l Solarization) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	s := clip(b, b.Add(rescale(b, x, l.ValueRange, bytes), numbers[0]), bytes)
	return rescale(b, b.Select(b.Binary(op.Less, s, numbers[1]), s, b.Offset(b.Neg(s), 255)), bytes, l.ValueRange)
}

func (l AutoContrast) change(b *graph.Builder, x *graph.Value, _ []*graph.Value) *graph.Value {
	pixels := rescale(b, x, l.ValueRange, bytes)
	top := func(v *graph.Value) *graph.Value {
		return b.Op(op.Reduce{Fn: op.ReduceMax, Axes: []int{1, 2}, KeepDims: true}, v)
	}
	low, high := b.Neg(top(b.Neg(pixels))), top(pixels)
	several := b.Binary(op.Greater, high, low)
	scale := b.Div(b.Constant(x.DType, 255), b.Select(several, b.Sub(high, low), b.Constant(x.DType, 1)))
	y := clip(b, b.Sub(b.Mul(pixels, scale), b.Mul(low, scale)), bytes)
	return b.Select(several, rescale(b, y, bytes, l.ValueRange), x)
}

func (l Equalization) change(b *graph.Builder, x *graph.Value, _ []*graph.Value) *graph.Value {
	y := b.Op(op.EqualizeHistogram{Bins: l.Bins}, rescale(b, x, l.ValueRange, bytes))
	return rescale(b, y, bytes, l.ValueRange)
}

func (l ContrastLimitedAdaptiveHistogramEqualization) change(b *graph.Builder, x *graph.Value, _ []*graph.Value) *graph.Value {
	if !wantFew(b, l.TileGridSize[0], l.TileGridSize[1], 256, x.Shape[3]) { // the histograms
		return b.Invalid()
	}
	y := b.Op(op.LocalEqualization{Limit: *l.ClipLimit, Grid: l.TileGridSize}, rescale(b, x, l.ValueRange, bytes))
	return rescale(b, y, bytes, l.ValueRange)
}

// sameWindow is a window that keeps the size of an image.
func sameWindow(height, width int) op.Window {
	return op.Window{Size: [2]int{height, width}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Padding: op.Same}
}

func (l RandomSharpness) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	filter := tensor.New(tensor.Float32, 3, 3, x.Shape[3], 1)
	for i := range filter.Float32s() {
		if filter.Float32s()[i] = 1. / 13; i/x.Shape[3] == 4 {
			filter.Float32s()[i] = 5. / 13
		}
	}
	smooth := b.DepthwiseConv2D(x, b.Op(op.Const{Value: filter}), sameWindow(3, 3))
	return clip(b, b.Add(x, b.Mul(b.Offset(b.Scale(numbers[0], -2), 1), b.Sub(smooth, x))), l.ValueRange)
}

func (l RandomGaussianBlur) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	// As in Keras, a kernel that is not square is the transposed kernel, read in another shape.
	h, w := l.Kernel[0], l.Kernel[1]
	product := b.Mul(b.Reshape(gaussian(b, w, numbers[2]), w, 1), gaussian(b, h, numbers[1]))
	filter := b.Mul(b.Reshape(product, h, w, 1, 1), b.Op(op.Const{Value: ones(x.Shape[3])}))
	y := b.DepthwiseConv2D(x, filter, sameWindow(h, w))
	return clip(b, where(b, numbers[0], y, x), l.ValueRange)
}

// ones is a tensor (channels, 1) of ones.
func ones(channels int) *tensor.Tensor {
	t := tensor.New(tensor.Float32, channels, 1)
	for i := range t.Float32s() {
		t.Float32s()[i] = 1
	}
	return t
}

// gaussian returns n weights of a normal distribution with the standard deviation sigma, a scalar.
func gaussian(b *graph.Builder, n int, sigma *graph.Value) *graph.Value {
	at := make([]float32, n)
	for i := range at {
		at[i] = float32(i) - float32(n-1)/2
	}
	v := b.Exp(b.Scale(b.Square(b.Div(b.Op(op.Const{Value: tensor.Of(at, n)}), sigma)), -.5))
	return b.Div(v, b.Sum(v))
}
