package lince

import (
	"slices"
	"testing"

	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
)

func TestMeasures(t *testing.T) {
	m := must(Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 3, Activation: layer.Softmax}))
	if got := m.Measures(); got != nil {
		t.Errorf("a model that is not compiled has %v", got)
	}
	err := m.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}, Metrics: []metric.Metric{
		metric.Accuracy{}, metric.F1Score{}, metric.F1Score{Average: metric.Macro, Name: "macro"}, metric.FalsePositives{}, metric.Precision{Thresholds: metric.Thresholds{.3, .6}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []Measure{
		{"accuracy", 0, true, true}, {"f1_score", 3, true, true}, {"false_positives", 0, false, true}, {"loss", 0, false, true}, {"macro", 0, true, true}, {"precision", 2, true, true},
	}
	if got := m.Measures(); !slices.Equal(got, want) {
		t.Errorf("the measures are %v, want %v", got, want)
	}
}
