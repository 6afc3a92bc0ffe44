package schedule_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lince-ml/lince/internal/graphtest"
	"github.com/lince-ml/lince/optimizer/schedule"
)

func TestAgainstKeras(t *testing.T) {
	var cases []struct {
		Class  string
		Config map[string]any
		Rates  []float64
	}
	graphtest.Golden(t, "schedules", &cases)
	seen := map[string]bool{}
	for i, c := range cases {
		seen[c.Class] = true
		s, err := schedule.Decode(c.Class, c.Config)
		if err != nil {
			t.Error(err)
			continue
		}
		// Keras' float32 has an error of 1e-7 relative to the largest rate, and of more where it takes a logarithm or subtracts
		// the sum of the earlier periods.
		for step, want := range c.Rates {
			if got := s.At(int64(step)); !graphtest.Near(got, want, 2e-6, 2e-7) {
				t.Errorf("case %d, %s: the rate of step %d is %v, want %v", i, c.Class, step, got, want)
			}
		}
		delete(c.Config, "name")
		again := schedule.ConfigOf(s)
		delete(again, "name")
		if d := cmp.Diff(number(c.Config), number(again)); d != "" {
			t.Errorf("case %d, %s (-Keras, +lince): %s", i, c.Class, d)
		}
	}
	for _, class := range schedule.Classes() {
		if !seen[class] {
			t.Errorf("%s has no row in internal/golden/optimizers.py", class)
		}
	}
}

// number converts integers to float64, as JSON has them.
func number(v any) any {
	switch v := v.(type) {
	case int:
		return float64(v)
	case []int:
		list := []any{}
		for _, n := range v {
			list = append(list, float64(n))
		}
		return list
	case map[string]any:
		c := map[string]any{}
		for k, x := range v {
			c[k] = number(x)
		}
		return c
	}
	return v
}

// TestFarAway checks that the last rates hold, and that no number of steps overflows.
func TestFarAway(t *testing.T) {
	for _, c := range []struct {
		s    schedule.Schedule
		want float64
	}{
		{schedule.CosineDecay{InitialLearningRate: 1, DecaySteps: 7, Alpha: .25}, .25},
		{schedule.CosineDecay{InitialLearningRate: 1, DecaySteps: 7, WarmupTarget: 2, WarmupSteps: 3}, 0},
		{schedule.PolynomialDecay{InitialLearningRate: 1, DecaySteps: 7, EndLearningRate: new(.5)}, .5},
		{schedule.ExponentialDecay{InitialLearningRate: 1, DecaySteps: 7, DecayRate: .5}, 0},
		{schedule.PiecewiseConstantDecay{Boundaries: []int{1}, Values: []float64{1, 3}}, 3},
	} {
		if got := c.s.At(1 << 60); got != c.want {
			t.Errorf("%+v: %v, want %v", c.s, got, c.want)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		s    schedule.Schedule
		want string
	}{
		{schedule.ExponentialDecay{InitialLearningRate: -1, DecaySteps: -2}, "InitialLearningRate is -1, want a number greater than 0\nDecaySteps is -2, want an integer greater than or equal to 1\nDecayRate is not set, want a number greater than 0"},
		{schedule.InverseTimeDecay{InitialLearningRate: 1, DecaySteps: 1, DecayRate: -1}, "DecayRate is -1, want a number greater than or equal to 0"},
		{schedule.PolynomialDecay{InitialLearningRate: 1, DecaySteps: 1, Power: new(0.), EndLearningRate: new(-1.)}, "EndLearningRate is -1, want a number greater than or equal to 0\nPower is 0, want a number greater than 0"},
		{schedule.PiecewiseConstantDecay{Boundaries: []int{5, 3}, Values: []float64{1, 2, 3}}, "the Boundaries are [5 3], want increasing numbers of steps"},
		{schedule.PiecewiseConstantDecay{Boundaries: []int{5}, Values: []float64{1}}, "there are 1 Values for 1 Boundaries, want one more value than boundaries"},
		{schedule.PiecewiseConstantDecay{Values: []float64{1}}, "there are no Boundaries, want at least one number of steps"},
		{schedule.CosineDecay{DecaySteps: 1, Alpha: 2}, "Alpha is 2, want a number from 0 to 1"},
		{schedule.CosineDecayRestarts{InitialLearningRate: 1, FirstDecaySteps: 1, TMul: .5, MMul: -1}, "TMul is 0.5, want a number greater than or equal to 1\nMMul is -1, want a number greater than 0"},
	} {
		if err := schedule.Check(c.s); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	var unknown *schedule.UnknownClass
	if _, err := schedule.Decode("Cosine", nil); !errors.As(err, &unknown) || unknown.Kind != "learning rate schedule" {
		t.Error(err)
	}
	if _, err := schedule.Decode("CosineDecay", map[string]any{"initial_learning_rate": .1, "decay_steps": 2.5}); err == nil || err.Error() != "learning rate schedule CosineDecay: decay_steps is 2.5, want an integer greater than or equal to 1" {
		t.Error(err)
	}
}
