package regularizer_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// TestAgainstKeras compares penalties and their gradients with Keras'.
func TestAgainstKeras(t *testing.T) {
	var cases []struct {
		Class    string
		Config   map[string]any
		Shape    []int
		Penalty  float64
		Gradient []float32
	}
	graphtest.Golden(t, "regularizers", &cases)
	seen := map[string]bool{}
	for i, c := range cases {
		seen[c.Class] = true
		r, err := regularizer.Decode(c.Class, c.Config)
		if err != nil {
			t.Error(err)
			continue
		}
		in := []*tensor.Tensor{graphtest.Formula(1, -1, 1, c.Shape...)}
		m := graphtest.New(t, true, in, func(b *graph.Builder, _ []*graph.Value) []*graph.Value {
			w := weight(b, c.Shape)
			p := r.Penalty(b, w)
			return []*graph.Value{p, graph.Grad(b, p, w)[0]}
		})
		if err := m.Store.Set(m.Store.Variables()[0], in[0]); err != nil {
			t.Fatal(err)
		}
		got := m.Run(t, in...)
		if p := float64(got[0].Float32s()[0]); !graphtest.Near(p, c.Penalty, 2e-6, 1e-9) {
			t.Errorf("case %d: %s %v: penalty %v, want %v", i, c.Class, c.Config, p, c.Penalty)
		}
		for j, want := range c.Gradient {
			if g := got[1].Float32s()[j]; !graphtest.Near(float64(g), float64(want), 1e-5, 1e-7) {
				t.Errorf("case %d: %s %v: gradient %d is %v, want %v", i, c.Class, c.Config, j, g, want)
				break
			}
		}
	}
	for _, class := range regularizer.Classes() {
		if !seen[class] {
			t.Errorf("%s has no case in internal/golden/penalties.py", class)
		}
	}
}

// weight declares a weight of a shape.
func weight(b *graph.Builder, shape []int) *graph.Value {
	v := graph.Variable{Path: "w", Role: graph.Weight}
	v.DType, v.Shape = tensor.Float32, shape
	return b.Variable(v)
}

var all = []regularizer.Regularizer{
	regularizer.L1{}, regularizer.L1{L1: new(0.)}, regularizer.L2{}, regularizer.L2{L2: new(.5)},
	regularizer.L1L2{}, regularizer.L1L2{L1: .1, L2: .2},
	regularizer.OrthogonalRegularizer{}, regularizer.OrthogonalRegularizer{Factor: new(2.), Mode: regularizer.Columns},
}

func TestDecode(t *testing.T) {
	for _, r := range all {
		again, err := regularizer.Decode(regularizer.ClassOf(r), regularizer.ConfigOf(r))
		if err != nil {
			t.Error(err)
		} else if d := cmp.Diff(regularizer.ConfigOf(r), regularizer.ConfigOf(again)); d != "" {
			t.Errorf("%s: %s", regularizer.ClassOf(r), d)
		}
	}
	for short, class := range map[string]string{"l1": "L1", "l2": "L2", "l1l2": "L1L2", "L1L2": "L1L2", "orthogonal_regularizer": "OrthogonalRegularizer"} {
		if r, err := regularizer.Decode(short, nil); err != nil || regularizer.ClassOf(r) != class {
			t.Errorf("%s: got %v, %v", short, r, err)
		}
	}
	r, err := regularizer.Decode("l2", nil)
	if err != nil || regularizer.ConfigOf(r)["l2"] != .01 {
		t.Errorf("the default of l2 is %v, %v", regularizer.ConfigOf(r), err)
	}
}

