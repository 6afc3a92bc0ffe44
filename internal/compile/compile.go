// Package compile turns a graph into a plan: the graph specialised for the shapes at hand,
// simplified and fused by an ordered list of passes, and its values laid out in one arena
// of memory. Which kernels run the plan is the engine's affair; all that is asked of it is
// how much working memory an op needs.
package compile

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// Target is what a plan is made for.
type Target interface {
	// Workspace is the number of bytes that a node needs while it runs, in the arena.
	Workspace(n *graph.Node) (int, error)
	// InPlace lists the operands whose memory a result of the node may take, best first, when
	// nothing needs them after the node.
	InPlace(n *graph.Node, result int) []int
	// Size is the number of bytes that a value takes in the arena.
	Size(v *graph.Value) int
}

// Plan is a graph ready to be bound to kernels and memory. It is immutable.
type Plan struct {
	*graph.Graph
	Slots     map[*graph.Value]Slot // where values are; a value that is a view has the slot of what it views
	Work      map[*graph.Node]Slot  // where working memory is
	Prepared  map[*graph.Node]bool  // nodes to run after a change of variables only; their results are not in the arena
	ArenaSize int
	Peak      Peak
}

// Peak is what the bytes of the arena are for where most of them are in use. They may be
// less than the arena: there may be gaps.
type Peak struct {
	Values    int // of the network's values and their gradients
	Gradients int // of variables, until these are updated
	Work      int // working memory
}

// Slot is a place in the arena, in bytes.
type Slot struct{ Offset, Size int }

// pass changes a graph of known shapes into an equal one.
type pass struct {
	name string
	run  func(g *graph.Graph) error
}

// passes is the list, in the order in which they run.
var passes = []pass{
	{"fold: constants, sizes and what does nothing", fold},
	{"cse: the same op on the same operands is computed once", cse},
	{"dce: what nothing needs goes", dce},
	{"fuse: the patterns of fuse.go", fuse},
	{"dce", dce},
	{"snapshot: updates read what was before the updates", snapshot},
}

// Compile makes the plan of g for inputs of the given shapes.
func Compile(g *graph.Graph, shapes []tensor.Shape, target Target) (*Plan, error) {
	c, err := g.Specialize(shapes)
	if err != nil {
		return nil, err
	}
	if err := Optimize(c); err != nil {
		return nil, err
	}
	return allocate(c, target)
}

// Optimize runs the passes over a graph of known shapes, in place.
func Optimize(g *graph.Graph) error {
	for _, p := range passes {
		if err := p.run(g); err != nil {
			return fmt.Errorf("compile: %s: %w", p.name, err)
		}
		for i, n := range g.Nodes {
			n.ID = i
		}
		if err := g.Verify(); err != nil {
			return fmt.Errorf("compile: after %s: %w", p.name, err)
		}
	}
	return nil
}
