package optimizer_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/optimizer/schedule"
	"github.com/lince-ml/lince/tensor"
)

// model returns a graph of one step that updates the weights with the gradients that are its inputs.
func model(t *testing.T, o optimizer.Optimizer, paths []string, weights ...*tensor.Tensor) *graphtest.Model {
	m := graphtest.New(t, true, weights, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		var w, g []*graph.Value
		for i, x := range weights {
			w = append(w, b.Variable(graph.Variable{
				Path: paths[i], Type: op.Type{DType: tensor.Float32, Shape: x.Shape()}, Role: graph.Weight,
			}))
			g = append(g, b.Reshape(in[i], x.Shape()...)) // the inputs have any number of rows
		}
		o.Build(b.In("optimizer", "optimizer"), w, g)
		return nil
	})
	for i, w := range weights {
		if err := m.Store.Set(m.Store.Variables()[i], w); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// kept lists the optimizer's variables in the order of a file.
func kept(m *graphtest.Model) (vars []*graph.Variable) {
	for _, v := range m.Store.Variables() {
		if v.Role == graph.Hyper || v.Role == graph.Slot {
			vars = append(vars, v)
		}
	}
	return vars
}

// golden is a row of optimizers.json.
type golden struct {
	Class     string
	Config    map[string]any
	Paths     []string
	Shapes    [][]int
	Steps     [][]float64
	Variables [][]float64
	Names     []string
	Exclude   []string
	Infinite  *int // the step in which a gradient is infinite
}

// numbers returns the elements of a variable.
func numbers(v *graph.Variable) (list []float64) {
	switch v.DType {
	case tensor.Int64:
		for _, x := range tensor.Values[int64](v.Value()) {
			list = append(list, float64(x))
		}
	case tensor.Int32:
		for _, x := range tensor.Values[int32](v.Value()) {
			list = append(list, float64(x))
		}
	default:
		for _, x := range v.Value().Float32s() {
			list = append(list, float64(x))
		}
	}
	return list
}

// tolerance is how far lince's numbers may be from Keras', relative to a number and for numbers about 0.
const tolerance = 1e-6

func TestAgainstKeras(t *testing.T) {
	var cases []golden
	graphtest.Golden(t, "optimizers", &cases)
	seen := map[string]bool{}
	for i, c := range cases {
		seen[c.Class] = true
		t.Run(fmt.Sprintf("%d/%s", i, c.Class), c.run)
	}
	for _, class := range optimizer.Classes() {
		if !seen[class] {
			t.Errorf("%s has no row in internal/golden/optimizers.py", class)
		}
	}
}

func (c golden) run(t *testing.T) {
	o, err := optimizer.Decode(c.Class, c.Config)
	if err != nil {
		t.Fatal(err)
	}
	o = optimizer.WithExcluded(o, c.Exclude)
	var weights []*tensor.Tensor
	for i, s := range c.Shapes {
		weights = append(weights, graphtest.Formula(1+i, -2, 2, s...))
	}
	m := model(t, o, c.Paths, weights...)
	for step, want := range c.Steps {
		var grads []*tensor.Tensor
		for i, s := range c.Shapes {
			grads = append(grads, graphtest.Formula(10+4*step+i, -1, 1, s...))
		}
		if c.Infinite != nil && step == *c.Infinite {
			grads[0].Float32s()[1] = float32(math.Inf(1))
		}
		m.Run(t, grads...)
		var got []float32
		for _, v := range m.Store.Variables()[:len(weights)] {
			got = append(got, v.Value().Float32s()...)
		}
		for j := range want {
			if !graphtest.Near(float64(got[j]), want[j], tolerance, tolerance) {
				t.Errorf("weight %d is %v after step %d, want %v", j, got[j], step, want[j])
			}
		}
	}
	vars := kept(m)
	if len(vars) != len(c.Variables) {
		t.Fatalf("keeps %d variables, want %d", len(vars), len(c.Variables))
	}
	for j, v := range vars {
		if !strings.HasSuffix(v.Path, suffix(c.Names[j])) {
			t.Errorf("variable %d is %s, want %s", j, v.Path, c.Names[j])
		}
		got := numbers(v)
		if len(got) != len(c.Variables[j]) {
			t.Errorf("%s has %d elements, want %d", v.Path, len(got), len(c.Variables[j]))
			continue
		}
		for k, want := range c.Variables[j] {
			if !graphtest.Near(got[k], want, 2*tolerance, 1e-7) {
				t.Errorf("%s, element %d is %v, want %v", v.Path, k, got[k], want)
			}
		}
	}
}

// suffix returns the kind of a variable, the last part of its name in Keras. It is empty for variables to which Keras
// gives no separate name: Adafactor's sums and Nadam's product.
func suffix(name string) string {
	for _, s := range []string{
		"_velocity_hat", "_velocity", "_momentum", "_average_gradient", "_average", "_gradient_accumulator", "_norm", "_accumulator",
		"_linear", "_accumulated_grad", "_accumulated_delta_var", "iteration", "learning_rate", "step_counter", "dynamic_scale",
	} {
		if strings.HasSuffix(name, s) {
			return s
		}
	}
	return ""
}

// TestRMSpropKnownValues compares with numbers of Keras that have more digits than the golden file.
func TestRMSpropKnownValues(t *testing.T) {
	grads := [][]float32{{.1, -.2}, {.3, .4}, {0, 1}}
	for _, c := range []struct {
		o    optimizer.RMSprop
		want [][2]float64
	}{
		{optimizer.RMSprop{}, [][2]float64{{.99683785, 2.00316215}, {.99382275, 2.00030494}, {.99382275, 1.99738932}}},
		{optimizer.RMSprop{LearningRate: .01, Momentum: .9, Centered: true}, [][2]float64{{.96666855, 2.03333282}, {.90389675, 2.03440166}, {.84740210, 2.00424814}}},
	} {
		m := model(t, c.o, []string{"w"}, tensor.Of([]float32{1, 2}, 2))
		for i, g := range grads {
			m.Run(t, tensor.Of(g, 2))
			for j, got := range m.Store.Variables()[0].Value().Float32s() {
				if !graphtest.Near(float64(got), c.want[i][j], 2e-7, 0) {
					t.Errorf("%+v: weight %d is %v after step %d, want %v", c.o, j, got, i, c.want[i][j])
				}
			}
		}
	}
}

func TestTraining(t *testing.T) {
	for _, o := range []optimizer.Optimizer{
		optimizer.SGD{LearningRate: .1}, optimizer.SGD{LearningRate: .02, Momentum: .9, Nesterov: true, GlobalClipNorm: 1},
		optimizer.RMSprop{LearningRate: .02}, optimizer.RMSprop{LearningRate: .01, Centered: true, Momentum: .5, ClipValue: .5},
		optimizer.Adam{LearningRate: .05}, optimizer.Adam{LearningRate: .05, AMSGrad: true, WeightDecay: .001, ClipNorm: 1},
		optimizer.AdamW{LearningRate: .05, WeightDecay: new(.001)}, optimizer.Adamax{LearningRate: .1}, optimizer.Nadam{LearningRate: .05},
		optimizer.Adagrad{LearningRate: .5}, optimizer.Adadelta{LearningRate: 30}, optimizer.Lion{Schedule: schedule.PolynomialDecay{InitialLearningRate: .03, DecaySteps: 300}}, optimizer.Ftrl{LearningRate: 1},
		optimizer.Lamb{Schedule: schedule.PolynomialDecay{InitialLearningRate: .05, DecaySteps: 300}}, optimizer.Adafactor{LearningRate: .1}, optimizer.Muon{LearningRate: .05, WeightDecay: new(.001)},
		optimizer.ScheduleFreeAdamW{LearningRate: .1}, optimizer.LossScaleOptimizer{Inner: optimizer.Adam{LearningRate: .05}},
		optimizer.SGD{Schedule: schedule.CosineDecay{InitialLearningRate: .3, DecaySteps: 300}, GradientAccumulationSteps: 2, UseEMA: true, EMAMomentum: new(.5), EMAOverwriteFrequency: 5},
	} {
		x := graphtest.Formula(1, -1, 1, 6, 3)
		m := graphtest.New(t, true, []*tensor.Tensor{x}, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
			w := b.Variable(graph.Variable{Path: "w", Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{3, 1}}, Role: graph.Weight})
			want := b.Sum(b.Mul(in[0], b.Op(op.Const{Value: tensor.Of([]float32{1, -2, .5}, 3)})), 1)
			loss := b.Mean(b.Square(b.Sub(b.MatMul(in[0], w), b.Reshape(want, -1, 1))))
			o.Build(b.In("optimizer", "optimizer"), []*graph.Value{w}, graph.Grad(b, loss, w))
			return []*graph.Value{loss}
		})
		first := m.Run(t, x)[0].Float32s()[0]
		for range 300 {
			m.Run(t, x)
		}
		if last := m.Run(t, x)[0].Float32s()[0]; !(last < first/100) {
			t.Errorf("%+v: loss went from %v to %v", o, first, last)
		}
		count := m.Store.Lookup("optimizer/iteration")
		if inner := m.Store.Lookup("optimizer/inner_optimizer/iteration"); inner != nil {
			count = inner
		}
		if n := tensor.Values[int64](count.Value())[0]; n != 302 {
			t.Errorf("%+v: %d iterations, want 302", o, n)
		}
	}
}

