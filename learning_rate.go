package lince

import (
	"errors"
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// rate is the optimizer's variable of the learning rate.
func (m *Model) rate() (*graph.Variable, error) {
	if m.compiled == nil {
		return nil, errors.New("the model is not compiled")
	}
	v := m.store.Lookup(optimizerPath + "/learning_rate")
	if v == nil && m.compiled.train == nil {
		return nil, m.unknownError()
	}
	if v == nil {
		return nil, fmt.Errorf("the optimizer %s has no learning rate that can be set", m.compiled.config.Optimizer.Class())
	}
	return v, nil
}

// LearningRate is the optimizer's learning rate.
func (m *Model) LearningRate() (float64, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v, err := m.rate()
	if err != nil {
		return 0, err
	}
	return float64(v.Value().Float32s()[0]), nil
}

// SetLearningRate changes the learning rate from the next step on.
func (m *Model) SetLearningRate(rate float64) error {
	if !(rate > 0) || rate > 1e30 {
		return fmt.Errorf("the learning rate is %v, want a number above 0", rate)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	v, err := m.rate()
	if err != nil {
		return err
	}
	return m.store.Set(v, tensor.Scalar(float32(rate)))
}
