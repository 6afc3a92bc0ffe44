package lince

import (
	"errors"
	"fmt"
	"math"

	"github.com/lince-ml/lince/internal/engine"
	"github.com/lince-ml/lince/tensor"
)

// FirstNotFinite says which of the numbers that the model computes for a batch of each of its inputs are the first that are NaN or infinite: those of an
// input, of a weight, or the results of a layer. It returns "" if all are finite. It explains outputs that are NaN; it takes the memory of a prediction.
func (m *Model) FirstNotFinite(inputs ...*tensor.Tensor) (string, error) {
	in, err := m.examples(inputs)
	if err != nil {
		return "", err
	}
	for i, x := range in {
		if at := notFinite(x); at >= 0 {
			return fmt.Sprintf("the input %s has the number %v", m.InputNames()[i], x.Float32s()[at]), nil
		}
	}
	if path := m.NotFinite(); path != "" {
		return fmt.Sprintf("the weight %s has numbers that are NaN or infinite", path), nil
	}
	e, err := engine.New(engine.Options{Check: true})
	if err != nil {
		return "", err
	}
	defer e.Close()
	program, err := e.Compile(m.predict.graph, m.base)
	if err != nil {
		return "", err
	}
	out, err := m.predict.outputsFor(in)
	if err != nil {
		return "", err
	}
	m.mu.RLock()
	err = program.Run(in, out)
	m.mu.RUnlock()
	var first *engine.NotFiniteError
	if errors.As(err, &first) {
		where := "the operation " + first.Op
		if first.Layer != "" {
			where = fmt.Sprintf("the layer %s (%s)", first.Layer, first.Op)
		}
		return fmt.Sprintf("%s is the first that computes %v; before it, all numbers are finite", where, first.Value), nil
	}
	return "", err
}

// notFinite returns the index of the first element that is NaN or infinite, or -1.
func notFinite(x *tensor.Tensor) int {
	if x == nil || x.DType() != tensor.Float32 {
		return -1
	}
	for i, v := range x.Float32s() {
		if v-v != 0 {
			return i
		}
	}
	return -1
}

// NotFiniteOutputError reports an output of a model that is NaN, so that it is no prediction. FirstNotFinite finds the cause.
type NotFiniteOutputError struct {
	Row int    // of the example: in the batch, or in the dataset for Classify
	Why string // what FirstNotFinite says; "" if it was not called
}

// Error implements error.
func (e *NotFiniteOutputError) Error() string {
	if e.Why != "" {
		return fmt.Sprintf("classifying: the output for example %d is NaN: %s", e.Row, e.Why)
	}
	return fmt.Sprintf("classifying: the output for example %d is NaN, because a weight or an input is NaN or infinite, or a layer computes numbers that are too large", e.Row)
}

// explained adds the cause to the error of outputs for x that are NaN.
func (m *Model) explained(err error, x *tensor.Tensor) error {
	var nan *NotFiniteOutputError
	if errors.As(err, &nan) && nan.Why == "" && len(m.inputs) == 1 {
		one := tensor.New(x.DType(), append(tensor.Shape{1}, x.Shape()[1:]...)...)
		copy(one.Raw(), x.Row(nan.Row).Raw())
		nan.Why, _ = m.FirstNotFinite(one) // without it, the error says what may be
	}
	return err
}

// beforeUpdates reports whether the only step so far was the first of a training that was not resumed, so that its loss is that of the model as it began.
func (r *training) beforeUpdates() bool {
	return r.o.Resume == nil && r.position.Epoch == r.o.InitialEpoch && r.position.Step == 1
}

// whyNotFinite says why the loss of the last batch is not finite, for the model as it was before it. It returns "" if that is not known.
func (r *training) whyNotFinite(loss float64) string {
	b := r.batch
	inputs := []*tensor.Tensor{b.X}
	if b.Inputs != nil {
		inputs = nil
		for _, name := range r.m.InputNames() {
			inputs = append(inputs, b.Inputs[name])
		}
	}
	objectives := r.m.compiled.objectives
	for _, o := range objectives {
		of := "the batch"
		if len(objectives) > 1 {
			of = "the output " + o.name
		}
		y, weights := o.given(b, len(objectives) > 1)
		if at := notFinite(y); at >= 0 {
			return fmt.Sprintf("the targets of %s have the number %v", of, y.Float32s()[at])
		}
		if at := notFinite(weights); at >= 0 {
			return fmt.Sprintf("the example weights of %s have the number %v", of, weights.Float32s()[at])
		}
	}
	why, err := r.m.FirstNotFinite(inputs...)
	switch {
	case err != nil: // such as kept features, which have no inputs
		return ""
	case why == "" && math.IsInf(loss, 0):
		return "the outputs are finite, so the loss itself is too large"
	}
	return why
}
