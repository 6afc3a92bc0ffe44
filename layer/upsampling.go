package layer

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// UpSampling2D enlarges images by whole factors (keras.layers.UpSampling2D). With nearest, it repeats
// rows and columns:
//
//	y[i,j,c] = x[i/Size[0], j/Size[1], c]   with division rounded down
//
// The other interpolations compute the pixels as Resizing does.
//
// Input shape: (batch, height, width, channels).
// Output shape: (batch, Size[0]*height, Size[1]*width, channels).
//
// Build reports an error if a field is out of range, or the operand is not a batch of float32 images
// with a known number of channels.
type UpSampling2D struct {
	// Size is the factor for the height and for the width. Each at least 1. The default is 2x2.
	Size Size `keras:"size,default=2,count"`
	// Interpolation is "nearest", "bilinear", "bicubic", "lanczos3", "lanczos5" or "area". The default is
	// "nearest".
	Interpolation string `keras:"interpolation,oneof=nearest|bilinear|bicubic|lanczos3|lanczos5|area"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"data_format,only=channels_last"`
}

// UpSampling1D repeats the steps of sequences (keras.layers.UpSampling1D):
//
//	y[i,c] = x[i/Size, c]   with division rounded down
//
// Input shape: (batch, steps, channels).
// Output shape: (batch, Size*steps, channels).
//
// Build reports an error if Size is out of range, or the operand is not a batch of float32
// sequences with a known number of channels.
type UpSampling1D struct {
	// Size is the number of times that each step is repeated. At least 1. The default is 2.
	Size int `keras:"size,default=2,count"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// PassesThrough implements Transparent. Weighted means of probabilities are probabilities, if no weight is
// negative.
func (l UpSampling2D) PassesThrough() bool { return convex(l.Interpolation) }

// PassesThrough implements Transparent.
func (UpSampling1D) PassesThrough() bool { return true }

// Build implements Layer.
func (l UpSampling2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantImages(b, x) {
		return b.Invalid()
	}
	y := b.Op(op.Resize{Scale: l.Size, Method: resampling(l.Interpolation)}, x)
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return y
}

// Build implements Layer.
func (l UpSampling1D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantSequences(b, x) {
		return b.Invalid()
	}
	y := b.Op(op.Resize{Scale: Size{l.Size, 1}}, b.ExpandDims(x, 2))
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return b.Squeeze(y, 2)
}

// resampling returns the method with a name in Keras.
func resampling(name string) op.Resampling {
	for m := op.Nearest; m <= op.Area; m++ {
		if m.String() == name {
			return m
		}
	}
	panic(fmt.Sprintf("layer: no interpolation %q", name)) // the field was checked
}

// convex reports whether an interpolation has no negative weights.
func convex(interpolation string) bool {
	switch interpolation {
	case "bicubic", "lanczos3", "lanczos5":
		return false
	}
	return true
}
