package layer

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/tensor"
)

// Input declares the shape and type of one example (keras.Input, keras.layers.InputLayer). It is
// the first layer of a network, and returns the data unchanged:
//
//	y = x
//
// Input shape: (batch, Shape...).
// Output shape: the input shape.
//
// Build reports an error if Shape is not set or has invalid sizes, Batch is negative, or the
// operand has another shape or type.
type Input struct {
	// Shape is the shape of one example, without the batch, such as {128, 128, 3}. Required. Each
	// size is at least 1, or tensor.Unknown if it may vary.
	Shape []int
	// Batch fixes the number of examples in each batch. At least 1. The default, 0, allows any
	// number. Keras' batch_shape combines Batch and Shape.
	Batch int
	// DType is the type of the data. The default is tensor.Float32.
	DType tensor.DType `keras:"dtype,default=float32"`

	Name string `keras:"name,omitempty"` // default: automatic

	_ struct{} `keras:"sparse,only=false"`
	_ struct{} `keras:"ragged,only=false,omit"`
	_ struct{} `keras:"optional,only=false,omit"`
	_ struct{} `keras:"trainable,any,omit"`
}

// Type returns the type of a batch.
func (l Input) Type() op.Type {
	t := op.Type{DType: l.DType, Shape: tensor.Shape{tensor.Unknown}}
	if l.DType == tensor.Invalid {
		t.DType = tensor.Float32
	}
	if l.Batch != 0 {
		t.Shape[0] = l.Batch
	}
	t.Shape = append(t.Shape, l.Shape...)
	return t
}

// Build implements Layer. It checks the type of x and returns x. If x is nil, it adds an input to
// the graph, whose key is the layer's name.
func (l Input) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	t := l.Type()
	operand := x
	if x == nil {
		operand = &graph.Value{Type: t}
	}
	if _, ok := Ready(b, l, operand); !ok {
		return b.Invalid()
	}
	if x == nil {
		return b.Input(cmp.Or(l.Name, "input"), t.DType, t.Shape...)
	}
	if !t.Shape.Fits(x.Shape) || x.DType != t.DType {
		return b.Errorf("got %v, want %v", x.Type, t)
	}
	return x
}

func (l Input) check() error {
	var errs []error
	if len(l.Shape) == 0 {
		errs = append(errs, wrongf("Shape is not set; set it to the shape of an example, as in Input{Shape: []int{128, 128, 3}}"))
	}
	for _, d := range l.Shape {
		if d != tensor.Unknown && (d < 1 || d > maxSize) {
			return wrongf("Shape is %v, want sizes from 1 to %d, without the batch", tensor.Shape(l.Shape), maxSize)
		}
	}
	if tooLarge(l.Shape) {
		errs = append(errs, fmt.Errorf("an example of shape %v has more than %d numbers", tensor.Shape(l.Shape), maxElements))
	}
	if l.Batch < 0 || l.Batch > maxSize {
		errs = append(errs, wrongf("Batch is %d, want an integer from 1 to %d, or 0 for any number", l.Batch, maxSize))
	}
	return errors.Join(errs...)
}

func writeInput(l Layer, c map[string]any) {
	t := l.(Input).Type()
	shape := make([]any, len(t.Shape))
	for i, d := range t.Shape {
		if d != tensor.Unknown {
			shape[i] = d
		}
	}
	c["batch_shape"] = shape
}

func readInput(r *config.Reader, x Layer) Layer {
	l := x.(Input)
	key := "batch_shape"
	if !r.Has(key) && r.Has("batch_input_shape") {
		key = "batch_input_shape" // Keras 2
	}
	r.Need(key)
	list, ok := config.List(r.Value(key))
	if !ok || len(list) == 0 {
		if r.Has(key) {
			r.Errorf("%s is %s, want a list as in [null, 128, 128, 3]", key, config.Show(r.Value(key)))
		}
		return l
	}
	for i, v := range list {
		d := tensor.Unknown
		if v != nil {
			n, ok := config.Int(v)
			if !ok || n < 1 || n > maxSize {
				r.Errorf("%s is %s, want null or integers from 1 to %d", key, config.Show(r.Value(key)), maxSize)
				return l
			}
			d = n
		}
		switch {
		case i > 0:
			l.Shape = append(l.Shape, d)
		case d != tensor.Unknown:
			l.Batch = d
		}
	}
	return l
}
