package keras

import (
	"cmp"
	"fmt"
	"slices"
)

// Graph says which calls take the results of which. The order of a Functional model's layers
// depends on nothing else. Operations are numbered; most of them are layers.
type Graph struct {
	// Names of the operations, for errors.
	Names []string
	// Operands has for each operation, for each of its calls, the calls whose results it takes,
	// in the order of its arguments. An input has one call that takes nothing.
	Operands [][][]Call
	// Inputs and Outputs are the calls whose results are the model's.
	Inputs, Outputs []Call
}

// Call is call number Node of operation number Op.
type Call struct{ Op, Node int }

// Order is the order of the operations in a Functional model, and with the layers alone that
// of model.layers: the order of config["layers"], of the weights' numbering and of the
// summary. It is that of Keras' map_graph (keras/src/ops/function.py):
//
//   - An operation's depth is the longest way from it to an output, over all of its calls.
//     The operations are sorted by falling depth.
//   - Among those of one depth, the one comes first that a depth-first walk from the outputs
//     meets first; the walk notes an operation before it follows its operands.
//   - An input that no output depends on has depth 0, and is before the others there.
//
// What no output depends on is left out, except for inputs. depth is by operation, -1 for
// those. The walk ends at Inputs. A cycle is an error, and so is an output that depends on
// something that takes nothing and is not among Inputs.
func (g Graph) Order() (order, depth []int, err error) {
	met, calls, err := g.depths()
	if err != nil {
		return nil, nil, err
	}
	depth = make([]int, len(g.Operands))
	for i := range depth {
		depth[i] = -1
	}
	for c, d := range calls {
		depth[c.Op] = max(depth[c.Op], d)
	}
	// Inputs that nothing met come first at their depth, in their own order.
	placed := map[int]bool{}
	for _, c := range g.Inputs {
		if depth[c.Op] >= 0 && met[c.Op] < 0 && !placed[c.Op] {
			placed[c.Op] = true
			order = append(order, c.Op)
		}
	}
	for op, d := range depth {
		if d >= 0 && met[op] >= 0 {
			order = append(order, op)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(depth[b], depth[a]), cmp.Compare(met[a], met[b]))
	})
	return order, depth, nil
}

// Chain says whether every call follows the one before: no two have the same depth, none
// takes more than one result, and no operation is called twice. Keras' summary of a model
// that is no chain has the column "Connected to".
func (g Graph) Chain() (bool, error) {
	_, calls, err := g.depths()
	if err != nil {
		return false, err
	}
	depths, ops := map[int]bool{}, map[int]bool{}
	for c, d := range calls {
		if depths[d] || ops[c.Op] || len(g.Operands[c.Op][c.Node]) > 1 {
			return false, nil
		}
		depths[d], ops[c.Op] = true, true
	}
	return true, nil
}

// depths are when a walk from the outputs meets each operation, -1 for never, and how far
// the calls are from the outputs. A call is as deep as those of its operation that are nearer
// to the outputs.
func (g Graph) depths() (met []int, calls map[Call]int, err error) {
	w := g.walk()
	for _, c := range g.Outputs {
		if err := w.from(c); err != nil {
			return nil, nil, err
		}
	}
	calls = make(map[Call]int, len(w.finished))
	ops := make([]int, len(g.Operands))
	for _, c := range slices.Backward(w.finished) {
		d := max(calls[c], ops[c.Op])
		calls[c], ops[c.Op] = d, d
		for _, from := range g.Operands[c.Op][c.Node] {
			if w.state[from] == finished {
				calls[from] = max(calls[from], d+1)
			}
		}
	}
	for _, c := range g.Inputs {
		if w.met[c.Op] < 0 && len(g.Operands[c.Op][c.Node]) == 0 {
			calls[c] = 0
		}
	}
	return w.met, calls, nil
}

// Calls lists the inputs and all calls that the outputs depend on, each after the calls whose
// results it takes. The calls of one operation may stand in any order.
func (g Graph) Calls() ([]Call, error) {
	w := g.walk()
	for _, c := range slices.Concat(g.Inputs, g.Outputs) {
		if err := w.from(c); err != nil {
			return nil, err
		}
	}
	return w.finished, nil
}

type visit int

const (
	unseen visit = iota
	inProgress
	finished
	outside // the result of a call that is an input of the model
)

// walk is the depth-first walk from the outputs.
type walk struct {
	g        Graph
	isInput  map[Call]bool
	state    map[Call]visit
	met      []int // by operation, when it was met first
	count    int
	finished []Call // each after its operands
}

func (g Graph) walk() *walk {
	w := &walk{g: g, state: map[Call]visit{}, isInput: map[Call]bool{}, met: make([]int, len(g.Operands))}
	for i := range w.met {
		w.met[i] = -1
	}
	for _, c := range g.Inputs {
		w.isInput[c] = true
	}
	return w
}

// from walks from a call to all that it depends on.
func (w *walk) from(start Call) error {
	type frame struct {
		call Call
		next int // operand
	}
	// Networks of strangers are deep; the stack is our own.
	var stack []frame
	enter := func(c Call) error {
		operands := w.g.Operands[c.Op][c.Node]
		switch {
		case w.state[c] == finished || w.state[c] == outside:
			return nil
		case w.isInput[c] && len(operands) > 0:
			w.state[c] = outside
			return nil
		case w.state[c] == inProgress:
			return fmt.Errorf("layer %q is part of a cycle: its result is, by way of others, its own operand", w.g.Names[c.Op])
		case len(operands) == 0 && !w.isInput[c]:
			return fmt.Errorf("an output depends on layer %q, which takes nothing and is not among the model's inputs", w.g.Names[c.Op])
		}
		if w.met[c.Op] < 0 {
			w.met[c.Op] = w.count
			w.count++
		}
		w.state[c] = inProgress
		stack = append(stack, frame{call: c})
		return nil
	}
	if err := enter(start); err != nil {
		return err
	}
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		operands := w.g.Operands[top.call.Op][top.call.Node]
		if top.next == len(operands) {
			w.state[top.call] = finished
			w.finished = append(w.finished, top.call)
			stack = stack[:len(stack)-1]
			continue
		}
		top.next++
		if err := enter(operands[top.next-1]); err != nil {
			return err
		}
	}
	return nil
}
