package lince

import (
	"strings"
	"testing"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/optimizer/schedule"
)

// TestNilPointers checks that nil pointers to classes are mistakes, not panics.
func TestNilPointers(t *testing.T) {
	m := must(Sequential(layer.Input{Shape: []int{2}}, layer.Dense{Units: 2, Activation: layer.Softmax}))
	for _, c := range []struct {
		how  CompileOptions
		want string
	}{
		{CompileOptions{Optimizer: (*optimizer.SGD)(nil), Loss: (*loss.MeanSquaredError)(nil)}, "compiling: the optimizer is a nil *optimizer.SGD\nthe loss is a nil *loss.MeanSquaredError"},
		{CompileOptions{Loss: loss.MeanSquaredError{}, Metrics: []metric.Metric{(*metric.AUC)(nil)}}, "metric 0 is a nil *metric.AUC"},
		{CompileOptions{Outputs: map[string]Objective{"dense": {Loss: (*loss.Dice)(nil)}}}, "output dense: the loss is a nil *loss.Dice"},
		{CompileOptions{Loss: loss.MeanSquaredError{}, Optimizer: optimizer.SGD{Schedule: (*schedule.CosineDecay)(nil)}}, "Schedule is a nil *schedule.CosineDecay"},
	} {
		if err := m.Compile(c.how); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	if err := m.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}}); err != nil {
		t.Fatal(err)
	}
	_, err := m.Fit(t.Context(), barsData(4, 2, 2), FitOptions{Callbacks: []callback.Callback{(*callback.TensorBoard)(nil)}})
	if err == nil || !strings.Contains(err.Error(), "callback 0 is nil") {
		t.Errorf("got %v", err)
	}
}
