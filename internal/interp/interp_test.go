package interp

import (
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// TestUnknownOp checks that an op without a reference implementation is an error, which names the layer if there is one.
func TestUnknownOp(t *testing.T) {
	for path, want := range map[string]string{
		"":      "the interpreter has no reference implementation of Cube",
		"cubes": "cubes: the interpreter has no reference implementation of Cube",
	} {
		b := graph.NewBuilder(graph.NewStore(), false)
		x := b.Input("x", tensor.Float32, 2)
		if path != "" {
			b = b.In(path, "")
		}
		g, err := b.Finish(graph.Output{Key: "y", Value: b.Op(cube{}, x)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New().Compile(g, nil); err == nil || err.Error() != want {
			t.Errorf("Compile: got %v, want %q", err, want)
		}
		in := []*Array{{Shape: tensor.Shape{2}, V: []float64{1, 2}}}
		if _, err := (Interpreter{Exact: true}).Evaluate(g, in, nil, nil); err == nil || err.Error() != want {
			t.Errorf("Evaluate: got %v, want %q", err, want)
		}
	}
}

// cube is an op of which the interpreter knows nothing.
type cube struct{}

func (cube) Name() string                          { return "Cube" }
func (cube) Infer(in []op.Type) ([]op.Type, error) { return in, nil }
