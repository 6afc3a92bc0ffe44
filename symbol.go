package lince

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/lince-ml/lince/format/keras"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/pyfloat"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// Symbol is a value in a network that is being built: the result of a layer. It has a type and a shape but no
// elements (Keras' KerasTensor). Input and Apply make symbols, and Functional makes a model from them.
//
// Apply reports no errors. If there is a mistake, its result is a symbol without a shape, and Functional
// reports all mistakes in the network at once.
type Symbol struct {
	call  *call
	index int // of the result among the call's results
	typ   op.Type
	list  []*Symbol // the operands of List
}

// call is a layer applied to values (Keras' node).
type call struct {
	layer *layerInstance
	in    []*Symbol
	out   []*Symbol
	born  int   // sequence number among all calls and layers
	err   error // a mistake that building the graph does not find
	// keywords has, for each operand, the keyword with which the file that the call is from passes it, "" for a positional
	// argument. nil means that all operands are positional.
	keywords []string
}

// making numbers calls and layers, and guards layerInstance.applied and Model.self.
var making struct {
	sync.Mutex
	count int
}

// Shape returns the symbol's shape (x.shape). The batch dimension is tensor.Unknown. It is nil for a List,
// and if there is a mistake at the symbol or before it.
func (s *Symbol) Shape() tensor.Shape { return s.typ.Shape.Clone() }

// DType returns the type of the symbol's numbers (x.dtype), tensor.Invalid if Shape is nil.
func (s *Symbol) DType() tensor.DType { return s.typ.DType }

// Values returns the symbols of a List, or the results of a model with several outputs. For any other symbol
// it returns the symbol alone.
func (s *Symbol) Values() []*Symbol {
	if s.list != nil {
		return s.list
	}
	return []*Symbol{s}
}

// Layer returns the layer that computes the symbol, nil for a List.
func (s *Symbol) Layer() *Layer {
	if s.call == nil {
		return nil
	}
	return &Layer{layerInstance: s.call.layer}
}

// Then applies layers one after the other and returns the last result. The first layer is applied to s, and
// each other layer to the result of the previous one.
func (s *Symbol) Then(layers ...layer.Layer) *Symbol {
	for _, l := range layers {
		s = Apply(l, s)
	}
	return s
}

// List combines several symbols into one: the inputs or outputs of a model, or the operands of a layer.
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

// Input begins a network: it returns a symbol for a batch of examples (keras.Input).
func Input(in layer.Input) *Symbol {
	return apply(newLayer(in), nil)
}

// Apply applies a layer to symbols and returns the symbol of its result: Keras' layer(x), or layer([x, y])
// for a layer with several operands such as layer.Add.
//
// Each use of a layer value such as layer.Dense{Units: 10} makes a new layer with its own weights. To apply
// one layer several times with the same weights, make it with Shared. A model can be applied too; if it has
// several outputs, they are the Values of the result.
func Apply(l layer.Layer, x ...*Symbol) *Symbol {
	if len(x) == 0 {
		x = []*Symbol{{}} // invalid: Functional reports it
	}
	return apply(newLayer(l), List(x...).list)
}

// apply makes a call and infers the types of its results.
func apply(l *layerInstance, in []*Symbol) *Symbol {
	c := newCall(l, in)
	// Mistakes are ignored here: Functional finds them again, when layers have names.
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

// newCall makes a call without results.
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

// build adds the call to a graph and returns its result.
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
		return b.Errorf("the model has no layers; use Sequential, Functional or Open to make one")
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

// value returns the layer that a pointer points to: &layer.Dense{} means layer.Dense{}. For a nil pointer it
// returns the nil interface.
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

// Plus returns s + c: Keras' x + c. It is an operation, which Model.Layers does not list, and c is a constant, which is not trained.
func (s *Symbol) Plus(c float64) *Symbol { return s.withNumber("Add", c) }

// Times returns s * c: Keras' x * c. It is an operation, as Plus is.
func (s *Symbol) Times(c float64) *Symbol { return s.withNumber("Multiply", c) }

// withNumber applies an operation of Keras to the symbol and a number.
func (s *Symbol) withNumber(class string, c float64) *Symbol {
	call := keras.NetworkCall{Args: []keras.Arg{keras.TensorRef{}, keras.Constant(pyfloat.Repr(c))}}
	return Apply(kerasOp{module: numpyOps, class: class, config: map[string]any{}, call: call, operands: 1}, s)
}
