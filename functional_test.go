package lince

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

func layerNames(m *Model) []string {
	var names []string
	for _, l := range m.Layers() {
		names = append(names, l.Name())
	}
	return names
}

// body returns a small convolutional network without a head.
func body(t testing.TB) *Model {
	t.Helper()
	in := Input(layer.Input{Shape: []int{6, 6, 1}})
	x := in.Then(layer.Conv2D{Filters: 3, Kernel: layer.Size{3, 3}, Activation: layer.ReLU}, layer.MaxPool2D{}, layer.Flatten{})
	o := on(1)
	o.Name = "body"
	m, err := o.Functional(in, x)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Layers are in Keras' order, by distance from the outputs. Automatic names are numbered in the order in which the
// layers were made.
func TestFunctionalOrder(t *testing.T) {
	in := Input(layer.Input{Shape: []int{4}})
	a := in.Then(layer.Dense{Units: 3})
	b := a.Then(layer.Dense{Units: 3}, layer.Dense{Units: 3})
	c := in.Then(layer.Dense{Units: 2, Name: "short"})
	if !a.Shape().Equal(tensor.Shape{tensor.Unknown, 3}) || a.DType() != tensor.Float32 || a.Layer().Name() != "" {
		t.Errorf("a symbol is %v %v of %q", a.DType(), a.Shape(), a.Layer().Name())
	}
	m := must(on(1).Functional(in, List(c, b)))
	if got, want := layerNames(m), []string{"input_layer", "dense", "dense_1", "short", "dense_2"}; !slices.Equal(got, want) {
		t.Errorf("layers are %v, want %v", got, want)
	}
	if got := m.OutputNames(); !slices.Equal(got, []string{"short", "dense_2"}) {
		t.Errorf("outputs are %v", got)
	}
	if m.Layer("dense_1") == nil || m.Layer("none") != nil || m.Name() != "functional" || m.Class() != "Functional" {
		t.Error("layers by name, or the model's name")
	}
	out := must(m.Call(tensor.New(tensor.Float32, 5, 4)))
	if len(out) != 2 || !out[0].Shape().Equal(tensor.Shape{5, 2}) || !out[1].Shape().Equal(tensor.Shape{5, 3}) {
		t.Errorf("outputs are %v", out)
	}
	if _, err := m.PredictBatch(tensor.New(tensor.Float32, 5, 4)); err == nil || !strings.Contains(err.Error(), "short, dense_2") {
		t.Errorf("PredictBatch: error is %v", err)
	}
}

func TestFunctionalMistakes(t *testing.T) {
	in := Input(layer.Input{Shape: []int{8, 8, 3}, Name: "image"})
	flat := in.Then(layer.Flatten{})
	for name, c := range map[string]struct {
		in, out *Symbol
		want    []string
	}{
		"nothing":       {nil, nil, []string{"no inputs", "no outputs"}},
		"empty lists":   {List(), List(), []string{"no inputs", "no outputs"}},
		"no symbol":     {in, &Symbol{}, []string{"output 0 is not a symbol"}},
		"of nothing":    {in, Apply(layer.Dense{Units: 1}), []string{"which has no operands"}},
		"nil layer":     {in, in.Then(nil), []string{"the layer is nil"}},
		"what feeds it": {in, flat.Then(layer.Conv2D{Filters: 1, Kernel: layer.Size{1, 1}, Name: "late"}), []string{"layer late (Conv2D) of flatten: got shape (None, 192)"}},
		"two":           {in, List(in.Then(layer.Conv2D{}), flat.Then(layer.Dense{})), []string{"(Conv2D) of image: Filters is not set", "Kernel is not set", "(Dense) of flatten: Units is not set"}},
		"equal names":   {in, List(flat.Then(layer.Dense{Units: 1, Name: "a"}), flat.Then(layer.Dense{Units: 1, Name: "a"})), []string{`layer a (Dense): the name "a" belongs to layer a (Dense)`}},
		"other input":   {Input(layer.Input{Shape: []int{3}}), flat, []string{"image"}},
		"operands":      {in, Apply(layer.Flatten{}, in, in), []string{"it is applied to 2 values, want 1"}},
		"input twice":   {List(in, in), flat, []string{"input 1 is listed twice"}},
	} {
		_, err := on(1).Functional(c.in, c.out)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error lacks %q:\n%v", name, want, err)
			}
		}
		if n := strings.Count(err.Error(), "\n") + 1; n != len(c.want) {
			t.Errorf("%s: %d mistakes, want %d:\n%v", name, n, len(c.want), err)
		}
	}
}

