package callback

import (
	"fmt"
	"math"

	"github.com/lince-ml/lince/internal/suggest"
)

// TerminateOnDivergence ends training with a *DivergenceError when the loss has grown by orders of magnitude. Such a model has
// learned nothing, and more steps rarely help. Keras has no such callback; PyTorch Lightning's EarlyStopping has the argument
// divergence_threshold. A loss that is NaN or infinite ends training without this callback; see FitOptions.AllowNaN.
//
// The loss of the first step, which is computed with the initial weights, is the reference. A reference below 1 counts as 1, because
// the loss of a trained model may be close to 0. Training ends
//
//   - after an epoch, if its mean loss is more than Factor times the reference and, with validation, val_loss is too,
//   - after an epoch, if val_loss is NaN or infinite,
//   - after a step, if the mean loss of the epoch so far is more than the square of Factor times the reference.
//
// In FitOptions.Callbacks it should come before callbacks that save the model.
type TerminateOnDivergence struct {
	// Factor is the ratio of the loss to the reference. Greater than 1. The default, 0, means 1000.
	Factor float64
}

// defaultDivergence is the default of TerminateOnDivergence.Factor.
const defaultDivergence = 1000

// DivergenceError reports that training has diverged. See TerminateOnDivergence.
type DivergenceError struct {
	Epoch  int     // counted from 0
	Metric string  // "loss" or "val_loss"
	Value  float64 // of the metric
	First  float64 // the loss of the first step
	Rate   float64 // the learning rate, 0 if it is not known
	Weight float64 // the largest weight of an example, with that of its class; 0 if there are no weights. Fit sets it.
}

// Error implements error.
func (e *DivergenceError) Error() string {
	return fmt.Sprintf("training has diverged: %s is %.4g in epoch %d, and the loss was %.4g in the first step; %s, or check that the inputs are rescaled",
		e.Metric, e.Value, e.Epoch+1, e.First, suggest.AgainstDivergence(e.Rate, e.Weight))
}

type divergenceState struct {
	First *number `json:"first"`
}

// Begin implements Callback.
func (c TerminateOnDivergence) Begin(run Run) (Hooks, error) {
	if run.Task() != Training {
		return Hooks{}, nil
	}
	factor := c.Factor
	if factor == 0 {
		factor = defaultDivergence
	}
	if !(factor > 1) {
		return Hooks{}, fmt.Errorf("TerminateOnDivergence: Factor must be greater than 1, got %v", c.Factor)
	}
	s := &divergenceState{}
	reference := func() float64 { return math.Max(1, math.Abs(float64(*s.First))) }
	diverged := func(epoch int, metric string, v float64) error {
		rate, err := run.LearningRate()
		if err != nil {
			rate = 0
		}
		return &DivergenceError{Epoch: epoch, Metric: metric, Value: v, First: float64(*s.First), Rate: rate}
	}
	return Hooks{
		State: s,
		BatchEnd: func(_ int, logs *Logs) error {
			loss, ok := logs.Get("loss")
			switch {
			case !ok || math.IsNaN(loss) || math.IsInf(loss, 0): // Fit handles it
			case s.First == nil:
				s.First = newNumber(loss)
			case loss > factor*factor*reference():
				return diverged(run.Position().Epoch, "loss", loss)
			}
			return nil
		},
		EpochEnd: func(epoch int, logs *Logs) error {
			if s.First == nil {
				return nil
			}
			val, validated := logs.Get("val_loss")
			if validated && (math.IsNaN(val) || math.IsInf(val, 0)) {
				return diverged(epoch, "val_loss", val)
			}
			if loss, _ := logs.Get("loss"); loss > factor*reference() && (!validated || val > factor*reference()) {
				return diverged(epoch, "loss", loss)
			}
			return nil
		},
	}, nil
}
