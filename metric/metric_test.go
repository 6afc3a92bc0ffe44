package metric_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/tensor"
)

func TestAgainstKeras(t *testing.T) {
	var cases []struct {
		Name, Class string
		Config      map[string]any
		Labels      []any
		Shape       []int
		Weighted    bool
		Results     []float64
	}
	graphtest.Golden(t, "metrics", &cases)
	seen := map[string]bool{}
	for i, c := range cases {
		seen[c.Class] = true
		var m metric.Metric
		var err error
		if c.Name != "" {
			m, err = metric.Parse(c.Name)
		} else {
			m, err = metric.Decode(c.Class, c.Config)
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if c.Name != "" && metric.NameOf(m) != c.Name {
			t.Errorf("case %d: key %q, want %q", i, metric.NameOf(m), c.Name)
		}
		var model *graphtest.Model
		for batch, want := range c.Results {
			shape, values := graphtest.Nested(c.Labels[batch])
			p := graphtest.Formula(3+batch, 0, 1, append([]int{shape[0]}, c.Shape...)...)
			in := []*tensor.Tensor{tensor.Of(values, shape...), p, graphtest.Formula(5+batch, 0, 2, shape[0])}
			if a, ok := m.(metric.Accuracy); ok {
				if got := metric.ClassOf(a.Resolve(in[0].Shape(), p.Shape())); got != c.Class {
					t.Errorf("case %d: %s for targets %v and predictions %v, want %s", i, got, shape, p.Shape(), c.Class)
				}
			}
			if model == nil {
				model = graphtest.New(t, true, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
					weights := in[2]
					if !c.Weighted {
						weights = nil
					}
					return []*graph.Value{m.Build(b.In("metrics/m", ""), in[0], in[1], weights)}
				})
			}
			if got := float64(model.Run(t, in...)[0].Float32s()[0]); !graphtest.Near(got, want, 1e-6, 0) {
				t.Errorf("case %d, %s %s, weighted %t: %v after batch %d, want %v", i, c.Name, c.Class, c.Weighted, got, batch, want)
			}
		}
		for _, v := range model.Store.Variables() {
			if v.Role != graph.State || v.Init != nil {
				t.Errorf("%s is not a state that starts at 0", v.Path)
			}
		}
	}
	for _, class := range metric.Classes() {
		if !seen[class] {
			t.Errorf("%s has no row in internal/golden/metrics.py", class)
		}
	}
}

// TestIntegerTargets checks integer targets: package data yields class indices as int32.
func TestIntegerTargets(t *testing.T) {
	p := tensor.Of([]float32{.1, .9, .8, .2, .3, .7}, 3, 2)
	in := []*tensor.Tensor{tensor.Of([]int32{1, 0, 0}, 3), p}
	m := graphtest.New(t, true, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		return []*graph.Value{metric.Accuracy{}.Build(b, in[0], in[1], nil)}
	})
	if got := m.Run(t, in...)[0].Float32s()[0]; got != float32(2./3) {
		t.Errorf("got %v", got)
	}
}

func TestHigherIsBetter(t *testing.T) {
	for _, m := range append(all, metric.Accuracy{}) {
		if higher, known := m.HigherIsBetter(); !higher || !known {
			t.Errorf("%s: higher is better %t, known %t", metric.NameOf(m), higher, known)
		}
	}
	if _, known := (metric.Defaults{}).HigherIsBetter(); known {
		t.Error("the direction of Defaults is known")
	}
}

// topK is a custom metric.
type topK struct {
	metric.Defaults
	K int `keras:"k,default=5,count"`
}

func (topK) Class() string { return "TopK" }

func (topK) Build(b *graph.Builder, _, yPred, weights *graph.Value) *graph.Value {
	return metric.Mean(b, yPred, weights)
}

func TestCustomMetric(t *testing.T) {
	m, err := metric.DecodeAs[topK](map[string]any{"k": 3., "dtype": "float32"})
	if err != nil || m.K != 3 {
		t.Errorf("got %+v, %v", m, err)
	}
	if d := cmp.Diff(map[string]any{"k": 5, "dtype": "float32"}, metric.GetConfig(topK{})); d != "" {
		t.Error(d)
	}
	if _, err := metric.DecodeAs[topK](map[string]any{"k": 0.}); err == nil || err.Error() != "metric TopK: k is 0, want an integer from 1 to 16777216" {
		t.Error(err)
	}
}

func TestMean(t *testing.T) {
	weights := [][]float32{{1, 1}, {0, 0}, {.5, 1.5}}
	values := [][]float32{{1, 3}, {5, 7}, {9, 11}}
	in := []*tensor.Tensor{tensor.Of(values[0], 2), tensor.Of(weights[0], 2)}
	m := graphtest.New(t, true, in, func(b *graph.Builder, in []*graph.Value) []*graph.Value {
		return []*graph.Value{metric.Mean(b.In("plain", ""), in[0], nil), metric.Mean(b.In("weighted", ""), in[0], in[1])}
	})
	for i, want := range [][2]float32{{2, 2}, {4, 2}, {6, (4 + 4.5 + 16.5) / 4}} {
		out := m.Run(t, tensor.Of(values[i], 2), tensor.Of(weights[i], 2))
		if got := [2]float32{out[0].Float32s()[0], out[1].Float32s()[0]}; got != want {
			t.Errorf("after batch %d: %v, want %v", i, got, want)
		}
	}
	// As in Keras, the mean is 0 if all weights are 0.
	for _, v := range m.Store.Variables() {
		clear(v.Value().Raw())
	}
	if got := m.Run(t, tensor.Of(values[0], 2), tensor.Of(weights[1], 2))[1].Float32s()[0]; got != 0 {
		t.Errorf("got %v", got)
	}
}