func TestMistakes(t *testing.T) {
	var unknown *regularizer.UnknownClass
	if _, err := regularizer.Decode("L3", nil); !errors.As(err, &unknown) || unknown.Kind != "regularizer" || unknown.Class != "L3" {
		t.Errorf("got %v, want an UnknownClass", err)
	}
	for _, c := range []struct {
		class string
		conf  map[string]any
		want  string
	}{
		{"L1", map[string]any{"l1": -1.}, "regularizer L1: l1 is -1, want a number greater than or equal to 0"},
		{"L1L2", map[string]any{"l1": "x", "l3": 1.}, "regularizer L1L2: l1 is \"x\", want a number greater than or equal to 0\nregularizer L1L2: unknown key \"l3\"; did you mean l1?"},
		{"OrthogonalRegularizer", map[string]any{"mode": "row"}, `regularizer OrthogonalRegularizer: mode is "row"; did you mean rows?`},
	} {
		if _, err := regularizer.Decode(c.class, c.conf); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	for _, c := range []struct {
		r     regularizer.Regularizer
		shape []int
		want  string
	}{
		{regularizer.L1{L1: new(math.NaN())}, []int{3}, "L1 is NaN, want a number greater than or equal to 0"},
		{regularizer.L2{L2: new(-1.)}, []int{3}, "L2 is -1, want a number greater than or equal to 0"},
		{regularizer.L1L2{L1: -1, L2: math.Inf(1)}, []int{3}, "L1 is -1, want a number greater than or equal to 0\nL2 is +Inf, want a number greater than or equal to 0"},
		{regularizer.OrthogonalRegularizer{Mode: "rws"}, []int{3, 3}, `Mode is "rws", want one of rows, columns`},
		{regularizer.OrthogonalRegularizer{}, []int{3}, "OrthogonalRegularizer: got shape (3,), want a matrix of known size"},
		{regularizer.OrthogonalRegularizer{}, []int{1, 3}, "OrthogonalRegularizer: got a matrix with 1 rows, want 2 to 16384"},
		{regularizer.OrthogonalRegularizer{Mode: regularizer.Columns}, []int{2, 1 << 15}, "OrthogonalRegularizer: got a matrix with 32768 columns, want 2 to 16384"},
	} {
		b := graph.NewBuilder(graph.NewStore(), true)
		if y := c.r.Penalty(b, weight(b, c.shape)); y.Valid() || b.Err() == nil || b.Err().Error() != c.want {
			t.Errorf("got  %v\nwant %s", b.Err(), c.want)
		}
	}
}

// power is a custom regularizer.
type power struct {
	Factor float64 `keras:"factor,default=0.1,above=0"`
}

func (r power) Penalty(b *graph.Builder, x *graph.Value) *graph.Value {
	r, ok := regularizer.Ready(b, r)
	if !ok {
		return b.Invalid()
	}
	return b.Scale(b.Sum(b.Square(b.Square(x))), r.Factor)
}

func TestCustom(t *testing.T) {
	r, err := regularizer.FromConfig[power]([]byte(`{"factor": 0.5}`))
	if err != nil || r != (power{.5}) || regularizer.ConfigOf(r)["factor"] != .5 {
		t.Errorf("got %v, %v", r, err)
	}
	if _, err := regularizer.DecodeAs[power](map[string]any{"factor": 0.}); err == nil || !strings.Contains(err.Error(), "factor is 0") {
		t.Errorf("got %v", err)
	}
	if err := regularizer.Check(power{-1}); err == nil || err.Error() != "Factor is -1, want a number greater than 0" {
		t.Errorf("got %v", err)
	}
}

// TestKerasTakesConfigs lets Keras decode the configs, and decodes what Keras writes.
func TestKerasTakesConfigs(t *testing.T) {
	var in []map[string]any
	for _, r := range all {
		in = append(in, map[string]any{"class_name": regularizer.ClassOf(r), "config": regularizer.ConfigOf(r), "module": "keras.regularizers", "registered_name": nil})
	}
	var got []map[string]any
	graphtest.Keras(t, `
import sys, json, keras
print(json.dumps([keras.regularizers.deserialize(o).get_config() for o in json.load(sys.stdin)]))
`, in, &got)
	approximately := cmp.Comparer(func(x, y float64) bool { return graphtest.Near(x, y, 1e-7, 0) }) // Keras keeps some factors as float32
	for i, r := range all {
		again, err := regularizer.Decode(regularizer.ClassOf(r), got[i])
		if err != nil {
			t.Error(err)
		} else if d := cmp.Diff(regularizer.ConfigOf(r), regularizer.ConfigOf(again), approximately); d != "" {
			t.Errorf("%s: %s", regularizer.ClassOf(r), d)
		}
	}
}

// A row of zeros, as NonNeg can make it, has no direction: its penalty and its gradient are 0, as in Keras on TensorFlow.
func TestOrthogonalZeroRow(t *testing.T) {
	in := tensor.New(tensor.Float32, 3, 2)
	copy(in.Float32s(), []float32{0, 0, 3, 4, 4, 3})
	m := graphtest.New(t, true, []*tensor.Tensor{in}, func(b *graph.Builder, _ []*graph.Value) []*graph.Value {
		w := weight(b, in.Shape())
		p := regularizer.OrthogonalRegularizer{Factor: new(3.)}.Penalty(b, w)
		return []*graph.Value{p, graph.Grad(b, p, w)[0]}
	})
	if err := m.Store.Set(m.Store.Variables()[0], in); err != nil {
		t.Fatal(err)
	}
	got := m.Run(t, in)
	if p := float64(got[0].Float32s()[0]); !graphtest.Near(p, .96, 1e-6, 0) {
		t.Errorf("the penalty is %v, want .96", p)
	}
	want := []float64{0, 0, 4 * .28 / 25, -3 * .28 / 25, -3 * .28 / 25, 4 * .28 / 25}
	for i, g := range got[1].Float32s() {
		if !graphtest.Near(float64(g), want[i], 1e-5, 1e-8) {
			t.Errorf("the gradient is %v, want %v", got[1].Float32s(), want)
			break
		}
	}
}
