package engine

import (
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/kernel"
)

// compiled compiles a graph for an engine with the best instruction set, which ends with the test.
func compiled(t testing.TB, o Options, g *graph.Graph, store *graph.Store) backend.Program {
	t.Helper()
	e, err := New(o)
	return compiledBy(t, e, err, g, store)
}

// compiledFor compiles a graph for an engine with an instruction set, which ends with the test.
func compiledFor(t testing.TB, isa kernel.ISA, o Options, g *graph.Graph, store *graph.Store) backend.Program {
	t.Helper()
	e, err := newEngine(o, isa)
	return compiledBy(t, e, err, g, store)
}

func compiledBy(t testing.TB, e *Engine, err error, g *graph.Graph, store *graph.Store) backend.Program {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.pool.close)
	p, err := e.Compile(g, store)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
