package lince_test

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
)

// customLoss, customSGD and distance are custom classes, each with a setting.
type customLoss struct {
	loss.MeanSquaredError
	Tag float64
}

func (customLoss) Class() string            { return "CustomLoss" }
func (l customLoss) Config() map[string]any { return map[string]any{"tag": l.Tag} }

type customSGD struct {
	optimizer.SGD
	Note float64
}

func (customSGD) Class() string { return "CustomSGD" }
func (o customSGD) Config() map[string]any {
	return map[string]any{"learning_rate": o.LearningRate, "note": o.Note}
}

type distance struct {
	metric.MeanAbsoluteError
	Unit string
}

func (distance) Class() string            { return "Distance" }
func (d distance) Config() map[string]any { return map[string]any{"unit": d.Unit} }

// TestCustomClassesOpen saves a model that is compiled with custom classes. Opened with Options, it must be compiled as
// before and train to the same bits. Opened without, it must predict, list what is unknown, and refuse to train.
func TestCustomClassesOpen(t *testing.T) {
	m, err := lince.Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 2})
	if err != nil {
		t.Fatal(err)
	}
	how := lince.CompileOptions{
		Optimizer: customSGD{optimizer.SGD{LearningRate: .25}, 2}, Loss: customLoss{MeanSquaredError: loss.MeanSquaredError{Name: "custom_loss"}, Tag: .5},
		Metrics: []metric.Metric{distance{Unit: "m"}},
	}
	if err := m.Compile(how); err != nil {
		t.Fatal(err)
	}
	x := graphtest.Formula(1, 0, 1, 6, 4)
	ds, err := data.Tensors(x, graphtest.Formula(2, 0, 1, 6, 2), data.TensorOptions{BatchSize: 3})
	if err != nil {
		t.Fatal(err)
	}
	train := func(m *lince.Model) error {
		_, err := m.Fit(t.Context(), ds, lince.FitOptions{Verbose: lince.Silent})
		return err
	}
	if err := train(m); err != nil {
		t.Fatal(err)
	}
	file := saved(t, m)
	custom := lince.Options{
		Optimizers: map[string]func(json.RawMessage) (optimizer.Optimizer, error){"CustomSGD": func(c json.RawMessage) (optimizer.Optimizer, error) {
			var v struct {
				LearningRate float64 `json:"learning_rate"`
				Note         float64
			}
			err := json.Unmarshal(c, &v)
			return customSGD{optimizer.SGD{LearningRate: v.LearningRate}, v.Note}, err
		}},
		Losses: map[string]func(json.RawMessage) (loss.Loss, error){"CustomLoss": func(c json.RawMessage) (loss.Loss, error) {
			var l customLoss
			err := json.Unmarshal(c, &l)
			return l, err
		}},
		Metrics: map[string]func(json.RawMessage) (metric.Metric, error){"Distance": func(c json.RawMessage) (metric.Metric, error) {
			var d distance
			err := json.Unmarshal(c, &d)
			return d, err
		}},
	}
	again, err := custom.Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if errs := again.Unknown(); errs != nil {
		t.Fatalf("unknown: %v", errs)
	}
	c, ok := again.Compiled()
	if !ok || !reflect.DeepEqual(c.Optimizer, how.Optimizer) || c.Loss != how.Loss || len(c.Metrics) != 1 || c.Metrics[0] != how.Metrics[0] {
		t.Errorf("compiled as %+v, want %+v", c, how)
	}
	for _, m := range []*lince.Model{m, again} {
		if err := train(m); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(saved(t, m), saved(t, again)) {
		t.Error("the opened model trains to other bits")
	}

	bare, err := lince.Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bare.PredictBatch(x); err != nil {
		t.Error(err)
	}
	err = train(bare)
	for _, class := range []string{"CustomSGD", "CustomLoss", "Distance"} {
		if err == nil || !strings.Contains(err.Error(), class) {
			t.Errorf("training without its classes: %v, want one that names %s", err, class)
		}
	}

	// A model with one unknown class can be evaluated. It is saved with the compile config of its file.
	for what, o := range map[string]lince.Options{
		"Distance":   {Optimizers: custom.Optimizers, Losses: custom.Losses},
		"CustomSGD":  {Losses: custom.Losses, Metrics: custom.Metrics},
		"CustomLoss": {Optimizers: custom.Optimizers, Metrics: custom.Metrics},
	} {
		part, err := o.Read(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		if errs := part.Unknown(); len(errs) != 1 || !strings.Contains(errs[0].Error(), what) {
			t.Errorf("unknown: %v, want %s", errs, what)
		}
		if _, err := part.Evaluate(t.Context(), ds, lince.EvaluateOptions{Verbose: lince.Silent}); err != nil {
			t.Errorf("without %s: %v", what, err)
		}
		if err := part.Summary(io.Discard, lince.SummaryOptions{}); err != nil {
			t.Error(err)
		}
		again := saved(t, part)
		whole, err := custom.Read(bytes.NewReader(again), int64(len(again)))
		if err != nil || whole.Unknown() != nil {
			t.Fatalf("without %s, saved: %v, %v", what, err, whole.Unknown())
		}
		if !bytes.Equal(saved(t, whole), file) {
			t.Errorf("a model that was opened without %s and saved has changed", what)
		}
	}
	o := lince.Options{NoCompile: true}
	if bare, err = o.Read(bytes.NewReader(file), int64(len(file))); err != nil {
		t.Fatal(err)
	}
	if _, err := bare.WriteTo(io.Discard); err != nil {
		t.Errorf("saving a model that was opened with NoCompile: %v", err)
	}
}