// A layer that is applied twice has one set of weights, and learns from both uses.
func TestSharedLayer(t *testing.T) {
	in := Input(layer.Input{Shape: []int{4}})
	dense := Shared(layer.Dense{Units: 4, Activation: layer.Tanh})
	m := must(on(1).Functional(in, in.Then(dense, dense, layer.Dense{Units: 2, Activation: layer.Softmax})))
	if got := layerNames(m); !slices.Equal(got, []string{"input_layer", "dense", "dense_1"}) || len(m.Variables()) != 4 {
		t.Fatalf("layers are %v, %d variables", got, len(m.Variables()))
	}
	twice := must(on(1).Functional(in, in.Then(dense, dense)))
	once := must(on(1).Functional(in, dense.Output()))
	x := tensor.New(tensor.Float32, 2, 4)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(i) / 8
	}
	y := must(once.PredictBatch(must(once.PredictBatch(x))))
	if !bytes.Equal(y.Raw(), must(twice.PredictBatch(x)).Raw()) {
		t.Error("the layer applied twice is not twice the layer")
	}
}

// A nested model shares its weights with the outer model: training the outer one trains the inner one.
func TestNestedModel(t *testing.T) {
	base := body(t)
	x, _ := bars(3)
	before := must(base.PredictBatch(x))
	in := Input(layer.Input{Shape: []int{6, 6, 1}})
	m := must(on(2).Functional(in, Apply(base, in).Then(layer.Dense{Units: 2, Activation: layer.Softmax})))
	if got := layerNames(m); !slices.Equal(got, []string{"input_layer", "body", "dense"}) {
		t.Errorf("layers are %v", got)
	}
	if m.Layer("body").Model() != base || m.CountParams() != base.CountParams()+12*2+2 {
		t.Errorf("the body is %v, %d parameters", m.Layer("body").Model(), m.CountParams())
	}
	seq := must(on(2).Sequential(base, layer.Dense{Units: 2, Activation: layer.Softmax}))
	if got := layerNames(seq); !slices.Equal(got, []string{"body", "dense"}) {
		t.Errorf("layers are %v", got)
	}
	for _, m := range []*Model{m, seq} {
		if err := m.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}}); err != nil {
			t.Fatal(err)
		}
		fit(t, m, barsData(12, 4, 1), FitOptions{})
		after := must(base.PredictBatch(x))
		if bytes.Equal(before.Raw(), after.Raw()) {
			t.Error("the body has not learned")
		}
		before = after
		features := must(on(1).Functional(m.Inputs(), m.Layer("body").Output()))
		if !bytes.Equal(must(features.PredictBatch(x)).Raw(), after.Raw()) {
			t.Error("the body's output in the whole is another")
		}
	}
}

