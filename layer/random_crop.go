package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// RandomCrop cuts a random window out of images in training (keras.layers.RandomCrop). The window is at the same place in
// all images of a batch:
//
//	y[r][c] = x[top+r][left+c]
//
// Images that are not larger than the window in both directions are cut in the middle in the direction in which they are
// larger, and resized bilinearly to the size of the window.
//
// In prediction it returns its operand, as Keras 3.15 does; its documentation promises a crop of the center. So the images
// should have the size of the window already, or the next layers should take images of any size.
//
// Input shape: (batch, height, width, channels), with known height and width. Integers are converted to
// float32.
// Output shape: (batch, Height, Width, channels) in training, the input shape in prediction.
//
// Build reports an error if Height or Width is not positive, or the operand is not a batch of images of known size.
type RandomCrop struct {
	// Height is the height of the window. At least 1. Required.
	Height int `keras:"height,required,count"`
	// Width is the width of the window. At least 1. Required.
	Width int `keras:"width,required,count"`
	// Seed makes the random numbers independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// RandomElasticTransform distorts images at random in training (keras.layers.RandomElasticTransform). With a number f from Scale for
// the batch, a number e(c, r) from the standard normal distribution for each pixel, and a blur with the standard deviation
// s = 0.05*f*min(height, width):
//
//	y(c, r) = x(c + d, r + d)   d = 0.1*f*max(height, width) * blur(s*e)(c, r)
//
// As in Keras, the distance d is the same in both directions. An image is distorted with a probability that is drawn from
// Factor. All images are clipped to ValueRange. In prediction it returns its operand.
//
// Input shape: (batch, height, width, channels), with known height and width. Integers are converted to
// float32.
// Output shape: the input shape.
//
// Build reports an error if an argument is out of range or not one of those that are listed, or the operand is not a batch of images of
// known size.
//
// Source: Simard et al., 2003 (Best practices for convolutional neural networks applied to visual document analysis).
type RandomElasticTransform struct {
	// Factor is the range of the probability. One number f is the range from 0 to f. From 0 to 1. The
	// default is 1.
	Factor Factor `keras:"factor,default=1"`
	// Scale is the range of f. One number f is the range from 0 to f. From 0 to 1. The default is 1.
	Scale Factor `keras:"scale,default=1"`
	// Interpolation is bilinear or nearest. The default is bilinear.
	Interpolation string `keras:"interpolation,oneof=bilinear|nearest"`
	// FillMode says which pixels stand outside the image: reflect, wrap, constant or nearest. The default
	// is reflect.
	FillMode string `keras:"fill_mode,oneof=reflect|wrap|constant|nearest"`
	// FillValue is the value outside the image with FillMode constant. Any number. The default is 0.
	FillValue float64 `keras:"fill_value"`
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
func (l RandomCrop) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, func(b *graph.Builder, l RandomCrop, x *graph.Value) bool {
		return wantSized(b, l, x) && wantFew(b, l.Height, l.Width, x.Shape[3])
	})
}

// Build implements Layer.
func (l RandomElasticTransform) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	return augment(b, l, l.Seed, x, wantSized)
}

// wantSized checks that the size of images is known.
func wantSized[L augmenter](b *graph.Builder, _ L, x *graph.Value) bool { return wantKnownSize(b, x) }

func (l RandomElasticTransform) check() error { return checkFactors(l.factors()) }

func (l RandomElasticTransform) factors() []factorField {
	return append(oneFactor(l.Factor, 0), factorField{name: "Scale", key: "scale", of: l.Scale, lo: 0, hi: 1})
}

// larger reports whether images are larger than the window in both directions.
func (l RandomCrop) larger(x *graph.Value) bool {
	return x.Shape[1] > l.Height && x.Shape[2] > l.Width
}

// random returns the first row and column of the window, scalars, or nothing if the images are not larger.
func (l RandomCrop) random(d *draws) []*graph.Value {
	if !l.larger(d.x) {
		return nil
	}
	one := d.Constant(d.x.DType, 0)
	return []*graph.Value{d.below(one, d.x.Shape[1]-l.Height+1), d.below(one, d.x.Shape[2]-l.Width+1)}
}

