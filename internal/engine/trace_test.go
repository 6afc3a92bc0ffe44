package engine

import (
	"regexp"
	"strings"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/tensor"
)

// TestTrace reads the output of LINCE_TRACE=plan, when a plan is made and after some runs.
func TestTrace(t *testing.T) {
	store := graph.NewStore()
	b := graph.NewBuilder(store, false)
	x := b.Input("x", tensor.Float32, tensor.Unknown, 20, 20, 16)
	y := b.ReLU(b.Add(b.Conv2D(x, weight(b, "k", 3, 3, 16, 16), window(3, 1, 1, op.Same)), weight(b, "b", 16)))
	g, err := b.Finish(graph.Output{Key: "y", Value: y})
	if err != nil {
		t.Fatal(err)
	}
	store.Initialize(1)
	e, err := newEngine(Options{Threads: 2}, kernel.Available()[0])
	if err != nil {
		t.Fatal(err)
	}
	defer e.pool.close()
	var output strings.Builder
	e.trace = newTracing(&output, e)
	p, err := e.Compile(g, store)
	if err != nil {
		t.Fatal(err)
	}
	in := []*tensor.Tensor{pixels(1, 2, 20, 20, 16)}
	for range traceRuns + 2 {
		if err := p.Run(in, []*tensor.Tensor{nil}); err != nil {
			t.Fatal(err)
		}
	}
	text := regexp.MustCompile(`\d+\.\d+ ms`).ReplaceAllString(output.String(), "T")
	text = regexp.MustCompile(`in \d+ parts`).ReplaceAllString(text, "in N parts")
	text = regexp.MustCompile(` +`).ReplaceAllString(text, " ")
	for _, want := range []string{
		"plan, made, batch 2: 4 nodes,",
		" FusedConv2D 2x20x20x16 3x3x16x16 16 -> 2x20x20x16 *winograd T in N parts direct T in N parts",
		"plan, measured, batch 2:\n",
		" T T FusedConv2D (winograd) 2x20x20x16 3x3x16x16 16 -> 2x20x20x16\n",
	} {
		if strings.Count(text, want) != 1 {
			t.Errorf("%q is not in the output, or more than once:\n%s", want, text)
		}
	}
}
