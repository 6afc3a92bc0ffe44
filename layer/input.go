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

// Input says what one example looks like: the first layer of a network (keras.Input).
type Input struct {
	Shape []int        // of one example, without the batch: {128, 128, 3}; tensor.Unknown for a size that may vary
	Batch int          // number of examples of every batch; zero: any. Keras' batch_shape has both
	DType tensor.DType `keras:"dtype,default=float32"`

	Name string `keras:"name,omitempty"`

	_ struct{} `keras:"sparse,only=false"`
	_ struct{} `keras:"ragged,only=false,omit"`
	_ struct{} `keras:"optional,only=false,omit"`
	_ struct{} `keras:"trainable,any,omit"`
}

// Class implements Layer.
func (Input) Class() string { return "InputLayer" }

// Named implements Layer.
func (l Input) Named() string { return l.Name }

// Type is the type of a batch.
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

// Config implements Layer.
func (l Input) Config() map[string]any { return ConfigOf(l) }

// Build implements Layer. It checks that x is what the layer says and returns it; a nil x
// adds the graph's input, by the key of the layer's name.
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
		errs = append(errs, errors.New("the shape of an example is missing: set Shape, as in Input{Shape: []int{128, 128, 3}}"))
	}
	for _, d := range l.Shape {
		if d != tensor.Unknown && (d < 1 || d > maxSize) {
			return fmt.Errorf("shape %v: want dimensions from 1 to %d (without the batch)", tensor.Shape(l.Shape), maxSize)
		}
	}
	if tooLarge(l.Shape) {
		errs = append(errs, fmt.Errorf("shape %v: an example has more than %d numbers", tensor.Shape(l.Shape), maxElements))
	}
	if l.Batch < 0 || l.Batch > maxSize {
		errs = append(errs, fmt.Errorf("batch is %d, want 1 to %d, or 0 for any", l.Batch, maxSize))
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
