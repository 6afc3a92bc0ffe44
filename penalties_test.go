package lince_test

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/internal/testenv"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// regularized is the network of internal/golden/regularized.py.
func regularized(t *testing.T) *lince.Model {
	t.Helper()
	m, err := lince.Sequential(
		layer.Input{Shape: []int{6, 5, 2}},
		layer.Conv2D{
			Filters: 4, Kernel: layer.Size{3, 3}, Activation: layer.Tanh, Name: "conv",
			KernelRegularizer: regularizer.L2{L2: new(.05)}, KernelConstraint: constraint.MaxNorm{MaxValue: .75, Axis: constraint.Axis{0, 1, 2}},
			BiasConstraint: constraint.NonNeg{}, ActivityRegularizer: regularizer.L1{},
		},
		layer.BatchNormalization{
			Name: "norm", GammaRegularizer: regularizer.L2{}, BetaRegularizer: regularizer.L1{L1: new(.02)},
			GammaConstraint: constraint.MinMaxNorm{MinValue: .1, MaxValue: 1.5, Rate: .5},
		},
		layer.SeparableConv2D{
			Filters: 3, Kernel: layer.Size{2, 2}, Name: "separable",
			DepthwiseRegularizer: regularizer.L1L2{L1: .01, L2: .02}, PointwiseRegularizer: regularizer.L2{},
			DepthwiseConstraint: constraint.UnitNorm{Axis: constraint.Axis{0, 1}}, PointwiseConstraint: constraint.MaxNorm{Axis: constraint.Axis{2}},
		},
		layer.Flatten{},
		layer.ActivityRegularization{L1: .002, L2: .004},
		layer.Dense{
			Units: 5, Activation: layer.ReLU, Name: "hidden",
			KernelRegularizer: regularizer.OrthogonalRegularizer{Factor: new(.5), Mode: regularizer.Columns}, BiasRegularizer: regularizer.L1{},
		},
		layer.Dense{
			Units: 5, Activation: layer.Tanh, Name: "frozen", Frozen: true,
			KernelRegularizer: regularizer.L2{L2: new(1.)}, KernelConstraint: constraint.UnitNorm{}, ActivityRegularizer: regularizer.L2{},
		},
		layer.Dense{Units: 2, Activation: layer.Softmax, Name: "last", KernelConstraint: constraint.MaxNorm{MaxValue: 1}},
	)
	if err != nil {
		t.Fatal(err)
	}
	var weights []*tensor.Tensor
	for i, v := range m.Variables() {
		lo, hi := -.5, .5
		if strings.HasSuffix(v.Path(), "variance") || strings.HasSuffix(v.Path(), "gamma") {
			lo, hi = .5, 1.5
		}
		weights = append(weights, graphtest.Formula(10+i, lo, hi, v.Shape()...))
	}
	if err := m.SetWeights(weights); err != nil {
		t.Fatal(err)
	}
	return m
}

// oneHot returns targets of two classes.
func oneHot(n int, class func(i int) int) *tensor.Tensor {
	y := tensor.New(tensor.Float32, n, 2)
	for i := range n {
		y.Float32s()[2*i+class(i)] = 1
	}
	return y
}

// regularizedResults is what internal/golden/regularized.py writes.
type regularizedResults struct {
	Loss     []float64   `json:"loss"`
	ValLoss  []float64   `json:"val_loss"`
	Weights  [][]float32 `json:"weights"`
	Evaluate float64     `json:"evaluate"`
}

