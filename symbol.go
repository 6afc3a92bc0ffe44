package lince

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// Symbol is a value of a network that is being made: what a layer gives for what it was
// applied to, without numbers (Keras' KerasTensor). Input and Apply make symbols, and
// Functional makes a model of them.
//
// A mistake is not told by Apply: its result is a symbol without a shape, and Functional
// tells all mistakes of a network at once.
type Symbol struct {
	call  *call
	index int // among the call's results
	typ   op.Type
	list  []*Symbol // what List was made of
}

// call is a layer applied to values: a Keras node.
type call struct {
	layer *layerInstance
	in    []*Symbol
	out   []*Symbol
	born  int   // calls and layers are numbered in the order in which they were made
	err   error // a mistake that no graph can tell
}

// making numbers what is made, and guards what layers know of their uses.
var making struct {
	sync.Mutex
	count int
}

// Shape is the symbol's shape; the batch dimension is tensor.Unknown. It is nil where the
// network has a mistake before or at the symbol, and for a List.
func (s *Symbol) Shape() tensor.Shape { return s.typ.Shape.Clone() }

// DType is the type of the symbol's numbers, tensor.Invalid where Shape is nil.
func (s *Symbol) DType() tensor.DType { return s.typ.DType }

// Values returns the symbols of a List, or of the results of a model of several outputs; of
// any other symbol it is the symbol alone.
func (s *Symbol) Values() []*Symbol {
	if s.list != nil {
		return s.list
	}
	return []*Symbol{s}
}

// Layer is the layer whose result the symbol is; nil of a List.
func (s *Symbol) Layer() *Layer {
	if s.call == nil {
		return nil
	}
	return &Layer{layerInstance: s.call.layer}
}

// Then applies layers one after the other: the first to the symbol, each other to what the
// one before it gives.
func (s *Symbol) Then(layers ...layer.Layer) *Symbol {
	for _, l := range layers {
		s = Apply(l, s)
	}
	return s
}

// List is several symbols as one: the inputs or outputs of a model, or a layer's operands.
func List(symbols ...*Symbol) *Symbol {
	s := &Symbol{list: []*Symbol{}}
	for _, x := range symbols {
		if x == nil {
			x = &Symbol{}
		}
		s.list = append(s.list, x.Values()...)
	}
	return s
}

// Input begins a network: a placeholder for a batch of examples (keras.Input).
func Input(in layer.Input) *Symbol {
	return apply(newLayer(in), nil)
}

// Apply applies a layer to symbols and returns the symbol of its result: Keras' layer(x), or
// layer([x, y]) for a layer of several operands such as layer.Add.
//
// A layer value (layer.Dense{Units: 10}) is a new layer with weights of its own each time. To
// apply one layer several times, with the same weights, make it with Shared. A model is a
// layer too; a model of several outputs gives a symbol whose Values they are.
func Apply(l layer.Layer, x ...*Symbol) *Symbol {
	if len(x) == 0 {
		x = []*Symbol{{}} // invalid, for Functional to tell
	}
	return apply(newLayer(l), List(x...).list)
}

// apply makes a call, and infers what it gives.
func apply(l *layerInstance, in []*Symbol) *Symbol {
	c := newCall(l, in)
	// Names are given later, and mistakes are told then.
	b := graph.NewBuilder(graph.NewStore(), false)
	operands := make([]*graph.Value, len(in))
	for i, x := range in {
		if operands[i] = b.Invalid(); x.typ.DType != tensor.Invalid {
			operands[i] = b.Input(fmt.Sprint(i), x.typ.DType, x.typ.Shape...)
		}
	}
	y := c.build(b.In("layer", "layer"), operands)
	if y == nil || b.Err() != nil {
		y = b.Invalid()
	}
	for i, v := range y.Values() {
		s := &Symbol{call: c, index: i}
		if v != nil && v.Valid() {
			s.typ = op.Type{DType: v.DType, Shape: v.Shape.Clone()}
		}
		c.out = append(c.out, s)
	}
	if len(c.out) == 1 && !y.IsList() {
		return c.out[0]
	}
	return &Symbol{list: c.out}
}

// newCall notes that a layer is applied, and not yet what that gives.
func newCall(l *layerInstance, in []*Symbol) *call {
	making.Lock()
	defer making.Unlock()
	making.count++
	c := &call{layer: l, in: in, born: making.count}
	if l.applied == nil {
		l.applied = c
	}
	return c
}

// build adds the call to a graph.
func (c *call) build(b *graph.Builder, operands []*graph.Value) *graph.Value {
	l := c.layer
	if in, ok := l.config.(layer.Input); ok && len(operands) == 0 {
		in.Name = b.Path() // the key of the graph's input
		return in.Build(b, nil)
	}
	if l.config == nil {
		return b.Errorf("the layer is nil")
	}
	if m := l.Model(); m != nil && m.predict.graph == nil {
		return b.Errorf("the model has no layers; Sequential, Functional or Open makes one")
	}
	least, most := layer.Operands(l.config)
	n := len(operands)
	switch {
	case n < least || most >= 0 && n > most:
		want := fmt.Sprint(least)
		if most < 0 {
			want = fmt.Sprintf("at least %d", least)
		} else if most != least {
			want = fmt.Sprintf("%d to %d", least, most)
		}
		b.Errorf("it is applied to %d values, want %s", n, want)
		return b.Invalid()
	case least == 1 && most == 1:
		return l.Build(b, operands[0])
	}
	return l.Build(b, graph.List(operands...))
}

// value takes a layer out of a pointer to it: &layer.Dense{} is layer.Dense{}. What is nil
// becomes the nil interface.
func value(l layer.Layer) layer.Layer {
	switch l.(type) {
	case nil:
		return nil
	case *Model, *Layer, *layerInstance:
		if reflect.ValueOf(l).IsNil() {
			return nil
		}
		return l
	}
	v := reflect.ValueOf(l)
	if v.Kind() != reflect.Pointer {
		return l
	}
	if v.IsNil() {
		return nil
	}
	if e, ok := v.Elem().Interface().(layer.Layer); ok {
		return e
	}
	return l
}
