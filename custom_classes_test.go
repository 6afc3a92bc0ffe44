package lince_test

import (
	"bytes"
	"encoding/json"
	"io"
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

// ownLoss, ownSGD and distance are classes of a program's own, each with a setting.
type ownLoss struct {
	loss.MeanSquaredError
	Tag float64
}

func (ownLoss) Class() string            { return "OwnLoss" }
func (l ownLoss) Config() map[string]any { return map[string]any{"tag": l.Tag} }

type ownSGD struct {
	optimizer.SGD
	Note float64
}

func (ownSGD) Class() string { return "OwnSGD" }
func (o ownSGD) Config() map[string]any {
	return map[string]any{"learning_rate": o.LearningRate, "note": o.Note}
}

type distance struct {
	metric.MeanAbsoluteError
	Unit string
}

func (distance) Class() string            { return "Distance" }
func (d distance) Named() string          { return "distance" }
func (d distance) Config() map[string]any { return map[string]any{"unit": d.Unit} }

// TestOwnClassesOpen saves a model that is compiled with classes of a program's own: with Options
// it opens as it was compiled and trains on to the same bits; without, it predicts, says what is
// unknown, and does not train.
func TestOwnClassesOpen(t *testing.T) {
	m, err := lince.Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 2})
	if err != nil {
		t.Fatal(err)
	}
	how := lince.CompileOptions{
		Optimizer: ownSGD{optimizer.SGD{LearningRate: .25}, 2}, Loss: ownLoss{Tag: .5},
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
	own := lince.Options{
		Optimizers: map[string]func(json.RawMessage) (optimizer.Optimizer, error){"OwnSGD": func(c json.RawMessage) (optimizer.Optimizer, error) {
			var v struct {
				LearningRate float64 `json:"learning_rate"`
				Note         float64
			}
			err := json.Unmarshal(c, &v)
			return ownSGD{optimizer.SGD{LearningRate: v.LearningRate}, v.Note}, err
		}},
		Losses: map[string]func(json.RawMessage) (loss.Loss, error){"OwnLoss": func(c json.RawMessage) (loss.Loss, error) {
			var l ownLoss
			err := json.Unmarshal(c, &l)
			return l, err
		}},
		Metrics: map[string]func(json.RawMessage) (metric.Metric, error){"Distance": func(c json.RawMessage) (metric.Metric, error) {
			var d distance
			err := json.Unmarshal(c, &d)
			return d, err
		}},
	}
	again, err := own.Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if errs := again.Unknown(); errs != nil {
		t.Fatalf("unknown: %v", errs)
	}
	c, ok := again.Compiled()
	if !ok || c.Optimizer != how.Optimizer || c.Loss != how.Loss || len(c.Metrics) != 1 || c.Metrics[0] != how.Metrics[0] {
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
	for _, class := range []string{"OwnSGD", "OwnLoss", "Distance"} {
		if err == nil || !strings.Contains(err.Error(), class) {
			t.Errorf("training without its classes: %v, want one that names %s", err, class)
		}
	}

	// A model of which one class is unknown can be evaluated. It is saved with what its file said.
	for what, o := range map[string]lince.Options{
		"Distance": {Optimizers: own.Optimizers, Losses: own.Losses},
		"OwnSGD":   {Losses: own.Losses, Metrics: own.Metrics},
		"OwnLoss":  {Optimizers: own.Optimizers, Metrics: own.Metrics},
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
		whole, err := own.Read(bytes.NewReader(again), int64(len(again)))
		if err != nil || whole.Unknown() != nil {
			t.Fatalf("without %s, saved: %v, %v", what, err, whole.Unknown())
		}
		if !bytes.Equal(saved(t, whole), file) {
			t.Errorf("a model that was opened without %s and saved is another than before", what)
		}
	}
	o := lince.Options{NoCompile: true}
	if bare, err = o.Read(bytes.NewReader(file), int64(len(file))); err != nil {
		t.Fatal(err)
	}
	if _, err := bare.WriteTo(io.Discard); err != nil {
		t.Errorf("saving what was opened without how it was compiled: %v", err)
	}
}