func readRegularized(t *testing.T, path string) (r regularizedResults) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// compileRegularized compiles the network as the script does.
func compileRegularized(t *testing.T, m *lince.Model) {
	t.Helper()
	err := m.Compile(lince.CompileOptions{
		Optimizer: optimizer.SGD{LearningRate: .05, Momentum: .9}, Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{metric.Accuracy{}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// trainRegularized trains and evaluates the network as the script does.
func trainRegularized(t *testing.T, m *lince.Model) (r regularizedResults) {
	t.Helper()
	train, err := data.Tensors(graphtest.Formula(1, -1, 1, 11, 6, 5, 2), oneHot(11, func(i int) int { return i % 2 }),
		data.TensorOptions{BatchSize: 4, NoShuffle: true, Weights: graphtest.Formula(2, .5, 1.5, 11)})
	if err != nil {
		t.Fatal(err)
	}
	validation, err := data.Tensors(graphtest.Formula(3, -1, 1, 7, 6, 5, 2), oneHot(7, func(i int) int { return i % 3 / 2 }),
		data.TensorOptions{BatchSize: 3, NoShuffle: true})
	if err != nil {
		t.Fatal(err)
	}
	h, err := m.Fit(t.Context(), train, lince.FitOptions{Epochs: 4, Validation: validation, Verbose: lince.Silent})
	if err != nil {
		t.Fatal(err)
	}
	logs, err := m.Evaluate(t.Context(), train, lince.EvaluateOptions{Verbose: lince.Silent})
	if err != nil {
		t.Fatal(err)
	}
	r = regularizedResults{Loss: h.Values("loss"), ValLoss: h.Values("val_loss")}
	r.Evaluate, _ = logs.Get("loss")
	for _, w := range m.Weights() {
		r.Weights = append(r.Weights, w.Float32s())
	}
	return r
}

// compare expects the logged losses and the final weights to be those of Keras.
func (r regularizedResults) compare(t *testing.T, want regularizedResults) {
	t.Helper()
	losses := func(r regularizedResults) []float64 { return slices.Concat(r.Loss, r.ValLoss, []float64{r.Evaluate}) }
	got := losses(r)
	for i, w := range losses(want) {
		if !graphtest.Near(got[i], w, 1e-5, 0) {
			t.Errorf("loss %d is %v, want %v", i, got[i], w)
		}
	}
	for i, w := range want.Weights {
		for j, v := range w {
			if !graphtest.Near(float64(r.Weights[i][j]), float64(v), 1e-4, 1e-5) {
				t.Errorf("weight %d: element %d is %v, want %v", i, j, r.Weights[i][j], v)
				break
			}
		}
	}
}

// TestPenaltiesAsKeras trains a network with regularizers and constraints on weighted examples as Keras did.
func TestPenaltiesAsKeras(t *testing.T) {
	m := regularized(t)
	compileRegularized(t, m)
	if memory, err := m.TrainingMemory(4); err != nil || memory.Activations == 0 {
		t.Errorf("memory: %+v, %v", memory, err)
	}
	trainRegularized(t, m).compare(t, readRegularized(t, filepath.Join("testdata", "training", "regularized.json")))
}

// TestPenaltiesInFiles trains a file of real Keras that has regularizers and constraints, and lets Keras train a file of
// lince. Both must give the losses and weights of the golden file.
func TestPenaltiesInFiles(t *testing.T) {
	folder := t.TempDir()
	want := readRegularized(t, filepath.Join("testdata", "training", "regularized.json"))
	theirs, ours := filepath.Join(folder, "keras.keras"), filepath.Join(folder, "lince.keras")
	testenv.Python(t, "regularized.py", "save", theirs)
	trainRegularized(t, openKnown(t, theirs)).compare(t, want)
	m := regularized(t)
	compileRegularized(t, m)
	if err := m.Save(ours); err != nil {
		t.Fatal(err)
	}
	testenv.Python(t, "regularized.py", "train", ours)
	readRegularized(t, ours+".json").compare(t, want)
}

// loud is a custom layer with a loss.
type loud struct {
	Name string `keras:"name,omitempty"`
}

func (l loud) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	b.AddLoss(b.Square(b.Scale(x, .5))) // its sum
	return x
}

// TestAddLoss checks that the loss of a custom layer is in the logs and has a gradient, and that predictions do not
// compute it.
func TestAddLoss(t *testing.T) {
	m, err := lince.Sequential(layer.Input{Shape: []int{2}}, layer.Dense{Units: 2, KernelInitializer: initializer.Ones{}}, loud{})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Compile(lince.CompileOptions{Optimizer: optimizer.SGD{LearningRate: 1}, Loss: loss.MeanSquaredError{}}); err != nil {
		t.Fatal(err)
	}
	ds, err := data.Tensors(tensor.Of([]float32{1, 0, 0, 0}, 2, 2), tensor.Of([]float32{1, 1, 0, 0}, 2, 2), data.TensorOptions{BatchSize: 2, NoShuffle: true})
	if err != nil {
		t.Fatal(err)
	}
	h, err := m.Fit(t.Context(), ds, lince.FitOptions{Verbose: lince.Silent})
	if err != nil {
		t.Fatal(err)
	}
	// The result is [[1, 1], [0, 0]], so that the mean squared error is 0. The loss of the layer is 2*(1/2)^2, and its
	// gradient with respect to the first row of the kernel is 1/2.
	if got := h.Values("loss")[0]; got != .5 {
		t.Errorf("loss %v, want 0.5", got)
	}
	if got := m.Weights()[0].Float32s(); got[0] != .5 || got[1] != .5 || got[2] != 1 || got[3] != 1 {
		t.Errorf("kernel %v, want [0.5 0.5 1 1]", got)
	}
}

// half is a custom regularizer, and box a custom constraint.
type half struct {
	Factor float64 `keras:"factor,required,above=0"`
}

func (r half) Penalty(b *graph.Builder, x *graph.Value) *graph.Value {
	return b.Scale(b.Sum(b.Square(x)), r.Factor/2)
}

type box struct {
	Side float64 `keras:"side,required,above=0"`
}

func (c box) Project(b *graph.Builder, w *graph.Value) *graph.Value {
	return b.Clip(w, -c.Side, c.Side)
}

// TestCustomPenalties saves a model with a custom regularizer and a custom constraint. Opened with Options, it must train to
// the same bits. Opened without, it must predict and refuse to train.
func TestCustomPenalties(t *testing.T) {
	m, err := lince.Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 2, KernelRegularizer: half{.5}, BiasRegularizer: regularizer.L2{}, KernelConstraint: box{.25}})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Compile(lince.CompileOptions{Optimizer: optimizer.Adam{LearningRate: .1}, Loss: loss.MeanSquaredError{}}); err != nil {
		t.Fatal(err)
	}
	file := saved(t, m)
	ds, err := data.Tensors(graphtest.Formula(1, 0, 1, 6, 4), graphtest.Formula(2, 0, 1, 6, 2), data.TensorOptions{BatchSize: 3})
	if err != nil {
		t.Fatal(err)
	}
	train := func(m *lince.Model) error {
		_, err := m.Fit(t.Context(), ds, lince.FitOptions{Epochs: 2, Verbose: lince.Silent})
		return err
	}
	if err := train(m); err != nil {
		t.Fatal(err)
	}
	for _, w := range m.Weights()[0].Float32s() {
		if math.Abs(float64(w)) > .25 {
			t.Errorf("the kernel has %v, want at most 0.25", w)
		}
	}
	custom := lince.Options{
		Regularizers: map[string]lince.RegularizerDecoder{"half": regularizer.FromConfig[half]},
		Constraints:  map[string]lince.ConstraintDecoder{"box": constraint.FromConfig[box]},
	}
	again, err := custom.Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if err := train(again); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Weights()[0].Raw(), m.Weights()[0].Raw()) {
		t.Error("the opened model trains to other weights")
	}
	plain, err := lince.Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if err := train(plain); err == nil || !strings.Contains(err.Error(), `layer dense: kernel_constraint {"class_name":"box"`) || !strings.Contains(err.Error(), `layer dense: kernel_regularizer {"class_name":"half"`) {
		t.Errorf("training without the classes: %v", err)
	}
	custom.Constraints["box"] = func(json.RawMessage) (constraint.Constraint, error) { return nil, os.ErrInvalid }
	if _, err := custom.Read(bytes.NewReader(file), int64(len(file))); err == nil || !strings.Contains(err.Error(), "layer dense (Dense): kernel_constraint: invalid argument") {
		t.Errorf("a decoder that fails: %v", err)
	}
}

