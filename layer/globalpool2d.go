package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// GlobalAveragePool2D is the mean of each channel of images (batch, height, width, channels): the
// result is (batch, channels) (keras.layers.GlobalAveragePooling2D).
type GlobalAveragePool2D struct {
	KeepDims bool `keras:"keepdims"` // the result is (batch, 1, 1, channels)

	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`

	_ struct{} `keras:"data_format,only=channels_last"`
}

// GlobalMaxPool2D is the greatest value of each channel of images (batch, height, width,
// channels): the result is (batch, channels) (keras.layers.GlobalMaxPooling2D).
type GlobalMaxPool2D struct {
	KeepDims bool `keras:"keepdims"` // the result is (batch, 1, 1, channels)

	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`

	_ struct{} `keras:"data_format,only=channels_last"`
}

// Class implements Layer.
func (GlobalAveragePool2D) Class() string { return "GlobalAveragePooling2D" }

// Class implements Layer.
func (GlobalMaxPool2D) Class() string { return "GlobalMaxPooling2D" }

// Named implements Layer.
func (l GlobalAveragePool2D) Named() string { return l.Name }

// Named implements Layer.
func (l GlobalMaxPool2D) Named() string { return l.Name }

// Config implements Layer.
func (l GlobalAveragePool2D) Config() map[string]any { return ConfigOf(l) }

// Config implements Layer.
func (l GlobalMaxPool2D) Config() map[string]any { return ConfigOf(l) }

// PassesThrough implements Transparent: the mean of probabilities is one, too.
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
