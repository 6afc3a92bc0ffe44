package lince

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

func four() *Symbol { return Input(layer.Input{Shape: []int{4}}) }

// numbers returns a tensor of formula numbers.
func ascending(shape ...int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, shape...)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(i%7)/7 + .1
	}
	return x
}

// same expects a model that was saved and opened to give the same outputs and the same file.
func same(t *testing.T, m *Model, x ...*tensor.Tensor) *Model {
	t.Helper()
	got := must(reopen(m))
	want := must(m.Call(x...))
	for i, y := range must(got.Call(x...)) {
		if !bytes.Equal(y.Raw(), want[i].Raw()) {
			t.Errorf("the opened model's output %d differs", i)
		}
	}
	if !bytes.Equal(bytesOf(t, m), bytesOf(t, got)) {
		t.Error("the opened model's file differs")
	}
	return got
}

// A layer that is in several nested models is one layer in the file, too.
func TestLayerInSeveralModels(t *testing.T) {
	for name, build := range map[string]func(d *Layer) *Model{
		"two models": func(d *Layer) *Model {
			a := must(on(1).Sequential(layer.Input{Shape: []int{4}}, d))
			b := must(on(1).Sequential(layer.Input{Shape: []int{4}}, d, layer.ReLULayer{}))
			in := four()
			return must(on(1).Functional(in, Apply(layer.Add{}, Apply(a, in), Apply(b, in))))
		},
		"a model and the whole": func(d *Layer) *Model {
			a := must(on(1).Sequential(layer.Input{Shape: []int{4}}, d))
			in := four()
			return must(on(1).Functional(in, Apply(layer.Add{}, Apply(a, in), Apply(d, in))))
		},
		"its model's output": func(d *Layer) *Model {
			a := must(on(1).Sequential(layer.Input{Shape: []int{4}}, d))
			return must(on(1).Functional(a.Inputs(), a.Outputs().Then(a)))
		},
		"a model in two models": func(d *Layer) *Model {
			a := must(on(1).Sequential(layer.Input{Shape: []int{4}}, d))
			in := four()
			var wrapped []*Symbol
			for range 2 {
				x := four()
				wrapped = append(wrapped, Apply(must(on(1).Functional(x, x.Then(a, layer.ReLULayer{}))), in))
			}
			return must(on(1).Functional(in, Apply(layer.Add{}, wrapped...)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := build(Shared(layer.Dense{Units: 4}))
			if n := len(m.Variables()); n != 2 {
				t.Errorf("there are %d variables, want 2", n)
			}
			if err := m.Compile(CompileOptions{Optimizer: optimizer.Adam{}, Loss: loss.MeanSquaredError{}}); err != nil {
				t.Fatal(err)
			}
			ds := must(data.Tensors(ascending(6, 4), ascending(6, 4), data.TensorOptions{BatchSize: 2}))
			fit(t, m, ds, FitOptions{})
			got := same(t, m, ascending(3, 4))
			fit(t, m, ds, FitOptions{})
			fit(t, got, ds, FitOptions{})
			if !bytes.Equal(bytesOf(t, m), bytesOf(t, got)) {
				t.Error("the opened model trains differently")
			}
		})
	}
}

// A model with two inputs and two outputs can be nested. An input may be an output.
func TestNestedSeveralOutputs(t *testing.T) {
	a, b := four(), four()
	inner := must(on(1).Functional(List(a, b), List(Apply(layer.Add{}, a, b).Then(layer.Dense{Units: 3}), b)))
	x, y := four(), four()
	both := Apply(inner, x, y).Values()
	m := must(on(2).Functional(List(x, y), List(both[0].Then(layer.Dense{Units: 2}), both[1], both[0])))
	if got, want := m.OutputNames(), []string{"dense", "functional", "functional_1"}; !slices.Equal(got, want) {
		t.Errorf("outputs are %v, want %v", got, want)
	}
	in := []*tensor.Tensor{ascending(2, 4), ascending(2, 4)}
	if out := must(m.Call(in...)); !bytes.Equal(out[1].Raw(), in[1].Raw()) {
		t.Error("an input that is an output came back changed")
	}
	if text := string(must(m.ToJSON())); !strings.Contains(text, `"kwargs": {"mask": [null, null]}`) {
		t.Error("the mask is not as Keras writes it")
	}
	same(t, m, in...)
	identity := must(on(1).Functional(a, a))
	same(t, identity, in[0])
}

// Weights that no loss depends on keep their values, and have slots as in Keras.
func TestOutputWithoutLoss(t *testing.T) {
	in := four()
	m := must(on(1).Functional(in, List(in.Then(layer.Dense{Units: 2, Name: "a"}), in.Then(layer.Dense{Units: 1, Name: "b"}))))
	err := m.Compile(CompileOptions{
		Optimizer: optimizer.SGD{Momentum: .9, WeightDecay: .1, ClipNorm: 1},
		Outputs: map[string]Objective{
			"a": {Loss: loss.MeanSquaredError{}},
			"b": {Metrics: []metric.Metric{metric.MeanAbsoluteError{}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	weights := func(name string) []byte { return m.Layer(name).Weights()[0].Raw() }
	a, b := weights("a"), weights("b")
	ds := must(data.NamedTensors(
		map[string]*tensor.Tensor{"input_layer": ascending(4, 4)},
		map[string]*tensor.Tensor{"a": ascending(4, 2), "b": ascending(4, 1)}, data.TensorOptions{},
	))
	var names []string
	for _, s := range fit(t, m, ds, FitOptions{}).Series {
		names = append(names, s.Name)
	}
	if want := []string{"b_mean_absolute_error", "loss"}; !slices.Equal(names, want) {
		t.Errorf("the history has %v, want %v", names, want)
	}
	if bytes.Equal(a, weights("a")) || !bytes.Equal(b, weights("b")) {
		t.Error("a has not learned, or b has")
	}
	if n := len(m.compiled.optimizer); n != 2+4 {
		t.Errorf("the optimizer has %d variables, want 6", n)
	}
	same(t, m, ascending(2, 4))
}

// testLayer is a custom layer.
type testLayer struct {
	layer.Flatten
	build func(b *graph.Builder, x *graph.Value) *graph.Value
}

func (testLayer) Class() string { return "Custom" }

func (l testLayer) Build(b *graph.Builder, x *graph.Value) *graph.Value { return l.build(b, x) }

func TestCustomLayerMistakes(t *testing.T) {
	two := testLayer{build: func(b *graph.Builder, x *graph.Value) *graph.Value { return graph.List(x, b.Scale(x, 2)) }}
	scalar := testLayer{build: func(b *graph.Builder, x *graph.Value) *graph.Value { return b.Mean(x) }}
	invalid := testLayer{build: func(b *graph.Builder, x *graph.Value) *graph.Value { return graph.List(x, b.Invalid()) }}
	in := four()
	if m := must(on(1).Functional(in, Apply(two, in))); !slices.Equal(m.OutputNames(), []string{"custom", "custom_1"}) {
		t.Errorf("outputs are %v", m.OutputNames())
	}
	model := must(on(1).Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 1}))
	number := Apply(scalar, in)
	for name, c := range map[string]struct {
		in, out *Symbol
		want    string
	}{
		"a number":          {in, number, "is a scalar; want one value for each example"},
		"a number as input": {number, number.Then(layer.ReLULayer{}), "is a scalar; want one value for each example"},
		"an invalid value":  {in, Apply(invalid, in), "Build returned an invalid value"},
		"no model":          {in, Apply(&Model{}, in), "the model has no layers"},
		"no such layer":     {in, model.Layer("none").Output(), "no outputs"},
	} {
		if _, err := on(1).Functional(c.in, c.out); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if _, err := on(1).Sequential(&Model{}); err == nil || !strings.Contains(err.Error(), "0 inputs and 0 outputs") {
		t.Errorf("a chain of a model without layers: error is %v", err)
	}
}

// With any compile config in its file, a model must predict, and must be saved with the same config.
func TestStrangeCompileConfig(t *testing.T) {
	values := []string{
		`1`, `-1`, `1e400`, `"mse"`, `"none"`, `true`, `[]`, `[[]]`, `[1]`, `["mse"]`, `["mse", "mse", "mse"]`, `[["mse"], ["mse"]]`, `[0.5, -1]`,
		`{}`, `{"a": 1}`, `{"kind": "mse"}`, `{"kind": 1, "place": []}`, `{"class_name": 1}`, `{"class_name": "Lambda", "config": {}}`,
		`{"class_name": "MeanSquaredError", "config": 3}`, `{"class_name": "function", "config": {"a": 1}}`,
		`{"class_name": "Adam", "config": {"learning_rate": "x", "beta_1": []}}`,
		`{"class_name": "Adam", "config": {"learning_rate": {"class_name": "CosineDecay", "config": {}}}}`,
	}
	x, _ := bars(2)
	for _, c := range []struct {
		m   *Model
		in  []*tensor.Tensor
		all data.Dataset
	}{
		{smallModel(t, 1), []*tensor.Tensor{x}, barsData(4, 2, 1)},
		{twoHeads(t), []*tensor.Tensor{x, x}, twoHeadsData(t, 4)},
	} {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(must(c.m.ToJSON()), &object); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"", "optimizer", "loss", "loss_weights", "metrics", "weighted_metrics"} {
			for _, value := range values {
				said := map[string]json.RawMessage{"optimizer": json.RawMessage(`"adam"`), "loss": json.RawMessage(`"mse"`), key: json.RawMessage(value)}
				object["compile_config"] = json.RawMessage(value)
				if key != "" {
					object["compile_config"] = must(json.Marshal(said))
				}
				m, err := on(1).FromJSON(must(json.Marshal(object)))
				if err != nil {
					t.Errorf("%s %s: %v", key, value, err)
					continue
				}
				must(m.Call(c.in...))
				_, evaluated := m.Evaluate(t.Context(), c.all, EvaluateOptions{Verbose: Silent})
				_, rate := m.LearningRate()
				if _, ok := m.Compiled(); ok && evaluated != nil && !strings.Contains(evaluated.Error(), "targets") || !ok && (evaluated == nil || rate == nil) {
					t.Errorf("%s %s: evaluating %v, learning rate %v", key, value, evaluated, rate)
				}
				again := same(t, m, c.in...)
				if fmt.Sprint(again.Unknown()) != fmt.Sprint(m.Unknown()) {
					t.Errorf("%s %s: unknown was %v, is %v", key, value, m.Unknown(), again.Unknown())
				}
			}
		}
	}
}

// New models over the layers of a model that trains can be made, compiled, trained and discarded at the same time.
func TestModelsBesideTraining(t *testing.T) {
	for _, o := range []Options{{Seed: 1}, on(1)} {
		in := Input(layer.Input{Shape: []int{6, 6, 1}})
		x := in.Then(layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}}, layer.BatchNormalization{}, layer.ReLULayer{}, layer.GlobalAveragePool2D{})
		base := must(o.Functional(in, x))
		head := func() *Model {
			m := must(o.Sequential(base, layer.Dense{Units: 2, Activation: layer.Softmax}))
			if err := m.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}}); err != nil {
				t.Error(err)
			}
			return m
		}
		whole := head() // the first use names the body
		pictures, _ := bars(3)
		stop := make(chan bool)
		var all sync.WaitGroup
		for _, work := range []func() error{
			func() error {
				m := head()
				must(m.PredictBatch(pictures))
				_, err := m.Fit(t.Context(), barsData(8, 4, 2), quiet(FitOptions{}))
				return err
			},
			func() error { _, err := base.PredictBatch(pictures); return err },
			func() error { _, err := base.WriteTo(io.Discard); return err },
			func() error { return base.Summary(io.Discard, SummaryOptions{ExpandNested: true}) },
			func() error { l := base.Layers()[1]; return l.SetWeights(l.Weights()) },
			func() error {
				_, err := must(o.Functional(base.Inputs(), base.Layers()[1].Output())).PredictBatch(pictures)
				runtime.GC()
				return err
			},
		} {
			all.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						if err := work(); err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		fit(t, whole, barsData(12, 4, 1), FitOptions{Epochs: 5})
		close(stop)
		all.Wait()
	}
}

