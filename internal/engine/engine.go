// Package engine runs graphs on the CPU: it compiles a graph to a plan for the shapes at
// hand, binds the plan's nodes to kernels and to places in one arena, and runs them with a
// fixed number of workers. A run allocates nothing, and gives the same bits for any number
// of workers.
package engine

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/conv"
)

// Options are an engine's settings.
type Options struct {
	Threads int // workers; 0: as many as Go may use (GOMAXPROCS)
}

// Engine compiles graphs for this machine's CPU.
type Engine struct {
	isa    kernel.ISA
	pool   *workers
	arenas arenas
	packs  packs
	check  bool // every result is looked through for NaN and infinity
	trace  *tracing
}

// New returns an engine for the machine's best instruction set, or the one that the
// environment variable LINCE_ISA names. LINCE_WINOGRAD=off makes all convolutions direct.
// With LINCE_CHECK=nan a run ends at the first op whose result is not finite, with an error
// that names it. With LINCE_TRACE=plan plans are told on standard error: the algorithms that each
// convolution may have with their estimated times, and measured ones after some runs.
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
		return nil, fmt.Errorf("LINCE_CHECK=%s: want nan, or nothing", check)
	}
	switch trace := os.Getenv("LINCE_TRACE"); trace {
	case "":
	case "plan":
		e.trace = newTracing(os.Stderr, e)
	default:
		return nil, fmt.Errorf("LINCE_TRACE=%s: want plan, or nothing", trace)
	}
	return e, nil
}

func newEngine(o Options, isa kernel.ISA) (*Engine, error) {
	switch {
	case o.Threads < 0:
		return nil, fmt.Errorf("engine: %d threads, want at least 1 (or 0 for all)", o.Threads)
	case o.Threads == 0:
		o.Threads = runtime.GOMAXPROCS(0)
	}
	return &Engine{isa: isa, pool: newWorkers(o.Threads)}, nil
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
	if _, ok := lowerers[n.Op.Name()]; !ok {
		return fmt.Errorf("%s: the CPU engine has no kernel for %s", n.Layer, n.Op.Name())
	}
	return nil
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