func TestBuildMistakes(t *testing.T) {
	for _, c := range []struct {
		m    metric.Metric
		y, p tensor.Shape
		w    tensor.Shape
		want string
	}{
		{metric.Accuracy{}, tensor.Shape{-1, 2}, tensor.Shape{-1, 26, 26, 2}, nil, "targets have shape (None, 2) and predictions (None, 26, 26, 2), want equal shapes; add a Flatten layer before the last Dense layer"},
		{metric.Accuracy{}, tensor.Shape{-1, 3}, tensor.Shape{-1, 2}, nil, "targets have shape (None, 3) and predictions (None, 2), want equal shapes; the last layer needs one unit for each class"},
		{metric.CategoricalAccuracy{}, tensor.Shape{-1}, tensor.Shape{-1}, nil, "targets have shape (None,), want (batch, ..., classes)"},
		{metric.BinaryAccuracy{}, tensor.Shape{-1}, tensor.Shape{-1, 2}, nil, "targets have shape (None,) and predictions (None, 2), want equal shapes; for class indices use SparseCategoricalCrossentropy or SparseCategoricalAccuracy"},
		{metric.BinaryAccuracy{}, tensor.Shape{-1}, tensor.Shape{-1, 1}, tensor.Shape{-1, 1}, "weights have shape (None, 1), want (batch,)"},
		{metric.BinaryAccuracy{Threshold: new(math.NaN())}, tensor.Shape{-1, 1}, tensor.Shape{-1, 1}, nil, "Threshold is NaN, want a number"},
		{metric.BinaryAccuracy{}, tensor.Shape{}, tensor.Shape{}, nil, "values have shape (), want (batch, ...)"},
	} {
		b := graph.NewBuilder(graph.NewStore(), true)
		var w *graph.Value
		if c.w != nil {
			w = b.Input("w", tensor.Float32, c.w...)
		}
		c.m.Build(b.In("m", "metric"), b.Input("y", tensor.Float32, c.y...), b.Input("p", tensor.Float32, c.p...), w)
		err := b.Err()
		if err == nil {
			t.Errorf("%+v: no mistake for targets %v and predictions %v", c.m, c.y, c.p)
		} else if got := err.Error(); got != "metric: "+c.want {
			t.Errorf("got  %s\nwant metric: %s", got, c.want)
		}
	}
}

var all = []metric.Metric{
	metric.BinaryAccuracy{}, metric.BinaryAccuracy{Threshold: new(0.), Name: "positive"},
	metric.CategoricalAccuracy{}, metric.CategoricalAccuracy{Name: "x"}, metric.SparseCategoricalAccuracy{},
}

func TestDecode(t *testing.T) {
	for _, m := range all {
		again, err := metric.Decode(metric.ClassOf(m), metric.GetConfig(m))
		if err != nil {
			t.Error(err)
			continue
		}
		if d := cmp.Diff(metric.GetConfig(m), metric.GetConfig(again)); d != "" {
			t.Errorf("%s: %s", metric.ClassOf(m), d)
		}
	}
	for _, name := range []string{"accuracy", "acc"} {
		m, err := metric.Parse(name)
		if err != nil || metric.NameOf(m) != name || metric.ClassOf(m) != "" || metric.GetConfig(m) != nil {
			t.Errorf("%q: got %+v, %v", name, m, err)
		}
	}
	if _, err := metric.Parse("accurracy"); err == nil || err.Error() != `there is no metric "accurracy"; did you mean accuracy?` {
		t.Error(err)
	}
	if _, err := metric.Decode("BinaryAccuracy", map[string]any{"threshold": "x", "dtype": "float16", "k": 1.}); err == nil || err.Error() !=
		"metric BinaryAccuracy: threshold is \"x\", want a number\nmetric BinaryAccuracy: dtype is \"float16\": not supported yet, want \"float32\"\nmetric BinaryAccuracy: unknown key \"k\"" {
		t.Error(err)
	}
	var unknown *metric.UnknownClass
	if _, err := metric.Decode("AUC", nil); !errors.As(err, &unknown) || unknown.Kind != "metric" || unknown.Class != "AUC" {
		t.Errorf("got %v, want an UnknownClass", err)
	}
}

func TestKerasTakesConfigs(t *testing.T) {
	var in []map[string]any
	for _, m := range all {
		in = append(in, map[string]any{"class_name": metric.ClassOf(m), "config": metric.GetConfig(m), "module": "keras.metrics", "registered_name": nil})
	}
	var got []map[string]any
	graphtest.Keras(t, `
import sys, json, keras
print(json.dumps([keras.metrics.deserialize(o).get_config() for o in json.load(sys.stdin)]))
`, in, &got)
	for i, m := range all {
		again, err := metric.Decode(metric.ClassOf(m), got[i])
		if err != nil {
			t.Error(err)
		} else if d := cmp.Diff(metric.GetConfig(m), metric.GetConfig(again)); d != "" {
			t.Errorf("%s: %s", metric.ClassOf(m), d)
		}
	}
}
