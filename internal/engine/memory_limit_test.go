package engine

import (
	"strings"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/offheap"
	"github.com/lince-ml/lince/tensor"
)

// TestMemoryIsChecked: a plan that needs more memory than the process can have is an error. Go's runtime would end the program.
func TestMemoryIsChecked(t *testing.T) {
	if offheap.Available() == 0 {
		t.Skip("this system does not say how much memory there is")
	}
	const n = 1 << 20
	store := graph.NewStore()
	b := graph.NewBuilder(store, false)
	x, y := b.Input("x", tensor.Float32, n, 1), b.Input("y", tensor.Float32, 1, n)
	z := b.MatMul(x, y) // 4 TiB
	g, err := b.Finish(graph.Output{Key: "z", Value: b.Sum(b.Mul(z, b.Sigmoid(b.Transpose(z, 1, 0))))})
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.Compile(g, store)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	in := []*tensor.Tensor{tensor.New(tensor.Float32, n, 1), tensor.New(tensor.Float32, 1, n)}
	if err := p.Run(in, []*tensor.Tensor{tensor.New(tensor.Float32)}); err == nil || !strings.Contains(err.Error(), "of memory, but this process can have") {
		t.Errorf("error is %v", err)
	}
}