func (l RandomCrop) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	if !l.larger(x) {
		return l.fit(b, x)
	}
	one := b.Constant(x.DType, 1)
	return project(b, x, op.Sampling{Nearest: true, Fill: op.FillNearest}, [2]int{l.Height, l.Width},
		one, nil, numbers[1], nil, one, numbers[0])
}

// fit cuts the middle of images that are not larger than the window, with the shape of the window, and resizes it.
func (l RandomCrop) fit(b *graph.Builder, x *graph.Value) *graph.Value {
	begin, size := make([]int, 4), []int{tensor.Unknown, 0, 0, x.Shape[3]}
	wanted := [2]int{l.Height, l.Width}
	for d, want := range wanted {
		n, other := x.Shape[1+d], x.Shape[2-d]
		begin[1+d] = (n - max(min(n, other*want/wanted[1-d]), 1)) / 2
		size[1+d] = min(want, n-begin[1+d]) // as in Keras, the window starts in the middle, and may end at the edge
	}
	x = b.Slice(x, begin, size)
	if x.Shape[1] == l.Height && x.Shape[2] == l.Width {
		return x
	}
	return b.Op(op.Resize{Size: wanted, Method: op.Bilinear}, x)
}

// random returns 1 for images that are distorted and 0 for others, the scalar f, and the numbers e.
func (l RandomElasticTransform) random(d *draws) []*graph.Value {
	f := l.factors()
	lo, hi := f[1].ends()
	all := tensor.Unknown
	pixels := d.Slice(d.x, make([]int, 4), []int{all, all, all, 1})
	return []*graph.Value{d.happens(f[0]), d.shared(lo, hi), d.normal(pixels)}
}

func (l RandomElasticTransform) change(b *graph.Builder, x *graph.Value, numbers []*graph.Value) *graph.Value {
	f := l.factors()
	_, most := f[1].ends()
	if _, p := f[0].ends(); most == 0 || p == 0 { // Keras does not even clip
		return x
	}
	short, long := min(x.Shape[1], x.Shape[2]), max(x.Shape[1], x.Shape[2])
	sigma := b.Scale(numbers[1], .05*float64(short))
	shift := b.Scale(b.Mul(numbers[1], blur(b, b.Mul(numbers[2], sigma), sigma, .05*float64(short)*most)), .1*float64(long))
	ones := b.BroadcastLike(b.Constant(x.DType, 1), shift)
	at := b.Concat(3, b.Add(shift, b.Mul(ones, b.Index(shift, 1))), b.Add(shift, b.Mul(ones, b.Index(shift, 2))))
	y := b.MapCoordinates(x, at, samplingOf(l.FillMode, l.Interpolation, l.FillValue))
	return clip(b, where(b, numbers[0], y, x), l.ValueRange)
}

// blur blurs images with one channel with a normal distribution of the standard deviation sigma, a scalar of at most most. Keras'
// window has 3*floor(sigma) pixels on each side; outside the image is 0.
func blur(b *graph.Builder, x, sigma *graph.Value, most float64) *graph.Value {
	n := 6*int(most) + 1
	at := make([]float32, n)
	for i := range at {
		at[i] = float32(i - n/2)
	}
	// The divisor is not 0 even if sigma is.
	weights := gaussian(b, n, b.Max(sigma, b.Constant(x.DType, 1e-6)))
	side := b.Scale(b.Floor(sigma), 3)
	inside := b.Binary(op.LessEqual, b.Abs(b.Op(op.Const{Value: tensor.Of(at, n)})), side)
	weights = b.Select(inside, weights, b.Constant(x.DType, 0))
	weights = b.Div(weights, b.Sum(weights))
	x = b.DepthwiseConv2D(x, b.Reshape(weights, 1, n, 1, 1), sameWindow(1, n))
	return b.DepthwiseConv2D(x, b.Reshape(weights, n, 1, 1, 1), sameWindow(n, 1))
}