func TestBuildMistakes(t *testing.T) {
	for _, c := range []struct {
		o    optimizer.Optimizer
		want string
	}{
		{optimizer.SGD{LearningRate: -1, Momentum: 1}, "LearningRate is -1, want a number greater than 0\nMomentum is 1, want a number greater than or equal to 0 and less than 1"},
		{optimizer.SGD{LearningRate: math.NaN(), WeightDecay: -1}, "LearningRate is NaN, want a number greater than 0\nWeightDecay is -1, want a number greater than or equal to 0"},
		{optimizer.RMSprop{Rho: new(1.5), Epsilon: new(-1.), ClipNorm: math.Inf(1)}, "Rho is 1.5, want a number greater than or equal to 0 and less than 1\nEpsilon is -1, want a number greater than or equal to 0\nClipNorm is +Inf, want a number greater than or equal to 0"},
		{optimizer.Adam{Beta1: new(-.1), Beta2: new(1.), ClipNorm: 1, ClipValue: 1}, "Beta1 is -0.1, want a number greater than or equal to 0 and less than 1\nBeta2 is 1, want a number greater than or equal to 0 and less than 1\nmore than one of ClipNorm, GlobalClipNorm and ClipValue is set, want at most one"},
		{optimizer.AdamW{LearningRate: 1, Schedule: schedule.CosineDecay{DecaySteps: 1, InitialLearningRate: -1}, ExcludeFromWeightDecay: []string{"("}, GradientAccumulationSteps: 1},
			"Schedule: InitialLearningRate is -1, want a number greater than or equal to 0\nGradientAccumulationSteps is 1, want 0 or at least 2\nLearningRate and Schedule are both set, want one of them\nExcludeFromWeightDecay: \"(\" is not a regular expression: error parsing regexp: missing closing ): `(`"},
		{optimizer.Muon{ExcludeLayers: []string{"a", "*"}}, "ExcludeLayers: \"*\" is not a regular expression: error parsing regexp: missing argument to repetition operator: `*`"},
		{optimizer.LossScaleOptimizer{}, "Inner is not set"},
		{optimizer.LossScaleOptimizer{Inner: optimizer.SGD{LossScaleFactor: 2}}, "the Inner optimizer has a LossScaleFactor, want 0: the loss is scaled already"},
		{optimizer.LossScaleOptimizer{Inner: optimizer.LossScaleOptimizer{Inner: optimizer.SGD{}}}, "the Inner optimizer is also a LossScaleOptimizer, want another class"},
		{optimizer.LossScaleOptimizer{Inner: optimizer.SGD{Momentum: 2}, InitialScale: -1}, "InitialScale is -1, want a number greater than 0"},
		{optimizer.LossScaleOptimizer{Inner: optimizer.SGD{Momentum: 2}}, "Momentum is 2, want a number greater than or equal to 0 and less than 1"},
	} {
		b := graph.NewBuilder(graph.NewStore(), true)
		w := b.Variable(graph.Variable{Path: "w", Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{2}}})
		c.o.Build(b.In("optimizer", "optimizer"), []*graph.Value{w}, []*graph.Value{w})
		err := b.Err()
		if want := "optimizer: " + strings.ReplaceAll(c.want, "\n", "\noptimizer: "); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	for _, o := range all {
		b := graph.NewBuilder(graph.NewStore(), true)
		o.Build(b.In("optimizer", "optimizer"), nil, nil)
		if err := b.Err(); err == nil || err.Error() != "optimizer: there are no weights to train: all layers are frozen or have no weights" {
			t.Error(err)
		}
		b = graph.NewBuilder(graph.NewStore(), true)
		w := b.In("dense", "").Variable(graph.Variable{Path: "kernel", Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{2}}})
		o.Build(b.In("optimizer", "optimizer"), []*graph.Value{w}, []*graph.Value{nil})
		if err := b.Err(); err == nil || err.Error() != "optimizer: the loss does not depend on any of the weights: dense/kernel, ..." {
			t.Error(err)
		}
	}
}

