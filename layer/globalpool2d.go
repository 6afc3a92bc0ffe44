package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// GlobalAveragePool2D computes the mean of each channel over the whole image
// (keras.layers.GlobalAveragePooling2D):
//
//	y[c] = mean over i, j of x[i,j,c]
//
// Input shape: (batch, height, width, channels).
// Output shape: (batch, channels), or (batch, 1, 1, channels) with KeepDims.
//
// Build reports an error if the operand is not a batch of float32 images with a known number of
// channels.
//
// Source: Lin et al., 2014 (Network in network, arXiv:1312.4400).
type GlobalAveragePool2D struct {
	// KeepDims keeps height and width as dimensions of size 1. The default is false.
	KeepDims bool `keras:"keepdims"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// GlobalMaxPool2D computes the maximum of each channel over the whole image
// (keras.layers.GlobalMaxPooling2D):
//
//	y[c] = max over i, j of x[i,j,c]
//
// Input shape: (batch, height, width, channels).
// Output shape: (batch, channels), or (batch, 1, 1, channels) with KeepDims.
//
// Build reports an error if the operand is not a batch of float32 images with a known number of
// channels.
type GlobalMaxPool2D struct {
	// KeepDims keeps height and width as dimensions of size 1. The default is false.
	KeepDims bool `keras:"keepdims"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// PassesThrough implements Transparent. The means of probabilities are probabilities.
func (GlobalAveragePool2D) PassesThrough() bool { return true }

// Build implements Layer.
func (l GlobalAveragePool2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if _, ok := Ready(b, l, x); !ok || !wantImages(b, x) {
		return b.Invalid()
	}
	if l.KeepDims {
		return b.Div(b.SumKeep(x, 1, 2), b.Size(x, 1, 2))
	}
	return b.Mean(x, 1, 2)
}

// Build implements Layer.
func (l GlobalMaxPool2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if _, ok := Ready(b, l, x); !ok || !wantImages(b, x) {
		return b.Invalid()
	}
	return b.Op(op.Reduce{Fn: op.ReduceMax, Axes: []int{1, 2}, KeepDims: l.KeepDims}, x)
}
