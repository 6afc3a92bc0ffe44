package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// AdaptiveAveragePool2D computes the mean of each channel in windows that cover an image and give results of
// a fixed size (keras.layers.AdaptiveAveragePooling2D):
//
//	y[i,j,c] = mean over u, v of x[u,v,c]
//
//	for u from floor(i*height/Size[0]) to ceil((i+1)*height/Size[0])-1
//	and v from floor(j*width/Size[1]) to ceil((j+1)*width/Size[1])-1
//
// Input shape: (batch, height, width, channels).
// Output shape: (batch, Size[0], Size[1], channels).
//
// Build reports an error if Size is out of range, or the operand is not a batch of float32
// images with a known number of channels.
type AdaptiveAveragePool2D struct {
	// Size is the new height and width, in pixels. Required. Each at least 1.
	Size Size `keras:"output_size,required,count"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// AdaptiveMaxPool2D computes the maximum of each channel in windows that cover an image and give results of
// a fixed size (keras.layers.AdaptiveMaxPooling2D):
//
//	y[i,j,c] = max over u, v of x[u,v,c]
//
//	for u from floor(i*height/Size[0]) to ceil((i+1)*height/Size[0])-1
//	and v from floor(j*width/Size[1]) to ceil((j+1)*width/Size[1])-1
//
// Input shape: (batch, height, width, channels).
// Output shape: (batch, Size[0], Size[1], channels).
//
// Build reports an error if Size is out of range, or the operand is not a batch of float32
// images with a known number of channels.
type AdaptiveMaxPool2D struct {
	// Size is the new height and width, in pixels. Required. Each at least 1.
	Size Size `keras:"output_size,required,count"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// AdaptiveAveragePool1D computes the mean of each channel in windows that cover a sequence and give results of
// a fixed size (keras.layers.AdaptiveAveragePooling1D):
//
//	y[i,c] = mean of x[u,c] for u from floor(i*steps/Size) to ceil((i+1)*steps/Size)-1
//
// Input shape: (batch, steps, channels).
// Output shape: (batch, Size, channels).
//
// Build reports an error if Size is out of range, or the operand is not a batch of float32
// sequences with a known number of channels.
type AdaptiveAveragePool1D struct {
	// Size is the new number of steps. Required. At least 1.
	Size int `keras:"output_size,required,count,tuple"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// AdaptiveMaxPool1D computes the maximum of each channel in windows that cover a sequence and give results of
// a fixed size (keras.layers.AdaptiveMaxPooling1D):
//
//	y[i,c] = max of x[u,c] for u from floor(i*steps/Size) to ceil((i+1)*steps/Size)-1
//
// Input shape: (batch, steps, channels).
// Output shape: (batch, Size, channels).
//
// Build reports an error if Size is out of range, or the operand is not a batch of float32
// sequences with a known number of channels.
type AdaptiveMaxPool1D struct {
	// Size is the new number of steps. Required. At least 1.
	Size int `keras:"output_size,required,count,tuple"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// PassesThrough implements Transparent. The means of probabilities are probabilities.
func (AdaptiveAveragePool2D) PassesThrough() bool { return true }

// Build implements Layer.
func (l AdaptiveAveragePool2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantImages(b, x) {
		return b.Invalid()
	}
	y := b.Op(op.Resize{Size: l.Size, Method: op.AdaptiveMean}, x)
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return y
}

// Build implements Layer.
func (l AdaptiveMaxPool2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantImages(b, x) {
		return b.Invalid()
	}
	y := b.Op(op.AdaptiveMaxPool2D{Size: l.Size}, x)
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return y
}

// PassesThrough implements Transparent. The means of probabilities are probabilities.
func (AdaptiveAveragePool1D) PassesThrough() bool { return true }

// Build implements Layer.
func (l AdaptiveAveragePool1D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantSequences(b, x) {
		return b.Invalid()
	}
	y := b.Op(op.Resize{Size: Size{1, l.Size}, Method: op.AdaptiveMean}, rows(b, x))
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return b.Squeeze(y, 1)
}

// Build implements Layer.
func (l AdaptiveMaxPool1D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantSequences(b, x) {
		return b.Invalid()
	}
	y := b.Op(op.AdaptiveMaxPool2D{Size: Size{1, l.Size}}, rows(b, x))
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return b.Squeeze(y, 1)
}