// A layer's output can begin another model over the same weights.
func TestLayerOutput(t *testing.T) {
	m := trained(t)
	mid := must(on(9).Functional(m.Inputs(), m.Layer("flatten").Output()))
	if got := layerNames(mid); !slices.Equal(got, []string{"input_layer", "conv2d", "max_pooling2d", "flatten"}) {
		t.Errorf("layers are %v", got)
	}
	x, _ := bars(3)
	// The rest of the network, from the middle on.
	rest := must(on(9).Functional(m.Layer("flatten").Output(), m.Outputs()))
	got := must(rest.PredictBatch(must(mid.PredictBatch(x))))
	if want := must(m.PredictBatch(x)); !bytes.Equal(got.Raw(), want.Raw()) {
		t.Errorf("the two halves give %v, the whole %v", got.Float32s(), want.Float32s())
	}
	fit(t, m, barsData(12, 4, 1), FitOptions{})
	got = must(rest.PredictBatch(must(mid.PredictBatch(x))))
	if want := must(m.PredictBatch(x)); !bytes.Equal(got.Raw(), want.Raw()) {
		t.Error("the halves did not learn with the whole")
	}
}

// Freezing a body keeps its weights. Unfreezing takes effect with the next Compile. Each layer's flag is saved.
func TestTrainable(t *testing.T) {
	base := body(t)
	m := must(on(2).Sequential(base, layer.Dense{Units: 2, Activation: layer.Softmax}))
	compile := func(m *Model) {
		t.Helper()
		if err := m.Compile(CompileOptions{Optimizer: optimizer.Adam{}, Loss: loss.CategoricalCrossentropy{}}); err != nil {
			t.Fatal(err)
		}
	}
	base.SetTrainable(false)
	compile(m)
	weights := func(m *Model) []byte {
		var b []byte
		for _, w := range m.Weights() {
			b = append(b, w.Raw()...)
		}
		return b
	}
	before, all := weights(base), weights(m)
	fit(t, m, barsData(12, 4, 1), FitOptions{})
	if !bytes.Equal(before, weights(base)) || bytes.Equal(all, weights(m)) {
		t.Error("the frozen body has learned, or the head has not")
	}
	if n := len(m.compiled.optimizer); n != 2+2*2 {
		t.Errorf("the optimizer has %d variables, want 6", n)
	}
	got := must(reopen(m))
	inner := got.Layer("body").Model()
	if got.Layer("body").Trainable() || inner.Layer("conv2d").Trainable() || !got.Layer("dense").Trainable() || got.Unknown() != nil {
		t.Errorf("the opened model's flags differ; %v", got.Unknown())
	}
	fit(t, m, barsData(12, 4, 1), FitOptions{})
	fit(t, got, barsData(12, 4, 1), FitOptions{})
	if !bytes.Equal(bytesOf(t, m), bytesOf(t, got)) {
		t.Error("the opened model trains differently")
	}

	m.SetTrainable(true)
	if _, err := m.Fit(t.Context(), barsData(12, 4, 1), quiet(FitOptions{})); err == nil || !strings.Contains(err.Error(), "call Compile again") {
		t.Errorf("training after flags have changed: %v", err)
	}
	if got := must(reopen(m)); got.Unknown() != nil {
		t.Errorf("saved between freezing and Compile: %v", got.Unknown())
	}
	compile(m)
	fit(t, m, barsData(12, 4, 1), FitOptions{})
	if bytes.Equal(before, weights(base)) {
		t.Error("the body has not learned")
	}
	// A frozen model with a layer that is not frozen: Keras 3 trains that layer.
	base.SetTrainable(false)
	base.Layer("conv2d").SetTrainable(true)
	compile(m)
	if n := len(m.compiled.optimizer); n != 2+2*4 {
		t.Errorf("the optimizer has %d variables, want 10", n)
	}
}

func reopen(m *Model) (*Model, error) {
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		return nil, err
	}
	return on(m.seed).Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
}

