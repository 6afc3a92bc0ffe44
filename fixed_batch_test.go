package lince

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
)

// Batches of another size than the one that a network fixes are an error before the first step.
func TestFixedBatch(t *testing.T) {
	m, err := on(1).Sequential(layer.Input{Shape: []int{6, 6, 1}, Batch: 4}, layer.Flatten{}, layer.Dense{Units: 2, Activation: layer.Softmax})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}}); err != nil {
		t.Fatal(err)
	}
	whole, other, ends := barsData(8, 4, 1), barsData(8, 3, 1), barsData(10, 4, 1)
	small := "but the batches have 3 examples; use batches of 4"
	last := "but the last batch has 2 of 10 examples; leave out 2 examples"
	plain := struct{ data.Dataset }{ends} // its batch size is not known
	for name, c := range map[string]struct {
		train, validation data.Dataset
		steps, limit      int // of training and of validation
		want              string
	}{
		"whole batches":            {train: whole, validation: whole},
		"another batch size":       {train: other, want: small},
		"fewer examples":           {train: barsData(3, 4, 1), want: "but there are only 3 examples; add 1, or use"},
		"one batch":                {train: barsData(4, 32, 1)},
		"a smaller last batch":     {train: ends, want: last},
		"an unknown batch size":    {train: plain, want: last},
		"other steps":              {train: struct{ data.Dataset }{other}, want: "but there are 8 examples in 3 batches; use batches of 4"},
		"the last one is not used": {train: ends, validation: ends, steps: 1, limit: 2},
		"used in the second epoch": {train: ends, steps: 2, want: last},
		"in the validation":        {train: whole, validation: ends, want: "validation data: the network fixes the batch size to 4, " + last},
	} {
		check := func(what string, err error) {
			t.Helper()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %s: %v, want %q", name, what, err, c.want)
			}
		}
		steps := 0
		count := callback.Func(func(callback.Run) (callback.Hooks, error) {
			return callback.Hooks{BatchEnd: func(int, *Logs) error { steps++; return nil }}, nil
		})
		_, err := m.Fit(context.Background(), c.train, quiet(FitOptions{
			Epochs: 2, StepsPerEpoch: c.steps, Validation: c.validation, ValidationSteps: c.limit, Callbacks: []callback.Callback{count},
		}))
		if check("Fit", err); err != nil && steps > 0 {
			t.Errorf("%s: the error comes after %d steps", name, steps)
		}
		if c.validation != nil || c.steps > 0 {
			continue
		}
		_, err = m.Evaluate(context.Background(), c.train, EvaluateOptions{Verbose: Silent})
		check("Evaluate", err)
		_, err = m.Predict(context.Background(), c.train, PredictOptions{Verbose: Silent})
		check("Predict", err)
	}
	if _, err := m.Predict(context.Background(), ends, PredictOptions{Verbose: Silent, Steps: 2}); err != nil {
		t.Error(err)
	}
}

// A model of a graph that fixes the size of batches keeps it in files.
func TestFixedBatchInFiles(t *testing.T) {
	m, err := Open("internal/tflitegraph/testdata/fixed/softmax_4.tflite")
	if err != nil {
		t.Fatal(err)
	}
	x := graphtest.Formula(1, -1, 1, m.InputShape()...)
	want := must(m.PredictBatch(x))
	for _, name := range []string{"m.keras", "m.safetensors"} {
		path := filepath.Join(t.TempDir(), name)
		if err := m.Save(path); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		back, err := Open(path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s := back.InputShape(); s[0] != 4 {
			t.Errorf("%s: the input is %v", name, s)
		}
		if got := must(back.PredictBatch(x)); !slices.Equal(got.Float32s(), want.Float32s()) {
			t.Errorf("%s: another prediction", name)
		}
	}
}
