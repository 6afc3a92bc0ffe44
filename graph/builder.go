package graph

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Builder adds nodes to a graph. It collects errors instead of returning them: if the operands of a
// method are invalid for the op, the method records an Error and returns an invalid Value. Finish
// returns all errors at once. In returns a view of the builder for a layer.
//
// The methods named after ops add that op; see package op for what each computes.
type Builder struct {
	*core
	path, label string
	frozen      bool
	replace     func(path string, x *Value) *Value // see Replace
	when        *Value                             // the condition of updates, or nil
}

type core struct {
	store    *Store
	nodes    []*Node
	updates  []*Node
	inputs   []*Value
	reads    map[*Variable]*Value
	draws    map[uint64]int // number of RandomUniform ops for each key
	losses   []*Value
	training bool
	errs     []error
	most     int  // how many nodes the graph may have, 0 for any number
	full     bool // one more was added
}

// NewBuilder returns a builder for a graph over the variables of store. training says whether the
// graph is for training or for prediction; layers such as Dropout depend on it.
func NewBuilder(store *Store, training bool) *Builder {
	return &Builder{core: &core{store: store, training: training, reads: map[*Variable]*Value{}, draws: map[uint64]int{}}}
}

// Limit sets how many ops the graph may have, for a graph that an untrusted file describes. One op more is a mistake, and no
// others are added after it.
func (b *Builder) Limit(ops int) { b.most = ops }

// In returns a view of the builder for a layer. Paths of variables declared through the view begin
// with path, and its error messages begin with label, such as "layer 2 (Dense dense_1)". Paths
// nest. If label is empty, the view keeps the label of b.
func (b *Builder) In(path, label string) *Builder {
	if label == "" {
		label = b.label
	}
	return &Builder{b.core, join(b.path, path), label, b.frozen, b.replace, b.when}
}

// Freeze returns a view of the builder for a layer that is not trainable (Keras' trainable=False).
// Weights declared through it are not trained. Views made from it are also frozen.
func (b *Builder) Freeze() *Builder {
	return &Builder{b.core, b.path, b.label, true, b.replace, b.when}
}

// Replace returns a view of the builder for a layer inside another that changes its weights. Where the layer declares a
// variable, it gets the result of with for the variable's path, relative to this view, and its value.
func (b *Builder) Replace(with func(path string, x *Value) *Value) *Builder {
	outer := b.path
	return &Builder{b.core, b.path, b.label, b.frozen, func(path string, x *Value) *Value {
		if b.replace != nil {
			x = b.replace(path, x)
		}
		return with(strings.TrimPrefix(strings.TrimPrefix(path, outer), "/"), x)
	}, b.when}
}

// When returns a view of the builder whose updates take place only if cond, a Bool scalar, is true. If
// b already has a condition, both must be true.
func (b *Builder) When(cond *Value) *Builder {
	if b.when != nil {
		cond = b.Select(b.when, cond, b.Constant(tensor.Bool, 0))
	}
	return &Builder{b.core, b.path, b.label, b.frozen, b.replace, cond}
}

// Frozen reports whether the view's layer is frozen. A frozen layer that keeps statistics, such as
// BatchNormalization, must not update them.
func (b *Builder) Frozen() bool { return b.frozen }

func join(outer, inner string) string {
	if outer == "" || inner == "" {
		return outer + inner
	}
	return outer + "/" + inner
}

// Path returns the path of this view.
func (b *Builder) Path() string { return b.path }

// Label returns the label with which the view's error messages begin.
func (b *Builder) Label() string { return b.label }

// Training reports whether the graph is for training.
func (b *Builder) Training() bool { return b.training }

// Store returns the store of the graph's variables.
func (b *Builder) Store() *Store { return b.store }

// Errorf records an error of the view's layer. It returns an invalid value, which the layer can
// return.
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

