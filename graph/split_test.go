package graph_test

import (
	"slices"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/interp"
	"github.com/lince-ml/lince/tensor"
)

// splitCase builds a step with noise before and after a weight.
func splitCase(noise bool) *graph.Graph {
	b := graph.NewBuilder(graph.NewStore(), true)
	scalar := func(path string) *graph.Value {
		return b.Variable(graph.Variable{Path: path, Type: op.Type{DType: tensor.Int64, Shape: tensor.Shape{}}, Role: graph.State})
	}
	x, y := b.Input("x", tensor.Float32, tensor.Unknown, 3), b.Input("y", tensor.Float32, tensor.Unknown, 3)
	at := b.Add(scalar("step"), scalar("seed"))
	h := b.Scale(x, 2)
	if noise {
		h = b.Add(h, b.RandomUniform(1, at, h))
	}
	w := b.Variable(graph.Variable{Path: "w", Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{3}}, Role: graph.Weight})
	z := b.Mul(b.Square(h), w)
	z = b.Add(z, b.RandomUniform(2, at, z))
	loss := b.Mean(b.Square(b.Sub(z, y)))
	b.Assign(w, b.Sub(w, graph.Grad(b, loss, w)[0]))
	b.Assign(scalar("step"), b.Add(scalar("step"), b.Constant(tensor.Int64, 1)))
	g, err := b.Finish(graph.Output{Key: "loss", Value: loss})
	if err != nil {
		panic(err)
	}
	return g
}

// TestSplit runs the two graphs one after the other, and compares with the whole graph.
func TestSplit(t *testing.T) {
	if _, _, ok := splitCase(false).Split(graph.Division{Inputs: 1, Passed: []string{"step", "seed"}}); ok {
		t.Error("a graph without early random numbers is divided")
	}
	g := splitCase(true)
	early, late, ok := g.Split(graph.Division{Inputs: 1, Passed: []string{"step", "seed"}})
	if !ok {
		t.Fatal("not divided")
	}
	for _, h := range []*graph.Graph{early, late} {
		if err := h.Verify(); err != nil {
			t.Error(err)
		}
	}
	var keys []string
	for _, v := range early.Inputs {
		keys = append(keys, v.Node.Op.(op.Input).Key)
	}
	if !slices.Equal(keys, []string{"x", "step", "seed"}) || len(early.Outputs) != 1 || len(late.Inputs) != 2 || late.Inputs[1].Node.Op.(op.Input).Key != "y" {
		t.Errorf("early takes %v and gives %d values, late takes %d", keys, len(early.Outputs), len(late.Inputs))
	}
	for _, n := range early.Nodes {
		if n.Is("Variable") {
			t.Errorf("early reads the variable %s", n.Op.(op.Variable).Path)
		}
	}
	array := func(v ...float64) *interp.Array { return &interp.Array{Shape: tensor.Shape{1, 3}, V: v} }
	scalar := func(v float64) *interp.Array { return &interp.Array{Shape: tensor.Shape{}, V: []float64{v}} }
	x, y := array(1, 2, 3), array(4, 5, 6)
	run := func(g *graph.Graph, in ...*interp.Array) (out []*interp.Array, vars map[string][]float64) {
		vars = map[string][]float64{"step": {7}, "seed": {5}, "w": {.1, .2, .3}}
		out, err := interp.Interpreter{}.Evaluate(g, in,
			func(path string) *interp.Array {
				s := tensor.Shape{}
				if path == "w" {
					s = tensor.Shape{3}
				}
				return &interp.Array{Shape: s, V: slices.Clone(vars[path])}
			},
			func(path string, a *interp.Array) { vars[path] = a.V })
		if err != nil {
			t.Fatal(err)
		}
		return out, vars
	}
	want, wantVars := run(g, x, y)
	mid, _ := run(early, x, scalar(7), scalar(5))
	got, gotVars := run(late, mid[0], y)
	if got[0].V[0] != want[0].V[0] || !slices.Equal(gotVars["w"], wantVars["w"]) || gotVars["step"][0] != 8 {
		t.Errorf("in two parts: loss %v, variables %v; want %v, %v", got[0].V, gotVars, want[0].V, wantVars)
	}
}
