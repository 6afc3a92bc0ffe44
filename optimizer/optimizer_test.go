package optimizer_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

var shapes = [][]int{{2}, {2, 3}}

// model returns a graph of one step that updates the weights "a/w", "b/w" and so on with the
// gradients that are its inputs.
func model(t *testing.T, o optimizer.Optimizer, weights ...*tensor.Tensor) *graphtest.Model {
	m := graphtest.New(t, true, weights, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		var w, g []*graph.Value
		for i, x := range weights {
			w = append(w, b.In(string(rune('a'+i)), "").Variable(graph.Variable{
				Path: "w", Type: op.Type{DType: tensor.Float32, Shape: x.Shape()}, Role: graph.Weight,
			}))
			g = append(g, in[i])
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

func TestAgainstKeras(t *testing.T) {
	var cases []struct {
		Class     string
		Config    map[string]any
		Steps     [][]float64
		Variables [][]float64
		Names     []string
	}
	graphtest.Golden(t, "optimizers", &cases)
	seen := map[string]bool{}
	for i, c := range cases {
		seen[c.Class] = true
		o, err := optimizer.Decode(c.Class, c.Config)
		if err != nil {
			t.Error(err)
			continue
		}
		m := model(t, o, graphtest.Formula(1, -2, 2, shapes[0]...), graphtest.Formula(2, -2, 2, shapes[1]...))
		for step, want := range c.Steps {
			m.Run(t, graphtest.Formula(10+2*step, -1, 1, shapes[0]...), graphtest.Formula(11+2*step, -1, 1, shapes[1]...))
			var got []float32
			for _, v := range m.Store.Variables()[:2] {
				got = append(got, v.Value().Float32s()...)
			}
			for j := range want {
				if !graphtest.Near(float64(got[j]), want[j], 1e-6, 1e-6) {
					t.Errorf("case %d, %s: weight %d is %v after step %d, want %v", i, c.Class, j, got[j], step, want[j])
				}
			}
		}
		vars := kept(m)
		if len(vars) != len(c.Variables) {
			t.Errorf("case %d, %s: keeps %d variables, want %d", i, c.Class, len(vars), len(c.Variables))
			continue
		}
		for j, v := range vars {
			var got []float64
			if v.DType == tensor.Int64 {
				got = []float64{float64(tensor.Values[int64](v.Value())[0])}
			} else {
				for _, x := range v.Value().Float32s() {
					got = append(got, float64(x))
				}
			}
			if !strings.HasSuffix(v.Path, suffix(c.Names[j])) {
				t.Errorf("case %d, %s: variable %d is %s, want %s", i, c.Class, j, v.Path, c.Names[j])
			}
			for k, want := range c.Variables[j] {
				if !graphtest.Near(got[k], want, 2e-6, 1e-7) {
					t.Errorf("case %d, %s: %s, element %d is %v, want %v", i, c.Class, v.Path, k, got[k], want)
				}
			}
		}
	}
	for _, class := range optimizer.Classes() {
		if !seen[class] {
			t.Errorf("%s has no row in internal/golden/optimizers.py", class)
		}
	}
}

// suffix returns the kind of a variable, the last part of its name in Keras.
func suffix(name string) string {
	for _, s := range []string{"_velocity_hat", "_velocity", "_momentum", "_average_gradient"} {
		if strings.HasSuffix(name, s) {
			return s
		}
	}
	return name
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
		m := model(t, c.o, tensor.Of([]float32{1, 2}, 2))
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
		if n := tensor.Values[int64](m.Store.Lookup("optimizer/iteration").Value())[0]; n != 302 {
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
	} {
		b := graph.NewBuilder(graph.NewStore(), true)
		w := b.Variable(graph.Variable{Path: "w", Type: op.Type{DType: tensor.Float32, Shape: tensor.Shape{2}}})
		c.o.Build(b.In("optimizer", "optimizer"), []*graph.Value{w}, []*graph.Value{w})
		err := b.Err()
		if want := "optimizer: " + strings.ReplaceAll(c.want, "\n", "\noptimizer: "); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	for _, o := range []optimizer.Optimizer{optimizer.SGD{}, optimizer.RMSprop{}, optimizer.Adam{}} {
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
}

func TestDecode(t *testing.T) {
	for _, o := range all {
		again, err := optimizer.Decode(optimizer.ClassOf(o), optimizer.GetConfig(o))
		if err != nil {
			t.Error(err)
			continue
		}
		if d := cmp.Diff(optimizer.GetConfig(o), optimizer.GetConfig(again)); d != "" {
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
		{"Lion", nil, `there is no optimizer class "Lion"; want one of SGD, RMSprop, Adam`},
		{"Adam", map[string]any{"learning_rate": 0., "beta_1": 1., "use_ema": true, "gradient_accumulation_steps": 4.}, `optimizer Adam: learning_rate is 0, want a number greater than 0
optimizer Adam: beta_1 is 1, want a number greater than or equal to 0 and less than 1
optimizer Adam: use_ema is true: not supported yet, want false
optimizer Adam: gradient_accumulation_steps is 4: not supported yet, want null`},
		{"SGD", map[string]any{"learning_rate": map[string]any{"class_name": "CosineDecay"}, "momentum": "x", "clipnorm": -1.}, `optimizer SGD: learning_rate: there is no learning rate schedule class "CosineDecay"
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
	if c := optimizer.GetConfig(o); c["beta"] != .5 || c["name"] != "sign" || c["use_ema"] != false {
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
		{"Lion", "optimizer", nil},
		{"SGD", "learning rate schedule", map[string]any{"learning_rate": map[string]any{"class_name": "Lion", "config": map[string]any{}}}},
	} {
		var unknown *optimizer.UnknownClass
		if _, err := optimizer.Decode(c.class, c.conf); !errors.As(err, &unknown) || unknown.Kind != c.kind || unknown.Class != "Lion" {
			t.Errorf("%s: got %v", c.class, err)
		}
	}
}

func TestKerasTakesConfigs(t *testing.T) {
	var in []map[string]any
	for _, o := range all {
		in = append(in, map[string]any{"class_name": optimizer.ClassOf(o), "config": optimizer.GetConfig(o), "module": "keras.optimizers", "registered_name": nil})
	}
	var got []map[string]any
	graphtest.Keras(t, `
import sys, json, keras
print(json.dumps([keras.optimizers.deserialize(o).get_config() for o in json.load(sys.stdin)]))
`, in, &got)
	approximately := cmp.Comparer(func(x, y float64) bool { return graphtest.Near(x, y, 1e-7, 0) })
	for i, o := range all {
		again, err := optimizer.Decode(optimizer.ClassOf(o), got[i])
		if err != nil {
			t.Error(err)
		} else if d := cmp.Diff(optimizer.GetConfig(o), optimizer.GetConfig(again), approximately); d != "" {
			t.Errorf("%s: %s", optimizer.ClassOf(o), d)
		}
	}
}