var all = []optimizer.Optimizer{
	optimizer.SGD{}, optimizer.SGD{LearningRate: .5, Momentum: .9, Nesterov: true, WeightDecay: 1, ClipNorm: 2},
	optimizer.RMSprop{}, optimizer.RMSprop{LearningRate: 2, Rho: new(0.), Momentum: .5, Epsilon: new(0.), Centered: true, GlobalClipNorm: 1},
	optimizer.Adam{}, optimizer.Adam{LearningRate: .25, Beta1: new(0.), Beta2: new(.5), Epsilon: new(1.), AMSGrad: true, ClipValue: 3},
	optimizer.AdamW{}, optimizer.AdamW{WeightDecay: new(0.), UseEMA: true, EMAMomentum: new(0.), EMAOverwriteFrequency: 3},
	optimizer.Adadelta{}, optimizer.Adadelta{Rho: new(0.), Epsilon: new(0.), LossScaleFactor: 8},
	optimizer.Adafactor{}, optimizer.Adafactor{Beta2Decay: new(0.), Epsilon1: new(0.), Epsilon2: new(0.), ClipThreshold: 2, NoRelativeStep: true},
	optimizer.Adagrad{}, optimizer.Adagrad{InitialAccumulatorValue: new(0.), Epsilon: new(0.), GradientAccumulationSteps: 4},
	optimizer.Adamax{}, optimizer.Adamax{Schedule: schedule.CosineDecay{InitialLearningRate: .1, DecaySteps: 10, WarmupTarget: .5, WarmupSteps: 2}},
	optimizer.Ftrl{}, optimizer.Ftrl{LearningRatePower: new(0.), InitialAccumulatorValue: new(0.), L1RegularizationStrength: 1, L2RegularizationStrength: 2, L2ShrinkageRegularizationStrength: 3, Beta: 4},
	optimizer.Lamb{}, optimizer.Lamb{Schedule: schedule.PiecewiseConstantDecay{Boundaries: []int{1, 5}, Values: []float64{.5, .25, .125}}},
	optimizer.Lion{}, optimizer.Lion{Beta1: 1, Beta2: new(0.)},
	optimizer.LossScaleOptimizer{Inner: optimizer.SGD{}},
	optimizer.LossScaleOptimizer{Inner: optimizer.Adam{Schedule: schedule.ExponentialDecay{InitialLearningRate: 1, DecaySteps: 2, DecayRate: .5}}, InitialScale: 2, DynamicGrowthSteps: 1},
	optimizer.Muon{}, optimizer.Muon{AdamWeightDecay: new(0.), ExcludeLayers: []string{"a", "b.*"}, IncludeEmbeddings: true, NSSteps: new(0), NoNesterov: true, RMSRate: new(0.), AdamLRRatio: 2},
	optimizer.Nadam{}, optimizer.Nadam{Beta1: new(0.), Beta2: new(0.), Epsilon: new(0.)},
	optimizer.ScheduleFreeAdamW{}, optimizer.ScheduleFreeAdamW{Beta1: .5, WarmupSteps: 3},
}

