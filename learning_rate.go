package lince

import (
	"errors"
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// rate returns the optimizer's variable of the learning rate.
func (m *Model) rate() (*graph.Variable, error) {
	if m.compiled == nil {
		return nil, errors.New("the model is not compiled")
	}
	v := m.store.Lookup(optimizerPath + "/learning_rate")
	if v == nil && m.compiled.train == nil {
		return nil, m.unknownError()
	}
	if v == nil {
		return nil, fmt.Errorf("the optimizer %s has no learning rate that can be set", optimizer.ClassOf(m.compiled.config.Optimizer))
	}
	return v, nil
}

// LearningRate returns the optimizer's current learning rate (optimizer.learning_rate). It returns an error
// if the model is not compiled, or the optimizer has no learning rate.
func (m *Model) LearningRate() (float64, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v, err := m.rate()
	if err != nil {
		return 0, err
	}
	return float64(v.Value().Float32s()[0]), nil
}

// SetLearningRate sets the learning rate for the following steps. rate must be greater than 0 and at most
// 1e30. It returns an error if the model is not compiled, or the optimizer has no learning rate that can be
// set.
func (m *Model) SetLearningRate(rate float64) error {
	if !(rate > 0) || rate > 1e30 {
		return fmt.Errorf("the learning rate must be greater than 0 and at most 1e30, got %v", rate)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	v, err := m.rate()
	if err != nil {
		return err
	}
	return m.store.Set(v, tensor.Scalar(float32(rate)))
}