// nothing is a regularizer and a constraint whose results are invalid.
type nothing struct {
	v func(*graph.Builder) *graph.Value
}

func (n nothing) Penalty(b *graph.Builder, _ *graph.Value) *graph.Value { return n.v(b) }
func (n nothing) Project(b *graph.Builder, _ *graph.Value) *graph.Value { return n.v(b) }

// TestPenaltyMistakes compiles models whose regularizers and constraints do not fit their weights.
func TestPenaltyMistakes(t *testing.T) {
	vector := func(b *graph.Builder) *graph.Value { return b.Input("v", tensor.Float32, 3) }
	none := func(*graph.Builder) *graph.Value { return nil }
	for _, c := range []struct {
		layer layer.Layer
		want  string
	}{
		{layer.Conv2D{Filters: 2, Kernel: layer.Size{2, 2}, KernelRegularizer: regularizer.OrthogonalRegularizer{}}, "compiling: regularizer of it/kernel: OrthogonalRegularizer: got shape (2, 2, 1, 2), want a matrix of known size"},
		{layer.Conv2D{Filters: 2, Kernel: layer.Size{2, 2}, BiasConstraint: constraint.MaxNorm{Axis: constraint.Axis{1}}}, "compiling: constraint of it/bias: MaxNorm: Axis has 1, but the weight has shape (2,)"},
		{layer.Conv2D{Filters: 2, Kernel: layer.Size{2, 2}, BiasRegularizer: nothing{none}}, "compiling: regularizer of it/bias: there is no valid result, and no error; call Errorf to report what is wrong"},
		{layer.Conv2D{Filters: 2, Kernel: layer.Size{2, 2}, BiasRegularizer: nothing{vector}}, "compiling: regularizer of it/bias: the result is float32 (3,), want float32 ()"},
		{layer.Conv2D{Filters: 2, Kernel: layer.Size{2, 2}, BiasConstraint: nothing{vector}}, "compiling: constraint of it/bias: the result is float32 (3,), want float32 (2,)"},
	} {
		conv := c.layer.(layer.Conv2D)
		conv.Name = "it"
		m, err := lince.Sequential(layer.Input{Shape: []int{3, 3, 1}}, conv)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Compile(lince.CompileOptions{Loss: loss.MeanSquaredError{}}); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	// Mistakes in fields are reported when the model is made.
	_, err := lince.Sequential(layer.Input{Shape: []int{3}}, layer.Dense{Units: 2, KernelRegularizer: regularizer.L2{L2: new(-1.)}, BiasConstraint: constraint.MaxNorm{MaxValue: -1}})
	want := "layer 1 (Dense dense): KernelRegularizer: L2 is -1, want a number greater than or equal to 0\nlayer 1 (Dense dense): BiasConstraint: MaxValue is -1, want a number greater than 0"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	b := graph.NewBuilder(graph.NewStore(), true)
	b.AddLoss(b.Input("x", tensor.Int32, 3))
	b.AddLoss(graph.List(b.Constant(tensor.Float32, 1)))
	b.AddLoss(b.Invalid())
	if got, want := b.Err().Error(), "AddLoss: got numbers of type int32, want floating-point numbers\nAddLoss: got a list of 1 values, want one value"; got != want || len(b.Losses()) != 0 {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestPenaltiesAndFusion trains a dense layer that is large enough for the fusion of its update with the product that gives its
// gradient. A penalty adds to the gradient, and a constraint applies after the update.
func TestPenaltiesAndFusion(t *testing.T) {
	const features, units = 512, 256
	x, y := graphtest.Formula(1, -1, 1, 8, features), graphtest.Formula(2, -1, 1, 8, units)
	ds, err := data.Tensors(x, y, data.TensorOptions{BatchSize: 8, NoShuffle: true})
	if err != nil {
		t.Fatal(err)
	}
	start := graphtest.Formula(3, -.1, .1, features, units)
	train := func(l layer.Dense, rate float64) []float32 {
		l.Units, l.NoBias = units, true
		m, err := lince.Sequential(layer.Input{Shape: []int{features}}, l)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.SetWeights([]*tensor.Tensor{start}); err != nil {
			t.Fatal(err)
		}
		if err := m.Compile(lince.CompileOptions{Optimizer: optimizer.SGD{LearningRate: rate}, Loss: loss.MeanSquaredError{}}); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Fit(t.Context(), ds, lince.FitOptions{Verbose: lince.Silent}); err != nil {
			t.Fatal(err)
		}
		return m.Weights()[0].Float32s()
	}
	plain := train(layer.Dense{}, 1)
	l2 := train(layer.Dense{KernelRegularizer: regularizer.L2{L2: new(.125)}}, 1)
	for i, w := range start.Float32s() {
		if want := plain[i] - .25*w; !graphtest.Near(float64(l2[i]), float64(want), 0, 1e-6) {
			t.Fatalf("with L2, weight %d is %v, want %v", i, l2[i], want)
		}
	}
	limited := train(layer.Dense{KernelConstraint: constraint.MaxNorm{MaxValue: .5}}, 1)
	for u := range units {
		norm := 0.
		for f := range features {
			norm += float64(plain[f*units+u]) * float64(plain[f*units+u])
		}
		scale := min(math.Sqrt(norm), .5) / (math.Sqrt(norm) + 1e-7)
		for f := range features {
			if want := scale * float64(plain[f*units+u]); !graphtest.Near(float64(limited[f*units+u]), want, 1e-5, 1e-7) {
				t.Fatalf("with MaxNorm, weight %d of unit %d is %v, want %v", f, u, limited[f*units+u], want)
			}
		}
	}
}
