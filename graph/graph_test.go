package graph_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

func TestMistakesAllAtOnce(t *testing.T) {
	b := graph.NewBuilder(graph.NewStore(), false)
	x := b.Input("x", tensor.Float32, tensor.Unknown, 8, 8, 3)
	first := b.In("a", "layer 0 (Conv2D a)")
	k := first.Variable(graph.Variable{Path: "kernel", Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{3, 3, 4, 2}}})
	y := first.Conv2D(x, k, window(3, 1, 1, op.Valid))
	if y.Valid() {
		t.Fatal("a kernel of 4 channels fits images of 3")
	}
	// What stands on a mistake makes no mistakes of its own.
	z := b.In("b", "layer 1 (Dense b)").MatMul(y, y)
	b.In("c", "layer 2 (Dense c)").Errorf("units is %d, want at least 1", 0)
	_, err := b.Finish(graph.Output{Key: "z", Value: z})
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		"layer 0 (Conv2D a): Conv2D: images have 3 channels, the kernel 4",
		"layer 2 (Dense c): units is 0, want at least 1",
	}
	if got := strings.Split(err.Error(), "\n"); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got, want)
	}
	var e *graph.Error
	if !errors.As(err, &e) || e.Op != "Conv2D" {
		t.Errorf("first mistake is %+v", e)
	}
}

func TestSharedVariable(t *testing.T) {
	store := graph.NewStore()
	kernel := graph.Variable{Path: "kernel", Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{2, 2}}}
	train, infer := graph.NewBuilder(store, true), graph.NewBuilder(store, false)
	if v := train.In("dense", "").Variable(kernel); v != train.In("dense", "").Variable(kernel) {
		t.Error("a variable is read twice")
	}
	infer.In("dense", "").Variable(kernel)
	if n := len(store.Variables()); n != 1 {
		t.Errorf("%d variables, want 1", n)
	}
	kernel.Shape = tensor.Shape{3, 2}
	infer.In("dense", "").Variable(kernel)
	if err := infer.Err(); err == nil || !strings.Contains(err.Error(), "dense/kernel") {
		t.Errorf("another shape under the same path: %v", err)
	}
	kernel.Path, kernel.Shape = "open", tensor.Shape{tensor.Unknown}
	train.Variable(kernel)
	if train.Err() == nil {
		t.Error("a variable of unknown shape")
	}
}

