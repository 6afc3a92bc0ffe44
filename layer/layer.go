// Package layer has the layers of a network. A layer value is its Keras configuration and
// nothing else: it holds no weights. Build adds the layer's ops to a graph and declares its
// weights there; the gradient comes from the graph. docs/add-a-layer.md tells how to add one.
//
// Fields that are left zero have Keras' default. Where zero is a value that one may want
// and not the default, the field is a pointer (nil is the default; new(0) makes one) or its
// meaning is turned round (NoBias).
package layer

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/tensor"
)

// Layer is a Keras layer: its configuration.
type Layer interface {
	// Class is the name of the Keras class: "Conv2D", "MaxPooling2D", "InputLayer".
	Class() string
	// Named is the layer's name; empty for an automatic one (conv2d, conv2d_1, ...).
	Named() string
	// Build adds the layer to a graph, applied to x, and returns its result. b is the view
	// of the graph for this layer: variables that it declares ("kernel", "bias") are named
	// after it, mistakes are told as its own. The layer checks its own configuration even
	// when x is invalid, so that all mistakes of a network are told at once.
	Build(b *graph.Builder, x *graph.Value) *graph.Value
	// Config is what Keras' get_config returns, as far as Keras needs it to make the layer
	// again, ready for JSON: floating-point numbers are float64, integers int. The name is in
	// it only when there is one.
	Config() map[string]any
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
	maxSize     = 1 << 24 // of a dimension, a number of units or filters, a stride
	maxElements = 1 << 36 // numbers of one example in a layer
	maxWeights  = 1 << 31 // elements of one weight
)

// checks collects the mistakes of a configuration.
type checks []error

func (c *checks) errorf(format string, a ...any) { *c = append(*c, fmt.Errorf(format, a...)) }

// count wants a number from 1 to maxSize.
func (c *checks) count(what string, n int) {
	switch {
	case n < 1:
		c.errorf("%s is %d, want at least 1", what, n)
	case n > maxSize:
		c.errorf("%s is %d, want at most %d", what, n, maxSize)
	}
}

// size wants two numbers from 1 to maxSize.
func (c *checks) size(what string, s Size) {
	for _, n := range s {
		if n < 1 || n > maxSize {
			want := "at least 1x1"
			if n > maxSize {
				want = fmt.Sprintf("at most %d", maxSize)
			}
			c.errorf("%s is %v, want %s", what, s, want)
			return
		}
	}
}

// initializer wants settings that make sense; nil is the default.
func (c *checks) initializer(what string, i initializer.Initializer) {
	if i == nil {
		return
	}
	if err := initializer.Check(i); err != nil {
		c.errorf("%s: %w", what, err)
	}
}

// report notes the mistakes in b and says whether the layer can go on with x.
func (c checks) report(b *graph.Builder, x *graph.Value) bool {
	for _, err := range c {
		b.Errorf("%w", err)
	}
	return len(c) == 0 && x.Valid()
}

// or is s, or the default where s is zero.
func (s Size) or(otherwise Size) Size {
	if s == (Size{}) {
		return otherwise
	}
	return s
}

func (s Size) list() []int { return []int{s[0], s[1]} }

// weight declares a trained variable of the layer.
func weight(b *graph.Builder, name string, x *graph.Value, frozen bool, init initializer.Initializer, shape ...int) *graph.Value {
	if n, err := tensor.Shape(shape).CheckedElements(); err != nil || n > maxWeights {
		return b.Errorf("%s would have shape %v, more than %d numbers; use smaller images, more pooling or fewer units",
			name, tensor.Shape(shape), maxWeights)
	}
	return b.Variable(graph.Variable{
		Path: name, Type: op.Type{DType: x.DType, Shape: shape}, Role: graph.Weight, Frozen: frozen, Init: init,
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

// kernelOr and biasOr are Keras' default initializers.
func kernelOr(i initializer.Initializer) initializer.Initializer {
	if i == nil {
		return initializer.GlorotUniform{}
	}
	return i
}

func biasOr(i initializer.Initializer) initializer.Initializer {
	if i == nil {
		return initializer.Zeros{}
	}
	return i
}

func onesOr(i initializer.Initializer) initializer.Initializer {
	if i == nil {
		return initializer.Ones{}
	}
	return i
}

// valueOr is what p points to, or the default where p is nil.
func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// base is the part of a config that all layers share.
func base(name string, frozen bool) map[string]any {
	c := map[string]any{"trainable": !frozen, "dtype": "float32"}
	if name != "" {
		c["name"] = name
	}
	return c
}