// Invalid returns an invalid value without recording an error, for a layer that returns early
// because an operand is invalid.
func (b *Builder) Invalid() *Value { return &Value{} }

// add adds an op and returns its node, or nil if an operand is invalid or the op refuses the
// operands.
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
	if b.most > 0 && len(b.nodes) >= b.most {
		if !b.full {
			b.full = true
			b.fail(o.Name(), fmt.Errorf("the graph has more than %d ops, the limit for a file of this size", b.most))
		}
		return nil
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

// Op adds an op and returns its first result. All results are in the field Node.Out of the returned
// value.
func (b *Builder) Op(o op.Op, in ...*Value) *Value {
	n := b.add(o, in...)
	if n == nil {
		return b.Invalid()
	}
	return n.Out[0]
}

// Input adds an input of the graph, named key. A run takes the inputs in the order of the calls of
// Input.
func (b *Builder) Input(key string, dtype tensor.DType, shape ...int) *Value {
	v := b.Op(op.Input{Key: key, Type: op.Type{DType: dtype, Shape: slices.Clone(shape)}})
	b.inputs = append(b.inputs, v)
	return v
}

// Variable declares a variable under the view's path, or finds it if it is already declared, and
// reads it. v.Path is the variable's path relative to the view, such as "kernel".
func (b *Builder) Variable(v Variable) *Value {
	v.Path = join(b.path, v.Path)
	v.off = b.frozen
	have, err := b.store.Declare(v)
	if err != nil {
		return b.fail("", err)
	}
	x := b.Read(have)
	if b.replace != nil {
		x = b.replace(v.Path, x)
	}
	return x
}

// Read returns the value of a variable of the store.
func (b *Builder) Read(v *Variable) *Value {
	if r := b.reads[v]; r != nil {
		return r
	}
	r := b.Op(op.Variable{Path: v.Path, Type: v.Type})
	b.reads[v] = r
	return r
}

// Update adds an op that changes variables in place. Updates run after all other ops, in the order
// in which they were added.
func (b *Builder) Update(o op.Op, in ...*Value) {
	u, ok := o.(op.Updater)
	if !ok {
		b.fail(o.Name(), errors.New("is not an update"))
		return
	}
	for i, v := range in[:min(u.Updates(), len(in))] {
		if v.Valid() && !v.Is("Variable") {
			b.fail(o.Name(), fmt.Errorf("operand %d is not a variable", i))
			return
		}
	}
	if b.when != nil {
		o, in = op.When{Update: o}, append(slices.Clone(in), b.when)
	}
	b.add(o, in...)
}

// AddLoss adds the sum of v to the loss of the model, in training and in evaluation (Keras'
// Layer.add_loss). v has floating-point numbers. The sum is added to the mean loss of the batch;
// example weights do not apply to it. In a graph for predictions it is not computed.
func (b *Builder) AddLoss(v *Value) {
	switch {
	case v.IsList():
		b.Errorf("AddLoss: got a list of %d values, want one value", len(v.list))
		return
	case !v.Valid():
		return
	case !v.DType.IsFloat():
		b.Errorf("AddLoss: got numbers of type %v, want floating-point numbers", v.DType)
		return
	}
	if v.Rank() > 0 {
		v = b.Sum(v)
	}
	b.losses = append(b.losses, v)
}

// Losses returns the losses that layers have added with AddLoss so far, as scalars.
func (b *Builder) Losses() []*Value { return b.losses }

// Updates reports whether an op that changes a variable has been added.
func (b *Builder) Updates(variable *Value) bool {
	return slices.ContainsFunc(b.updates, func(n *Node) bool {
		return slices.Contains(n.Updated(), variable)
	})
}

// Mistakes returns the number of errors so far.
func (b *Builder) Mistakes() int { return len(b.errs) }

// Err returns the errors so far, joined, or nil if there are none.
func (b *Builder) Err() error { return errors.Join(b.errs...) }

// Finish returns the graph, or all errors, joined.
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
