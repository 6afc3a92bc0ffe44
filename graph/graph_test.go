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
	// An op on an invalid value causes no further errors.
	z := b.In("b", "layer 1 (Dense b)").MatMul(y, y)
	b.In("c", "layer 2 (Dense c)").Errorf("units is %d, want at least 1", 0)
	_, err := b.Finish(graph.Output{Key: "z", Value: z})
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		"layer 0 (Conv2D a): Conv2D: images have 3 channels, but the filter takes 4",
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
		t.Error("a value on which the loss does not depend has a gradient")
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
		{func(b *graph.Builder) { b.BatchNorm(b.Input("x", tensor.Float32, 3, 2), nil, nil, -1) }, "epsilon is -1, want at least 0"},
		{func(b *graph.Builder) {
			b.BatchNorm(b.Input("x", tensor.Float32, 3, 2), nil, b.Input("y", tensor.Float32, 3), .1)
		}, "beta is float32 (3,), want float32 (2,)"},
		{func(b *graph.Builder) {
			v := b.Variable(graph.Variable{Path: "v", Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{3}}})
			b.MovingAverage(v, b.Input("x", tensor.Float32, 2), .9)
		}, "operand is float32 (2,), want float32 (3,) like the variable"},
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
		t.Error("a value that is not a variable is assigned to")
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

// TestDraws checks that a layer that is applied twice draws two masks, the first of which is that of the layer
// applied once.
func TestDraws(t *testing.T) {
	b := graph.NewBuilder(graph.NewStore(), true)
	x, step := b.Input("x", tensor.Float32, tensor.Unknown, 6), b.Constant(tensor.Int64, 0)
	keys := map[uint64]int{}
	for i, draw := range []struct {
		path string
		seed uint64
	}{{"dropout", 1}, {"dropout", 1}, {"dropout", 1}, {"dropout_1", 1}, {"dropout", 2}} {
		key := b.In(draw.path, "").RandomUniform(draw.seed, step, x).Node.Op.(op.RandomUniform).Key
		if j, ok := keys[key]; ok {
			t.Errorf("draws %d and %d have one key", j, i)
		}
		keys[key] = i
		if first := graph.Key(draw.seed, draw.path); i != 1 && i != 2 && key != first {
			t.Errorf("draw %d has key %x, want %x", i, key, first)
		}
	}
}

