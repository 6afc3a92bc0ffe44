package graph

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Builder adds nodes to a graph. Mistakes are collected, not returned: a method that is
// given operands that do not fit notes an Error and returns an invalid Value, and Finish
// returns all of them at once. In gives a view of the builder for a layer.
//
// The methods named after ops add that op; see package op for what each computes.
type Builder struct {
	*core
	path, label string
	frozen      bool
}

type core struct {
	store    *Store
	nodes    []*Node
	updates  []*Node
	inputs   []*Value
	reads    map[*Variable]*Value
	draws    map[uint64]int // how many RandomUniform there are of a key
	training bool
	errs     []error
}

// NewBuilder starts a graph over the variables of store. training says which of the two
// graphs of a model it is: layers such as Dropout ask for it.
func NewBuilder(store *Store, training bool) *Builder {
	return &Builder{core: &core{store: store, training: training, reads: map[*Variable]*Value{}, draws: map[uint64]int{}}}
}

// In is a view of the builder whose variables have path before their names, and whose
// mistakes are told as label's ("layer 2 (Dense dense_1)"). Paths nest; an empty label
// keeps the outer one.
func (b *Builder) In(path, label string) *Builder {
	if label == "" {
		label = b.label
	}
	return &Builder{b.core, join(b.path, path), label, b.frozen}
}

// Freeze is a view of the builder whose weights are not trained: Keras' trainable = False on
// the layer that the view is for. Views of the view are frozen too.
func (b *Builder) Freeze() *Builder {
	return &Builder{b.core, b.path, b.label, true}
}

// Frozen says whether the layer that b is a view for is not trained. Weights are declared
// frozen then; a layer that keeps statistics, such as BatchNormalization, asks for it.
func (b *Builder) Frozen() bool { return b.frozen }

func join(outer, inner string) string {
	if outer == "" || inner == "" {
		return outer + inner
	}
	return outer + "/" + inner
}

// Path is the path of this view.
func (b *Builder) Path() string { return b.path }

// Label is what the view's mistakes are told as.
func (b *Builder) Label() string { return b.label }

// Training says whether the graph is for training.
func (b *Builder) Training() bool { return b.training }

// Store is the store of the graph's variables.
func (b *Builder) Store() *Store { return b.store }

// Errorf notes a mistake of the layer that b is a view for. It returns an invalid value,
// for the layer to return.
func (b *Builder) Errorf(format string, a ...any) *Value {
	return b.fail("", fmt.Errorf(format, a...))
}

func (b *Builder) fail(opName string, err error) *Value {
	where := b.label
	if where == "" {
		where = b.path
	}
	b.errs = append(b.errs, &Error{where, opName, err})
	return &Value{}
}

// Invalid returns an invalid value without noting a mistake: for a layer that returns
// early because an operand is invalid.
func (b *Builder) Invalid() *Value { return &Value{} }

// add adds an op and returns its node, nil where it does not fit its operands.
func (b *Builder) add(o op.Op, in ...*Value) *Node {
	for i, v := range in {
		if v == nil || !v.Valid() {
			return nil
		}
		if v.IsList() {
			b.fail(o.Name(), fmt.Errorf("operand %d is a list of %d values, want one value", i, len(v.list)))
			return nil
		}
	}
	n, err := NewNode(o, b.path, in...)
	if err != nil {
		b.fail(o.Name(), errors.Unwrap(err))
		return nil
	}
	if _, ok := o.(op.Updater); ok {
		b.updates = append(b.updates, n)
	} else {
		b.nodes = append(b.nodes, n)
	}
	return n
}

// Op adds an op and returns its first result; Node.Out of it has the others.
func (b *Builder) Op(o op.Op, in ...*Value) *Value {
	n := b.add(o, in...)
	if n == nil {
		return b.Invalid()
	}
	return n.Out[0]
}

// Input adds data that a run is fed with, by the order of the calls.
func (b *Builder) Input(key string, dtype tensor.DType, shape ...int) *Value {
	v := b.Op(op.Input{Key: key, Type: op.Type{DType: dtype, Shape: slices.Clone(shape)}})
	b.inputs = append(b.inputs, v)
	return v
}

// Variable declares a variable under the view's path, or finds the one that is there, and
// reads it. v.Path is the variable's own name.
func (b *Builder) Variable(v Variable) *Value {
	v.Path = join(b.path, v.Path)
	v.off = b.frozen
	have, err := b.store.Declare(v)
	if err != nil {
		return b.fail("", err)
	}
	return b.Read(have)
}

// Read reads a variable of the store.
func (b *Builder) Read(v *Variable) *Value {
	if r := b.reads[v]; r != nil {
		return r
	}
	r := b.Op(op.Variable{Path: v.Path, Type: v.Type})
	b.reads[v] = r
	return r
}

// Update adds an op that changes variables in place, after all that computes and after the
// updates added before it.
func (b *Builder) Update(o op.Op, in ...*Value) {
	u, ok := o.(op.Updater)
	if !ok {
		b.fail(o.Name(), errors.New("is no update"))
		return
	}
	for i, v := range in[:min(u.Updates(), len(in))] {
		if v.Valid() && !v.Is("Variable") {
			b.fail(o.Name(), fmt.Errorf("operand %d is no variable", i))
			return
		}
	}
	b.add(o, in...)
}

// Mistakes is the number of mistakes so far.
func (b *Builder) Mistakes() int { return len(b.errs) }

// Err returns the mistakes so far, joined; nil when there are none.
func (b *Builder) Err() error { return errors.Join(b.errs...) }

// Finish returns the graph, or all mistakes.
func (b *Builder) Finish(outputs ...Output) (*Graph, error) {
	if err := b.Err(); err != nil {
		return nil, err
	}
	g := &Graph{Nodes: slices.Concat(b.nodes, b.updates), Inputs: b.inputs, Outputs: outputs}
	for i, n := range g.Nodes {
		n.ID = i
	}
	return g, g.Verify()
}