// A BatchNormalization that is called twice updates its statistics twice per step, in the order of the calls. A Dropout
// draws a mask for each call.
func TestSharedStatistics(t *testing.T) {
	for _, o := range []Options{{Seed: 1}, on(1)} {
		in := four()
		bn := Shared(layer.BatchNormalization{Momentum: new(.5)})
		first := in.Then(bn)
		second := in.Then(layer.Rescaling{Scale: []float64{3}}, bn)
		m := must(o.Functional(in, Apply(layer.Add{}, first, second).Then(layer.Dense{Units: 1})))
		if err := m.Compile(CompileOptions{Optimizer: optimizer.SGD{}, Loss: loss.MeanSquaredError{}}); err != nil {
			t.Fatal(err)
		}
		x := ascending(8, 4)
		fit(t, m, must(data.Tensors(x, ascending(8, 1), data.TensorOptions{BatchSize: 8})), FitOptions{})
		mean := float32(0)
		for i := range 8 {
			mean += x.Float32s()[i*4] / 8
		}
		a, b := (0*.5+mean*.5)*.5+3*mean*.5, (0*.5+3*mean*.5)*.5+mean*.5
		got := m.Layer("batch_normalization").Weights()[2].Float32s()[0]
		if !near(float64(got), float64(a), 1e-5) {
			t.Errorf("the moving mean is %v, want %v (or the other way round %v)", got, a, b)
		}

		drop := Shared(layer.Dropout{Rate: .5})
		d := must(o.Functional(in, Apply(layer.Subtract{}, in.Then(drop), in.Then(drop)).Then(layer.Dense{Units: 1})))
		if err := d.Compile(CompileOptions{Optimizer: optimizer.SGD{}, Loss: loss.MeanSquaredError{}}); err != nil {
			t.Fatal(err)
		}
		before := d.Layer("dense").Weights()[0].Raw()
		fit(t, d, must(data.Tensors(x, ascending(8, 1), data.TensorOptions{BatchSize: 8})), FitOptions{})
		if string(before) == string(d.Layer("dense").Weights()[0].Raw()) {
			t.Error("both masks are equal, so the difference is 0 and nothing is learned")
		}
	}
}
