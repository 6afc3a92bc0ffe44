package keras

import (
	"cmp"
	"fmt"
	"slices"
)

// Graph records which calls use the results of which other calls. It determines the order of a Functional model's layers. Operations, most of
// which are layers, are numbered.
type Graph struct {
	// Names holds the names of the operations, for errors.
	Names []string
	// Operands holds, for each operation and each of its calls, the calls whose results are its arguments, in their order. An input has one
	// call without operands.
	Operands [][][]Call
	// Inputs and Outputs are the calls whose results are the model's inputs and outputs.
	Inputs, Outputs []Call
}

// Call is call number Node of operation Op. Both count from 0.
type Call struct{ Op, Node int }

// Order returns the order of the operations in a Functional model. Without ops, it is the order of model.layers. Keras uses it for
// config["layers"], for the numbers of weights and for the summary. Source: map_graph in keras/src/ops/function.py.
//
//   - The depth of an operation is the length of the longest path from it to an output, over all of its calls. Operations are sorted by
//     decreasing depth.
//   - Operations of the same depth are sorted by when a depth-first walk from the outputs first visits them. The walk visits an
//     operation before its operands.
//   - An input on which no output depends has depth 0, and comes before the others of this depth.
//
// Other operations on which no output depends are left out, and have depth -1. The walk ends at Inputs. Order fails if there is a cycle, or
// if an output depends on an operation that has no operands and is not in Inputs.
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
	// Inputs that the walk did not visit come first at their depth, in the order of Inputs.
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

// Chain reports whether the calls form a chain: no two calls have the same depth, none has more than one operand, and no operation is
// called twice. Keras' summary has the column "Connected to" if they do not.
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

// depths returns the time at which a walk from the outputs first visits each operation (-1 for never), and the depths of the calls. A call is at
// least as deep as the calls of the same operation that are nearer to the outputs.
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

// Calls lists the inputs and all calls on which the outputs depend, each after its operands. The calls of one operation can be in any order.
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
	outside // a call of an operation with operands that is an input of the model
)

// walk is a depth-first walk.
type walk struct {
	g        Graph
	isInput  map[Call]bool
	state    map[Call]visit
	met      []int // when each operation was first visited, or -1
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

// from visits a call and everything on which it depends.
func (w *walk) from(start Call) error {
	type frame struct {
		call Call
		next int // operand
	}
	// Graphs from untrusted files can be deep, so the walk does not recurse.
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
			return fmt.Errorf("layer %q is part of a cycle: it depends on its own result", w.g.Names[c.Op])
		case len(operands) == 0 && !w.isInput[c]:
			return fmt.Errorf("an output depends on layer %q, which has no operands and is not among the model's inputs", w.g.Names[c.Op])
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
