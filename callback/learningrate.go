package callback

import (
	"errors"
	"fmt"
)

// LearningRateScheduler sets the learning rate at the beginning of each epoch
// (keras.callbacks.LearningRateScheduler). It adds the rate to the logs as learning_rate.
type LearningRateScheduler struct {
	// Schedule returns the learning rate for an epoch, counted from 0. rate is the current learning rate.
	// Schedule is required.
	Schedule func(epoch int, rate float64) float64
	// Verbose prints a message for each epoch (verbose=1).
	Verbose bool
}

// Begin implements Callback.
func (c LearningRateScheduler) Begin(run Run) (Hooks, error) {
	if run.Task() != Training {
		return Hooks{}, nil
	}
	if c.Schedule == nil {
		return Hooks{}, errors.New("LearningRateScheduler: Schedule is nil")
	}
	return Hooks{
		EpochBegin: func(epoch int) error {
			rate, err := run.LearningRate()
			if err != nil {
				return fmt.Errorf("LearningRateScheduler: %w", err)
			}
			rate = c.Schedule(epoch, rate)
			if c.Verbose {
				run.Printf("Epoch %d: LearningRateScheduler setting learning rate to %v.", epoch+1, rate)
			}
			if err := run.SetLearningRate(rate); err != nil {
				return fmt.Errorf("LearningRateScheduler: epoch %d: %w", epoch, err)
			}
			return nil
		},
		EpochEnd: func(_ int, logs *Logs) error { return logRate(run, logs) },
	}, nil
}

func logRate(run Run, logs *Logs) error {
	rate, err := run.LearningRate()
	if err == nil {
		logs.Set("learning_rate", rate)
	}
	return err
}

// ReduceLROnPlateau reduces the learning rate when a metric has stopped improving
// (keras.callbacks.ReduceLROnPlateau). It adds the rate to the logs as learning_rate. If a schedule computes the
// learning rate, Fit returns an error before training starts; Keras raises one at the first reduction.
type ReduceLROnPlateau struct {
	// Monitor is the metric (monitor). The default is "val_loss".
	Monitor string
	// Factor is the factor by which the learning rate is multiplied (factor). Greater than 0 and less than
	// 1. The default is 0.1.
	Factor float64
	// Patience is the number of consecutive epochs without improvement after which the rate is reduced
	// (patience). The default, nil, is 10.
	Patience *int
	// Mode says whether a lower or a higher value of Monitor is better (mode). The default, Auto, depends on
	// the metric.
	Mode Mode
	// MinDelta is the change that an improvement must exceed (min_delta). The default, nil, is 1e-4.
	MinDelta *float64
	// Cooldown is the number of epochs after a reduction before epochs without improvement are counted again
	// (cooldown). The default is 0.
	Cooldown int
	// MinLR is the lower bound of the learning rate (min_lr). The default is 0.
	MinLR float64
	// Verbose prints a message for each reduction (verbose=1).
	Verbose bool
}

type plateauState struct {
	Best     *number `json:"best"`
	Wait     int     `json:"wait"`
	Cooldown int     `json:"cooldown"`
}

// Begin implements Callback.
func (c ReduceLROnPlateau) Begin(run Run) (Hooks, error) {
	if run.Task() != Training {
		return Hooks{}, nil
	}
	factor, patience, minDelta := c.Factor, 10, 1e-4
	if factor == 0 {
		factor = .1
	}
	if c.Patience != nil {
		patience = *c.Patience
	}
	if c.MinDelta != nil {
		minDelta = *c.MinDelta
	}
	if !(factor > 0 && factor < 1) {
		return Hooks{}, fmt.Errorf("ReduceLROnPlateau: Factor must be above 0 and below 1, got %v", factor)
	}
	if patience < 0 || c.Cooldown < 0 || !(c.MinLR >= 0) {
		return Hooks{}, fmt.Errorf("ReduceLROnPlateau: Patience, Cooldown and MinLR must be at least 0, got %d, %d and %v", patience, c.Cooldown, c.MinLR)
	}
	m, err := newMonitor(run, "ReduceLROnPlateau", c.Monitor, c.Mode, minDelta)
	if err != nil {
		return Hooks{}, err
	}
	// A rate that cannot be set, such as that of a schedule, is an error now, not in the epoch of the first reduction.
	if rate, err := run.LearningRate(); err != nil {
		return Hooks{}, fmt.Errorf("ReduceLROnPlateau: %w", err)
	} else if err := run.SetLearningRate(rate); err != nil {
		return Hooks{}, fmt.Errorf("ReduceLROnPlateau: %w", err)
	}
	s := &plateauState{}
	return Hooks{State: s, EpochEnd: func(epoch int, logs *Logs) error {
		if err := logRate(run, logs); err != nil {
			return fmt.Errorf("ReduceLROnPlateau: %w", err)
		}
		v, err := m.value(logs)
		if err != nil {
			return err
		}
		if s.Cooldown > 0 {
			s.Cooldown--
			s.Wait = 0
		}
		switch {
		case m.improves(v, s.Best.float()):
			s.Best = newNumber(v)
			s.Wait = 0
		case s.Cooldown == 0:
			s.Wait++
			rate, _ := logs.Get("learning_rate")
			// Keras compares in float32, because the optimizer keeps the rate in float32.
			if s.Wait < patience || float32(rate) <= float32(c.MinLR) {
				break
			}
			rate = max(rate*factor, c.MinLR)
			if err := run.SetLearningRate(rate); err != nil {
				return fmt.Errorf("ReduceLROnPlateau: %w", err)
			}
			if c.Verbose {
				run.Printf("Epoch %d: ReduceLROnPlateau reducing learning rate to %v.", epoch+1, rate)
			}
			s.Cooldown = c.Cooldown
			s.Wait = 0
		}
		return nil
	}}, nil
}
