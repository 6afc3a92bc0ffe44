package lince

import (
	"encoding/json"
	"fmt"

	"github.com/lince-ml/lince/callback"
)

func checkResume(o Fit) error {
	switch s := o.Resume; {
	case o.InitialEpoch != 0:
		return fmt.Errorf("InitialEpoch is %d; it must be 0 where Resume says the position", o.InitialEpoch)
	case s.Position.Epoch < 0 || s.Position.Step < 0:
		return fmt.Errorf("the state to resume is at epoch %d, step %d; want at least 0", s.Position.Epoch, s.Position.Step)
	case len(s.Callbacks) != len(o.Callbacks):
		return fmt.Errorf("the state to resume is of %d callbacks, there are %d", len(s.Callbacks), len(o.Callbacks))
	}
	return nil
}

// restoreHistory copies the history of the state that the training goes on from.
func (r *training) restoreHistory() error {
	h := r.o.Resume.History
	if h == nil {
		return nil
	}
	for _, s := range h.Series {
		if len(s.Values) != len(h.Epochs) {
			return fmt.Errorf("the state to resume has %d values of %s for %d epochs", len(s.Values), s.Name, len(h.Epochs))
		}
	}
	r.history = copyHistory(h)
	return nil
}

func copyHistory(h *History) *History {
	c := &History{Epochs: append([]int(nil), h.Epochs...)}
	for _, s := range h.Series {
		c.Series = append(c.Series, callback.Series{Name: s.Name, Values: append([]float64(nil), s.Values...)})
	}
	return c
}

// State implements callback.Run.
func (r *training) State() (callback.State, error) {
	s := callback.State{Position: r.position, History: copyHistory(r.history)}
	if r.ending != nil {
		s.History.Add(r.endEpoch, r.ending)
	}
	for i := range r.o.Callbacks {
		state := json.RawMessage("null")
		if i < len(r.hooks) && r.hooks[i].State != nil {
			b, err := json.Marshal(r.hooks[i].State)
			if err != nil {
				return callback.State{}, fmt.Errorf("the state of callback %d: %w", i, err)
			}
			state = b
		}
		s.Callbacks = append(s.Callbacks, state)
	}
	return s, nil
}
