package lince

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/tensor"
)

// FunctionOptions configures Model.Function.
type FunctionOptions struct {
	// Training runs the layers as in a training step: Dropout drops, and BatchNormalization uses the statistics of the
	// batch and updates its moving statistics (training=True). The default is as in prediction.
	Training bool
}

// Function is a computation on a model's values and their gradients, made by Model.Function.
type Function struct {
	m         *Model
	graph     *graph.Graph
	program   backend.Program
	constrain backend.Program // runs after program; nil if it updates no weight that has a constraint
	inputs    int             // number of the model's inputs
	updates   bool            // the function changes variables
}

// Trace builds the graph of a Function. Its embedded Builder has the operations: t.Mul(x, y), t.Mean(x) and so on. Its
// method Input adds inputs to the function, after those of the model.
type Trace struct {
	*graph.Builder
	m      *Model
	values map[*Symbol]*graph.Value
}

// Function makes a function of the model's inputs that computes values inside the network, anything computed from
// them, and gradients of any of these with respect to any other. Use it for what keras.Model of inner layers' outputs
// and tf.GradientTape are used for: Grad-CAM, saliency maps, adversarial examples, custom training steps.
//
// build is called once. It builds the computation and returns the values that Function.Run returns, in order.
//
//	// The gradient of the score of a class with respect to a feature map.
//	f, err := model.Function(lince.FunctionOptions{}, func(t *lince.Trace) []*graph.Value {
//		features, scores := t.Value(model.Layer("conv").Output()), t.Value(model.Outputs())
//		class := t.Input("class", tensor.Float32, tensor.Unknown, 10) // one-hot
//		return append(t.Gradient(t.Sum(t.Mul(scores, class)), features), features)
//	})
//	out, err := f.Run(images, class)
//
// Each run uses the current weights of the model. Trainable flags are those of the layers when the function is made. If
// build adds updates, as the method Build of an optimizer does, each run changes the weights, and then applies their
// constraints. Variables that build declares, such as an optimizer's, live as long as the function. The model need not
// be compiled.
//
// Function returns one error that lists all mistakes of build.
func (m *Model) Function(o FunctionOptions, build func(t *Trace) []*graph.Value) (*Function, error) {
	f, err := m.function(o, build)
	if err != nil {
		return nil, fmt.Errorf("making a function: %w", err)
	}
	return f, nil
}

// functionPath is the first part of the paths of a function's own variables.
const functionPath = "_function"

func (m *Model) function(o FunctionOptions, build func(t *Trace) []*graph.Value) (*Function, error) {
	if m.predict.graph == nil {
		return nil, errors.New("the model has no layers; use Sequential, Functional or Open to make one")
	}
	if build == nil {
		return nil, errors.New("build is nil, want a function that builds the computation")
	}
	if err := m.unsupportedError(); err != nil && o.Training {
		return nil, err
	}
	store, err := m.newStore()
	if err != nil {
		return nil, err
	}
	b := graph.NewBuilder(store, o.Training)
	values := m.values(b, nil, m.label, false)
	t := &Trace{b.In(functionPath, "function"), m, values}
	var outputs []graph.Output
	results := build(t)
	if len(results) == 0 {
		t.Errorf("build returned no values")
	}
	for i, v := range results {
		switch {
		case v == nil:
			t.Errorf("result %d is nil", i)
		case v.IsList():
			t.Errorf("result %d is a list of values; return them one by one", i)
		}
		outputs = append(outputs, graph.Output{Key: fmt.Sprint(i), Value: v})
	}
	g, err := b.Finish(outputs...)
	if err != nil {
		return nil, err
	}
	f := &Function{m: m, graph: g, inputs: len(m.inputs)}
	graphs := []*graph.Graph{g}
	var updated []*graph.Variable
	for _, n := range g.Nodes {
		u, ok := n.Op.(op.Updater)
		if !ok {
			continue
		}
		f.updates = true
		for _, v := range n.In[:u.Updates()] {
			updated = append(updated, store.Lookup(v.Node.Op.(op.Variable).Path))
		}
	}
	constrain, err := constraints(updated, store)
	if err != nil {
		return nil, err
	}
	if constrain != nil {
		graphs = append(graphs, constrain)
	}
	programs, err := m.programs(graphs, store)
	if err != nil {
		return nil, err
	}
	if f.program = programs[0]; constrain != nil {
		f.constrain = programs[1]
	}
	return f, nil
}

// newStore returns a store that shares the model's random generators. Building the layers adds their variables.
func (m *Model) newStore() (*graph.Store, error) {
	store := graph.NewStore()
	for _, v := range m.store.Variables() {
		if first, _, _ := strings.Cut(v.Path, "/"); first == generatorPath {
			if _, err := store.Share(v.Path, v); err != nil {
				return nil, err
			}
		}
	}
	return store, nil
}

