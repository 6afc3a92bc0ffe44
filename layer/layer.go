// Package layer has the layers of a network. A layer value is its Keras configuration and
// nothing else: it holds no weights. Build adds the layer's ops to a graph and declares its
// weights there; the gradient comes from the graph. docs/add-a-layer.md shows how to add one,
// docs/keras.md lists the layers with their arguments.
//
// The zero value of a field stands for Keras' default. Where zero is a useful value and not
// the default, the field is a pointer (nil is the default; new(0) makes one), or its meaning
// is inverted (NoBias). The tag of a field names the argument in Keras.
package layer

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/tensor"
)

// Layer is a Keras layer: its configuration. A layer may implement MultiOperand, Activated
// and Transparent besides.
type Layer interface {
	// Class is the name of the Keras class: "Conv2D", "MaxPooling2D", "InputLayer".
	Class() string
	// Named is the layer's name; empty for an automatic one (conv2d, conv2d_1, ...).
	Named() string
	// Build adds the layer to a graph, applied to x, and returns its result. b is the view
	// of the graph for this layer: variables that it declares ("kernel", "bias") are named
	// after it, mistakes are reported as its own. The layer checks its own configuration even
	// when x is invalid, so that all mistakes of a network are reported at once.
	//
	// x is a graph.List for a layer that is MultiOperand. Weights are frozen by the view
	// (graph.Builder.Freeze), not by the layer: whoever builds a model freezes the view where
	// trainable is false in Config, or was set to false later.
	Build(b *graph.Builder, x *graph.Value) *graph.Value
	// Config is what Keras' get_config returns, as far as Keras needs it to make the layer
	// again, ready for JSON: floating-point numbers are float64, integers int. The name is in
	// it only when there is one. ConfigOf makes it of a struct's tags.
	Config() map[string]any
}

// MultiOperand is implemented by layers that are applied to several values, such as Add. Build
// is given a graph.List of them.
type MultiOperand interface {
	// Operands returns the least and the greatest number of operands; most is negative where
	// there is no limit.
	Operands() (least, most int)
}

// Operands returns how many values the layer is applied to: what MultiOperand says, otherwise
// exactly one. most is negative where there is no limit.
func Operands(l Layer) (least, most int) {
	if m, ok := l.(MultiOperand); ok {
		return m.Operands()
	}
	return 1, 1
}

// Activated is implemented by layers that know which activation function their results went
// through. It tells logits from probabilities at the end of a network.
type Activated interface {
	// FinalActivation is the function that was applied last: Linear where there is none, so
	// that the results are logits, and empty where it is not known, as with a layer of a
	// program's own in the place of a function.
	FinalActivation() Function
}

// FinalActivation returns the activation function that the results of l went through, and
// whether it is known: nothing is known of a layer that is not Activated. Ask PassesThrough
// first.
func FinalActivation(l Layer) (f Function, known bool) {
	a, ok := l.(Activated)
	if !ok {
		return "", false
	}
	f = a.FinalActivation()
	return f, f != ""
}

// Transparent is implemented by layers whose results are of the same kind as their operand:
// logits where that is logits, probabilities where that is probabilities. Such are Flatten,
// Dropout and GlobalAveragePool2D.
type Transparent interface {
	PassesThrough() bool
}

// PassesThrough says whether the results of l are of the same kind as its operand; see
// Transparent. It is false for layers that do not implement it.
func PassesThrough(l Layer) bool {
	t, ok := l.(Transparent)
	return ok && t.PassesThrough()
}

// Size is a height and a width, in pixels of an image.
type Size [2]int

// String prints as in "3x3".
func (s Size) String() string { return fmt.Sprintf("%dx%d", s[0], s[1]) }

// Padding says what a window does at the borders of an image.
type Padding = op.Padding

// The paddings: Valid keeps the window inside of the image, Same pads so that the result has
// ceil(size/stride) pixels.
const (
	Valid = op.Valid
	Same  = op.Same
)

// Limits of what a configuration, which may be a stranger's, can ask for.
const (
	maxSize     = config.MaxCount // of a dimension, a number of units or filters, a stride
	maxElements = 1 << 36         // numbers of one example in a layer
	maxWeights  = 1 << 31         // elements of one weight
)

// Ready reports what is wrong with the configuration of l, by the tags of its fields, and returns
// l with the defaults in place of zero values. ok is false where Build cannot continue with x:
// return b.Invalid() then. Build begins with it.
func Ready[L Layer](b *graph.Builder, l L, x *graph.Value) (filled L, ok bool) {
	ok = reportWrong(b, l)
	if x.IsList() {
		b.Errorf("got a list of %d operands, want one operand", len(x.Values()))
	}
	return classes.Fill(l).(L), ok && x.Valid()
}

// reportWrong reports what is wrong with the configuration of l; it is false where there is
// something.
func reportWrong(b *graph.Builder, l Layer) (ok bool) {
	wrong := classes.Wrong(l)
	for _, err := range wrong {
		b.Errorf("%w", err)
	}
	return len(wrong) == 0
}

// wrongf is what a method check returns: a mistake that begins with the name of a field.
func wrongf(format string, a ...any) error { return fmt.Errorf(format, a...) }

// weight declares a trained variable of the layer.
func weight(b *graph.Builder, name string, x *graph.Value, init initializer.Initializer, shape ...int) *graph.Value {
	if n, err := tensor.Shape(shape).CheckedElements(); err != nil || n > maxWeights {
		return b.Errorf("%s would have shape %v, more than %d numbers; use smaller images, more pooling or fewer units",
			name, tensor.Shape(shape), maxWeights)
	}
	return b.Variable(graph.Variable{
		Path: name, Type: op.Type{DType: x.DType, Shape: shape}, Role: graph.Weight, Init: init,
	})
}

// wantFloat checks that x is made of floating-point numbers.
func wantFloat(b *graph.Builder, x *graph.Value) bool {
	if !x.DType.IsFloat() {
		b.Errorf("got numbers of type %v, want float32: leave DType out of Input, which converts what it is given", x.DType)
		return false
	}
	return true
}

// wantSmall checks that an example of x has no more than maxElements numbers.
func wantSmall(b *graph.Builder, x *graph.Value) bool {
	if !x.Valid() {
		return false
	}
	if tooLarge(x.Shape[1:]) {
		b.Errorf("an example of shape %v has more than %d numbers", x.Shape[1:], maxElements)
		return false
	}
	return true
}

// tooLarge says whether a shape has more than maxElements elements; unknown dimensions
// count as 1.
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
