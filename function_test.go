package lince

import (
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// functionModel has a convolution with batch normalization, which the engine fuses, and a branch.
func functionModel(t *testing.T, o Options) *Model {
	t.Helper()
	in := Input(layer.Input{Shape: []int{6, 6, 1}})
	a := in.Then(layer.Conv2D{Filters: 3, Kernel: layer.Size{3, 3}, Padding: layer.Same, Name: "conv"}, layer.BatchNormalization{Name: "norm"}, layer.ReLULayer{Name: "relu"})
	b := a.Then(layer.Conv2D{Filters: 3, Kernel: layer.Size{3, 3}, Padding: layer.Same, Activation: layer.ReLU, Name: "last"})
	out := Apply(layer.Add{Name: "sum"}, a, b).Then(layer.MaxPool2D{Pool: layer.Size{2, 2}}, layer.Flatten{}, layer.Dense{Units: 2, Activation: layer.Softmax, Name: "head"})
	return must(o.Functional(in, out))
}

// gradients returns values and gradients of all kinds: of a class' score with respect to a feature map, the input and a
// weight, and of one feature map with respect to another.
func gradients(m *Model) func(t *Trace) []*graph.Value {
	return func(t *Trace) []*graph.Value {
		class := t.Input("class", tensor.Float32, tensor.Unknown, 2)
		first, last := t.Value(m.Layer("relu").Output()), t.Value(m.Layer("last").Output())
		score := t.Sum(t.Mul(t.Value(m.Outputs()), class))
		kernel := t.Weight(m.Layer("conv").Variables()[0])
		out := append([]*graph.Value{last}, t.Gradient(score, last, t.Value(m.Inputs()), kernel)...)
		return append(out, t.Gradient(t.Sum(t.Square(last)), first)...)
	}
}

// The engine computes what the interpreter does.
func TestFunctionOnTheEngine(t *testing.T) {
	x, y := bars(5)
	var want []*tensor.Tensor
	for i, o := range []Options{on(3), {Seed: 3, Threads: 1}, {Seed: 3, Threads: 3}} {
		m := functionModel(t, o)
		got := must(must(m.Function(FunctionOptions{}, gradients(m))).Run(x, y))
		if i == 0 {
			want = got
			continue
		}
		for j := range want {
			if diff := cmp.Diff(want[j].Float32s(), got[j].Float32s(), cmpopts.EquateApprox(1e-4, 1e-6)); diff != "" || !want[j].Shape().Equal(got[j].Shape()) {
				t.Errorf("%d threads: value %d is %v, want %v: %s", o.Threads, j, got[j].Shape(), want[j].Shape(), diff)
			}
		}
	}
}

// tf.GradientTape computes the same gradients, and the same custom training step.
func TestFunctionAgainstKeras(t *testing.T) {
	m := functionModel(t, Options{Seed: 3})
	path := filepath.Join(t.TempDir(), "model.keras")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	x, y := bars(5)
	got := must(must(m.Function(FunctionOptions{}, gradients(m))).Run(x, y))
	step := must(m.Function(FunctionOptions{Training: true}, trainingStep(m)))
	var losses []float64
	for range 3 {
		losses = append(losses, float64(must(step.Run(x, y))[0].Float32s()[0]))
	}
	var keras struct {
		Values  [][]float32
		Losses  []float64
		Weights [][]float32
	}
	graphtest.Keras(t, `
import json, sys
import numpy as np, keras, tensorflow as tf
i = json.load(sys.stdin)
m = keras.models.load_model(i["path"])
x, y = tf.constant(i["x"], tf.float32, (5, 6, 6, 1)), tf.constant(i["y"], tf.float32, (5, 2))
inner = keras.Model(m.inputs, [m.get_layer("relu").output, m.get_layer("last").output, m.output])
with tf.GradientTape(persistent=True) as tape:
    tape.watch(x)
    first, last, out = inner(x)
    score = tf.reduce_sum(out * y)
    square = tf.reduce_sum(last ** 2)
values = [last, *tape.gradient(score, [last, x, m.get_layer("conv").trainable_variables[0].value]), tape.gradient(square, first)]
opt = keras.optimizers.SGD(.1, .9)
losses = []
for _ in range(3):
    with tf.GradientTape() as tape:
        l = tf.reduce_mean(keras.losses.categorical_crossentropy(y, m(x, training=True)))
    opt.apply_gradients(zip(tape.gradient(l, m.trainable_variables), m.trainable_variables))
    losses.append(float(l))
json.dump({"Values": [np.array(v).reshape(-1).tolist() for v in values], "Losses": losses,
           "Weights": [w.reshape(-1).tolist() for w in m.get_weights()]}, sys.stdout)
`, map[string]any{"path": path, "x": x.Float32s(), "y": y.Float32s()}, &keras)
	near := cmpopts.EquateApprox(1e-3, 2e-5)
	for i, v := range got {
		if diff := cmp.Diff(keras.Values[i], v.Float32s(), near); diff != "" {
			t.Errorf("value %d: -Keras +lince\n%s", i, diff)
		}
	}
	if diff := cmp.Diff(keras.Losses, losses, near); diff != "" {
		t.Errorf("losses: -Keras +lince\n%s", diff)
	}
	for i, w := range m.Weights() {
		if diff := cmp.Diff(keras.Weights[i], w.Float32s(), near); diff != "" {
			t.Errorf("%s after 3 steps: -Keras +lince\n%s", m.Variables()[i].Path(), diff)
		}
	}
}

func trainingStep(m *Model) func(t *Trace) []*graph.Value {
	return func(t *Trace) []*graph.Value {
		y := t.Input("y", tensor.Float32, tensor.Unknown, 2)
		l := t.Add(t.Mean(loss.CategoricalCrossentropy{}.Build(t.Builder, y, t.Value(m.Outputs()))), t.Penalty()) // which is 0
		weights := t.Weights()
		optimizer.SGD{LearningRate: .1, Momentum: .9}.Build(t.In("optimizer", "optimizer"), weights, t.Gradient(l, weights...))
		return []*graph.Value{l}
	}
}

// A custom training step gives the bits of TrainOnBatch with the same loss and optimizer.
func TestCustomTrainingStep(t *testing.T) {
	x, y := bars(6)
	a, b := functionModel(t, on(1)), functionModel(t, on(1))
	if err := b.Compile(CompileOptions{Optimizer: optimizer.SGD{LearningRate: .1, Momentum: .9}, Loss: loss.CategoricalCrossentropy{}}); err != nil {
		t.Fatal(err)
	}
	step := must(a.Function(FunctionOptions{Training: true}, trainingStep(a)))
	for i := range 4 {
		out := must(step.Run(x, y))
		logs := must(b.TrainOnBatch(data.Batch{X: x, Y: y}, BatchOptions{}))
		if l, _ := logs.Get("loss"); math.Abs(l-float64(out[0].Float32s()[0])) > 1e-6 {
			t.Errorf("step %d: the loss is %v, want %v", i, out[0].Float32s()[0], l)
		}
	}
	for i, w := range b.Weights() {
		if diff := cmp.Diff(w.Float32s(), a.Weights()[i].Float32s()); diff != "" {
			t.Errorf("%s: %s", b.Variables()[i].Path(), diff)
		}
	}
	// A gradient can also be applied by hand, through SetWeights. Without updates, a function changes nothing.
	before := a.Weights()
	grad := must(a.Function(FunctionOptions{}, func(t *Trace) []*graph.Value {
		return t.Gradient(t.Sum(t.Value(a.Outputs())), t.Weights()...)
	}))
	out := must(grad.Run(x))
	trainable := 0
	for _, v := range a.Variables() {
		if v.Trainable() {
			if !v.Shape().Equal(out[trainable].Shape()) {
				t.Errorf("the gradient of %s has shape %v, want %v", v.Path(), out[trainable].Shape(), v.Shape())
			}
			trainable++
		}
	}
	if trainable != len(out) {
		t.Errorf("%d gradients for %d weights", len(out), trainable)
	}
	for i, w := range a.Weights() {
		if !cmp.Equal(w.Float32s(), before[i].Float32s()) {
			t.Errorf("a function without updates changed %s", a.Variables()[i].Path())
		}
	}
}

// A custom training step with the layers' penalties and constraints gives the weights of TrainOnBatch.
func TestCustomTrainingStepWithPenalties(t *testing.T) {
	build := func() *Model {
		return must(on(2).Sequential(layer.Input{Shape: []int{6, 6, 1}}, layer.Flatten{},
			layer.Dense{Units: 3, KernelRegularizer: regularizer.L2{L2: new(.5)}, KernelConstraint: constraint.MaxNorm{MaxValue: .5}, ActivityRegularizer: regularizer.L1{L1: new(.1)}},
			layer.Dense{Units: 2, Activation: layer.Softmax}))
	}
	x, y := bars(6)
	a, b := build(), build()
	if err := b.Compile(CompileOptions{Optimizer: optimizer.SGD{LearningRate: .1}, Loss: loss.CategoricalCrossentropy{}}); err != nil {
		t.Fatal(err)
	}
	step := must(a.Function(FunctionOptions{Training: true}, func(t *Trace) []*graph.Value {
		y := t.Input("y", tensor.Float32, tensor.Unknown, 2)
		l := t.Mean(loss.CategoricalCrossentropy{}.Build(t.Builder, y, t.Value(a.Outputs())))
		l = t.Add(l, t.Penalty())
		weights := t.Weights()
		optimizer.SGD{LearningRate: .1}.Build(t.In("optimizer", "optimizer"), weights, t.Gradient(l, weights...))
		return []*graph.Value{l}
	}))
	for range 3 {
		out := must(step.Run(x, y))
		logs := must(b.TrainOnBatch(data.Batch{X: x, Y: y}, BatchOptions{}))
		if l, _ := logs.Get("loss"); math.Abs(l-float64(out[0].Float32s()[0])) > 1e-6 {
			t.Errorf("the loss is %v, want %v", out[0].Float32s()[0], l)
		}
	}
	for i, w := range b.Weights() {
		if diff := cmp.Diff(w.Float32s(), a.Weights()[i].Float32s(), cmpopts.EquateApprox(0, 1e-6)); diff != "" {
			t.Errorf("%s: %s", b.Variables()[i].Path(), diff)
		}
	}
}

// Functions without updates may run at the same time.
func TestFunctionConcurrently(t *testing.T) {
	m := functionModel(t, Options{Seed: 3})
	f := must(m.Function(FunctionOptions{}, gradients(m)))
	x, y := bars(5)
	want := must(f.Run(x, y))
	var g sync.WaitGroup
	for range 4 {
		g.Go(func() {
			for range 5 {
				if got, err := f.Run(x, y); err != nil || !cmp.Equal(got[2].Float32s(), want[2].Float32s()) {
					t.Errorf("another result, error %v", err)
				}
			}
		})
	}
	g.Wait()
}

func TestFunctionMistakes(t *testing.T) {
	m, other := functionModel(t, on(1)), functionModel(t, on(1))
	inner := must(on(1).Sequential(layer.Input{Shape: []int{6, 6, 1}}, layer.Flatten{}, layer.Dense{Units: 2, Name: "deep"}))
	outer := must(on(1).Sequential(layer.Input{Shape: []int{6, 6, 1}}, inner))
	for name, c := range map[string]struct {
		m     *Model
		build func(t *Trace) []*graph.Value
		want  string
	}{
		"no values": {m, func(*Trace) []*graph.Value { return nil }, "build returned no values"},
		"no build":  {m, nil, "build is nil, want a function that builds the computation"},
		"nil":       {m, func(*Trace) []*graph.Value { return []*graph.Value{nil} }, "result 0 is nil"},
		"list":      {m, func(t *Trace) []*graph.Value { return []*graph.Value{t.Value(List(m.Inputs(), m.Outputs()))} }, "result 0 is a list"},
		"no layer":  {m, func(t *Trace) []*graph.Value { return []*graph.Value{t.Value(m.Layer("nothing").Output())} }, "does the model have a layer of this name"},
		"other":     {m, func(t *Trace) []*graph.Value { return []*graph.Value{t.Value(other.Outputs())} }, "the result of the layer head is no symbol of the model functional"},
		"nested":    {outer, func(t *Trace) []*graph.Value { return []*graph.Value{t.Value(inner.Layer("deep").Output())} }, "the result of the layer deep is no symbol of the model sequential"},
		"weight":    {m, func(t *Trace) []*graph.Value { return []*graph.Value{t.Weight(other.Variables()[0])} }, "conv/kernel is no variable of the model functional"},
		"zero":      {m, func(t *Trace) []*graph.Value { return []*graph.Value{t.Weight(Variable{})} }, "the zero Variable"},
		"independent": {m, func(t *Trace) []*graph.Value {
			return t.Gradient(t.Sum(t.Value(m.Inputs())), t.Value(m.Outputs()))
		}, "does not depend on value 0"},
		"no scalar": {m, func(t *Trace) []*graph.Value { return t.Gradient(t.Value(m.Outputs()), t.Value(m.Inputs())) }, "want a floating-point scalar"},
		"nil value": {m, func(t *Trace) []*graph.Value { return t.Gradient(nil, t.Value(m.Inputs())) }, "the value to differentiate is nil"},
		"shapes": {m, func(t *Trace) []*graph.Value {
			return []*graph.Value{t.MatMul(t.Value(m.Inputs()), t.Value(m.Outputs()))}
		}, "function: "},
	} {
		if _, err := c.m.Function(FunctionOptions{}, c.build); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "making a function: ") {
			t.Errorf("%s: the error is %v, want one with %q", name, err, c.want)
		}
	}
	f := must(m.Function(FunctionOptions{}, gradients(m)))
	x, y := bars(4)
	for want, in := range map[string][]*tensor.Tensor{
		"want 2 inputs (input_layer, class), got 1":         {x},
		"the examples have shape (4, 2)":                    {y, y},
		"input class must have shape (None, 2)":             {x, x},
		"input class must have shape (None, 2), got <nil>":  {x, nil},
		"input class has 3 examples, the first input has 4": {x, y.Rows(0, 3)},
		"the batch has no examples":                         {x.Rows(0, 0), y.Rows(0, 0)},
	} {
		if _, err := f.Run(in...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one with %q", err, want)
		}
	}
	step := must(m.Function(FunctionOptions{Training: true}, trainingStep(m)))
	m.fitting.Lock()
	if _, err := step.Run(x, y); err == nil || !strings.Contains(err.Error(), "the model is training") {
		t.Errorf("while the model trains, the error is %v", err)
	}
	m.fitting.Unlock()
	if _, err := new(Model).Function(FunctionOptions{}, nil); err == nil || !strings.Contains(err.Error(), "has no layers") {
		t.Errorf("the zero Model: %v", err)
	}
}
