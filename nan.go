package lince

import (
	"fmt"

	"github.com/lince-ml/lince/internal/offheap"
	"github.com/lince-ml/lince/tensor"
)

// NaNError says that the loss became NaN or infinite, or a weight at the end of an epoch.
type NaNError struct {
	Epoch, Step int     // counted from 0
	Loss        float64 // of the epoch so far
	Variable    string  // the first weight that is not finite, where the loss still is
	Rate        float64 // the learning rate, 0 where it is not known
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
	return fmt.Sprintf("%s at epoch %d, step %d; the model is as it was when the epoch began; lower %s, or look for such numbers in the data (and see that they are rescaled)",
		what, e.Epoch+1, e.Step+1, rate)
}

// keep copies the variables that training changes.
func (r *training) keep() {
	r.m.mu.RLock()
	defer r.m.mu.RUnlock()
	vs := r.m.store.Variables()
	if r.before == nil {
		n := 0
		for _, v := range vs {
			n += len(v.Value().Raw())
		}
		r.before = offheap.New(n)
	}
	to := r.before.Bytes
	for _, v := range vs {
		to = to[copy(to, v.Value().Raw()):]
	}
}

// checkWeights finds weights that are not finite: those that an epoch ends with are what
// the next one would be put back to.
func (r *training) checkWeights() error {
	for _, v := range r.m.vars() {
		if v.DType != tensor.Float32 || !v.Trainable() {
			continue
		}
		for _, x := range v.Value().Float32s() {
			if x-x != 0 { // NaN or infinite
				loss, _ := r.values.logs().Get("loss")
				return r.spoilt(r.position.Step-1, loss, v.Path)
			}
		}
	}
	return nil
}

func (r *training) spoilt(step int, loss float64, variable string) error {
	rate, _ := r.m.LearningRate()
	r.putBack()
	return &NaNError{r.position.Epoch, step, loss, variable, rate}
}

func (r *training) putBack() {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	from := r.before.Bytes
	for _, v := range r.m.store.Variables() {
		from = from[copy(v.Value().Raw(), from):]
	}
	r.m.store.Changed()
}
