package callback

import "fmt"

// EarlyStopping stops a training when a metric has stopped improving:
// keras.callbacks.EarlyStopping.
type EarlyStopping struct {
	Monitor string // default "val_loss"
	// MinDelta is the least change that counts as an improvement.
	MinDelta float64
	// Patience is the number of epochs without improvement after which training stops.
	Patience int
	Mode     Mode
	// Baseline is a value that the metric must beat for the waiting to start anew; nil
	// is none. new(.9) makes one.
	Baseline *float64
	// RestoreBestWeights gives the model, at the end, the weights of its best epoch.
	RestoreBestWeights bool
	// StartFromEpoch is the first epoch that is looked at, counted from 0.
	StartFromEpoch int
	// Verbose tells when it acts.
	Verbose bool
}

type earlyStoppingState struct {
	Wait        int     `json:"wait"`
	Best        *number `json:"best"`
	BestEpoch   int     `json:"best_epoch"`
	Stopped     int     `json:"stopped_epoch"`
	BestWeights Weights `json:"best_weights,omitempty"`
}

// Begin implements Callback.
func (c EarlyStopping) Begin(run Run) (Hooks, error) {
	m, err := newMonitor(run, "EarlyStopping", c.Monitor, c.Mode, c.MinDelta)
	if err != nil {
		return Hooks{}, err
	}
	if c.Patience < 0 {
		return Hooks{}, fmt.Errorf("EarlyStopping: patience is %d, want at least 0", c.Patience)
	}
	s := &earlyStoppingState{}
	keep := func(epoch int) {
		s.BestEpoch = epoch
		if c.RestoreBestWeights {
			s.BestWeights = run.Weights()
		}
	}
	return Hooks{
		State: s,
		EpochEnd: func(epoch int, logs *Logs) error {
			v, err := m.value(logs)
			if err != nil || epoch < c.StartFromEpoch {
				return err
			}
			if c.RestoreBestWeights && s.BestWeights == nil {
				keep(epoch)
			}
			s.Wait++
			if m.improves(v, s.Best.float()) {
				s.Best = newNumber(v)
				keep(epoch)
				if m.improves(v, c.Baseline) {
					s.Wait = 0
				}
				return nil
			}
			if s.Wait >= c.Patience && epoch > 0 {
				s.Stopped = epoch
				run.Stop()
			}
			return nil
		},
		End: func() error {
			if s.Stopped > 0 && c.Verbose {
				run.Printf("Epoch %d: early stopping", s.Stopped+1)
			}
			if s.BestWeights == nil {
				return nil
			}
			if c.Verbose {
				run.Printf("Restoring model weights from the end of the best epoch: %d.", s.BestEpoch+1)
			}
			return run.SetWeights(s.BestWeights)
		},
	}, nil
}
