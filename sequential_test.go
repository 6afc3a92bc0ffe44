package lince

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/tutorial"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

func TestTutorialsNetwork(t *testing.T) {
	m := must(on(0).Sequential(tutorial.Layers(tutorial.Side, tutorial.Side, 2)...))
	var names, shapes []string
	for _, l := range m.Layers() {
		names = append(names, l.Name())
		shapes = append(shapes, l.Output().Shape().String())
	}
	if want := []string{"conv2d", "max_pooling2d", "conv2d_1", "max_pooling2d_1", "flatten", "dense", "dense_1"}; !slices.Equal(names, want) {
		t.Errorf("layers are %v, want %v", names, want)
	}
	want := []string{"(None, 126, 126, 64)", "(None, 63, 63, 64)", "(None, 61, 61, 64)", "(None, 30, 30, 64)", "(None, 57600)", "(None, 64)", "(None, 2)"}
	if !slices.Equal(shapes, want) {
		t.Errorf("shapes are %v, want %v", shapes, want)
	}
	if n := m.CountParams(); n != 3_725_314 {
		t.Errorf("%d parameters, want 3,725,314", n)
	}
	if m.Name() != "sequential" || m.InputShape().String() != "(None, 128, 128, 3)" || m.OutputShape().String() != "(None, 2)" {
		t.Errorf("%s: %v to %v", m.Name(), m.InputShape(), m.OutputShape())
	}
	var s bytes.Buffer
	if err := m.Summary(&s, SummaryOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{`Model: "sequential"`, "│ conv2d_1 (Conv2D)               │ (None, 61, 61, 64)     │        36,928 │", " Total params: 3,725,314 (14.21 MB)", " Non-trainable params: 0 (0.00 B)"} {
		if !strings.Contains(s.String(), line+"\n") {
			t.Errorf("the summary lacks %q:\n%s", line, s.String())
		}
	}
	if strings.Contains(s.String(), "Optimizer") {
		t.Error("the summary lists an optimizer")
	}
}

// As Keras prints it for this network after a step of RMSprop.
func TestSummaryWithOptimizer(t *testing.T) {
	m := must(on(1).Sequential(
		layer.Input{Shape: []int{8, 8, 3}},
		layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.MaxPool2D{Pool: layer.Size{2, 2}}, layer.Flatten{}, layer.Dropout{Rate: .5},
		layer.Dense{Units: 3, Activation: layer.Softmax, Frozen: true},
	))
	if err := m.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}}); err != nil {
		t.Fatal(err)
	}
	m.compiled.started = true
	var s bytes.Buffer
	if err := m.Summary(&s, SummaryOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{" Total params: 337 (1.32 KB)", " Trainable params: 112 (448.00 B)", " Non-trainable params: 111 (444.00 B)", " Optimizer params: 114 (460.00 B)"} {
		if !strings.Contains(s.String(), line+"\n") {
			t.Errorf("the summary lacks %q:\n%s", line, s.String())
		}
	}
}

// silent is a layer that fails without an error.
type silent struct{ layer.Flatten }

func (silent) Class() string { return "Silent" }

func (silent) Build(b *graph.Builder, _ *graph.Value) *graph.Value { return b.Invalid() }

