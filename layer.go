package lince

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// Layer is a layer of a model, or one made by Shared: a configuration with a name, a trainable flag and, once
// it is in a model, variables (an instance of keras.layers.Layer). Model.Layer returns one. A Layer is also a
// layer.Layer: Apply applies it again, to other symbols, with the same variables.
type Layer struct {
	*layerInstance
	in *Model // the model that returned it; nil if Shared made it
}

// layerInstance is a layer in a model: configuration, name, variables and the trainable flag. All uses of the
// layer share it.
type layerInstance struct {
	config    layer.Layer // a configuration, or a *Model
	name      string      // "" until the layer is in a model
	frozen    bool        // the opposite of Keras' trainable
	born      int
	applied   *call // the first use; guarded by making
	variables []*graph.Variable
	owner     *Model // the model whose store declared the variables
	// channelsFirst and flattened say how a file stores the weights; see keras.NetworkLayer.
	channelsFirst bool
	flattened     string
	// unsupported lists settings from a file that lince does not support and that affect training only; see
	// Model.unsupported.
	unsupported []string
}

// Shared makes a layer that can be applied several times with the same weights, like a layer object in Keras
// that is called more than once.
//
//	dense := lince.Shared(layer.Dense{Units: 64})
//	a, b := lince.Apply(dense, x), lince.Apply(dense, y)
func Shared(l layer.Layer) *Layer { return &Layer{layerInstance: newLayer(l)} }

func newLayer(l layer.Layer) *layerInstance {
	l = value(l)
	switch l := l.(type) {
	case *Layer:
		return l.layerInstance
	case *layerInstance:
		return l
	case *Model:
		return l.asLayer()
	case layer.Function:
		return newLayer(layer.Activate{Activation: l})
	}
	m := &layerInstance{config: l}
	if l != nil {
		trainable, ok := layer.ConfigOf(l)["trainable"].(bool)
		m.frozen = ok && !trainable
	}
	making.Lock()
	defer making.Unlock()
	making.count++
	m.born = making.count
	return m
}

// asLayer returns the model as a layer of other models.
func (m *Model) asLayer() *layerInstance {
	making.Lock()
	defer making.Unlock()
	if m.self == nil {
		making.count++
		m.self = &layerInstance{config: m, born: making.count, frozen: m.frozen}
		if !m.autoNamed {
			m.self.name = m.name
		}
	}
	return m.self
}

// Name returns the layer's name (layer.name). It is "" until the layer is in a model, unless its
// configuration has a name.
func (l *layerInstance) Name() string {
	if l.name == "" && l.config != nil {
		return layer.NameOf(l.config)
	}
	return l.name
}

// Named implements layer.Layer. It returns Name.
func (l *layerInstance) Named() string { return l.Name() }

// Class implements layer.Layer: it returns the name of the Keras class, such as "Conv2D".
func (l *layerInstance) Class() string {
	if l.config == nil {
		return "nil"
	}
	return layer.ClassOf(l.config)
}

// Layer returns the layer's configuration, such as a layer.Dense, or a *Model if the layer is a nested model.
func (l *layerInstance) Layer() layer.Layer { return l.config }

// Model returns the nested model that the layer is, or nil if it is any other layer.
func (l *layerInstance) Model() *Model {
	m, _ := l.config.(*Model)
	return m
}

// Config implements layer.Layer: it returns what Keras' get_config returns, with the layer's name and its
// current trainable flag.
func (l *layerInstance) Config() map[string]any {
	c := layer.ConfigOf(l.config)
	c["name"] = l.Name()
	if _, ok := c["trainable"]; ok {
		c["trainable"] = !l.frozen
	}
	return c
}

// Build implements layer.Layer: it adds the layer to a graph and uses the layer's variables.
func (l *layerInstance) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if m := l.Model(); m != nil {
		return m.Build(b, x)
	}
	for _, v := range l.variables {
		if _, err := b.Store().Share(b.Path()+strings.TrimPrefix(v.Path, l.name), v); err != nil {
			return b.Errorf("%w", err)
		}
	}
	if l.frozen {
		b = b.Freeze()
	}
	return l.config.Build(b, x)
}

// Operands implements layer.MultiOperand.
func (l *layerInstance) Operands() (least, most int) { return layer.Operands(l.config) }

// Trainable reports whether the layer's weights are trained (layer.trainable). For a nested model it is the
// value that SetTrainable of the model last set; layers in the model may differ.
func (l *layerInstance) Trainable() bool { return !l.frozen }

// SetTrainable sets whether the layer's weights are trained (layer.trainable). For a nested model it sets the
// flag of all layers in it; each of them may be changed afterwards, as in Keras 3. The change takes effect
// with the next Compile. A BatchNormalization that is not trainable normalizes by its moving statistics and
// does not update them.
//
// It must not be called while a model with the layer compiles or trains.
func (l *layerInstance) SetTrainable(trainable bool) {
	l.frozen = !trainable
	if m := l.Model(); m != nil {
		m.frozen = !trainable
		for _, inner := range m.layers {
			inner.SetTrainable(trainable)
		}
	}
}

