package constraint_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/tensor"
)

// TestAgainstKeras compares constrained weights with Keras'.
func TestAgainstKeras(t *testing.T) {
	var cases []struct {
		Class     string
		Config    map[string]any
		Shape     []int
		Range     [2]float64
		Projected []float32
	}
	graphtest.Golden(t, "constraints", &cases)
	seen := map[string]bool{}
	for i, c := range cases {
		seen[c.Class] = true
		x, err := constraint.Decode(c.Class, c.Config)
		if err != nil {
			t.Error(err)
			continue
		}
		in := []*tensor.Tensor{graphtest.Formula(1, c.Range[0], c.Range[1], c.Shape...)}
		m := graphtest.New(t, true, in, func(b *graph.Builder, _ []*graph.Value) []*graph.Value {
			return []*graph.Value{x.Project(b, weight(b, c.Shape))}
		})
		if err := m.Store.Set(m.Store.Variables()[0], in[0]); err != nil {
			t.Fatal(err)
		}
		got := m.Run(t, in...)[0].Float32s()
		for j, want := range c.Projected {
			if !graphtest.Near(float64(got[j]), float64(want), 1e-6, 1e-9) {
				t.Errorf("case %d: %s %v: element %d is %v, want %v", i, c.Class, c.Config, j, got[j], want)
				break
			}
		}
	}
	for _, class := range constraint.Classes() {
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

var all = []constraint.Constraint{
	constraint.MaxNorm{}, constraint.MaxNorm{MaxValue: .5, Axis: constraint.Axis{0, 1, 2}}, constraint.MaxNorm{Axis: constraint.Axis{}},
	constraint.MinMaxNorm{}, constraint.MinMaxNorm{MinValue: .5, MaxValue: 2, Rate: .25, Axis: constraint.Axis{-1}},
	constraint.NonNeg{}, constraint.UnitNorm{}, constraint.UnitNorm{Axis: constraint.Axis{1}},
}

func TestDecode(t *testing.T) {
	for _, c := range all {
		again, err := constraint.Decode(constraint.ClassOf(c), constraint.ConfigOf(c))
		if err != nil {
			t.Error(err)
		} else if d := cmp.Diff(constraint.ConfigOf(c), constraint.ConfigOf(again)); d != "" {
			t.Errorf("%s: %s", constraint.ClassOf(c), d)
		}
	}
	for short, class := range map[string]string{"max_norm": "MaxNorm", "min_max_norm": "MinMaxNorm", "non_neg": "NonNeg", "unit_norm": "UnitNorm", "NonNeg": "NonNeg"} {
		if c, err := constraint.Decode(short, nil); err != nil || constraint.ClassOf(c) != class {
			t.Errorf("%s: got %v, %v", short, c, err)
		}
	}
	c, err := constraint.Decode("max_norm", nil)
	if want := map[string]any{"max_value": 2., "axis": 0}; err != nil || !cmp.Equal(constraint.ConfigOf(c), want) {
		t.Errorf("the defaults of max_norm are %v, %v, want %v", constraint.ConfigOf(c), err, want)
	}
}

func TestMistakes(t *testing.T) {
	var unknown *constraint.UnknownClass
	if _, err := constraint.Decode("Positive", nil); !errors.As(err, &unknown) || unknown.Kind != "constraint" || unknown.Class != "Positive" {
		t.Errorf("got %v, want an UnknownClass", err)
	}
	const axis = ", want an integer or a list of integers from -32 to 31"
	for _, c := range []struct {
		class string
		conf  map[string]any
		want  string
	}{
		{"MaxNorm", map[string]any{"max_value": 0., "axis": "x", "axes": 1.}, "constraint MaxNorm: max_value is 0, want a number greater than 0\nconstraint MaxNorm: axis is \"x\"" + axis + "\nconstraint MaxNorm: unknown key \"axes\"; did you mean axis?"},
		{"UnitNorm", map[string]any{"axis": []any{0., 1e9}}, "constraint UnitNorm: axis is [0,1000000000]" + axis},
		{"UnitNorm", map[string]any{"axis": []any{}}, "constraint UnitNorm: axis is [], want at least one dimension, or null for all"},
		{"MinMaxNorm", map[string]any{"min_value": 2., "rate": 1.5}, "constraint MinMaxNorm: rate is 1.5, want a number greater than 0 and less than or equal to 1"},
		{"MinMaxNorm", map[string]any{"min_value": 2.}, "constraint MinMaxNorm: MinValue is 2, want at most MaxValue, which is 1"},
	} {
		if _, err := constraint.Decode(c.class, c.conf); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	for _, c := range []struct {
		c    constraint.Constraint
		want string
	}{
		{constraint.MaxNorm{MaxValue: -1}, "MaxValue is -1, want a number greater than 0"},
		{constraint.MaxNorm{MaxValue: math.NaN()}, "MaxValue is NaN, want a number greater than 0"},
		{constraint.MaxNorm{Axis: constraint.Axis{2}}, "MaxNorm: Axis has 2, but the weight has shape (3, 2)"},
		{constraint.MinMaxNorm{MinValue: 3, MaxValue: 2}, "MinValue is 3, want at most MaxValue, which is 2"},
		{constraint.MinMaxNorm{Axis: constraint.Axis{0, -3}}, "MinMaxNorm: Axis has -3, but the weight has shape (3, 2)"},
		{constraint.UnitNorm{Axis: constraint.Axis{9}}, "UnitNorm: Axis has 9, but the weight has shape (3, 2)"},
	} {
		b := graph.NewBuilder(graph.NewStore(), true)
		if y := c.c.Project(b, weight(b, []int{3, 2})); y.Valid() || b.Err() == nil || b.Err().Error() != c.want {
			t.Errorf("got  %v\nwant %s", b.Err(), c.want)
		}
	}
}

// limit is a custom constraint.
type limit struct {
	Limit float64 `keras:"limit,default=1,above=0"`
}

func (c limit) Project(b *graph.Builder, w *graph.Value) *graph.Value {
	c, ok := constraint.Ready(b, c)
	if !ok {
		return b.Invalid()
	}
	return b.Clip(w, -c.Limit, c.Limit)
}

func TestCustom(t *testing.T) {
	c, err := constraint.FromConfig[limit]([]byte(`{"limit": 0.5}`))
	if err != nil || c != (limit{.5}) || constraint.ConfigOf(c)["limit"] != .5 {
		t.Errorf("got %v, %v", c, err)
	}
	if _, err := constraint.DecodeAs[limit](map[string]any{"limit": -1.}); err == nil {
		t.Error("no error for a limit of -1")
	}
	if err := constraint.Check(limit{-1}); err == nil || err.Error() != "Limit is -1, want a number greater than 0" {
		t.Errorf("got %v", err)
	}
}

// TestKerasTakesConfigs lets Keras decode the configs, and decodes what Keras writes.
func TestKerasTakesConfigs(t *testing.T) {
	var in []map[string]any
	for _, c := range all {
		in = append(in, map[string]any{"class_name": constraint.ClassOf(c), "config": constraint.ConfigOf(c), "module": "keras.constraints", "registered_name": nil})
	}
	var got []map[string]any
	graphtest.Keras(t, `
import sys, json, keras
print(json.dumps([keras.constraints.deserialize(o).get_config() for o in json.load(sys.stdin)]))
`, in, &got)
	for i, c := range all {
		again, err := constraint.Decode(constraint.ClassOf(c), got[i])
		if err != nil {
			t.Error(err)
		} else if d := cmp.Diff(constraint.ConfigOf(c), constraint.ConfigOf(again)); d != "" {
			t.Errorf("%s: %s", constraint.ClassOf(c), d)
		}
	}
}
