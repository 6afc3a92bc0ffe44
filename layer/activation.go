package layer

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
)

// Activation is what a layer applies to its result: a Function, as in Activation: layer.ReLU,
// or a Layer without weights, as in Activation: layer.ReLULayer{MaxValue: new(6.)}. Nil is
// Linear.
type Activation interface {
	Build(b *graph.Builder, x *graph.Value) *graph.Value
}

// Function is an activation function, by Keras' name.
type Function string

// The activation functions.
const (
	Linear  Function = "linear"  // x
	ReLU    Function = "relu"    // max(x, 0)
	ReLU6   Function = "relu6"   // min(max(x, 0), 6)
	Sigmoid Function = "sigmoid" // 1/(1+exp(-x))
	Softmax Function = "softmax" // exp(x)/sum(exp(x)) along the last dimension
	SiLU    Function = "silu"    // x*sigmoid(x), also called swish (Ramachandran et al., 2017)
	Tanh    Function = "tanh"    // hyperbolic tangent
)

// functions is the one table of activation functions.
var functions = []struct {
	name  Function
	build func(b *graph.Builder, x *graph.Value) *graph.Value
}{
	{Linear, func(_ *graph.Builder, x *graph.Value) *graph.Value { return x }},
	{ReLU, (*graph.Builder).ReLU},
	{ReLU6, (*graph.Builder).ReLU6},
	{Sigmoid, (*graph.Builder).Sigmoid},
	{Softmax, (*graph.Builder).Softmax},
	{SiLU, func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Mul(x, b.Sigmoid(x)) }},
	{Tanh, (*graph.Builder).Tanh},
}

// otherNames are names that Keras takes, and does not write.
var otherNames = map[string]Function{"swish": SiLU}

// Activations lists the names of the activation functions.
func Activations() []string {
	names := make([]string, len(functions))
	for i, f := range functions {
		names[i] = string(f.name)
	}
	return names
}

// Build applies the function to x.
func (f Function) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	for _, row := range functions {
		if row.name == f {
			if f == Softmax && x.Valid() && x.Rank() < 2 {
				return b.Errorf("softmax of shape %v: want (batch, ..., classes)", x.Shape)
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
		return b.Errorf("the activation, a %T, has variables; make it a layer of the network", a)
	}
	return y
}

// finalOf is the function that an activation comes to; empty when that is not known.
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
		return config.Wrap("keras.layers", a.Class(), a.Config())
	}
	return nil // which checkActivation refuses
}

// decodeActivation reads a function's name, Keras' object for a function, or that of a layer.
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
	switch a := a.(type) {
	case Function:
		if !slices.Contains(Activations(), string(a)) {
			return a.unknown()
		}
	case Layer:
	default:
		return fmt.Errorf("%T is neither a layer.Function nor a layer.Layer", a)
	}
	return nil
}

// Activate applies an activation function (keras.layers.Activation).
type Activate struct {
	Activation Activation `keras:"activation,required,default=linear"`

	Name   string `keras:"name,omitempty"`
	Frozen bool   `keras:"trainable,inverted"` // not trained
	DType  Policy `keras:"dtype,default=float32"`
}

// Class implements Layer.
func (Activate) Class() string { return "Activation" }

// Named implements Layer.
func (l Activate) Named() string { return l.Name }

// Config implements Layer.
func (l Activate) Config() map[string]any { return ConfigOf(l) }

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
