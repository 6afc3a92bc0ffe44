// Package backend says what runs graphs: the CPU engine (internal/engine), and the naive
// interpreter (internal/interp), which is every test's oracle.
package backend

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/profile"
	"github.com/lince-ml/lince/tensor"
)

// Backend compiles graphs.
type Backend interface {
	// Name is for messages and records: "cpu/avx512", "interpreter".
	Name() string
	// Supports says whether an op can run on values of the node's types; the error names
	// the layer and the op.
	Supports(n *graph.Node) error
	// Compile makes a program of a graph whose variables are in store, which must be
	// initialised. What the backend has no kernel for is an error here, all at once.
	Compile(g *graph.Graph, store *graph.Store) (Program, error)
}

// Program is a compiled graph. Programs without updates may run in several goroutines at
// once; one with updates is the store's only writer while it runs.
type Program interface {
	// Run runs the graph once. in are the graph's inputs in order; their shapes fit the
	// graph's, and all unknown first dimensions are the same. out are filled with the
	// graph's outputs in order: tensors of the outputs' types for these inputs; a nil one
	// is not wanted. Plans are made for the shapes at hand and kept.
	Run(in, out []*tensor.Tensor) error
	// Close gives the memory back.
	Close()
}

// Profiled is a Program that can say what takes how long.
type Profiled interface {
	// Profile has the times of all runs to come added to p, under a name; a nil p ends that.
	Profile(p *profile.Profile, name string)
}

// Measured is a Program that can say how much memory it needs.
type Measured interface {
	// Memory is that of a run on inputs of these shapes. Nothing is run.
	Memory(shapes []tensor.Shape) (Memory, error)
}

// Memory is what a run needs beside variables and inputs, in bytes.
type Memory struct {
	// What shares memory by turns, where most of it is in use.
	Activations int // the network's values and their gradients
	Gradients   int // of variables, until they are updated
	Workspace   int // what kernels need while they run
	Gaps        int // is not used at that moment

	Packed  int // variables as kernels want them
	Scratch int // of the workers
}
