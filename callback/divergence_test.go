package callback

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
)

func logs(pairs ...any) *Logs {
	l := &Logs{}
	for i := 0; i < len(pairs); i += 2 {
		l.Set(pairs[i].(string), pairs[i+1].(float64))
	}
	return l
}

func TestTerminateOnDivergence(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		factor            float64
		first             float64
		step, epoch       *Logs // of the second step and of the epoch
		atStep, atEpoch   bool
		metric, wantWords string
	}{
		"a good training":           {first: .7, step: logs("loss", .6), epoch: logs("loss", .5, "val_loss", .4)},
		"a large first loss":        {first: 5000, step: logs("loss", 9e5), epoch: logs("loss", 9e5, "val_loss", 9e5)},
		"a trained model":           {first: .001, step: logs("loss", .9), epoch: logs("loss", .9, "val_loss", .9)},
		"a peak that is overcome":   {first: .7, step: logs("loss", 9e5), epoch: logs("loss", 2000., "val_loss", .5)},
		"a validation with a peak":  {first: .7, step: logs("loss", .6), epoch: logs("loss", .5, "val_loss", 2000.)},
		"a negative loss":           {first: -.9, step: logs("loss", -.8), epoch: logs("loss", -.9)},
		"an epoch":                  {first: .7, step: logs("loss", 9e5), epoch: logs("loss", 1500., "val_loss", 1100.), atEpoch: true, metric: "loss", wantWords: "loss is 1500 in epoch 4"},
		"an epoch, no validation":   {first: 2, step: logs("loss", 9e5), epoch: logs("loss", 2500.), atEpoch: true, metric: "loss", wantWords: "0.5"},
		"a step":                    {first: .7, step: logs("loss", 2e6), atStep: true, metric: "loss", wantWords: "was 0.7 in the first step"},
		"another factor":            {factor: 10, first: .7, step: logs("loss", 101.), atStep: true, metric: "loss", wantWords: "learning rate (0.5)"},
		"a validation without sums": {first: .7, step: logs("loss", .6), epoch: logs("loss", .5, "val_loss", nan), atEpoch: true, metric: "val_loss", wantWords: "val_loss is NaN"},
		"NaN in a step":             {first: .7, step: logs("loss", nan), epoch: logs("accuracy", 1.)}, // Fit ends there
	} {
		f := &fake{rate: .5, position: Position{Epoch: 3}}
		h, err := TerminateOnDivergence{Factor: c.factor}.Begin(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.BatchEnd(0, logs("loss", c.first)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		// A run that is resumed compares with the first step of the whole run.
		state, err := json.Marshal(h.State)
		if err != nil {
			t.Fatal(err)
		}
		if h, err = (TerminateOnDivergence{Factor: c.factor}).Begin(f); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(state, h.State); err != nil {
			t.Fatal(err)
		}
		atStep := h.BatchEnd(1, c.step)
		var atEpoch error
		if c.epoch != nil {
			atEpoch = h.EpochEnd(3, c.epoch)
		}
		if (atStep != nil) != c.atStep || (atEpoch != nil) != c.atEpoch {
			t.Errorf("%s: after the step %v, after the epoch %v", name, atStep, atEpoch)
			continue
		}
		var d *DivergenceError
		if err := errors.Join(atStep, atEpoch); err != nil && (!errors.As(err, &d) || d.Metric != c.metric || d.Epoch != 3 || !strings.Contains(d.Error(), c.wantWords)) {
			t.Errorf("%s: error %v, want %q", name, err, c.wantWords)
		}
	}
	if _, err := (TerminateOnDivergence{Factor: 1}).Begin(&fake{}); err == nil {
		t.Error("a factor of 1 is accepted")
	}
}
