package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/tensor"
)

// Cropping2D cuts rows and columns off images (keras.layers.Cropping2D). With the cropping
// {{top, bottom}, {left, right}}:
//
//	y[i,j,c] = x[i+top, j+left, c]
//
// Input shape: (batch, height, width, channels).
// Output shape: (batch, height-top-bottom, width-left-right, channels).
//
// Build reports an error if a number is out of range, the operand is not a batch of float32 images with
// a known number of channels, or nothing would be left of them.
type Cropping2D struct {
	// Cropping is the number of pixels on each side. Each at least 0. The default is 0 on all sides.
	Cropping Pads `keras:"cropping"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// Cropping1D cuts steps off sequences (keras.layers.Cropping1D). With the cropping {before, after}:
//
//	y[i,c] = x[i+before, c]
//
// Input shape: (batch, steps, channels).
// Output shape: (batch, steps-before-after, channels).
//
// Build reports an error if a number is out of range, the operand is not a batch of float32
// sequences with a known number of channels, or nothing would be left of them.
type Cropping1D struct {
	// Cropping is the number of steps at the start and at the end. Each at least 0. The default, nil, is 1
	// at both.
	Cropping *Ends `keras:"cropping,default=1"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// ZeroPadding1D adds steps of zeros before and after sequences (keras.layers.ZeroPadding1D). With the
// padding {before, after}:
//
//	y[i,c] = x[i-before, c]   inside the sequence
//	y[i,c] = 0                elsewhere
//
// Input shape: (batch, steps, channels).
// Output shape: (batch, before+steps+after, channels).
//
// Build reports an error if a number is out of range, or the operand is not a batch of float32
// sequences with a known number of channels.
type ZeroPadding1D struct {
	// Padding is the number of steps at the start and at the end. Each at least 0. The default, nil, is 1
	// at both.
	Padding *Ends `keras:"padding,default=1"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// PassesThrough implements Transparent.
func (Cropping2D) PassesThrough() bool { return true }

// PassesThrough implements Transparent.
func (Cropping1D) PassesThrough() bool { return true }

// Build implements Layer.
func (l Cropping2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantImages(b, x) {
		return b.Invalid()
	}
	return crop(b, x, l.Cropping[0], l.Cropping[1])
}

// Build implements Layer.
func (l Cropping1D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantSequences(b, x) {
		return b.Invalid()
	}
	return crop(b, x, *l.Cropping)
}

// crop cuts elements off dimensions 1, 2 and so on.
func crop(b *graph.Builder, x *graph.Value, ends ...[2]int) *graph.Value {
	o := op.Slice{Begin: make([]int, x.Rank()), Size: make([]int, x.Rank()), End: make([]int, x.Rank())}
	for d := range o.Size {
		o.Size[d] = tensor.Unknown
	}
	for i, e := range ends {
		n := x.Shape[1+i]
		if n != tensor.Unknown && n <= e[0]+e[1] {
			return b.Errorf("Cropping cuts %d+%d elements off dimension %d of shape %v, want at least one element left", e[0], e[1], 1+i, x.Shape)
		}
		o.Begin[1+i], o.End[1+i] = e[0], e[1]
	}
	return b.Op(o, x)
}

// Build implements Layer.
func (l ZeroPadding1D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantSequences(b, x) {
		return b.Invalid()
	}
	y := b.Pad(x, []int{0, l.Padding[0], 0}, []int{0, l.Padding[1], 0}, 0)
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return y
}

func decodeCrop(r *config.Reader, key string, v any) (Pads, bool) {
	p, ok := decodePads(r, key, v)
	if !ok {
		return Pads{}, false
	}
	return *p, true
}