// TestPadConcatSlice checks the shapes and errors of Pad, Concat, Slice and BatchMatMul for an unknown batch
// dimension.
func TestPadConcatSlice(t *testing.T) {
	const batch = tensor.Unknown
	for _, c := range []struct {
		o       op.Op
		in      []tensor.Shape
		want    tensor.Shape
		mistake string
	}{
		{op.Pad{Before: []int{0, 1}, After: []int{0, 2}}, []tensor.Shape{{batch, 3}}, tensor.Shape{batch, 6}, ""},
		{op.Pad{Before: []int{1}, After: []int{0, 2}}, []tensor.Shape{{batch, 3}}, nil, "want one of each for each dimension"},
		{op.Pad{Before: []int{0, -1}, After: []int{0, 2}}, []tensor.Shape{{batch, 3}}, nil, "want at least 0"},
		{op.Concat{Axis: 1}, []tensor.Shape{{batch, 3}, {5, 1}, {batch, 2}}, tensor.Shape{5, 6}, ""},
		{op.Concat{Axis: 0}, []tensor.Shape{{batch, 3}, {5, 3}}, tensor.Shape{batch, 3}, ""},
		{op.Concat{}, nil, nil, "got no operands"},
		{op.Concat{Axis: 2}, []tensor.Shape{{batch, 3}}, nil, "shape (None, 3) has no axis 2"},
		{op.Concat{Axis: 1}, []tensor.Shape{{batch, 3, 4}, {batch, 3, 5}}, nil, "cannot concatenate (None, 3, 4) and (None, 3, 5) along axis 1"},
		{op.Concat{Axis: 1}, []tensor.Shape{{batch, 3}, {batch, 3, 5}}, nil, "cannot concatenate"},
		{op.Slice{Begin: []int{0, 1}, Size: []int{batch, 2}}, []tensor.Shape{{batch, 3}}, tensor.Shape{batch, 2}, ""},
		{op.Slice{Begin: []int{2, 1}, Size: []int{1, batch}}, []tensor.Shape{{4, 3}}, tensor.Shape{1, 2}, ""},
		{op.Slice{Begin: []int{0, 1}, Size: []int{batch, 3}}, []tensor.Shape{{batch, 3}}, nil, "3 elements starting at 1 do not fit into dimension 1"},
		{op.Slice{Begin: []int{0, 4}, Size: []int{batch, batch}}, []tensor.Shape{{batch, 3}}, nil, "do not fit"},
		{op.Slice{Begin: []int{1, 0}, Size: []int{batch, 3}}, []tensor.Shape{{batch, 3}}, tensor.Shape{batch, 3}, ""},
		{op.Slice{Begin: []int{1, 0}, Size: []int{2, batch}, End: []int{9, 1}}, []tensor.Shape{{batch, 3}}, tensor.Shape{2, 2}, ""},
		{op.Slice{Begin: []int{1, 1}, Size: []int{batch, batch}, End: []int{2, 1}}, []tensor.Shape{{5, 3}}, tensor.Shape{2, 1}, ""},
		{op.Slice{Begin: []int{1, 1}, Size: []int{batch, batch}, End: []int{5, 1}}, []tensor.Shape{{5, 3}}, nil, "0 elements starting at 1 do not fit into dimension 0"},
		{op.Slice{Begin: []int{0, -1}, Size: []int{batch, batch}}, []tensor.Shape{{5, 3}}, nil, "want at least 0"},
		{op.Slice{Begin: []int{0, 0}, Size: []int{batch, batch}, End: []int{0}}, []tensor.Shape{{5, 3}}, nil, "want one number for each dimension"},
		{op.SliceGrad{Slice: op.Slice{Begin: []int{1, 0}, Size: []int{2, batch}}}, []tensor.Shape{{2, 3}, {batch, 3}}, tensor.Shape{batch, 3}, ""},
		{op.SliceGrad{Slice: op.Slice{Begin: []int{1, 0}, Size: []int{2, batch}}}, []tensor.Shape{{1, 3}, {batch, 3}}, nil, "want float32 (2, 3)"},
		{op.ExpandDims{Axis: 2}, []tensor.Shape{{batch, batch}}, tensor.Shape{batch, batch, 1}, ""},
		{op.ExpandDims{Axis: 3}, []tensor.Shape{{batch, batch}}, nil, "cannot insert dimension 3"},
		{op.Squeeze{Axis: 1}, []tensor.Shape{{batch, 1, batch}}, tensor.Shape{batch, batch}, ""},
		{op.Squeeze{Axis: 1}, []tensor.Shape{{batch, 2}}, nil, "want size 1"},
		{op.Slice{Begin: []int{0}, Size: []int{batch, 3}}, []tensor.Shape{{batch, 3}}, nil, "want one of each for each dimension"},
		{op.BatchMatMul{TransposeB: true}, []tensor.Shape{{batch, 3, 4}, {7, 5, 4}}, tensor.Shape{7, 3, 5}, ""},
		{op.BatchMatMul{}, []tensor.Shape{{batch, 3, 4}, {4, 5}}, nil, "want at least 3 dimensions"},
		{op.BatchMatMul{}, []tensor.Shape{{batch, 3, 4}, {batch, 5, 4}}, nil, "cannot multiply (3, 4) by (5, 4)"},
		{op.BatchMatMul{}, []tensor.Shape{{batch, 2, 3, 4}, {batch, 3, 4, 5}}, nil, "want the same leading dimensions"},
	} {
		var in []op.Type
		for _, s := range c.in {
			in = append(in, op.Type{DType: tensor.Float32, Shape: s})
		}
		out, err := c.o.Infer(in)
		switch {
		case c.mistake != "":
			if err == nil || !strings.Contains(err.Error(), c.mistake) {
				t.Errorf("%+v of %v: %v, want %q", c.o, c.in, err, c.mistake)
			}
		case err != nil || !out[0].Shape.Equal(c.want):
			t.Errorf("%+v of %v: %v, %v, want %v", c.o, c.in, out, err, c.want)
		}
	}
	b := graph.NewBuilder(graph.NewStore(), true)
	x := b.Input("x", tensor.Float32, batch, 3)
	graph.Grad(b, b.Sum(b.Concat(0, x, x)), x)
	if err := b.Err(); err == nil || !strings.Contains(err.Error(), "its size is not known") {
		t.Errorf("gradient of a concatenation of batches: %v", err)
	}
}

