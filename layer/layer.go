// Package layer provides the layers of keras.layers. docs/keras.md lists them with their
// arguments.
//
// A layer value, such as Dense{Units: 10}, is a configuration. It holds no weights: Build adds
// the layer's ops to a graph and declares its weights there. The gradient is derived from the
// graph.
//
// # Fields
//
// The zero value of a field means Keras' default. Where zero is a useful value but not the default,
// the field is a pointer (nil means the default, new(0.1) sets a value) or inverted (NoBias instead
// of use_bias). The tag of a field gives the argument's name in Keras and its range. Build reports
// all fields that are out of range.
//
// Three fields are common to the layers of this package. SpatialDropout1D, SpatialDropout2D and Input
// have no Frozen, as in Keras, and the DType of Input is the type of the data:
//
//   - Name is the layer's name. The default is automatic: the class in snake case with a
//     number, such as conv2d_1.
//   - Frozen excludes the layer's weights from training (Keras' trainable=False). It has no
//     effect on a layer without weights.
//   - DType is the policy for number types (Keras' dtype). The default is Float32.
//
// # Shapes
//
// The first dimension of a shape is the batch. Images have the shape (batch, height, width,
// channels), which Keras calls channels_last. The batch, and in many layers the height and
// the width, may be unknown when the graph is built. An unknown size is tensor.Unknown and is
// printed as None.
//
// Layers take float32 numbers unless their documentation says otherwise. Build also accepts
// float64, but the CPU engine does not run such a graph.
//
// docs/add-a-layer.md shows how to add a layer, and how to write a custom one.
package layer

