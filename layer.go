package lince

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// Layer is a layer that was made: a configuration with a name, with variables once it is in a
// model, and with a flag that says whether they are trained. Model.Layer finds one; Shared
// makes one. It is a layer.Layer too, so that Apply applies it once more, to other symbols,
// with the same variables.
type Layer struct {
	*layerInstance
	in *Model // where it was found; nil: nowhere
}

// layerInstance is a layer that was layerInstance. All of its uses share it.
type layerInstance struct {
	config    layer.Layer // a configuration, or a *Model
	name      string      // "" until it is in a model
	frozen    bool        // the reverse of Keras' trainable
	born      int
	applied   *call // the first use; guarded by making
	variables []*graph.Variable
	owner     *Model // the model in which the variables were made
	// passedOver are settings that a file had and that training needs; see Model.passedOver.
	passedOver []string
}

// Shared makes one layer that is applied several times with the same weights: Keras' layer
// object that is called more than once.
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
	}
	m := &layerInstance{config: l}
	if l != nil {
		trainable, ok := l.Config()["trainable"].(bool)
		m.frozen = ok && !trainable
	}
	making.Lock()
	defer making.Unlock()
	making.count++
	m.born = making.count
	return m
}

// asLayer is the model as a layer of other models.
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

// Name is the layer's name; "" before it is in a model, unless its configuration has one.
func (l *layerInstance) Name() string {
	if l.name == "" && l.config != nil {
		return l.config.Named()
	}
	return l.name
}

// Named implements layer.Layer; it is Name.
func (l *layerInstance) Named() string { return l.Name() }

// Class implements layer.Layer: the name of the Keras class.
func (l *layerInstance) Class() string {
	if l.config == nil {
		return "nil"
	}
	return l.config.Class()
}

// Layer is the configuration that the layer was made of. It is a *Model where that is a layer
// of another.
func (l *layerInstance) Layer() layer.Layer { return l.config }

// Model is the model that the layer is, nil where it is none.
func (l *layerInstance) Model() *Model {
	m, _ := l.config.(*Model)
	return m
}

// Config implements layer.Layer: what Keras' get_config returns, with the layer's name and its
// trainable flag as it is now.
func (l *layerInstance) Config() map[string]any {
	c := l.config.Config()
	c["name"] = l.Name()
	if _, ok := c["trainable"]; ok {
		c["trainable"] = !l.frozen
	}
	return c
}

// Build implements layer.Layer: it adds the layer to a graph, over the variables that it has.
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

// Trainable says whether the layer's weights are trained: Keras' layer.trainable. Of a model
// it is what was last set for the model as a whole.
func (l *layerInstance) Trainable() bool { return !l.frozen }

// SetTrainable says whether the layer's weights are trained; for a model, those of all layers
// in it, once: a layer in it may be set otherwise afterwards, as in Keras 3. It takes effect
// with the next Compile. A BatchNormalization that is not trained neither learns nor moves its
// statistics, and normalises by those it has.
//
// It must not be called while a model with the layer is compiled or trained.
func (l *layerInstance) SetTrainable(trainable bool) {
	l.frozen = !trainable
	if m := l.Model(); m != nil {
		m.frozen = !trainable
		for _, inner := range m.layers {
			inner.SetTrainable(trainable)
		}
	}
}

// Output is the symbol of the layer's result (Keras' layer.output): the output of another model
// that shares the layers before it, or the beginning of new layers. Of a layer that is applied
// several times in the model where it was found, it is that of the first time. It is nil before
// the layer is applied, and of a nil layer.
func (l *Layer) Output() *Symbol {
	if c := l.first(); c != nil {
		return listOf(c.out, false)
	}
	return nil
}

// Input is the symbol that the layer is applied to (Keras' layer.input), as Output is that of
// its result. It is nil for an Input, and before the layer is applied.
func (l *Layer) Input() *Symbol {
	if c := l.first(); c != nil && len(c.in) > 0 {
		return listOf(c.in, false)
	}
	return nil
}

// first is the first call of the layer in the model where it was found, or of all there were.
func (l *Layer) first() *call {
	if l == nil {
		return nil // what Model.Layer finds for a name that there is not
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

// vars are the layer's variables, in Keras' order: trained ones, then the others; of a model
// those of its layers one after the other.
func (l *layerInstance) vars() []*graph.Variable {
	if m := l.Model(); m != nil {
		return m.vars()
	}
	return l.variables
}

// Variables are the layer's: trained ones, then the others, as in Keras; of a model those of
// its layers, one layer after the other. They are nil before the layer is in a model.
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

// Weights copies the values of Variables, in that order: Keras' layer.get_weights.
func (l *layerInstance) Weights() []*tensor.Tensor {
	var ts []*tensor.Tensor
	for _, v := range l.Variables() {
		ts = append(ts, v.Value())
	}
	return ts
}

// SetWeights gives Variables values, in that order: Keras' layer.set_weights. Nothing changes
// where one does not fit.
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

// fits says what of weights does not fit the variables.
func fits(vs []Variable, weights []*tensor.Tensor) error {
	if len(weights) != len(vs) {
		return fmt.Errorf("got %d tensors, there are %d variables", len(weights), len(vs))
	}
	var errs []error
	for i, v := range vs {
		if t := weights[i]; t == nil || t.DType() != v.DType() || !t.Shape().Equal(v.Shape()) {
			errs = append(errs, fmt.Errorf("number %d: got %v, %s is %v", i, t, v.Path(), v.v.Type))
		}
	}
	return errors.Join(errs...)
}

// CountParams is the number of the layer's parameters.
func (l *layerInstance) CountParams() int {
	n := 0
	for _, v := range l.vars() {
		n += v.Shape.Elements()
	}
	return n
}

// Variable is a variable of a layer: Keras' Variable.
type Variable struct {
	layer *layerInstance
	v     *graph.Variable
}

// Path is the layer's name and the variable's: "conv2d/kernel".
func (v Variable) Path() string { return v.v.Path }

// Shape is the variable's shape.
func (v Variable) Shape() tensor.Shape { return v.v.Shape.Clone() }

// DType is the type of the variable's numbers.
func (v Variable) DType() tensor.DType { return v.v.DType }

// Trainable says whether training changes the variable: it is a weight, and its layer is
// trained.
func (v Variable) Trainable() bool {
	return v.v.Role == graph.Weight && !v.v.Frozen && !v.layer.frozen
}

// Value copies the variable's value.
func (v Variable) Value() *tensor.Tensor {
	m := v.layer.owner
	m.mu.RLock()
	defer m.mu.RUnlock()
	return v.v.Value().Clone()
}

// Set gives the variable a value, which must be of its type and shape.
func (v Variable) Set(t *tensor.Tensor) error {
	if t == nil || t.DType() != v.v.DType || !t.Shape().Equal(v.v.Shape) {
		return fmt.Errorf("setting %s: got %v, want %v", v.v.Path, t, v.v.Type)
	}
	m := v.layer.owner
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.store.Set(v.v, t)
}

// own notes the layer's variables, which building it has made in m's store.
func (l *layerInstance) own(m *Model, variables []*graph.Variable) {
	l.owner, l.variables = m, variables
	slices.SortStableFunc(l.variables, func(a, b *graph.Variable) int { return int(a.Role) - int(b.Role) })
}