// TestSizesOfImages checks the shapes and errors of ops that change the size of images.
func TestSizesOfImages(t *testing.T) {
	const none = tensor.Unknown
	filter := tensor.Shape{3, 3, 5, 2}
	transpose := func(stride int, p op.Padding, last int) op.Op {
		return op.Conv2DTranspose{Window: window(3, stride, 1, p), Last: [2]int{last, last}}
	}
	for _, c := range []struct {
		o       op.Op
		in      []tensor.Shape
		want    tensor.Shape
		mistake string
	}{
		{op.Resize{Scale: [2]int{2, 3}}, []tensor.Shape{{none, none, 4, 2}}, tensor.Shape{none, none, 12, 2}, ""},
		{op.Resize{Size: [2]int{2, 3}}, []tensor.Shape{{none, none, 4, 2}}, tensor.Shape{none, 2, 3, 2}, ""},
		{op.Resize{}, []tensor.Shape{{none, 4, 4, 2}}, nil, "want one of them"},
		{op.Resize{Size: [2]int{2, 3}, Method: 99}, []tensor.Shape{{none, 4, 4, 2}}, nil, "no resampling method 99"},
		{op.Resize{Size: [2]int{2, 3}}, []tensor.Shape{{none, 0, 4, 2}}, nil, "want at least one pixel"},
		{op.Resize{Size: [2]int{2, 3}}, []tensor.Shape{{none, 4, 2}}, nil, "want 4 dimensions"},
		{op.ResizeGrad{Resize: op.Resize{Size: [2]int{2, 3}}}, []tensor.Shape{{none, 2, 3, 2}, {none, none, 4, 2}}, tensor.Shape{none, none, 4, 2}, ""},
		{op.ResizeGrad{Resize: op.Resize{Size: [2]int{2, 3}}}, []tensor.Shape{{none, 2, 4, 2}, {none, none, 4, 2}}, nil, "want float32 (None, 2, 3, 2)"},
		{op.AdaptiveMaxPool2D{Size: [2]int{2, 3}}, []tensor.Shape{{none, none, 4, 2}}, tensor.Shape{none, 2, 3, 2}, ""},
		{op.AdaptiveMaxPool2D{Size: [2]int{2, 3}}, []tensor.Shape{{none, 1 << 20, 1 << 20, 2}}, nil, "too large"},
		{transpose(2, op.Same, 2), []tensor.Shape{{none, none, 4, 2}, filter}, tensor.Shape{none, none, 8, 5}, ""},
		{transpose(2, op.Valid, 3), []tensor.Shape{{none, 4, 4, 2}, filter}, tensor.Shape{none, 9, 9, 5}, ""},
		{transpose(2, op.Valid, 4), []tensor.Shape{{none, 4, 4, 2}, filter}, tensor.Shape{none, 10, 10, 5}, ""},
		{transpose(2, op.Valid, 5), []tensor.Shape{{none, 4, 4, 2}, filter}, nil, "has not one position"},
		{transpose(2, op.Same, 3), []tensor.Shape{{none, 4, 4, 2}, filter}, nil, "has not one position"},
		{transpose(2, op.Same, 2), []tensor.Shape{{none, 4, 4, 3}, filter}, nil, "gradient is float32 (None, 4, 4, 3), want float32 (None, 4, 4, 2)"},
	} {
		var in []op.Type
		for _, s := range c.in {
			in = append(in, op.Type{DType: tensor.Float32, Shape: s})
		}
		out, err := c.o.Infer(in)
		switch {
		case c.mistake != "":
			if err == nil || !strings.Contains(err.Error(), c.mistake) {
				t.Errorf("%+v of %v: %v, want %q", c.o, c.in, err, c.mistake)
			}
		case err != nil || !out[0].Shape.Equal(c.want):
			t.Errorf("%+v of %v: %v, %v, want %v", c.o, c.in, out, err, c.want)
		}
	}
}

// TestExplicitPadding checks the shapes and errors of windows with explicit padding.
func TestExplicitPadding(t *testing.T) {
	x := op.Type{DType: tensor.Float32, Shape: tensor.Shape{tensor.Unknown, 224, 6, 3}}
	for _, c := range []struct {
		w       op.Window
		pool    bool
		want    tensor.Shape
		mistake string
	}{
		{explicit(3, 2, 0, 1, 0, 1), false, tensor.Shape{tensor.Unknown, 112, 3, 3}, ""},
		{explicit(7, 2, 3, 3, 3, 3), false, tensor.Shape{tensor.Unknown, 112, 3, 3}, ""},
		{explicit(7, 1, 0, 0, 0, 0), false, nil, "does not fit"},
		{explicit(3, 1, 0, -1, 0, 0), false, nil, "want at least 0"},
		{op.Window{Size: [2]int{3, 3}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pads: [2][2]int{{1, 1}}}, false, nil, `with padding "valid": want none`},
		{explicit(3, 2, 0, 1, 0, 2), true, tensor.Shape{tensor.Unknown, 112, 3, 3}, ""},
		{explicit(3, 2, 0, 3, 0, 0), true, nil, "want pads smaller than the window"},
	} {
		var o op.Op = op.Conv2D{Window: c.w}
		in := []op.Type{x, {DType: tensor.Float32, Shape: tensor.Shape{c.w.Size[0], c.w.Size[1], 3, 3}}}
		if c.pool {
			o, in = op.AveragePool2D{Window: c.w}, in[:1]
		}
		out, err := o.Infer(in)
		switch {
		case c.mistake != "":
			if err == nil || !strings.Contains(err.Error(), c.mistake) {
				t.Errorf("%s: %v, want %q", c.w.Attributes(), err, c.mistake)
			}
		case err != nil || !out[0].Shape.Equal(c.want):
			t.Errorf("%s: %v, %v, want %v", c.w.Attributes(), out, err, c.want)
		}
	}
}
