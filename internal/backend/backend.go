// Package backend defines the interface between models and the backends that run graphs: the CPU
// engine (internal/engine), and the interpreter (internal/interp), which is the reference in tests.
package backend

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/profile"
	"github.com/lince-ml/lince/tensor"
)

// Backend compiles graphs.
type Backend interface {
	// Name returns the backend's name for messages and logs, such as "cpu/avx512" or "interpreter".
	Name() string
	// Supports returns an error, with the names of the layer and the op, if the backend cannot run
	// the node.
	Supports(n *graph.Node) error
	// Compile compiles a graph whose variables are in store, which must be initialized. The error
	// lists all nodes that the backend does not support.
	Compile(g *graph.Graph, store *graph.Store) (Program, error)
}

// Program is a compiled graph. A program without updates may run in several goroutines at once. While
// a program with updates runs, nothing else may write the store.
type Program interface {
	// Run runs the graph once. in are the graph's inputs in order. Their shapes must fit the graph's,
	// and all inputs whose first dimension is unknown in the graph must have the same batch size. Run
	// copies the graph's outputs, in order, to the tensors out, which must have the outputs' types
	// and shapes. It skips an output whose tensor is nil. The first run on inputs of new shapes makes
	// a plan for them, which is kept.
	Run(in, out []*tensor.Tensor) error
	// Close frees the program's memory.
	Close()
}

// Threaded is a Program whose runs can be limited to fewer threads than the backend has.
type Threaded interface {
	// RunOn is Run on at most so many threads. 0 means all.
	RunOn(threads int, in, out []*tensor.Tensor) error
}

// Profiled is a Program that can measure how long each op takes.
type Profiled interface {
	// Profile adds the times of all later runs to p, under name. A nil p ends profiling.
	Profile(p *profile.Profile, name string)
}

// Measured is a Program that can report how much memory it needs.
type Measured interface {
	// Memory returns the memory that a run on inputs of these shapes needs, without running.
	Memory(shapes []tensor.Shape) (Memory, error)
}

// Planned is a Program that can make its plan before there are inputs.
type Planned interface {
	// Plan makes the plan for inputs of these shapes, which later runs use. It allocates no memory for them. The error is that of Run, for example
	// if the plan needs more memory than the process can have.
	Plan(shapes []tensor.Shape) error
}

// Limited is a Program whose memory can be limited.
type Limited interface {
	// Limit sets how many bytes a run may need in addition to variables and inputs. A run that needs more does not keep all results for the backward pass, but
	// computes some of them again. If that does not suffice, Run returns an error. 0 means that there is no limit.
	Limit(bytes int)
}

// Memory is the memory that a run needs in addition to variables and inputs, in bytes.
type Memory struct {
	// The arena, at the moment when most of it is in use.
	Activations int // the network's values and their gradients
	Gradients   int // gradients of variables that have not been updated yet
	Workspace   int // working memory of kernels
	Gaps        int // not in use at that moment

	Packed  int // variables in the layouts that kernels need
	Scratch int // of the workers
}
