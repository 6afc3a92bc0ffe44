package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/internal/suggest"
	"github.com/lince-ml/lince/optimizer"
)

// divergence is what the error of a training that has diverged says about it. Numbers that are not known are 0.
type divergence struct {
	rate   float64 // the learning rate
	weight float64 // the largest weight of an example
}

// divergedAt returns what an error says about a training that has diverged, nil if it says no such thing.
func divergedAt(err error) *divergence {
	var nan *lince.NaNError
	if errors.As(err, &nan) {
		return &divergence{nan.Rate, nan.Weight}
	}
	var diverged *callback.DivergenceError
	if errors.As(err, &diverged) {
		return &divergence{diverged.Rate, diverged.Weight}
	}
	return nil
}

// initially reports whether training diverged before it changed the model, so that no setting of it helps.
func initially(err error) bool {
	var nan *lince.NaNError
	return errors.As(err, &nan) && nan.Initial
}

// advised adds settings to try to the error of a training that has diverged.
func (t *training) advised(err error) error {
	at := divergedAt(err)
	if at == nil {
		return err
	}
	var try []string
	if t.byClass != nil && suggest.Heavy(at.weight) {
		try = append(try, "--class-weight balanced")
	}
	if rate := at.rate; rate > 0 && !initially(err) {
		// With a schedule, the flag is the highest rate. It must be lower than the rate at which the training diverged, which may be that of a step before it is reached.
		if highest := t.record.Model.LearningRate; (t.scheduled() || t.rates != nil) && highest > 0 {
			rate = min(rate, highest)
		}
		try = append(try, fmt.Sprintf("--lr %v", t.lowerRate(rate)))
	}
	if len(try) == 0 {
		return err
	}
	return fmt.Errorf("%w\ntry %s", err, strings.Join(try, ", or "))
}

// noteRise warns of a training that ended with a higher loss than that of its first epoch, and records the advice.
func (t *training) noteRise(h *lince.History) {
	losses := h.Values("loss")
	n := len(losses)
	if n < 2 || !(losses[n-1] > 1.05*losses[0]) || t.record.Advice != "" { // less may be noise
		return
	}
	t.record.Advice = fmt.Sprintf("the loss rose from %.4g in the first epoch to %.4g in the last: lower the learning rate", losses[0], losses[n-1])
	for _, w := range t.byClass {
		if suggest.Heavy(w) {
			t.record.Advice = fmt.Sprintf("the loss rose from %.4g in the first epoch to %.4g in the last: lower the class weights (--class-weight balanced), or the learning rate", losses[0], losses[n-1])
		}
	}
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