func TestNetworkMistakes(t *testing.T) {
	conv := layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}}
	in := layer.Input{Shape: []int{8, 8, 3}}
	for name, c := range map[string]struct {
		layers []layer.Layer
		want   []string
	}{
		"no layers":  {nil, []string{"no layers"}},
		"only input": {[]layer.Layer{in}, []string{"no other layers"}},
		"no input, and a layer that is wrong in itself": {[]layer.Layer{conv, layer.Dense{}},
			[]string{"layer 0 (Conv2D): the first layer must be layer.Input", "layer 1 (Dense dense): Units is not set"}},
		"nil layers":       {[]layer.Layer{in, nil, (*layer.Dense)(nil), layer.Dense{}}, []string{"layer 1 is nil", "layer 2 is nil", "layer 3 (Dense dense)"}},
		"pool too large":   {[]layer.Layer{in, layer.MaxPool2D{Pool: layer.Size{9, 9}}}, []string{"layer 1 (MaxPooling2D max_pooling2d): a 9x9 pool does not fit into an image of 8x8"}},
		"conv after dense": {[]layer.Layer{in, layer.Flatten{}, layer.Dense{Units: 2}, conv}, []string{"layer 3 (Conv2D conv2d): got shape (None, 2)"}},
		"two mistakes":     {[]layer.Layer{in, layer.Conv2D{}, layer.Dense{Units: -1}}, []string{"layer 1 (Conv2D conv2d): Filters is not set", "Kernel is not set", "layer 2 (Dense dense): Units is -1"}},
		"equal names":      {[]layer.Layer{in, layer.Dense{Units: 1, Name: "a"}, layer.Dense{Units: 1, Name: "a"}}, []string{`layer 2 (Dense): the name "a" belongs to layer 1 (Dense)`}},
		"slash":            {[]layer.Layer{in, layer.Dense{Units: 1, Name: "a/b"}}, []string{"has a slash"}},
		"reserved name":    {[]layer.Layer{in, layer.Dense{Units: 1, Name: "optimizer"}}, []string{"is reserved"}},
		"second input":     {[]layer.Layer{in, in, conv}, []string{"layer 1 (InputLayer): only the first layer"}},
		"no size":          {[]layer.Layer{layer.Input{}, conv}, []string{"layer 0 (InputLayer input_layer): Shape is not set"}},
		"size 0":           {[]layer.Layer{layer.Input{Shape: []int{0, 0, 3}}, conv}, []string{"layer 0 (InputLayer input_layer): Shape is (0, 0, 3)"}},
		"too small image":  {[]layer.Layer{layer.Input{Shape: []int{5, 5, 3}}, conv, conv, conv}, []string{"layer 3 (Conv2D conv2d_2): a 3x3 kernel does not fit into an image of 1x1"}},
		"silent":           {[]layer.Layer{in, silent{}, conv}, []string{"layer 1 (Silent silent): Build returned an invalid value"}},
		"huge":             {[]layer.Layer{in, layer.Flatten{}, layer.Dense{Units: 1 << 23}, layer.Dense{Units: 1 << 23}}, []string{"layer 3 (Dense dense_1)"}},
	} {
		_, err := on(0).Sequential(c.layers...)
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

// Many layers, each below the limit for one layer.
func TestTooMuchMemory(t *testing.T) {
	layers := []layer.Layer{layer.Input{Shape: []int{1 << 15}}}
	for range 20 {
		layers = append(layers, layer.Dense{Units: 1 << 15})
	}
	if _, err := on(0).Sequential(layers...); err == nil || !strings.Contains(err.Error(), "64 GiB") {
		t.Errorf("error is %v", err)
	}
}

func TestNames(t *testing.T) {
	m := must(on(0).Sequential(
		layer.Input{Shape: []int{4}}, layer.Dense{Units: 2}, layer.Dense{Units: 2, Name: "dense_1"}, &layer.Dense{Units: 2}, layer.Activate{Activation: layer.Tanh},
	))
	var names []string
	for _, l := range m.Layers() {
		names = append(names, l.Name())
	}
	if want := []string{"dense", "dense_1", "dense_2", "activation"}; !slices.Equal(names, want) {
		t.Errorf("names are %v, want %v", names, want)
	}
}

func TestSeeds(t *testing.T) {
	a, b, c := smallModel(t, 1), smallModel(t, 1), smallModel(t, 2)
	sameWeights(t, a, b)
	if bytes.Equal(a.Weights()[0].Raw(), c.Weights()[0].Raw()) {
		t.Error("seeds 1 and 2 give the same weights")
	}
	fit(t, c, barsData(8, 4, 1), FitOptions{})
	if err := c.Initialize(1); err != nil {
		t.Fatal(err)
	}
	sameWeights(t, a, c)
	// The masks of Dropout and the optimizer start over, too.
	fit(t, a, barsData(8, 4, 1), FitOptions{})
	fit(t, c, barsData(8, 4, 1), FitOptions{})
	sameWeights(t, a, c)
}

func TestCompileMistakes(t *testing.T) {
	net := func(last layer.Layer) *Model {
		return must(on(1).Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 3, Name: "hidden"}, last))
	}
	softmax, sigmoid, units1 := layer.Dense{Units: 3, Activation: layer.Softmax}, layer.Dense{Units: 3, Activation: layer.Sigmoid}, layer.Dense{Units: 1}
	categorical := CompileOptions{Loss: loss.CategoricalCrossentropy{}}
	for name, c := range map[string]struct {
		last layer.Layer
		c    CompileOptions
		want string
	}{
		"no loss":                  {softmax, CompileOptions{}, "no loss"},
		"categorical, 1 unit":      {units1, categorical, "a unit for each class"},
		"categorical of sigmoid":   {sigmoid, categorical, "layer.Softmax"},
		"softmax of 1 unit":        {layer.Dense{Units: 1, Activation: layer.Softmax}, CompileOptions{Loss: loss.BinaryCrossentropy{}}, "always 1"},
		"logits after softmax":     {softmax, CompileOptions{Loss: loss.CategoricalCrossentropy{FromLogits: true}}, "takes logits"},
		"probabilities of a relu":  {layer.Dense{Units: 3, Activation: layer.ReLU}, categorical, "takes probabilities"},
		"probabilities of nothing": {layer.Dense{Units: 3}, categorical, "has no activation"},
		"binary, of nothing":       {units1, CompileOptions{Loss: loss.BinaryCrossentropy{}}, "has no activation"},
		"equal metrics":            {softmax, CompileOptions{Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{metric.Accuracy{Name: "a_1"}, metric.Accuracy{Name: "a"}, metric.Accuracy{Name: "a"}}}, `"a_1" is taken`},
		"nil metric":               {softmax, CompileOptions{Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{nil}}, "metric 0 is nil"},
		"a metric named val_loss":  {softmax, CompileOptions{Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{metric.Accuracy{Name: "val_loss"}}}, `the name "val_loss", which is the name of loss in the validation`},
		"a metric of no loss":      {softmax, CompileOptions{Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{metric.Loss{}}}, "Of is not set, want a loss"},
		"a metric named loss":      {softmax, CompileOptions{Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{metric.Accuracy{Name: "loss"}}}, `"loss" is taken`},
		"learning rate":            {softmax, CompileOptions{Loss: loss.CategoricalCrossentropy{}, Optimizer: optimizer.SGD{LearningRate: -1}}, "LearningRate is -1"},
		"smoothing":                {softmax, CompileOptions{Loss: loss.CategoricalCrossentropy{LabelSmoothing: 2}}, "LabelSmoothing is 2"},
	} {
		m := net(c.last)
		if err := m.Compile(c.c); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", name, err, c.want)
		}
		if _, ok := m.Compiled(); ok || len(m.store.Variables()) != 4 {
			t.Errorf("%s: left %d variables", name, len(m.store.Variables()))
		}
	}
}

