// Package engine runs graphs on the CPU. It compiles a graph to a plan for the given input shapes,
// binds the plan's nodes to kernels and to memory in one arena, and runs them with a fixed number of
// workers. A run does not allocate memory. Its results have the same bits for any number of workers.
package engine

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/conv"
)

// Options configures an engine.
type Options struct {
	Threads int  // number of workers; 0 means GOMAXPROCS
	Check   bool // end a run with a NotFiniteError at the first op whose result is not finite
}

// Engine compiles graphs for this machine's CPU.
type Engine struct {
	isa    kernel.ISA
	pool   *workers
	arenas arenas
	packs  packs
	check  bool // check every result for NaN and infinity
	trace  *tracing
}

// New returns an engine for the machine's best instruction set. Environment variables change what it
// does:
//   - LINCE_ISA=generic, avx2, avx512 or neon chooses another instruction set.
//   - LINCE_WINOGRAD=off makes all convolutions direct.
//   - LINCE_CHECK=nan ends a run with an error at the first op whose result is not finite.
//   - LINCE_TRACE=plan writes each plan to standard error: the algorithms that each convolution can
//     use with their estimated times, and after some runs the measured times.
func New(o Options) (*Engine, error) {
	isa, err := kernel.Detect()
	if err != nil {
		return nil, err
	}
	if _, err := conv.Winograd(); err != nil {
		return nil, err
	}
	e, err := newEngine(o, isa)
	if err != nil {
		return nil, err
	}
	switch check := os.Getenv("LINCE_CHECK"); check {
	case "":
	case "nan":
		e.check = true
	default:
		return nil, fmt.Errorf("LINCE_CHECK=%s: must be nan or empty", check)
	}
	switch trace := os.Getenv("LINCE_TRACE"); trace {
	case "":
	case "plan":
		e.trace = newTracing(os.Stderr, e)
	default:
		return nil, fmt.Errorf("LINCE_TRACE=%s: must be plan or empty", trace)
	}
	return e, nil
}

func newEngine(o Options, isa kernel.ISA) (*Engine, error) {
	switch {
	case o.Threads < 0:
		return nil, fmt.Errorf("engine: %d threads, want at least 1, or 0 for all", o.Threads)
	case o.Threads == 0:
		o.Threads = runtime.GOMAXPROCS(0)
	}
	return &Engine{isa: isa, pool: newWorkers(o.Threads), check: o.Check}, nil
}

// Close ends the workers. No program of the engine may run after it.
func (e *Engine) Close() { e.pool.close() }

// NotFiniteError reports the first result of a run that is NaN or infinite.
type NotFiniteError struct {
	Op, Layer string
	Element   int
	Of        op.Type
	Value     float32
}

// Error implements error.
func (e *NotFiniteError) Error() string {
	return fmt.Sprintf("%s of layer %q: element %d of the result %v %v is %v", e.Op, e.Layer, e.Element, e.Of.DType, e.Of.Shape, e.Value)
}

// Name implements backend.Backend.
func (e *Engine) Name() string { return "cpu/" + e.isa.String() }

// Threads is the number of workers.
func (e *Engine) Threads() int { return e.pool.threads }

// Supports implements backend.Backend.
func (e *Engine) Supports(n *graph.Node) error {
	if sourceOf(n) {
		return supportsSource(n)
	}
	_, err := lowererOf(n)
	return err
}

// Compile implements backend.Backend.
func (e *Engine) Compile(g *graph.Graph, store *graph.Store) (backend.Program, error) {
	var errs []error
	for _, n := range g.Nodes {
		errs = append(errs, e.Supports(n))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return newProgram(e, g, store), nil
}