// Output returns the symbol of the layer's result (layer.output). Use it as the output of another model that
// shares the layers before it, or to apply new layers. If the layer is applied several times, Output is the
// result of the first call in the model from which Model.Layer returned the layer. It is nil if the layer is
// nil or has not been applied.
func (l *Layer) Output() *Symbol {
	if c := l.first(); c != nil {
		return listOf(c.out, false)
	}
	return nil
}

// Input returns the symbol that the layer is applied to (layer.input), a List if there are several. If the
// layer is applied several times, Input is the operand of the call that Output describes. It is nil for a
// layer.Input, and if the layer is nil or has not been applied.
func (l *Layer) Input() *Symbol {
	if c := l.first(); c != nil && len(c.in) > 0 {
		return listOf(c.in, false)
	}
	return nil
}

// first returns the first call of the layer in the model that returned it. If Shared made the layer, it
// returns the first call in any model.
func (l *Layer) first() *call {
	if l == nil {
		return nil // Model.Layer found no such name
	}
	if l.in == nil {
		making.Lock()
		defer making.Unlock()
		return l.applied
	}
	var first *call
	for _, c := range l.in.calls {
		if c.layer == l.layerInstance && (first == nil || c.born < first.born) {
			first = c
		}
	}
	return first
}

// vars returns the layer's variables in Keras' order: trainable ones, then the others. For a nested model it
// returns those of its layers, layer by layer.
func (l *layerInstance) vars() []*graph.Variable {
	if m := l.Model(); m != nil {
		return m.vars()
	}
	return l.variables
}

// Variables returns the layer's variables (layer.variables): weights, then variables that are never trained,
// such as moving statistics. For a nested model it returns those of its layers, layer by layer. It is nil
// before the layer is in a model.
func (l *layerInstance) Variables() []Variable {
	if m := l.Model(); m != nil {
		return m.Variables()
	}
	var vs []Variable
	for _, v := range l.variables {
		vs = append(vs, Variable{l, v})
	}
	return vs
}

// Weights returns copies of the values of Variables, in that order (layer.get_weights).
func (l *layerInstance) Weights() []*tensor.Tensor {
	var ts []*tensor.Tensor
	for _, v := range l.Variables() {
		ts = append(ts, v.Value())
	}
	return ts
}

// SetWeights sets the values of Variables, in that order (layer.set_weights). It returns an error, and
// changes nothing, if the number, a shape or a type does not match.
func (l *layerInstance) SetWeights(weights []*tensor.Tensor) error {
	vs := l.Variables()
	if err := fits(vs, weights); err != nil {
		return fmt.Errorf("setting the weights of %s: %w", l.Name(), err)
	}
	for i, v := range vs {
		if err := v.Set(weights[i]); err != nil {
			return err
		}
	}
	return nil
}

// fits returns an error that lists what in weights does not match the variables.
func fits(vs []Variable, weights []*tensor.Tensor) error {
	if len(weights) != len(vs) {
		return fmt.Errorf("want %d tensors, one per variable, got %d", len(vs), len(weights))
	}
	var errs []error
	for i, v := range vs {
		if t := weights[i]; t == nil || t.DType() != v.DType() || !t.Shape().Equal(v.Shape()) {
			errs = append(errs, fmt.Errorf("tensor %d must be %v for %s, got %v", i, v.v.Type, v.Path(), t))
		}
	}
	return errors.Join(errs...)
}

// CountParams returns the number of the layer's parameters (layer.count_params): the elements of its
// variables.
func (l *layerInstance) CountParams() int {
	n := 0
	for _, v := range l.vars() {
		n += v.Shape.Elements()
	}
	return n
}

// Variable is a variable of a layer (keras.Variable): a weight, or a moving statistic.
type Variable struct {
	layer *layerInstance
	v     *graph.Variable
}

// Path returns the layer's name and the variable's name, such as "conv2d/kernel".
func (v Variable) Path() string { return v.v.Path }

// Shape returns the variable's shape.
func (v Variable) Shape() tensor.Shape { return v.v.Shape.Clone() }

// DType returns the type of the variable's numbers.
func (v Variable) DType() tensor.DType { return v.v.DType }

// Trainable reports whether training changes the variable: it is a weight, and its layer is trainable.
func (v Variable) Trainable() bool {
	return v.v.Role == graph.Weight && !v.v.Frozen && !v.layer.frozen
}

// Value returns a copy of the variable's value.
func (v Variable) Value() *tensor.Tensor {
	m := v.layer.owner
	m.mu.RLock()
	defer m.mu.RUnlock()
	return v.v.Value().Clone()
}

// Set sets the variable's value. It returns an error if t does not have the variable's type and shape.
func (v Variable) Set(t *tensor.Tensor) error {
	if t == nil || t.DType() != v.v.DType || !t.Shape().Equal(v.v.Shape) {
		return fmt.Errorf("setting %s: want %v, got %v", v.v.Path, v.v.Type, t)
	}
	m := v.layer.owner
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.store.Set(v.v, t)
}

// own assigns to the layer the variables that building it declared in m's store.
func (l *layerInstance) own(m *Model, variables []*graph.Variable) {
	l.owner, l.variables = m, variables
	slices.SortStableFunc(l.variables, func(a, b *graph.Variable) int {
		return cmp.Or(cmp.Compare(l.groupOf(a), l.groupOf(b)), cmp.Compare(a.Role, b.Role))
	})
}
