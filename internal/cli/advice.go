package cli

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/optimizer"
)

// divergedAt reports whether an error says that training has diverged, and returns the learning rate, 0 if it is not known.
func divergedAt(err error) (bool, float64) {
	var nan *lince.NaNError
	if errors.As(err, &nan) {
		return true, nan.Rate
	}
	var diverged *callback.DivergenceError
	if errors.As(err, &diverged) {
		return true, diverged.Rate
	}
	return false, 0
}

// advised adds a learning rate to try to the error of a training that has diverged.
func (t *training) advised(err error) error {
	is, rate := divergedAt(err)
	if !is || rate == 0 {
		return err
	}
	if t.scheduled() || t.rates != nil { // the flag is the highest rate
		rate = t.record.Model.LearningRate
	}
	return fmt.Errorf("%w\ntry --lr %v", err, t.lowerRate(rate))
}

// noteRise warns of a training that ended with a higher loss than that of its first epoch, and records the advice.
func (t *training) noteRise(h *lince.History) {
	losses := h.Values("loss")
	n := len(losses)
	if n < 2 || !(losses[n-1] > 1.05*losses[0]) || t.record.Advice != "" { // less may be noise
		return
	}
	t.record.Advice = fmt.Sprintf("the loss rose from %.4g in the first epoch to %.4g in the last: lower the learning rate", losses[0], losses[n-1])
	if rate := t.record.Model.LearningRate; rate > 0 {
		t.record.Advice += fmt.Sprintf(", for example --lr %v", t.lowerRate(rate))
	}
	t.warn(t.record.Advice)
}

// lowerRate returns a learning rate to try instead of one with which training diverges: the optimizer's default if that is much lower, else a tenth.
func (t *training) lowerRate(rate float64) float64 {
	lower := rate / 10
	c, _ := t.model.Compiled()
	if o, err := optimizer.Parse(optimizer.ClassOf(c.Optimizer)); err == nil {
		if usual, ok := optimizer.ConfigOf(o)["learning_rate"].(float64); ok && usual < lower {
			lower = usual
		}
	}
	return oneDigit(lower)
}

// oneDigit rounds a number to one significant digit.
func oneDigit(v float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 0, 64), 64) // it is a number
	return r
}

// warnOfDoubts warns of compile options in the model's file that make no sense. Fit prints them as well, but not with --quiet.
func (t *training) warnOfDoubts() {
	if !t.quiet {
		return
	}
	for _, doubt := range t.model.Doubts() {
		t.warn(doubt.Error())
	}
}
