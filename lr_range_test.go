package lince

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/optimizer/schedule"
)

func TestLearningRateRangeTest(t *testing.T) {
	train := barsData(40, 8, 2)
	m := smallModel(t, 7)
	before := m.Weights()
	a := must(m.LearningRateRangeTest(t.Context(), train, RangeTestOptions{StartLR: 1e-5, EndLR: 100, Steps: 60}))
	if n := len(a.Rates); n < 10 || n > 60 || len(a.Losses) != n || len(a.Smoothed) != n || a.Rates[0] != 1e-5 || len(a.Initial) != n || a.Lowest < a.Rates[0] {
		t.Fatalf("the result is %+v", a)
	}
	for i, w := range m.Weights() {
		if string(w.Raw()) != string(before[i].Raw()) {
			t.Error("the weights have changed")
		}
	}
	// A model that is trained afterwards has the bits of one that is trained at once. Any number of threads gives the same losses.
	whole := smallModel(t, 7)
	b := must(whole.LearningRateRangeTest(t.Context(), train, RangeTestOptions{StartLR: 1e-5, EndLR: 100, Steps: 60}))
	if len(a.Losses) != len(b.Losses) || a.Losses[len(a.Losses)-1] != b.Losses[len(b.Losses)-1] || a.Suggested != b.Suggested {
		t.Error("two tests differ")
	}
	fresh := smallModel(t, 7)
	fit(t, m, train, FitOptions{Epochs: 2})
	fit(t, fresh, train, FitOptions{Epochs: 2})
	sameWeights(t, fresh, m)
}

// The suggestion lies where a clear fall of the loss is steepest, also if the batches differ by more than the fall.
func TestRangeTestSuggestion(t *testing.T) {
	r := &RangeTest{}
	rate := 1e-6
	for i := range 200 {
		batch := .7 + .2*float64(i*7%11)
		l := batch
		if i > 120 {
			l -= float64(min(i-120, 40)) * .01
		}
		if i > 170 {
			l += float64(i-170) * .3
		}
		r.Rates, r.Losses, r.Initial = append(r.Rates, rate), append(r.Losses, l), append(r.Initial, batch)
		rate *= 1.07
	}
	if r.judge(0); r.Suggested < r.Rates[120] || r.Suggested > r.Rates[160] || r.Lowest < r.Rates[160] || r.Lowest > r.Rates[170] {
		t.Errorf("suggested %v, lowest %v; want them between %v, %v and %v", r.Suggested, r.Lowest, r.Rates[120], r.Rates[160], r.Rates[170])
	}
	r.Smoothed, r.Suggested = nil, 0
	for i := range r.Losses { // chance
		r.Losses[i] = r.Initial[i] + .01*float64(i*5%7-3)
	}
	if r.judge(.9); r.Suggested != 0 {
		t.Errorf("suggested %v for losses that do not fall", r.Suggested)
	}
}

// A rate far below the suggestion trains this network slowly, and one far above it does not train it at all.
func TestRangeTestSuggestsWhatTrains(t *testing.T) {
	train := barsData(400, 16, 2)
	m := smallModel(t, 7)
	r := must(m.LearningRateRangeTest(t.Context(), train, RangeTestOptions{}))
	after := func(rate float64) float64 {
		m := smallModel(t, 7)
		if err := m.SetLearningRate(rate); err != nil {
			t.Fatal(err)
		}
		return fit(t, m, train, FitOptions{Epochs: 3, AllowNaN: true}).Last("loss")
	}
	low, good, high := after(r.Suggested/100), after(r.Suggested), after(r.Suggested*1000)
	if !(good < .8*low) || !(good < .8*high) {
		t.Errorf("the loss is %v with the suggested rate %v, %v with a hundredth and %v with a thousand times that", good, r.Suggested, low, high)
	}
	for i := range 20 { // the smallest rates change nothing yet
		if math.Abs(r.Losses[i]-r.Initial[i]) > .02*r.Initial[i] {
			t.Errorf("step %d: the loss is %v, and %v without training", i, r.Losses[i], r.Initial[i])
		}
	}
}

func TestRangeTestMistakes(t *testing.T) {
	train := barsData(10, 4, 2)
	scheduled := must(on(1).Sequential(layer.Input{Shape: []int{6, 6, 1}}, layer.Flatten{}, layer.Dense{Units: 2, Activation: layer.Softmax}))
	if err := scheduled.Compile(CompileOptions{Loss: loss.CategoricalCrossentropy{}, Optimizer: optimizer.SGD{Schedule: schedule.CosineDecay{InitialLearningRate: .1, DecaySteps: 5}}}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		m    *Model
		o    RangeTestOptions
		want string
	}{
		"schedule":     {scheduled, RangeTestOptions{}, "computed by the schedule"},
		"options":      {smallModel(t, 7), RangeTestOptions{StartLR: 1, EndLR: .1, Steps: 3, Smoothing: new(1.), StopFactor: 1}, "StartLR and EndLR must be rising numbers greater than 0 and at most 1e30, got 1 and 0.1\nSteps must be at least 10, got 3\nSmoothing must be at least 0 and less than 1, got 1\nStopFactor must be greater than 1, got 1"},
		"not compiled": {must(on(1).Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 2})), RangeTestOptions{}, "compile"},
	} {
		if _, err := c.m.LearningRateRangeTest(t.Context(), train, c.o); err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.want)) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := smallModel(t, 7).LearningRateRangeTest(ctx, train, RangeTestOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context the error is %v", err)
	}
}

func TestAverageClassifications(t *testing.T) {
	list := func(row int, p ...float32) []Classification {
		return []Classification{{Row: row, Probabilities: p, names: []string{"cat", "dog"}}}
	}
	got := must(AverageClassifications(list(3, .75, .25), list(3, .125, .875)))
	if c := got[0]; c.Row != 3 || c.Class != 1 || c.Name != "dog" || c.Probability != .5625 || c.Probabilities[0] != .4375 {
		t.Errorf("the average is %+v", c)
	}
	scored := func(p, s float32) []Classification {
		return []Classification{{Probabilities: []float32{1 - p, p}, Scores: []float32{1 - s, s}}}
	}
	got = must(AverageClassifications(scored(0, -8), scored(.75, .75), scored(1, 4))) // the mean of the scores is -1.08, that of the probabilities .58
	if c := got[0]; c.Class != 0 || c.Scores[1] != -3.25/3 || c.Probability != c.Probabilities[0] {
		t.Errorf("the average of scores is %+v", c)
	}
	for _, lists := range [][][]Classification{{scored(0, 1), list(0, .5, .5)}, {}, {list(0, 1, 0), list(1, 1, 0)}, {list(0, 1, 0), list(0, 1)}, {list(0, 1, 0), nil}} {
		if _, err := AverageClassifications(lists...); err == nil {
			t.Errorf("%v are averaged", lists)
		}
	}
}
