package layer

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
)

// Activation is applied to the result of a layer. It is a Function, such as ReLU, or another Layer
// without weights, such as ReLULayer{MaxValue: new(6.)}. Nil means Linear.
type Activation interface {
	// Build adds the activation of x to a graph and returns its result.
	Build(b *graph.Builder, x *graph.Value) *graph.Value
}

// Function is an activation function. Its value is the function's name in Keras. In the list of a model's layers, it stands for
// Activate{Activation: f}.
type Function string

// Activations lists the names of the activation functions.
func Activations() []string {
	names := make([]string, len(functions))
	for i, f := range functions {
		names[i] = string(f.name)
	}
	return names
}

// Build applies the function to x. It reports an error to b if the function is unknown.
func (f Function) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	for _, row := range functions {
		if row.name == f {
			if !x.Valid() {
				return b.Invalid()
			}
			if slices.Contains(alongLast, f) && x.Rank() < 2 {
				return b.Errorf("got shape %v for %s, want (batch, ..., classes)", x.Shape, f)
			}
			return row.build(b, x)
		}
	}
	return b.Errorf("%w", f.unknown())
}

func (f Function) unknown() error {
	return &UnknownClass{Kind: "activation", Class: string(f), Short: true, Known: Activations()}
}

// activate applies an activation to the result of a layer.
func activate(b *graph.Builder, a Activation, x *graph.Value) *graph.Value {
	if f, ok := a.(Function); ok {
		return f.Build(b, x)
	}
	before := len(b.Store().Variables())
	y := a.Build(b.In("activation", ""), x)
	if len(b.Store().Variables()) > before {
		return b.Errorf("the activation, a %T, has variables; add it to the network as a layer", a)
	}
	return y
}

// finalOf returns the function that an activation applies last. It is empty if the function is not
// known.
func finalOf(a Activation) Function {
	switch a := a.(type) {
	case nil:
		return Linear
	case Function:
		return a
	case Activated:
		return a.FinalActivation()
	}
	return ""
}

func encodeActivation(a Activation) any {
	switch a := a.(type) {
	case Function:
		return string(a)
	case Layer:
		return config.Same{Module: "keras.layers", Of: a}
	}
	return nil
}

// decodeActivation reads the name of a function, a serialized function or a serialized layer.
func decodeActivation(r *config.Reader, key string, v any) (Activation, bool) {
	if m, ok := v.(map[string]any); ok && m["class_name"] == "function" {
		v = m["config"]
	}
	if name, ok := v.(string); ok {
		f := Function(name)
		if other, ok := otherNames[name]; ok {
			f = other
		}
		if !slices.Contains(Activations(), string(f)) {
			r.Errorf("%w", f.unknown())
		}
		return f, true
	}
	class, conf := config.Object(v)
	if class == "" {
		r.Errorf("%s is %s, want the name of a function or a layer", key, config.Show(v))
		return nil, false
	}
	l, err := r.Same(class, conf)
	if err != nil {
		r.Fail(key, err)
		return nil, false
	}
	return l.(Layer), true
}

func checkActivation(a Activation) error {
	if f, ok := a.(Function); ok && !slices.Contains(Activations(), string(f)) {
		return f.unknown()
	}
	return nil
}

// Activate applies an activation function (keras.layers.Activation):
//
//	y = Activation(x)
//
// Input shape: (batch, ...).
// Output shape: the input shape.
//
// Build reports an error if the operand is not float32 or the function is unknown.
type Activate struct {
	// Activation is the function, or a layer without weights. The default is Linear; in Keras the
	// argument is required.
	Activation Activation `keras:"activation,required,default=linear"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// FinalActivation implements Activated.
func (l Activate) FinalActivation() Function { return finalOf(l.Activation) }

// PassesThrough implements Transparent.
func (l Activate) PassesThrough() bool { return l.FinalActivation() == Linear }

// Build implements Layer.
func (l Activate) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	return activate(b, l.Activation, x)
}