// TestSharedFields checks that all optimizers declare the fields that they share with the same tags. The defaults of the
// learning rate and of the weight decay differ.
func TestSharedFields(t *testing.T) {
	want := reflect.TypeFor[optimizer.SGD]()
	for _, o := range all {
		if typ := reflect.TypeOf(o); typ != reflect.TypeFor[optimizer.LossScaleOptimizer]() {
			for _, name := range []string{
				"Schedule", "ExcludeFromWeightDecay", "ClipNorm", "GlobalClipNorm", "ClipValue", "UseEMA", "EMAMomentum", "EMAOverwriteFrequency",
				"LossScaleFactor", "GradientAccumulationSteps",
			} {
				f, ok := typ.FieldByName(name)
				w, _ := want.FieldByName(name)
				if !ok || f.Type != w.Type || f.Tag != w.Tag {
					t.Errorf("%v.%s is %v with the tag %q, want %v with %q", typ, name, f.Type, f.Tag, w.Type, w.Tag)
				}
			}
			for _, name := range []string{"LearningRate", "WeightDecay"} {
				if _, ok := typ.FieldByName(name); !ok {
					t.Errorf("%v has no %s", typ, name)
				}
			}
		}
	}
}

func TestDecode(t *testing.T) {
	for _, o := range all {
		again, err := optimizer.Decode(optimizer.ClassOf(o), optimizer.ConfigOf(o))
		if err != nil {
			t.Error(err)
			continue
		}
		if d := cmp.Diff(optimizer.ConfigOf(o), optimizer.ConfigOf(again)); d != "" {
			t.Errorf("%s: %s", optimizer.ClassOf(o), d)
		}
	}
	for name, class := range map[string]string{"rmsprop": "RMSprop", "adam": "Adam", "sgd": "SGD", "Adam": "Adam"} {
		if o, err := optimizer.Parse(name); err != nil || optimizer.ClassOf(o) != class {
			t.Errorf("%q: %+v, %v", name, o, err)
		}
	}
	if _, err := optimizer.Parse("rmspro"); err == nil || err.Error() != `there is no optimizer "rmspro"; did you mean rmsprop?` {
		t.Error(err)
	}
	for _, c := range []struct {
		class  string
		config map[string]any
		want   string
	}{
		{"Lian", nil, `there is no optimizer class "Lian"; did you mean Lion?`},
		{"Adam", map[string]any{"learning_rate": 0., "beta_1": 1., "ema_momentum": 2., "gradient_accumulation_steps": 1., "decay": .1}, `optimizer Adam: decay is 0.1: Keras 3 has no such argument, want 0; set Schedule to an InverseTimeDecay with this DecayRate and DecaySteps 1
optimizer Adam: learning_rate is 0, want a number greater than 0
optimizer Adam: beta_1 is 1, want a number greater than or equal to 0 and less than 1
optimizer Adam: ema_momentum is 2, want a number from 0 to 1
optimizer Adam: GradientAccumulationSteps is 1, want 0 or at least 2`},
		{"LossScaleOptimizer", map[string]any{"inner_optimizer": map[string]any{"class_name": "SGD", "config": map[string]any{"momentum": 2.}}}, `optimizer LossScaleOptimizer: inner_optimizer: optimizer SGD: momentum is 2, want a number greater than or equal to 0 and less than 1`},
		{"LossScaleOptimizer", map[string]any{}, `optimizer LossScaleOptimizer: inner_optimizer is missing`},
		{"SGD", map[string]any{"learning_rate": map[string]any{"class_name": "CosineDecay"}, "momentum": "x", "clipnorm": -1.}, `optimizer SGD: learning_rate: learning rate schedule CosineDecay: initial_learning_rate is missing
learning rate schedule CosineDecay: decay_steps is missing
optimizer SGD: momentum is "x", want a number greater than or equal to 0 and less than 1
optimizer SGD: clipnorm is -1, want a number greater than or equal to 0`},
	} {
		if _, err := optimizer.Decode(c.class, c.config); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

// sign is a custom optimizer.
type sign struct {
	optimizer.SGD
	Beta float64 `keras:"beta,min=0,below=1"`
}

func (sign) Class() string { return "Sign" }
func TestCustomOptimizer(t *testing.T) {
	o, err := optimizer.DecodeAs[sign](map[string]any{"beta": .5, "name": "sign", "use_ema": false})
	if err != nil || o.Beta != .5 {
		t.Errorf("got %+v, %v", o, err)
	}
	if c := optimizer.ConfigOf(o); c["beta"] != .5 || c["name"] != "sign" || c["use_ema"] != false {
		t.Errorf("config %v", c)
	}
	if _, err := optimizer.DecodeAs[sign](map[string]any{"beta": 1., "use_ema": true}); err == nil || err.Error() != "optimizer Sign: beta is 1, want a number greater than or equal to 0 and less than 1\noptimizer Sign: use_ema is true: not supported yet, want false" {
		t.Error(err)
	}
}

func TestUnknownClass(t *testing.T) {
	for _, c := range []struct {
		class, kind string
		conf        map[string]any
	}{
		{"Lian", "optimizer", nil},
		{"SGD", "learning rate schedule", map[string]any{"learning_rate": map[string]any{"class_name": "Lian", "config": map[string]any{}}}},
	} {
		var unknown *optimizer.UnknownClass
		if _, err := optimizer.Decode(c.class, c.conf); !errors.As(err, &unknown) || unknown.Kind != c.kind || unknown.Class != "Lian" {
			t.Errorf("%s: got %v", c.class, err)
		}
	}
}

func TestKerasTakesConfigs(t *testing.T) {
	var in []map[string]any
	for _, o := range all {
		in = append(in, map[string]any{"class_name": optimizer.ClassOf(o), "config": optimizer.ConfigOf(o), "module": "keras.optimizers", "registered_name": nil})
	}
	var got []map[string]any
	graphtest.Keras(t, `
import sys, json, keras
print(json.dumps([keras.saving.deserialize_keras_object(o).get_config() for o in json.load(sys.stdin)]))
`, in, &got)
	approximately := cmp.Comparer(func(x, y float64) bool { return graphtest.Near(x, y, 1e-7, 0) })
	for i, o := range all {
		again, err := optimizer.Decode(optimizer.ClassOf(o), got[i])
		if err != nil {
			t.Error(err)
		} else if d := cmp.Diff(optimizer.ConfigOf(o), optimizer.ConfigOf(again), approximately); d != "" {
			t.Errorf("%s: %s", optimizer.ClassOf(o), d)
		}
	}
}
