package lince

import (
	"context"
	"iter"
	"strings"
	"testing"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/tensor"
)

// cut is a dataset of bars in batches of these sizes.
type cut struct {
	data.Dataset
	sizes []int
}

func (c cut) Steps() int { return len(c.sizes) }

func (c cut) Batches(context.Context, int, int) iter.Seq2[data.Batch, error] {
	return func(yield func(data.Batch, error) bool) {
		x, y := bars(24)
		at := 0
		for _, n := range c.sizes {
			if !yield(data.Batch{X: x.Rows(at, at+n), Y: y.Rows(at, at+n), Index: make([]int, n)}, nil) {
				return
			}
			at += n
		}
	}
}

// TestEmpty gives batches without examples, and datasets without batches, to the engine and the interpreter.
func TestEmpty(t *testing.T) {
	for _, o := range []Options{on(1), {Seed: 1}} {
		m := must(o.Sequential(small()...))
		c, _ := smallModel(t, 1).Compiled()
		if err := m.Compile(c); err != nil {
			t.Fatal(err)
		}
		sizes := func(n ...int) data.Dataset { return cut{barsData(24, 8, 1), n} }
		evaluate := func(ds data.Dataset) (*Logs, error) {
			return m.Evaluate(t.Context(), ds, EvaluateOptions{Verbose: Silent})
		}
		fails := func(what string, err error, want string) {
			t.Helper()
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %s: %v, want %q", m.Backend(), what, err, want)
			}
		}
		want := must(evaluate(sizes(4, 5))).Map()
		for name, v := range must(evaluate(sizes(0, 4, 0, 5, 0))).Map() {
			if v != want[name] {
				t.Errorf("%s: empty batches change %s from %v to %v", m.Backend(), name, want[name], v)
			}
		}
		for name, v := range must(evaluate(sizes(0))).Map() {
			if v != 0 {
				t.Errorf("%s: %s of nothing is %v", m.Backend(), name, v)
			}
		}
		p := must(m.Predict(t.Context(), sizes(4, 0, 5), PredictOptions{Verbose: Silent}))
		if q := must(m.Predict(t.Context(), sizes(4, 5), PredictOptions{Verbose: Silent})); string(p.Raw()) != string(q.Raw()) {
			t.Errorf("%s: an empty batch changes the predictions", m.Backend())
		}
		if p := must(m.PredictBatch(tensor.New(tensor.Float32, 0, 6, 6, 1))); !p.Shape().Equal(tensor.Shape{0, 2}) {
			t.Errorf("%s: of nothing %v is predicted", m.Backend(), p)
		}
		before := m.Weights()
		_, err := m.Fit(t.Context(), sizes(0, 4), quiet(FitOptions{}))
		fails("training", err, "epoch 1, step 1: the batch has no examples")
		unchanged(t, m, before)
		_, err = m.Fit(t.Context(), sizes(), quiet(FitOptions{}))
		fails("training", err, "no batches")
		_, err = m.Fit(t.Context(), sizes(4), quiet(FitOptions{Validation: sizes()}))
		fails("validation", err, "validation data: there are no batches")
		_, err = evaluate(sizes())
		fails("evaluation", err, "no batches")
		_, err = m.Predict(t.Context(), sizes(), PredictOptions{Verbose: Silent})
		fails("prediction", err, "no batches")
	}
}