// Value returns the value of a symbol of the model: model.Inputs(), model.Outputs(), or model.Layer(name).Output(). It
// is a list for a List of symbols. Symbols inside a nested model have no value in the outer one; make the function of
// the nested model instead.
func (t *Trace) Value(s *Symbol) *graph.Value {
	switch {
	case s == nil:
		return t.Errorf("the symbol is nil; does the model have a layer of this name?")
	case s.list != nil:
		list := make([]*graph.Value, len(s.list))
		for i, x := range s.list {
			list[i] = t.Value(x)
		}
		return graph.List(list...)
	}
	if v := t.values[s]; v != nil {
		return v
	}
	if s.call == nil {
		return t.Errorf("the symbol was not made by Input or Apply")
	}
	return t.Errorf("the result of the layer %s is no symbol of the model %s", s.call.layer.name, t.m.name)
}

// Weight returns the value of a variable of the model.
func (t *Trace) Weight(v Variable) *graph.Value {
	if v.v != nil {
		if own := t.Store().Find(v.v); own != nil {
			return t.Read(own)
		}
		return t.Errorf("%s is no variable of the model %s", v.v.Path, t.m.name)
	}
	return t.Errorf("the variable is the zero Variable")
}

// Weights returns the values of the model's trainable variables (model.trainable_variables), in the order of
// Model.Variables.
func (t *Trace) Weights() []*graph.Value {
	var list []*graph.Value
	for _, v := range t.m.trained(t.Builder) {
		list = append(list, t.Read(v))
	}
	return list
}

// Penalty returns the sum of the penalties of the layers' regularizers and activity regularizers, a scalar
// (sum(model.losses)). It is 0 if there are none. A custom training step adds it to its loss.
func (t *Trace) Penalty() *graph.Value {
	if p := t.m.penalty(t.Builder); p != nil {
		return p
	}
	return t.Constant(tensor.Float32, 0)
}

// Gradient returns the gradients of a scalar with respect to values (tape.gradient). y must have been computed from the
// values: a value that y does not depend on is a mistake. The gradient of a value has its shape.
//
// For a gradient for each example of a batch, let y be the sum over the examples, such as t.Sum of the losses.
func (t *Trace) Gradient(y *graph.Value, wrt ...*graph.Value) []*graph.Value {
	if y == nil {
		y = t.Errorf("the value to differentiate is nil")
	}
	grads := graph.Grad(t.Builder, y, wrt...)
	for i, g := range grads {
		if g == nil && t.Err() == nil {
			grads[i] = t.Errorf("the value to differentiate does not depend on value %d", i)
		} else if g == nil {
			grads[i] = t.Invalid()
		}
	}
	return grads
}

// Run runs the function on a batch. Its arguments are those of the model's inputs, in the order of Model.InputNames, then
// those of Trace.Input, in the order of the calls. It returns the values that build returned.
//
// Any number of goroutines may call Run at the same time, unless the function changes variables. Run returns an error if
// an argument does not fit, and if the function changes variables while the model trains.
func (f *Function) Run(inputs ...*tensor.Tensor) ([]*tensor.Tensor, error) {
	out, err := f.run(inputs)
	if err != nil {
		return nil, fmt.Errorf("running a function: %w", err)
	}
	return out, nil
}

func (f *Function) run(inputs []*tensor.Tensor) ([]*tensor.Tensor, error) {
	if len(inputs) != len(f.graph.Inputs) {
		var names []string
		for _, v := range f.graph.Inputs {
			names = append(names, v.Node.Op.(op.Input).Key)
		}
		return nil, fmt.Errorf("want %d inputs (%s), got %d", len(names), strings.Join(names, ", "), len(inputs))
	}
	in, err := f.m.examples(inputs[:f.inputs])
	if err != nil {
		return nil, err
	}
	n := in[0].Shape()[0]
	if n == 0 {
		return nil, errors.New("the batch has no examples")
	}
	for i, v := range f.graph.Inputs[f.inputs:] {
		key, x := v.Node.Op.(op.Input).Key, inputs[f.inputs+i]
		if x == nil || !v.Shape.Fits(x.Shape()) {
			return nil, fmt.Errorf("input %s must have shape %v, got %v", key, v.Shape, x)
		}
		if len(v.Shape) > 0 && v.Shape[0] == tensor.Unknown && x.Shape()[0] != n {
			return nil, fmt.Errorf("input %s has %d examples, the first input has %d", key, x.Shape()[0], n)
		}
		var buf *tensor.Tensor
		if x, err = convert(x, v.DType, &buf); err != nil {
			return nil, fmt.Errorf("input %s: %w", key, err)
		}
		in = append(in, x)
	}
	out, err := backend.Outputs(f.graph, in)
	if err != nil {
		return nil, err
	}
	if !f.updates {
		f.m.mu.RLock()
		defer f.m.mu.RUnlock()
		return out, f.program.Run(in, out)
	}
	if !f.m.fitting.TryLock() {
		return nil, errors.New("the function changes the model's variables, and the model is training")
	}
	defer f.m.fitting.Unlock()
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	err = f.program.Run(in, out)
	if err == nil && f.constrain != nil {
		err = f.constrain.Run(nil, nil)
	}
	return out, err
}
