package layer

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/tensor"
)

// Input says what one example looks like: the first layer of a network (keras.Input).
type Input struct {
	Shape []int        // of one example, without the batch: {128, 128, 3}; tensor.Unknown for a size that may vary
	Batch int          // number of examples of every batch; zero: any
	DType tensor.DType // zero: Float32
	Name  string
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
func (l Input) Config() map[string]any {
	t := l.Type()
	shape := make([]any, len(t.Shape))
	for i, d := range t.Shape {
		if d != tensor.Unknown {
			shape[i] = d
		}
	}
	c := map[string]any{"batch_shape": shape, "dtype": t.DType.String(), "sparse": false}
	if l.Name != "" {
		c["name"] = l.Name
	}
	return c
}

// Build implements Layer. It checks that x is what the layer says and returns it; a nil x
// adds the graph's input, by the key of the layer's name.
func (l Input) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	c := l.check()
	t := l.Type()
	if x == nil {
		for _, err := range c {
			b.Errorf("%w", err)
		}
		if len(c) > 0 {
			return b.Invalid()
		}
		key := l.Name
		if key == "" {
			key = "input"
		}
		return b.Input(key, t.DType, t.Shape...)
	}
	if !c.report(b, x) {
		return b.Invalid()
	}
	if !t.Shape.Fits(x.Shape) || x.DType != t.DType {
		return b.Errorf("got %v, want %v", x.Type, t)
	}
	return x
}

func (l Input) check() (c checks) {
	if len(l.Shape) == 0 {
		c.errorf("the shape of an example is missing: set Shape, as in Input{Shape: []int{128, 128, 3}}")
	}
	for _, d := range l.Shape {
		if d != tensor.Unknown && (d < 1 || d > maxSize) {
			c.errorf("shape %v: want dimensions from 1 to %d (without the batch)", tensor.Shape(l.Shape), maxSize)
			return c
		}
	}
	if tooLarge(l.Shape) {
		c.errorf("shape %v: an example has more than %d numbers", tensor.Shape(l.Shape), maxElements)
	}
	if l.Batch < 0 || l.Batch > maxSize {
		c.errorf("batch is %d, want 1 to %d, or 0 for any", l.Batch, maxSize)
	}
	return c
}

func decodeInput(r *config.Reader) Layer {
	l := Input{Name: r.Text("name", "")}
	if s := r.Text("dtype", "float32"); s != "float32" {
		d, err := tensor.ParseDType(s)
		r.Fail("dtype", err)
		l.DType = d
	}
	r.Only("sparse", false)
	r.Only("ragged", false)
	r.Only("optional", false)
	r.Ignore("trainable")
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
