package lince

import (
	"fmt"
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/offheap"
	"github.com/lince-ml/lince/internal/suggest"
)

// NaNError reports that the loss became NaN or infinite in a step, or that a weight did by the end of an epoch. See
// FitOptions.AllowNaN.
type NaNError struct {
	Epoch, Step int     // where it happened, counted from 0
	Loss        float64 // mean loss of the epoch so far
	Variable    string  // path of the first weight that is not finite, if the loss is still finite
	Rate        float64 // the learning rate, 0 if it is not known
	Weight      float64 // the largest weight of an example, with that of its class; 0 if there are no weights
	// Resumed is the step of the epoch from which training was resumed. The model is restored to its state before that
	// step. 0 means the beginning of the epoch.
	Resumed int
	// Initial means that it happened in the first step, whose loss is that of the model as it began: no learning rate changes it. Why says what is the first that is not
	// finite, as FirstNotFinite does; "" if that is not known.
	Initial bool
	Why     string
}

// Error implements error.
func (e *NaNError) Error() string {
	if e.Initial {
		why := e.Why
		if why == "" {
			why = "the numbers of a layer, of the targets or of the loss are NaN or too large"
		}
		return fmt.Sprintf("the loss is %v at epoch %d, step %d, before the first update of the weights, so no learning rate changes it: %s; check the model's weights, and that the images are rescaled as for the network that it is",
			e.Loss, e.Epoch+1, e.Step+1, why)
	}
	what := fmt.Sprintf("the loss is %v", e.Loss)
	if e.Variable != "" {
		what = e.Variable + " has weights that are NaN or infinite"
	}
	when := "when the epoch began"
	if e.Resumed > 0 {
		when = fmt.Sprintf("after step %d, where training was resumed", e.Resumed)
	}
	return fmt.Sprintf("%s at epoch %d, step %d; the model is restored to its state %s; %s, or check the data for NaN or infinite numbers (and that they are rescaled)",
		what, e.Epoch+1, e.Step+1, when, suggest.AgainstDivergence(e.Rate, e.Weight))
}

// This file handles a loss that is not finite. guard holds the values to which the model is restored. checkLoss checks
// the loss after each step, and checkWeights checks the weights after the last step of an epoch. Neither checks
// anything if AllowNaN is set, or if a callback (TerminateOnNaN) has stopped training.

// guard is a copy of the variables, made when they were known to be finite.
type guard struct {
	block   *offheap.Block
	swapped bool // the weights were exchanged with their averages
	step    int  // of the epoch at which the copy was made
}

// keep copies the variables that training changes.
func (g *guard) keep(m *Model) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	vs := m.store.Variables()
	if g.block == nil {
		n := 0
		for _, v := range vs {
			n += len(v.Value().Raw())
		}
		g.block = offheap.New(n)
	}
	g.step, g.swapped = 0, m.compiled.swapped
	to := g.block.Bytes
	for _, v := range vs {
		to = to[copy(to, v.Value().Raw()):]
	}
}

// putBack restores the variables to their values at keep.
func (g *guard) putBack(m *Model) {
	m.mu.Lock()
	defer m.mu.Unlock()
	from := g.block.Bytes
	for _, v := range m.store.Variables() {
		from = from[copy(v.Value().Raw(), from):]
	}
	m.compiled.swapped = g.swapped
	m.store.Changed()
}

// watched reports whether losses and weights are checked.
func (r *training) watched() bool { return !r.o.AllowNaN && !r.stopped }

// checkLoss checks the loss after a step.
func (r *training) checkLoss() error {
	loss, _ := r.logs.Get("loss")
	if r.watched() && (math.IsNaN(loss) || math.IsInf(loss, 0)) {
		return r.nanError(loss, "")
	}
	return nil
}

// checkWeights checks the weights at the end of an epoch, because the next epoch's guard copies them.
func (r *training) checkWeights() error {
	if !r.watched() {
		return nil
	}
	if path := r.m.notFinite((*graph.Variable).Trainable); path != "" {
		loss, _ := r.values.logs().Get("loss")
		return r.partial(r.nanError(loss, path))
	}
	return nil
}

// NotFinite returns the path of the first of the model's float32 Variables that has a NaN or an infinite number, or "" if there is none. The predictions of a model that has one are
// usually NaN.
func (m *Model) NotFinite() string {
	return m.notFinite(func(*graph.Variable) bool { return true })
}

// notFinite is NotFinite for some variables.
func (m *Model) notFinite(of func(v *graph.Variable) bool) string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, v := range m.vars() {
		if of(v) && notFinite(v.Value()) >= 0 {
			return v.Path
		}
	}
	return ""
}

func (r *training) nanError(loss float64, variable string) error {
	rate, _ := r.m.LearningRate()
	r.guard.putBack(r.m)
	e := &NaNError{Epoch: r.position.Epoch, Step: r.position.Step - 1, Loss: loss, Variable: variable, Rate: rate, Weight: r.feed.heaviest, Resumed: r.guard.step}
	if e.Initial = variable == "" && r.beforeUpdates(); e.Initial {
		e.Why = r.whyNotFinite(loss)
	}
	return e
}
