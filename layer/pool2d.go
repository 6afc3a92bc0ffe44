package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// MaxPool2D keeps the greatest value of each window of images (batch, height, width,
// channels), a channel at a time (keras.layers.MaxPooling2D).
type MaxPool2D struct {
	Pool    Size    `keras:"pool_size,default=2,count"` // the window
	Strides Size    `keras:"strides,like=Pool,count"`   // step from window to window; zero: the window's size
	Padding Padding `keras:"padding"`                   // zero: Valid

	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`

	_ struct{} `keras:"data_format,only=channels_last"`
}

// AveragePool2D is the mean of each window of images (batch, height, width, channels), a
// channel at a time; padding does not count (keras.layers.AveragePooling2D).
type AveragePool2D struct {
	Pool    Size    `keras:"pool_size,required,default=2,count"` // the window
	Strides Size    `keras:"strides,like=Pool,count"`            // step from window to window; zero: the window's size
	Padding Padding `keras:"padding"`                            // zero: Valid

	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`

	_ struct{} `keras:"data_format,only=channels_last"`
}

// maxPoolArea is the largest window of MaxPool2D: where in it the greatest value was is
// kept in a byte.
const maxPoolArea = 255

// Class implements Layer.
func (MaxPool2D) Class() string { return "MaxPooling2D" }

// Class implements Layer.
func (AveragePool2D) Class() string { return "AveragePooling2D" }

// Named implements Layer.
func (l MaxPool2D) Named() string { return l.Name }

// Named implements Layer.
func (l AveragePool2D) Named() string { return l.Name }

// Config implements Layer.
func (l MaxPool2D) Config() map[string]any { return ConfigOf(l) }

// Config implements Layer.
func (l AveragePool2D) Config() map[string]any { return ConfigOf(l) }

// PassesThrough implements Transparent: the mean of probabilities is one, too.
func (AveragePool2D) PassesThrough() bool { return true }

// Build implements Layer.
func (l MaxPool2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	w := op.Window{Size: l.Pool, Stride: l.Strides, Dilation: [2]int{1, 1}, Padding: l.Padding}
	if !ok || !wantImages(b, x) || !wantFit(b, "pool", "a smaller pool", w, x) {
		return b.Invalid()
	}
	return b.MaxPool2D(x, w)
}

// Build implements Layer.
func (l AveragePool2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	w := op.Window{Size: l.Pool, Stride: l.Strides, Dilation: [2]int{1, 1}, Padding: l.Padding}
	if !ok || !wantImages(b, x) || !wantFit(b, "pool", "a smaller pool", w, x) {
		return b.Invalid()
	}
	return b.AveragePool2D(x, w)
}

func (l MaxPool2D) check() error {
	if l.Pool[0]*l.Pool[1] > maxPoolArea {
		return wrongf("Pool is %v, want at most %d pixels", l.Pool, maxPoolArea)
	}
	return nil
}