// A model is unchanged if Compile fails. If it succeeds, the model has a new optimizer.
func TestCompileAgain(t *testing.T) {
	m := smallModel(t, 1)
	fit(t, m, barsData(8, 4, 1), FitOptions{})
	n := len(m.store.Variables())
	if err := m.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}, Optimizer: optimizer.SGD{LearningRate: -1}}); err == nil {
		t.Fatal("no error")
	}
	if got := len(m.store.Variables()); got != n {
		t.Errorf("%d variables, want %d as before", got, n)
	}
	fit(t, m, barsData(8, 4, 1), FitOptions{})
	before := m.Weights()
	if err := m.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}, Optimizer: optimizer.SGD{LearningRate: .5}}); err != nil {
		t.Fatal(err)
	}
	unchanged(t, m, before)
	if rate := must(m.LearningRate()); rate != .5 {
		t.Errorf("learning rate is %v, want .5", rate)
	}
	if v := m.store.Lookup("optimizer/conv2d/kernel_velocity"); v != nil {
		t.Error("RMSprop's slots are still there")
	}
	for _, rate := range []float64{0, -1} {
		if err := m.SetLearningRate(rate); err == nil {
			t.Errorf("learning rate %v: no error", rate)
		}
	}
}

func TestFrozen(t *testing.T) {
	m := must(on(1).Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 3, Frozen: true}, layer.Dense{Units: 2, Activation: layer.Softmax, Frozen: true}))
	if err := m.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fit(t.Context(), barsData(8, 4, 1), FitOptions{}); err == nil || !strings.Contains(err.Error(), "nothing to train") {
		t.Errorf("error is %v", err)
	}
}

func TestSetWeights(t *testing.T) {
	m, n := smallModel(t, 1), smallModel(t, 2)
	if err := m.SetWeights(n.Weights()); err != nil {
		t.Fatal(err)
	}
	sameWeights(t, m, n)
	w := n.Weights()
	if err := m.SetWeights(w[1:]); err == nil {
		t.Error("too few: no error")
	}
	if err := m.SetWeights(make([]*tensor.Tensor, len(w))); err == nil {
		t.Error("nil tensors: no error")
	}
	if err := new(Model).Compile(CompileOptions{Loss: loss.MeanSquaredError{}}); err == nil || !strings.Contains(err.Error(), "no layers") {
		t.Errorf("a model of nothing: error is %v", err)
	}
	w[0], w[1] = w[1], w[0]
	if err := m.SetWeights(w); err == nil || !strings.Contains(err.Error(), "conv2d/kernel") || !strings.Contains(err.Error(), "conv2d/bias") {
		t.Errorf("in the wrong order: error is %v", err)
	}
	sameWeights(t, m, n)
}

// TestFunctionAsLayer checks that an activation function may stand for a layer.
func TestFunctionAsLayer(t *testing.T) {
	m, err := Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 3}, layer.ReLU)
	if err != nil {
		t.Fatal(err)
	}
	if l := m.Layers()[1]; l.Class() != "Activation" || l.Name() != "activation" || layer.ConfigOf(l)["activation"] != "relu" {
		t.Errorf("got %s %s %v", l.Class(), l.Name(), layer.ConfigOf(l))
	}
}
