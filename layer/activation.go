package layer

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/internal/suggest"
)

// Activation is the name of an activation function, as Keras spells it. The zero value is
// Linear.
type Activation string

// The activation functions.
const (
	Linear  Activation = "linear"  // x
	ReLU    Activation = "relu"    // max(x, 0)
	ReLU6   Activation = "relu6"   // min(max(x, 0), 6)
	Sigmoid Activation = "sigmoid" // 1/(1+exp(-x))
	Softmax Activation = "softmax" // exp(x)/sum(exp(x)) along the last dimension
	Tanh    Activation = "tanh"    // hyperbolic tangent
)

// activations is the one table of activation functions.
var activations = []struct {
	name  Activation
	build func(b *graph.Builder, x *graph.Value) *graph.Value
}{
	{Linear, func(_ *graph.Builder, x *graph.Value) *graph.Value { return x }},
	{ReLU, (*graph.Builder).ReLU},
	{ReLU6, (*graph.Builder).ReLU6},
	{Sigmoid, (*graph.Builder).Sigmoid},
	{Softmax, (*graph.Builder).Softmax},
	{Tanh, (*graph.Builder).Tanh},
}

// Activations lists the names of the activation functions.
func Activations() []string {
	names := make([]string, len(activations))
	for i, a := range activations {
		names[i] = string(a.name)
	}
	return names
}

func (a Activation) keras() string {
	if a == "" {
		return string(Linear)
	}
	return string(a)
}

// check notes an unknown function.
func (a Activation) check(c *checks) {
	if !slices.Contains(Activations(), a.keras()) {
		c.errorf("there is no activation %q%s", string(a), suggest.Hint(string(a), Activations()))
	}
}

func (a Activation) apply(b *graph.Builder, x *graph.Value) *graph.Value {
	for _, row := range activations {
		if string(row.name) == a.keras() {
			if row.name == Softmax && x.Valid() && x.Rank() < 2 {
				return b.Errorf("softmax of shape %v: want (batch, ..., classes)", x.Shape)
			}
			return row.build(b, x)
		}
	}
	return b.Errorf("there is no activation %q%s", string(a), suggest.Hint(string(a), Activations()))
}

// readActivation reads the function's name, or Keras' object for a built-in function.
func readActivation(r *config.Reader) Activation {
	const key = "activation"
	v := r.Value(key)
	if v == nil {
		return Linear
	}
	if m, ok := v.(map[string]any); ok && m["class_name"] == "function" {
		v = m["config"]
	}
	s, ok := v.(string)
	if !ok {
		r.Errorf("%s is %s, want the name of a function", key, config.Show(v))
		return Linear
	}
	return Activation(s)
}

// Activate applies an activation function (Keras' Activation layer).
type Activate struct {
	Activation Activation
	Name       string
}

// Class implements Layer.
func (Activate) Class() string { return "Activation" }

// Named implements Layer.
func (l Activate) Named() string { return l.Name }

// Config implements Layer.
func (l Activate) Config() map[string]any {
	c := base(l.Name, false)
	c["activation"] = l.Activation.keras()
	return c
}

// Build implements Layer.
func (l Activate) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if !l.check().report(b, x) || !wantFloat(b, x) {
		return b.Invalid()
	}
	return l.Activation.apply(b, x)
}

func (l Activate) check() (c checks) {
	l.Activation.check(&c)
	return c
}

func decodeActivate(r *config.Reader) Layer {
	r.Need("activation")
	name, _ := readBase(r)
	return Activate{Activation: readActivation(r), Name: name}
}
