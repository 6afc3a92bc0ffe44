// Package compile turns a graph into a plan. It specializes the graph for the given input shapes,
// simplifies and fuses it by an ordered list of passes, and assigns its values to offsets in one
// arena of memory. The engine chooses the kernels that run the plan; a Target tells the compiler
// how much memory they need.
package compile

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// Target describes the engine that runs a plan.
type Target interface {
	// Workspace returns the number of bytes of the arena that a node needs while it runs. kept reports whether a value is the same in all runs
	// until something outside the graph changes a variable, so that the target can keep what it derives from the value.
	Workspace(n *graph.Node, kept func(v *graph.Value) bool) (int, error)
	// InPlace lists the operands whose memory a result of the node may overwrite if no later node
	// needs them, in order of preference.
	InPlace(n *graph.Node, result int) []int
	// Size returns the number of bytes that a value occupies in the arena.
	Size(v *graph.Value) int
}

// Plan is a graph ready to be bound to kernels and memory. It is immutable.
type Plan struct {
	*graph.Graph
	Slots      map[*graph.Value]Slot // of values; a view has the slot of the value that it views
	Work       map[*graph.Node]Slot  // working memory of nodes
	Prepared   map[*graph.Node]bool  // nodes that run only after variables have changed; their results are not in the arena
	ArenaSize  int
	Recomputed int // number of nodes that compute something for the second time, to save memory
	Peak       Peak
}

// Peak is how the arena is used at the node where its use is highest, in bytes. The sum may be less
// than ArenaSize, because there may be gaps.
type Peak struct {
	Values    int // the network's values and their gradients
	Gradients int // gradients of variables that have not been updated yet
	Work      int // working memory
}

// Slot is a range of the arena, in bytes.
type Slot struct{ Offset, Size int }

// pass changes a graph of known shapes into an equivalent one.
type pass struct {
	name string
	run  func(g *graph.Graph) error
}

// passes lists the passes in the order in which they run.
var passes = []pass{
	{"fold: compute constants and sizes, remove ops without effect", fold},
	{"cse: compute the same op on the same operands once", cse},
	{"dce: remove nodes whose results are not used", dce},
	{"fuse: the patterns of fuse.go", fuse},
	{"dce", dce},
	{"unfold: batch normalization before element-wise ops becomes statistics and element-wise ops", unfold},
	{"chains: element-wise ops that one pass over memory computes", chains},
	{"dce", dce},
	{"snapshot: updates read variables as they were before all updates", snapshot},
}

// Compile makes a plan of g for inputs of the given shapes. Its arena takes at most budget bytes, if recompute can achieve that; 0 means that there is no
// budget.
func Compile(g *graph.Graph, shapes []tensor.Shape, target Target, budget int) (*Plan, error) {
	c, err := g.Specialize(shapes)
	if err != nil {
		return nil, err
	}
	if err := Optimize(c); err != nil {
		return nil, err
	}
	earlyUpdates(c)
	return allocate(c, target, budget)
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
