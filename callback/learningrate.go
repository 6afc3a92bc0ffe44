package callback

import (
	"errors"
	"fmt"
)

// LearningRateScheduler sets the learning rate at the beginning of each epoch:
// keras.callbacks.LearningRateScheduler. The rate is added to the logs as learning_rate.
type LearningRateScheduler struct {
	// Schedule is given the epoch, counted from 0, and the learning rate as it is, and
	// returns the one to use.
	Schedule func(epoch int, rate float64) float64
	// Verbose tells each setting.
	Verbose bool
}

// Begin implements Callback.
func (c LearningRateScheduler) Begin(run Run) (Hooks, error) {
	if c.Schedule == nil {
		return Hooks{}, errors.New("LearningRateScheduler: there is no Schedule")
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

// ReduceLROnPlateau lowers the learning rate when a metric has stopped improving:
// keras.callbacks.ReduceLROnPlateau. The rate is added to the logs as learning_rate.
type ReduceLROnPlateau struct {
	Monitor string  // default "val_loss"
	Factor  float64 // by which the rate is multiplied, less than 1; 0 is .1
	// Patience is the number of epochs without improvement after which the rate is
	// lowered; nil is 10.
	Patience *int
	Mode     Mode
	// MinDelta is the least change that counts as an improvement; nil is 1e-4.
	MinDelta *float64
	// Cooldown is the number of epochs after a change in which nothing is counted.
	Cooldown int
	// MinLR is the rate below which it does not go.
	MinLR float64
	// Verbose tells each change.
	Verbose bool
}

type plateauState struct {
	Best     *number `json:"best"`
	Wait     int     `json:"wait"`
	Cooldown int     `json:"cooldown"`
}

// Begin implements Callback.
func (c ReduceLROnPlateau) Begin(run Run) (Hooks, error) {
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
		return Hooks{}, fmt.Errorf("ReduceLROnPlateau: factor is %v, want one above 0 and below 1", factor)
	}
	if patience < 0 || c.Cooldown < 0 || !(c.MinLR >= 0) {
		return Hooks{}, fmt.Errorf("ReduceLROnPlateau: patience %d, cooldown %d, least learning rate %v: none may be negative", patience, c.Cooldown, c.MinLR)
	}
	m, err := newMonitor(run, "ReduceLROnPlateau", c.Monitor, c.Mode, minDelta)
	if err != nil {
		return Hooks{}, err
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
			// Keras compares in float32, in which the optimizer keeps the rate.
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
