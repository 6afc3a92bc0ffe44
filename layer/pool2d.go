package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// MaxPool2D computes the maximum of each channel in each window (keras.layers.MaxPooling2D). For an
// image x with the strides s:
//
//	y[i,j,c] = max over the window of x[i*s[0] + u, j*s[1] + v, c]
//
// With Same, x is the padded image, and padding is ignored: the maximum is over the pixels of the
// image.
//
// Input shape: (batch, height, width, channels).
// Output shape: (batch, new height, new width, channels); see Padding for the new sizes.
//
// Build reports an error if a field is out of range, the operand is not a batch of float32
// images with a known number of channels, or the window does not fit into the image.
type MaxPool2D struct {
	// Pool is the height and width of the window, in pixels. Each from 1 to 255; Keras has no upper
	// limit. The default is 2x2.
	Pool Size `keras:"pool_size,default=2,count"`
	// Strides is the step between windows, in pixels. Each at least 1. The default is Pool, so
	// that windows do not overlap.
	Strides Size `keras:"strides,like=Pool,count"`
	// Padding is Valid or Same. The default is Valid.
	Padding Padding `keras:"padding"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// AveragePool2D computes the mean of each channel in each window (keras.layers.AveragePooling2D). For
// an image x with the strides s:
//
//	y[i,j,c] = mean over the window of x[i*s[0] + u, j*s[1] + v, c]
//
// With Same, x is the padded image, and padding is ignored: the mean is over the pixels of the image.
//
// Input shape: (batch, height, width, channels).
// Output shape: (batch, new height, new width, channels); see Padding for the new sizes.
//
// Build reports an error if a field is out of range, the operand is not a batch of float32
// images with a known number of channels, or the window does not fit into the image.
type AveragePool2D struct {
	// Pool is the height and width of the window, in pixels. Each at least 1. The default is 2x2; in
	// Keras the argument is required.
	Pool Size `keras:"pool_size,required,default=2,count"`
	// Strides is the step between windows, in pixels. Each at least 1. The default is Pool, so
	// that windows do not overlap.
	Strides Size `keras:"strides,like=Pool,count"`
	// Padding is Valid or Same. The default is Valid.
	Padding Padding `keras:"padding"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// maxPool is the largest number of elements in the window of op.MaxPool2D. The op stores the argmax, the
// position of the maximum in the window, in one byte.
const maxPool = 255

// PassesThrough implements Transparent. The means of probabilities are probabilities.
func (AveragePool2D) PassesThrough() bool { return true }

// Build implements Layer.
func (l MaxPool2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	return pool(b, x, ok, window(l.Pool, l.Strides, Size{1, 1}, l.Padding), func(x *graph.Value, w op.Window) *graph.Value {
		if w.Size[0]*w.Size[1] <= maxPool {
			return b.MaxPool2D(x, w)
		}
		// A large window is pooled along the rows, then along the columns. If elements are equal, the
		// gradient still goes to the first in row-major order.
		one := Size{1, 1}
		x = b.MaxPool2D(x, window(Size{1, w.Size[1]}, Size{1, w.Stride[1]}, one, w.Padding))
		return b.MaxPool2D(x, window(Size{w.Size[0], 1}, Size{w.Stride[0], 1}, one, w.Padding))
	})
}

// Build implements Layer.
func (l AveragePool2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	return pool(b, x, ok, window(l.Pool, l.Strides, Size{1, 1}, l.Padding), b.AveragePool2D)
}

// pool applies a pooling op to x if the layer is ready and the window fits into the images of x.
func pool(b *graph.Builder, x *graph.Value, ready bool, w op.Window, build func(x *graph.Value, w op.Window) *graph.Value) *graph.Value {
	if !ready || !wantImages(b, x) || !wantFit(b, "pool", "a smaller pool", w, x) {
		return b.Invalid()
	}
	return build(x, w)
}

func (l MaxPool2D) check() error {
	if max(l.Pool[0], l.Pool[1]) > maxPool {
		return wrongf("Pool is %v, want a height and a width of at most %d pixels", l.Pool, maxPool)
	}
	return nil
}