func TestGradOfWhatHasNone(t *testing.T) {
	b := graph.NewBuilder(graph.NewStore(), true)
	x, y := b.Input("x", tensor.Float32, 2, 4, 4, 1), b.Input("y", tensor.Float32, 2)
	if g := graph.Grad(b, b.Sum(x), y); g[0] != nil {
		t.Error("a gradient of what the loss does not depend on")
	}
	graph.Grad(b, x, x)
	if err := b.Err(); err == nil || !strings.Contains(err.Error(), "want a floating-point scalar") {
		t.Errorf("gradient of a loss that is no scalar: %v", err)
	}
	b = graph.NewBuilder(graph.NewStore(), true)
	x = b.Input("x", tensor.Float32, 2, 4, 4, 1)
	p := b.MaxPool2D(x, window(2, 2, 1, op.Valid))
	g := graph.Grad(b, b.Sum(b.Square(p)), x)[0]
	graph.Grad(b, b.Sum(b.Square(g)), x)
	if err := b.Err(); err == nil || !strings.Contains(err.Error(), "MaxPool2DGrad: has no gradient") {
		t.Errorf("second gradient of a max-pool: %v", err)
	}
	for _, c := range []struct {
		loss func(b *graph.Builder, y, mean, variance, grad *graph.Value) *graph.Value
		want string
	}{
		{func(b *graph.Builder, y, mean, _, _ *graph.Value) *graph.Value { return b.Add(b.Sum(y), b.Sum(mean)) }, "BatchNorm: the mean and the variance of the batch have no gradient"},
		{func(b *graph.Builder, _, _, variance, _ *graph.Value) *graph.Value { return b.Sum(variance) }, "BatchNorm: the mean and the variance of the batch have no gradient"},
		{func(b *graph.Builder, _, _, _, grad *graph.Value) *graph.Value { return b.Sum(b.Square(grad)) }, "BatchNormGrad: has no gradient"},
	} {
		b := graph.NewBuilder(graph.NewStore(), true)
		x := b.Input("x", tensor.Float32, 2, 4)
		y, mean, variance := b.BatchNorm(x, nil, nil, .1)
		grad := graph.Grad(b, b.Sum(b.Square(y)), x)[0]
		graph.Grad(b, c.loss(b, y, mean, variance, grad), x)
		if err := b.Err(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestBatchNormMistakes(t *testing.T) {
	for _, c := range []struct {
		build func(b *graph.Builder)
		want  string
	}{
		{func(b *graph.Builder) { b.BatchNorm(b.Input("x", tensor.Float32, 3), nil, nil, .1) }, "x has shape (3,), want (batch, ..., channels)"},
		{func(b *graph.Builder) { b.BatchNorm(b.Input("x", tensor.Int32, 3, 2), nil, nil, .1) }, "x is int32, want a floating-point type"},
		{func(b *graph.Builder) { b.BatchNorm(b.Input("x", tensor.Float32, 3, 2), nil, nil, -1) }, "epsilon is -1, want a number of at least 0"},
		{func(b *graph.Builder) {
			b.BatchNorm(b.Input("x", tensor.Float32, 3, 2), nil, b.Input("y", tensor.Float32, 3), .1)
		}, "beta is float32 (3,), want float32 (2,)"},
		{func(b *graph.Builder) {
			v := b.Variable(graph.Variable{Path: "v", Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{3}}})
			b.MovingAverage(v, b.Input("x", tensor.Float32, 2), .9)
		}, "operand is float32 (2,), want float32 (3,) as the variable"},
	} {
		b := graph.NewBuilder(graph.NewStore(), true)
		c.build(b)
		if err := b.Err(); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

func TestSpecialize(t *testing.T) {
	b := graph.NewBuilder(graph.NewStore(), false)
	x := b.Input("x", tensor.Float32, tensor.Unknown, 6)
	y := b.Reshape(b.Mean(x, 1), -1, 1)
	g, err := b.Finish(graph.Output{Key: "y", Value: y})
	if err != nil {
		t.Fatal(err)
	}
	if s := y.Shape; !s.Equal(tensor.Shape{tensor.Unknown, 1}) {
		t.Errorf("shape %v", s)
	}
	c, err := g.Specialize([]tensor.Shape{{5, 6}})
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Output("y").Shape; !s.Equal(tensor.Shape{5, 1}) {
		t.Errorf("shape %v", s)
	}
	for _, s := range []tensor.Shape{{5, 7}, {5}, {tensor.Unknown, 6}} {
		if _, err := g.Specialize([]tensor.Shape{s}); err == nil {
			t.Errorf("input of shape %v: no error", s)
		}
	}
}

func TestUpdatesComeLast(t *testing.T) {
	b := graph.NewBuilder(graph.NewStore(), true)
	v := b.Variable(graph.Variable{Path: "v", Type: op.Type{DType: tensor.Float32}, Role: graph.State})
	b.Assign(v, b.Offset(v, 1))
	w := b.Offset(v, 5)
	g, err := b.Finish(graph.Output{Key: "w", Value: w})
	if err != nil {
		t.Fatal(err)
	}
	if last := g.Nodes[len(g.Nodes)-1].Op.Name(); last != "Assign" {
		t.Errorf("last node is %s", last)
	}
	b.Assign(w, v)
	if b.Err() == nil {
		t.Error("what is no variable is assigned to")
	}
}

func TestKey(t *testing.T) {
	keys := map[uint64]string{}
	for _, seed := range []uint64{0, 1, 2, 1 << 40} {
		for _, path := range []string{"", "a", "b", "conv2d/kernel", "conv2d_1/kernel"} {
			k := graph.Key(seed, path)
			if other, ok := keys[k]; ok {
				t.Errorf("%q and %q have one key", path, other)
			}
			keys[k] = path
		}
	}
}
