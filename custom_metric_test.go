package lince_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
)

// Within is a custom metric: the fraction of the predictions that differ from the target by less than the tolerance.
type Within struct {
	metric.Defaults
	Tolerance float64 `keras:"tolerance,default=0.1,above=0"`
}

func (m Within) Build(b *graph.Builder, yTrue, yPred, weights *graph.Value) *graph.Value {
	m, ok := metric.Ready(b, m)
	if !ok || !yTrue.Valid() || !yPred.Valid() {
		return b.Invalid()
	}
	near := b.Binary(op.Less, b.Abs(b.Sub(yPred, yTrue)), b.Constant(yPred.DType, m.Tolerance))
	return metric.Mean(b, b.Cast(near, yPred.DType), weights)
}

// TestCustomMetric opens a model with a custom metric, with and without Options.Metrics.
func TestCustomMetric(t *testing.T) {
	m, err := lince.Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Compile(lince.CompileOptions{Optimizer: optimizer.SGD{}, Loss: loss.MeanSquaredError{}, Metrics: []metric.Metric{Within{Tolerance: .5}}}); err != nil {
		t.Fatal(err)
	}
	ds, err := data.Tensors(graphtest.Formula(1, 0, 1, 6, 4), graphtest.Formula(2, 0, 1, 6, 2), data.TensorOptions{BatchSize: 2})
	if err != nil {
		t.Fatal(err)
	}
	within := func(m *lince.Model) float64 {
		t.Helper()
		logs, err := m.Evaluate(t.Context(), ds, lince.EvaluateOptions{Verbose: lince.Silent})
		if err != nil {
			t.Fatal(err)
		}
		v, ok := logs.Get("within")
		if !ok {
			t.Fatalf("no metric within: %v", logs)
		}
		return v
	}
	file := saved(t, m)
	again, err := lince.Options{Metrics: map[string]lince.MetricDecoder{"Within": metric.FromConfig[Within]}}.Read(bytes.NewReader(file), int64(len(file)))
	if err != nil || again.Unknown() != nil {
		t.Fatal(err, again.Unknown())
	}
	if a, b := within(m), within(again); a != b || a <= 0 || a >= 1 {
		t.Errorf("%v of the opened model, %v of the saved one", b, a)
	}
	plain, err := lince.Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if errs := plain.Unknown(); len(errs) != 1 || !strings.Contains(errs[0].Error(), "add it to Options.Metrics") {
		t.Errorf("unknown without options: %v", errs)
	}
}