import (
	"fmt"

	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// Layer is the configuration of a layer. A layer may also implement MultiOperand, Activated and
// Transparent.
type Layer interface {
	// Build adds the layer to a graph and returns its result for the operand x. b is the builder
	// for this layer: it prefixes the paths of variables ("kernel", "bias") with the layer's path,
	// and error messages with the layer's label.
	//
	// Build checks the layer's fields even if x is invalid, so that all mistakes in a network
	// are reported together. If there is a mistake, Build reports it to b and returns an
	// invalid value.
	//
	// For a layer that implements MultiOperand, x is a graph.List of the operands.
	//
	// Build need not handle frozen layers: the model freezes the builder (graph.Builder.Freeze) if
	// trainable is false in the config or was set to false later.
	Build(b *graph.Builder, x *graph.Value) *graph.Value
}

// MultiOperand is implemented by layers with several operands, such as Add. Their Build gets a
// graph.List.
type MultiOperand interface {
	// Operands returns the smallest and the largest number of operands. most is negative if there
	// is no limit.
	Operands() (least, most int)
}

// Operands returns the smallest and the largest number of operands of a layer. Both are 1 for a
// layer that does not implement MultiOperand. most is negative if there is no limit.
func Operands(l Layer) (least, most int) {
	if m, ok := l.(MultiOperand); ok {
		return m.Operands()
	}
	return 1, 1
}

// Activated is implemented by layers that know their last activation function. A model uses it
// to distinguish logits from probabilities.
type Activated interface {
	// FinalActivation returns the function that was applied last. It returns Linear if there is no
	// activation; the results are then logits. It returns "" if the function is not known, for
	// example for a custom layer in the field Activation.
	FinalActivation() Function
}

// FinalActivation returns the last activation function of l. known is false if l does not implement
// Activated or does not know the function. If PassesThrough(l) is true, the final activation is that
// of the layer before l.
func FinalActivation(l Layer) (f Function, known bool) {
	a, ok := l.(Activated)
	if !ok {
		return "", false
	}
	f = a.FinalActivation()
	return f, f != ""
}

// Transparent is implemented by layers, such as Flatten and Dropout, whose results are logits if
// their operand is logits, and probabilities if their operand is probabilities.
type Transparent interface {
	// PassesThrough reports whether the layer, with its fields, has this property.
	PassesThrough() bool
}

// PassesThrough reports whether l has the property that Transparent describes. It is false for
// layers that do not implement Transparent.
func PassesThrough(l Layer) bool {
	t, ok := l.(Transparent)
	return ok && t.PassesThrough()
}

// Size is a height and a width, in pixels.
type Size [2]int

// String formats the size as in "3x3".
func (s Size) String() string { return fmt.Sprintf("%dx%d", s[0], s[1]) }

// Padding says how images are padded for a sliding window: Valid or Same. For an image of height or
// width n, a window of size k with the dilation d, and the stride s, the new size is:
//
//	Valid   floor((n - ((k-1)*d+1)) / s) + 1
//	Same    ceil(n / s)
//
// With Valid, the window stays inside the image. With Same, the image is padded with the same
// number of pixels on both sides, or with one more at the bottom and on the right.
type Padding = op.Padding

// The paddings.
const (
	Valid = op.Valid // no padding
	Same  = op.Same  // with padding; a stride of 1 keeps the size of the image
)

// Limits on configurations, which may come from untrusted files.
const (
	maxSize     = config.MaxCount // of a dimension, a number of units or filters, a stride
	maxElements = 1 << 36         // of one example in a layer
	maxWeights  = 1 << 31         // of one weight
)

// Ready reports mistakes in the fields of l to b, and returns l with its defaults set. ok is false if
// there are mistakes, or if x is not one valid operand; Build must then return b.Invalid(). The
// Build method of a layer with one operand calls Ready first.
func Ready[L Layer](b *graph.Builder, l L, x *graph.Value) (filled L, ok bool) {
	filled, ok = config.Ready(classes, l, b.Errorf)
	if x.IsList() {
		b.Errorf("got a list of %d operands, want one operand", len(x.Values()))
	}
	return filled, ok && x.Valid()
}

// wrongf returns an error of a check method. Its message begins with the name of a field.
func wrongf(format string, a ...any) error { return fmt.Errorf(format, a...) }

// weightOptions are the fields of a layer that belong to one weight.
type weightOptions struct {
	init       initializer.Initializer
	regularize regularizer.Regularizer
	constrain  constraint.Constraint
}

// weight declares a trainable weight of the layer, with numbers of the type of x.
func weight(b *graph.Builder, name string, x *graph.Value, o weightOptions, shape ...int) *graph.Value {
	if n, err := tensor.Shape(shape).CheckedElements(); err != nil || n > maxWeights {
		return b.Errorf("%s would have shape %v, more than %d numbers; use smaller images, more pooling or fewer units",
			name, tensor.Shape(shape), maxWeights)
	}
	v := graph.Variable{Path: name, Type: op.Type{DType: x.DType, Shape: shape}, Role: graph.Weight, Init: o.init}
	if o.regularize != nil {
		v.Regularizer = o.regularize
	}
	if o.constrain != nil {
		v.Constraint = o.constrain
	}
	return b.Variable(v)
}

// regularizeActivity adds the penalty for the result y of a layer, divided by the batch size, to the
// loss. It returns y. r may be nil.
func regularizeActivity(b *graph.Builder, r regularizer.Regularizer, y *graph.Value) *graph.Value {
	if r == nil || !y.Valid() {
		return y
	}
	b.AddLoss(b.Div(r.Penalty(b, y), b.Size(y, 0)))
	return y
}

// wantFloat checks that x has floating-point numbers.
func wantFloat(b *graph.Builder, x *graph.Value) bool {
	if !x.DType.IsFloat() {
		b.Errorf("got numbers of type %v, want float32; do not set DType of Input, so that the data are converted to float32", x.DType)
		return false
	}
	return true
}

// wantSmall checks that an example of x has at most maxElements numbers.
func wantSmall(b *graph.Builder, x *graph.Value) bool {
	if !x.Valid() {
		return false
	}
	return wantFew(b, x.Shape[1:]...)
}

// wantFew checks that an example of the given shape has at most maxElements numbers.
func wantFew(b *graph.Builder, shape ...int) bool {
	if tooLarge(shape) {
		b.Errorf("an example of shape %v has more than %d numbers", tensor.Shape(shape), maxElements)
		return false
	}
	return true
}

// tooLarge reports whether a shape has more than maxElements elements. Unknown dimensions count
// as 1.
func tooLarge(s tensor.Shape) bool {
	n := 1
	for _, d := range s {
		if d > maxElements || n*max(d, 1) > maxElements {
			return true
		}
		n *= max(d, 1)
	}
	return false
}
