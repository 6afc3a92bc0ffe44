package lince_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/optimizer/schedule"
)

// Triangle is a custom schedule: the rate rises from 0 to Top and falls again.
type Triangle struct {
	Top   float64 `keras:"top,required,above=0"`
	Steps int     `keras:"steps,required,min=1"`
}

func (s Triangle) At(step int64) float64 {
	return s.Top * max(0, 1-max(float64(step)/float64(s.Steps)-1, 1-float64(step)/float64(s.Steps)))
}

// A file with a custom schedule opens with Options.Schedules, also within a LossScaleOptimizer, and training continues
// with the same bits. Without the option, the error names it.
func TestCustomScheduleOpens(t *testing.T) {
	rising := Triangle{Top: .5, Steps: 4}
	for _, o := range []optimizer.Optimizer{
		optimizer.SGD{Schedule: rising, Momentum: .9},
		optimizer.LossScaleOptimizer{Inner: optimizer.SGD{Schedule: rising}},
		optimizer.LossScaleOptimizer{Inner: PlainSGD{LearningRate: .25}},
	} {
		m, err := lince.Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 2})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Compile(lince.CompileOptions{Optimizer: o, Loss: loss.MeanSquaredError{}}); err != nil {
			t.Fatal(err)
		}
		ds, err := data.Tensors(graphtest.Formula(1, 0, 1, 6, 4), graphtest.Formula(2, 0, 1, 6, 2), data.TensorOptions{BatchSize: 2})
		if err != nil {
			t.Fatal(err)
		}
		train := func(m *lince.Model) {
			t.Helper()
			if _, err := m.Fit(t.Context(), ds, lince.FitOptions{Verbose: lince.Silent}); err != nil {
				t.Fatal(err)
			}
		}
		train(m)
		file := saved(t, m)
		again, err := lince.Options{
			Schedules:  map[string]lince.ScheduleDecoder{"Triangle": schedule.FromConfig[Triangle]},
			Optimizers: map[string]lince.OptimizerDecoder{"PlainSGD": optimizer.FromConfig[PlainSGD]},
		}.Read(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		if errs := again.Unknown(); errs != nil {
			t.Fatalf("%T: unknown: %v", o, errs)
		}
		train(m)
		train(again)
		if !bytes.Equal(saved(t, m), saved(t, again)) {
			t.Errorf("%T: the models differ after more training", o)
		}
		plain, err := lince.Read(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		if errs := plain.Unknown(); len(errs) != 1 || !strings.Contains(errs[0].Error(), "add it to Options.") {
			t.Errorf("%T: unknown without options: %v", o, errs)
		}
	}
}

// PlainSGD is a custom optimizer: SGD under another name.
type PlainSGD struct {
	optimizer.SGD
	LearningRate float64 `keras:"learning_rate,default=0.1,above=0"`
}
