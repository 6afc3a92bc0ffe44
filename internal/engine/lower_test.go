package engine

import (
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// TestUnknownOp checks that an op without a row in lowerers is an error, and does not get the kernel of another op.
func TestUnknownOp(t *testing.T) {
	e, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.pool.close()
	for want, f := range map[string]func(b *graph.Builder, x *graph.Value) *graph.Value{
		"the CPU engine has no kernel for Cube": func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Op(cube{}, x) },
		"layer: the CPU engine has no kernel for Cube": func(b *graph.Builder, x *graph.Value) *graph.Value {
			return b.In("layer", "").Op(cube{}, x)
		},
		"ReLUGrad: operand 0 is int64, but the kernel takes float32": func(b *graph.Builder, x *graph.Value) *graph.Value {
			i := b.Cast(x, tensor.Int64)
			return b.Op(op.ReLUGrad{}, i, i)
		},
	} {
		b := graph.NewBuilder(graph.NewStore(), false)
		g, err := b.Finish(graph.Output{Key: "y", Value: f(b, b.Input("x", tensor.Float32, 2))})
		if err != nil {
			t.Fatal(err)
		}
		p, err := e.Compile(g, graph.NewStore())
		if err == nil { // the kernels of a shape are prepared in the first run
			err = p.Run([]*tensor.Tensor{tensor.New(tensor.Float32, 2)}, []*tensor.Tensor{nil})
		}
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// cube is an op without a kernel.
type cube struct{}

func (cube) Name() string                          { return "Cube" }
func (cube) Infer(in []op.Type) ([]op.Type, error) { return in, nil }
