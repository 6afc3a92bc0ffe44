package callback

import (
	"fmt"
	"math"
)

// OneCycle raises the learning rate from a small value to MaxLR in the first steps of training and lowers it to almost 0
// in the remaining steps, both along a cosine (Smith and Topin, "Super-Convergence", arXiv:1708.07120, in the form of
// torch.optim.lr_scheduler.OneCycleLR). It sets the rate before each step, and adds the rate to the logs as
// learning_rate. With n steps in all, the rate of step i, counted from 0, is
//
//	MaxLR / DivFactor                          at i = 0
//	MaxLR                                      at i = PctStart*n - 1
//	MaxLR / DivFactor / FinalDivFactor         at i = n-1
//
// and between two of these points, (end + (start-end) * (1+cos(pi*p)) / 2), where p is the fraction of the way from one
// point to the next. The cycle covers all epochs of Fit, from epoch 0 on. PyTorch also changes the momentum, which
// OneCycle does not do.
//
// Keras has no such callback. The learning rate of the optimizer must be a number, not a schedule.
type OneCycle struct {
	// MaxLR is the largest learning rate. It is required. Greater than 0.
	MaxLR float64
	// PctStart is the fraction of the steps in which the rate rises. Greater than 0 and less than 1. The default is
	// 0.3.
	PctStart float64
	// DivFactor is MaxLR divided by the first rate. At least 1. The default is 25.
	DivFactor float64
	// FinalDivFactor is the first rate divided by the last rate. At least 1. The default is 1e4.
	FinalDivFactor float64
}

// Begin implements Callback.
func (c OneCycle) Begin(run Run) (Hooks, error) {
	if run.Task() != Training {
		return Hooks{}, nil
	}
	for field, value := range map[*float64]float64{&c.PctStart: .3, &c.DivFactor: 25, &c.FinalDivFactor: 1e4} {
		if *field == 0 {
			*field = value
		}
	}
	switch {
	case !(c.MaxLR > 0) || math.IsInf(c.MaxLR, 0):
		return Hooks{}, fmt.Errorf("OneCycle: MaxLR must be greater than 0, got %v", c.MaxLR)
	case !(c.PctStart > 0 && c.PctStart < 1):
		return Hooks{}, fmt.Errorf("OneCycle: PctStart must be greater than 0 and less than 1, got %v", c.PctStart)
	case !(c.DivFactor >= 1) || !(c.FinalDivFactor >= 1):
		return Hooks{}, fmt.Errorf("OneCycle: DivFactor and FinalDivFactor must be at least 1, got %v and %v", c.DivFactor, c.FinalDivFactor)
	}
	return Hooks{
		BatchBegin: func(step int) error {
			rate := c.rate(run.Position().Epoch*run.Steps()+step, run.Epochs()*run.Steps())
			if err := run.SetLearningRate(rate); err != nil {
				return fmt.Errorf("OneCycle: %w", err)
			}
			return nil
		},
		EpochEnd: func(_ int, logs *Logs) error { return logRate(run, logs) },
	}, nil
}

// rate returns the learning rate of step i of n.
func (c OneCycle) rate(i, n int) float64 {
	first := c.MaxLR / c.DivFactor
	last := first / c.FinalDivFactor
	top := c.PctStart*float64(n) - 1 // as in PyTorch, between steps if the product is no integer
	between := func(start, end, p float64) float64 { return end + (start-end)/2*(1+math.Cos(math.Pi*p)) }
	at := float64(i)
	if top > 0 && at <= top {
		return between(first, c.MaxLR, at/top)
	}
	return between(c.MaxLR, last, (at-top)/(float64(n-1)-top))
}
