package lince

import (
	"errors"
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/optimizer/schedule"
	"github.com/lince-ml/lince/tensor"
)

// rate returns the optimizer's variable of the learning rate; or, if a schedule computes the learning rate, the
// schedule and the variable of the number of steps.
func (m *Model) rate() (*graph.Variable, schedule.Schedule, error) {
	if m.compiled == nil {
		return nil, nil, errors.New("the model is not compiled")
	}
	if m.compiled.train == nil {
		return nil, nil, m.unknownError()
	}
	inner, s := optimizer.Rate(m.compiled.config.Optimizer)
	path := optimizerPath
	if inner != "" {
		path += "/" + inner
	}
	if s != nil {
		if v := m.store.Lookup(path + "/iteration"); v != nil {
			return v, s, nil
		}
	}
	v := m.store.Lookup(path + "/learning_rate")
	if v == nil {
		return nil, nil, fmt.Errorf("the optimizer %s has no learning rate that can be set", optimizer.ClassOf(m.compiled.config.Optimizer))
	}
	return v, nil, nil
}

// LearningRate returns the optimizer's current learning rate (optimizer.learning_rate). If a schedule computes it, it
// is the rate of the next step. LearningRate returns an error if the model is not compiled, or the optimizer has no
// learning rate.
func (m *Model) LearningRate() (float64, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	v, s, err := m.rate()
	if err != nil {
		return 0, err
	}
	if s != nil {
		return float64(float32(s.At(tensor.Values[int64](v.Value())[0]))), nil
	}
	return float64(v.Value().Float32s()[0]), nil
}

// SetLearningRate sets the learning rate for the following steps. rate must be greater than 0 and at most
// 1e30. It returns an error if the model is not compiled, if a schedule computes the learning rate, or if the
// optimizer has no learning rate that can be set.
func (m *Model) SetLearningRate(rate float64) error {
	if !(rate > 0) || rate > 1e30 {
		return fmt.Errorf("the learning rate must be greater than 0 and at most 1e30, got %v", rate)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	v, s, err := m.rate()
	if err != nil {
		return err
	}
	if s != nil {
		return fmt.Errorf("the learning rate is computed by the schedule %s and cannot be set; compile with a LearningRate in place of the Schedule", schedule.ClassOf(s))
	}
	return m.store.Set(v, tensor.Scalar(float32(rate)))
}

// iterations returns the number of steps of the optimizer, 0 if the model is not compiled for training.
func (m *Model) iterations() int {
	if m.compiled == nil {
		return 0
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	v := m.store.Lookup(optimizerPath + "/iteration")
	if v == nil {
		return 0
	}
	return int(tensor.Values[int64](v.Value())[0])
}