// twoHeads is a model with two inputs, a shared body, and two outputs.
func twoHeads(t testing.TB) *Model {
	t.Helper()
	base := body(t)
	a, b := Input(layer.Input{Shape: []int{6, 6, 1}, Name: "left"}), Input(layer.Input{Shape: []int{6, 6, 1}, Name: "right"})
	kind := Apply(base, a).Then(layer.Dropout{Rate: .25}, layer.Dense{Units: 2, Activation: layer.Softmax, Name: "kind"})
	place := Apply(base, b).Then(layer.Dense{Units: 1, Name: "place"})
	m, err := on(3).Functional(List(a, b), List(kind, place))
	if err != nil {
		t.Fatal(err)
	}
	err = m.Compile(CompileOptions{
		Optimizer: optimizer.SGD{LearningRate: .05, Momentum: .9},
		Outputs: map[string]Objective{
			"kind":  {Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{metric.Accuracy{}}},
			"place": {Loss: loss.MeanSquaredError{}, LossWeight: new(.25)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func twoHeadsData(t testing.TB, n int) data.Dataset {
	t.Helper()
	x, y := bars(n)
	place := tensor.New(tensor.Float32, n, 1)
	for i := range n {
		place.Float32s()[i] = float32(i/2%6) / 6
	}
	ds, err := data.NamedTensors(
		map[string]*tensor.Tensor{"left": x, "right": x},
		map[string]*tensor.Tensor{"kind": y, "place": place},
		data.TensorOptions{BatchSize: 5, Seed: 1},
	)
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

func TestSeveralInputsAndOutputs(t *testing.T) {
	m := twoHeads(t)
	ds := twoHeadsData(t, 12)
	h := fit(t, m, ds, FitOptions{Epochs: 2, Validation: ds})
	var names []string
	for _, s := range h.Series {
		names = append(names, s.Name)
	}
	want := []string{"kind_accuracy", "kind_loss", "loss", "place_loss", "val_kind_accuracy", "val_kind_loss", "val_loss", "val_place_loss"}
	if !slices.Equal(names, want) {
		t.Errorf("the history has %v, want %v", names, want)
	}
	logs, err := m.Evaluate(t.Context(), ds, EvaluateOptions{Verbose: Silent})
	if err != nil {
		t.Fatal(err)
	}
	get := func(name string) float64 { v, _ := logs.Get(name); return v }
	if !near(get("loss"), get("kind_loss")+.25*get("place_loss"), 1e-5) {
		t.Errorf("the loss is not the weighted sum: %v", logs.Map())
	}
	all, err := m.PredictNamed(t.Context(), ds, PredictOptions{Verbose: Silent})
	if err != nil || !all["kind"].Shape().Equal(tensor.Shape{12, 2}) || !all["place"].Shape().Equal(tensor.Shape{12, 1}) {
		t.Errorf("predictions are %v, %v", all, err)
	}
	got := must(reopen(m))
	if !bytes.Equal(bytesOf(t, m), bytesOf(t, got)) || got.Unknown() != nil {
		t.Errorf("saving the opened model gives another file; %v", got.Unknown())
	}
	fit(t, m, ds, FitOptions{})
	fit(t, got, ds, FitOptions{})
	if !bytes.Equal(bytesOf(t, m), bytesOf(t, got)) {
		t.Error("the opened model trains differently")
	}
	x, y := bars(4)
	for name, c := range map[string]struct {
		in, out map[string]*tensor.Tensor
		want    string
	}{
		"an input is missing":  {map[string]*tensor.Tensor{"left": x}, nil, "there is no input right"},
		"a target is missing":  {map[string]*tensor.Tensor{"left": x, "right": x}, map[string]*tensor.Tensor{"kind": y}, "no target for the output place"},
		"an input too many":    {map[string]*tensor.Tensor{"left": x, "right": x, "rihgt": x}, map[string]*tensor.Tensor{"kind": y, "place": y}, "did you mean right?"},
		"a target of no shape": {map[string]*tensor.Tensor{"left": x, "right": x}, map[string]*tensor.Tensor{"kind": y, "place": y}, "output place: the targets have shape (None, 2)"},
	} {
		ds := must(data.NamedTensors(c.in, c.out, data.TensorOptions{}))
		if _, err := m.Fit(t.Context(), ds, quiet(FitOptions{})); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if _, err := m.Fit(t.Context(), barsData(4, 2, 1), quiet(FitOptions{})); err == nil || !strings.Contains(err.Error(), "left") {
		t.Errorf("data without names: error is %v", err)
	}
}

func TestOutputMistakes(t *testing.T) {
	m := twoHeads(t)
	for name, c := range map[string]struct {
		c    CompileOptions
		want string
	}{
		"unknown output":          {CompileOptions{Loss: loss.MeanSquaredError{}, Outputs: map[string]Objective{"kidn": {}}}, "did you mean kind?"},
		"metrics of which output": {CompileOptions{Loss: loss.MeanSquaredError{}, Metrics: []metric.Metric{metric.Accuracy{}}}, "set the metrics of each in Outputs"},
		"no loss":                 {CompileOptions{}, "there is no loss"},
		"negative weight":         {CompileOptions{Loss: loss.MeanSquaredError{}, Outputs: map[string]Objective{"kind": {LossWeight: new(-1.)}}}, "LossWeight must be at least 0, got -1"},
		"logits":                  {CompileOptions{Outputs: map[string]Objective{"kind": {Loss: loss.CategoricalCrossentropy{FromLogits: true}}}}, "output kind: CategoricalCrossentropy takes logits"},
	} {
		if err := m.Compile(c.c); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v", name, err)
		}
		if !m.compiled.started && m.compiled.config.Outputs["kind"].Loss == nil {
			t.Errorf("%s: the model is not compiled as before", name)
		}
	}
}

// Models that share weights may train and predict at the same time.
func TestSharedWeightsConcurrently(t *testing.T) {
	base := body(t)
	head := func(seed uint64) *Model {
		m := must(on(seed).Sequential(base, layer.Dense{Units: 2, Activation: layer.Softmax}))
		if err := m.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}}); err != nil {
			t.Fatal(err)
		}
		return m
	}
	a, b := head(1), head(2)
	x, _ := bars(3)
	done := make(chan error)
	go func() {
		_, err := b.Fit(t.Context(), barsData(12, 4, 2), quiet(FitOptions{Epochs: 3}))
		done <- err
	}()
	go func() {
		for range 20 {
			if _, err := base.PredictBatch(x); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	fit(t, a, barsData(12, 4, 1), FitOptions{Epochs: 3})
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// Of several targets and weights that are not finite, the first in the order of the outputs is named.
func TestNotFiniteTargets(t *testing.T) {
	x, y := bars(8)
	nan := func(shape ...int) *tensor.Tensor {
		n := tensor.New(tensor.Float32, shape...)
		n.Float32s()[0] = float32(math.NaN())
		return n
	}
	place, weights := tensor.New(tensor.Float32, 8, 1), tensor.Of([]float32{1, 1, 1, 1, 1, 1, 1, 1}, 8)
	for want, c := range map[string]struct {
		kind, place *tensor.Tensor
		weights     map[string]*tensor.Tensor
	}{
		"the targets of the output kind have the number NaN":          {kind: nan(y.Shape()...), place: nan(8, 1)},
		"the targets of the output place have the number NaN":         {kind: y, place: nan(8, 1)},
		"the example weights of the output kind have the number NaN":  {kind: y, place: nan(8, 1), weights: map[string]*tensor.Tensor{"kind": nan(8), "place": nan(8)}},
		"the example weights of the output place have the number NaN": {kind: y, place: place, weights: map[string]*tensor.Tensor{"kind": weights, "place": nan(8)}},
	} {
		ds := must(data.NamedTensors(map[string]*tensor.Tensor{"left": x, "right": x}, map[string]*tensor.Tensor{"kind": c.kind, "place": c.place}, data.TensorOptions{NoShuffle: true, SampleWeights: c.weights}))
		for range 3 {
			_, err := twoHeads(t).Fit(t.Context(), ds, FitOptions{Verbose: Silent})
			var e *NaNError
			if !errors.As(err, &e) || e.Why != want {
				t.Errorf("%v, want %s", err, want)
			}
		}
	}
}

// Example weights and class weights are separate for each output.
func TestWeightsOfOutputs(t *testing.T) {
	x, y := bars(8)
	place := tensor.New(tensor.Float32, 8, 1)
	for i := range place.Float32s() {
		place.Float32s()[i] = 5
	}
	in, out := map[string]*tensor.Tensor{"left": x, "right": x}, map[string]*tensor.Tensor{"kind": y, "place": place}
	evaluate := func(o data.TensorOptions) map[string]float64 {
		o.NoShuffle = true
		logs, err := twoHeads(t).Evaluate(t.Context(), must(data.NamedTensors(in, out, o)), EvaluateOptions{Verbose: Silent})
		if err != nil {
			t.Fatal(err)
		}
		return logs.Map()
	}
	plain := evaluate(data.TensorOptions{})
	half := evaluate(data.TensorOptions{SampleWeights: map[string]*tensor.Tensor{"kind": tensor.Of([]float32{.5, .5, .5, .5, .5, .5, .5, .5}, 8)}})
	if !near(half["kind_loss"], plain["kind_loss"]/2, 1e-6) || half["place_loss"] != plain["place_loss"] {
		t.Errorf("with weights of kind: %v, without: %v", half, plain)
	}
	all := evaluate(data.TensorOptions{Weights: tensor.New(tensor.Float32, 8), SampleWeights: map[string]*tensor.Tensor{"place": tensor.Of([]float32{1, 1, 1, 1, 1, 1, 1, 1}, 8)}})
	if all["kind_loss"] != 0 || all["place_loss"] != plain["place_loss"] {
		t.Errorf("with weights of all but place: %v, without: %v", all, plain)
	}

	ds := must(data.NamedTensors(in, out, data.TensorOptions{NoShuffle: true}))
	first := func(f FitOptions) map[string]float64 {
		h := fit(t, twoHeads(t), ds, f)
		logs := map[string]float64{}
		for _, s := range h.Series {
			logs[s.Name] = s.Values[0]
		}
		return logs
	}
	a, b := first(FitOptions{}), first(FitOptions{OutputClassWeight: map[string]map[int]float64{"kind": {0: 3, 1: 3}}})
	if !near(b["kind_loss"], 3*a["kind_loss"], 1e-5) || a["place_loss"] != b["place_loss"] {
		t.Errorf("with class weights of kind: %v, without: %v", b, a)
	}
	for want, f := range map[string]FitOptions{
		"ClassWeight is for models with one output":                       {ClassWeight: map[int]float64{0: 1}},
		"did you mean kind?":                                              {OutputClassWeight: map[string]map[int]float64{"kidn": {}}},
		"output kind: ClassWeight has class 2":                            {OutputClassWeight: map[string]map[int]float64{"kind": {2: 1}}},
		"output place: ClassWeight of class 1 must be at least 0, got -1": {OutputClassWeight: map[string]map[int]float64{"place": {1: -1}}},
	} {
		if _, err := twoHeads(t).Fit(t.Context(), ds, quiet(f)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: error is %v", want, err)
		}
	}
}

// odd is a custom layer whose Build returns invalid results.
type odd struct{ y *graph.Value }

func (odd) Class() string                                         { return "Odd" }
func (odd) Named() string                                         { return "" }
func (odd) Config() map[string]any                                { return nil }
func (l odd) Build(_ *graph.Builder, _ *graph.Value) *graph.Value { return l.y }

func TestOddLayers(t *testing.T) {
	in := Input(layer.Input{Shape: []int{3}})
	for name, y := range map[string]*graph.Value{"nil": nil, "a list of nil": graph.List(nil), "an invalid value": {}} {
		_, err := on(1).Functional(in, in.Then(odd{y}))
		if err == nil || !strings.Contains(err.Error(), "layer odd (Odd) of") || !strings.Contains(err.Error(), "Build returned") {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}
