package lince

import (
	"errors"
	"fmt"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/backend"
)

// BatchOptions configures TrainOnBatch.
type BatchOptions struct {
	// ClassWeight and OutputClassWeight are those of FitOptions (class_weight).
	ClassWeight       map[int]float64
	OutputClassWeight map[string]map[int]float64
}

// TrainOnBatch makes one training step on a batch (model.train_on_batch). The model must be compiled. For a model with
// one input and one output, the batch is data.Batch{X: x, Y: y}; Weights has the weights of the examples, if there are any.
//
// It returns the loss and the metrics of this batch, with the weights from before the step. As in Keras 3.15, it resets
// the metrics first, so model.reset_metrics is not needed. (Keras 3.0 returned means over all batches so far.) A loss
// that is not finite is not an error. TrainOnBatch returns an error while the model trains.
func (m *Model) TrainOnBatch(b data.Batch, o BatchOptions) (*Logs, error) {
	if !m.fitting.TryLock() {
		return nil, errors.New("training on a batch: the model is already training")
	}
	defer m.fitting.Unlock()
	fail := func(err error) (*Logs, error) { return nil, fmt.Errorf("training on a batch: %w", err) }
	if err := m.readyToTrain(); err != nil {
		return fail(err)
	}
	if len(m.compiled.optimizer) == 0 {
		return fail(errNothingToTrain)
	}
	if err := m.checkClassWeights(FitOptions{ClassWeight: o.ClassWeight, OutputClassWeight: o.OutputClassWeight}); err != nil {
		return fail(err)
	}
	f := feed{m: m, classWeight: o.ClassWeight, ofOutput: o.OutputClassWeight}
	logs, err := m.onBatch(&f, b, m.compiled.train, m.compiled.training)
	if err != nil {
		return fail(err)
	}
	m.compiled.started = true
	return logs, nil
}

// TestOnBatch evaluates a batch (model.test_on_batch). The model must be compiled. The batch has the form that
// TrainOnBatch takes.
//
// It returns the loss and the metrics of this batch.
func (m *Model) TestOnBatch(b data.Batch) (*Logs, error) {
	switch {
	case m.compiled == nil && len(m.unknown) > 0:
		return nil, fmt.Errorf("testing on a batch: %w", m.unknownError())
	case m.compiled == nil:
		return nil, errors.New("testing on a batch: the model is not compiled; call Compile first")
	}
	m.testing.Lock()
	defer m.testing.Unlock()
	logs, err := m.onBatch(&feed{m: m}, b, m.compiled.evaluate, m.compiled.evaluation)
	if err != nil {
		return nil, fmt.Errorf("testing on a batch: %w", err)
	}
	return logs, nil
}

// onBatch runs the training or the evaluation program on a batch, after resetting the metrics' variables.
func (m *Model) onBatch(f *feed, b data.Batch, p backend.Program, metrics []*graph.Variable) (*Logs, error) {
	in, err := f.batch(b)
	if err == nil && in[0].Shape()[0] == 0 {
		err = errors.New("the batch has no examples")
	}
	if err != nil {
		return nil, err
	}
	m.reset(metrics)
	values := m.compiled.newMeasured()
	if err := m.step(p, in, values); err != nil {
		return nil, err
	}
	return values.logs(), nil
}
