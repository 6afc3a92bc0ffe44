package lince

import (
	"fmt"
	"math"

	"github.com/lince-ml/lince/internal/offheap"
	"github.com/lince-ml/lince/tensor"
)

// NaNError says that the loss became NaN or infinite, or a weight at the end of an epoch.
type NaNError struct {
	Epoch, Step int     // counted from 0
	Loss        float64 // of the epoch so far
	Variable    string  // the first weight that is not finite, where the loss still is
	Rate        float64 // the learning rate, 0 where it is not known
	Resumed     int     // the step of the epoch at which the training was resumed, and to which the model is put back
}

// Error implements error.
func (e *NaNError) Error() string {
	rate := "the learning rate"
	if e.Rate > 0 {
		rate = fmt.Sprintf("the learning rate (%v)", float32(e.Rate))
	}
	what := fmt.Sprintf("the loss is %v", e.Loss)
	if e.Variable != "" {
		what = e.Variable + " has weights that are NaN or infinite"
	}
	when := "when the epoch began"
	if e.Resumed > 0 {
		when = fmt.Sprintf("after step %d, where the training was resumed", e.Resumed)
	}
	return fmt.Sprintf("%s at epoch %d, step %d; the model is as it was %s; lower %s, or look for such numbers in the data (and see that they are rescaled)",
		what, e.Epoch+1, e.Step+1, when, rate)
}

// What a training does about a loss that is not finite is all in this file: guard holds
// what the model is put back to; checkLoss looks after each step, checkWeights after the
// last one of an epoch. Neither does so with AllowNaN, nor where a callback has stopped the
// training (TerminateOnNaN).

// guard is a copy of the variables as they were when they were known to be sound.
type guard struct {
	block *offheap.Block
	step  int // of the epoch at which the copy was made
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
	g.step = 0
	to := g.block.Bytes
	for _, v := range vs {
		to = to[copy(to, v.Value().Raw()):]
	}
}

// putBack undoes what was trained since keep.
func (g *guard) putBack(m *Model) {
	m.mu.Lock()
	defer m.mu.Unlock()
	from := g.block.Bytes
	for _, v := range m.store.Variables() {
		from = from[copy(v.Value().Raw(), from):]
	}
	m.store.Changed()
}

// watched says whether losses and weights are looked at.
func (r *training) watched() bool { return !r.o.AllowNaN && !r.stopped }

// checkLoss looks at the loss after a step.
func (r *training) checkLoss() error {
	loss, _ := r.logs.Get("loss")
	if r.watched() && (math.IsNaN(loss) || math.IsInf(loss, 0)) {
		return r.nanError(loss, "")
	}
	return nil
}

// checkWeights finds weights that are not finite: those that an epoch ends with are what
// the next one would be put back to.
func (r *training) checkWeights() error {
	if !r.watched() {
		return nil
	}
	if path := r.m.notFinite(); path != "" {
		loss, _ := r.values.logs().Get("loss")
		return r.partial(r.nanError(loss, path))
	}
	return nil
}

// notFinite is the path of the first weight that is not finite; "" where all are.
func (m *Model) notFinite() string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, v := range m.vars() {
		if v.DType != tensor.Float32 || !v.Trainable() {
			continue
		}
		for _, x := range v.Value().Float32s() {
			if x-x != 0 { // NaN or infinite
				return v.Path
			}
		}
	}
	return ""
}

func (r *training) nanError(loss float64, variable string) error {
	rate, _ := r.m.LearningRate()
	r.guard.putBack(r.m)
	return &NaNError{r.position.Epoch, r.position.Step - 1, loss, variable, rate, r.guard.step}
}
