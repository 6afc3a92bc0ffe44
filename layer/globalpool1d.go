package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// GlobalAveragePool1D computes the mean of each channel over the whole sequence
// (keras.layers.GlobalAveragePooling1D):
//
//	y[c] = mean over i of x[i,c]
//
// Input shape: (batch, steps, channels).
// Output shape: (batch, channels), or (batch, 1, channels) with KeepDims.
//
// Build reports an error if the operand is not a batch of float32
// sequences with a known number of channels.
type GlobalAveragePool1D struct {
	// KeepDims keeps the steps as a dimension of size 1. The default is false.
	KeepDims bool `keras:"keepdims"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// PassesThrough implements Transparent. The means of probabilities are probabilities.
func (GlobalAveragePool1D) PassesThrough() bool { return true }

// Build implements Layer.
func (l GlobalAveragePool1D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if _, ok := Ready(b, l, x); !ok || !wantSequences(b, x) {
		return b.Invalid()
	}
	if l.KeepDims {
		return b.Div(b.SumKeep(x, 1), b.Size(x, 1))
	}
	return b.Mean(x, 1)
}

// GlobalMaxPool1D computes the maximum of each channel over the whole sequence
// (keras.layers.GlobalMaxPooling1D):
//
//	y[c] = max over i of x[i,c]
//
// Input shape: (batch, steps, channels).
// Output shape: (batch, channels), or (batch, 1, channels) with KeepDims.
//
// Build reports an error if the operand is not a batch of float32
// sequences with a known number of channels.
type GlobalMaxPool1D struct {
	// KeepDims keeps the steps as a dimension of size 1. The default is false.
	KeepDims bool `keras:"keepdims"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// Build implements Layer.
func (l GlobalMaxPool1D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if _, ok := Ready(b, l, x); !ok || !wantSequences(b, x) {
		return b.Invalid()
	}
	return b.Op(op.Reduce{Fn: op.ReduceMax, Axes: []int{1}, KeepDims: l.KeepDims}, x)
}
