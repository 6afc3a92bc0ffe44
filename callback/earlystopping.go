package callback

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// EarlyStopping stops training when a metric has stopped improving (keras.callbacks.EarlyStopping).
type EarlyStopping struct {
	// Monitor is the metric (monitor). The default is "val_loss".
	Monitor string
	// MinDelta is the change that an improvement must exceed (min_delta). The default is 0.
	MinDelta float64
	// Patience is the number of consecutive epochs without improvement after which training stops (patience).
	// The default is 0, which stops after one such epoch, as 1 does.
	Patience int
	// Mode says whether a lower or a higher value of Monitor is better (mode). The default, Auto, depends on the
	// metric.
	Mode Mode
	// Baseline is a value that the metric must beat (baseline). Every epoch before that counts as an epoch
	// without improvement. The default, nil, means no baseline. new(.9) sets one.
	Baseline *float64
	// RestoreBestWeights restores the weights of the best epoch at the end of training (restore_best_weights).
	// The default is false.
	RestoreBestWeights bool
	// StartFromEpoch is the first epoch in which the metric is monitored, counted from 0 (start_from_epoch). The
	// default is 0.
	StartFromEpoch int
	// Verbose prints a message when training is stopped and when weights are restored (verbose=1).
	Verbose bool
}

type earlyStoppingState struct {
	Wait        int     `json:"wait"`
	Best        *number `json:"best"`
	BestEpoch   int     `json:"best_epoch"`
	Stopped     int     `json:"stopped_epoch"`
	BestWeights Weights `json:"best_weights,omitempty"`

	run Run
}

// earlyStoppingJSON is the state in a file. A state belongs to the weights of the model at the same moment, so it holds those of the best weights that differ
// from them: none after the best epoch, and never those of frozen layers.
type earlyStoppingJSON struct {
	earlyStoppingFields
	// Changed lists the positions of BestWeights among the weights of the model. Without it, BestWeights has all.
	Changed *[]int `json:"best_weights_changed,omitempty"`
}

type earlyStoppingFields earlyStoppingState // without its methods

// MarshalJSON implements json.Marshaler.
func (s *earlyStoppingState) MarshalJSON() ([]byte, error) {
	o := earlyStoppingJSON{earlyStoppingFields: earlyStoppingFields(*s)}
	if s.BestWeights != nil {
		o.BestWeights, o.Changed = nil, &[]int{}
		for i, w := range s.run.Weights() {
			if best := s.BestWeights[i]; !bytes.Equal(w.Raw(), best.Raw()) {
				o.BestWeights = append(o.BestWeights, best)
				*o.Changed = append(*o.Changed, i)
			}
		}
	}
	return json.Marshal(o)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *earlyStoppingState) UnmarshalJSON(data []byte) error {
	var o earlyStoppingJSON
	if err := json.Unmarshal(data, &o); err != nil {
		return err
	}
	if o.Changed != nil {
		all := s.run.Weights()
		if len(*o.Changed) != len(o.BestWeights) {
			return fmt.Errorf("the best weights are %d tensors for %d positions", len(o.BestWeights), len(*o.Changed))
		}
		for k, i := range *o.Changed {
			if i < 0 || i >= len(all) {
				return fmt.Errorf("the best weights have position %d among %d", i, len(all))
			}
			all[i] = o.BestWeights[k]
		}
		o.BestWeights = all
	}
	o.run = s.run
	*s = earlyStoppingState(o.earlyStoppingFields)
	return nil
}

// Begin implements Callback.
func (c EarlyStopping) Begin(run Run) (Hooks, error) {
	if run.Task() != Training {
		return Hooks{}, nil
	}
	m, err := newMonitor(run, "EarlyStopping", c.Monitor, c.Mode, c.MinDelta)
	if err != nil {
		return Hooks{}, err
	}
	if c.Patience < 0 {
		return Hooks{}, fmt.Errorf("EarlyStopping: Patience must be at least 0, got %d", c.Patience)
	}
	s := &earlyStoppingState{run: run}
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
