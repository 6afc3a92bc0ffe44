package keras

import (
	"fmt"
	"io/fs"

	"github.com/lince-ml/lince/tensor"
)

// optimizerPath is where the optimizer hangs.
const optimizerPath = "optimizer"

// Optimizer is the optimizer's state, the entry "optimizer". FORMAT.md tells the order of
// the slots for each class.
type Optimizer struct {
	// Name is the optimizer's name, as in rm_sprop.
	Name string
	// Iterations counts the updates made.
	Iterations int64
	// LearningRate is nil if a schedule gives it: Keras then has no such variable. It is nil in
	// files of Keras 2, too, where the configuration alone has it.
	LearningRate *float32
	// Slots are the variables that the class adds.
	Slots []*tensor.Tensor
}

// Entry is how the state is stored.
func (o Optimizer) Entry() Entry {
	e := Entry{Path: optimizerPath, Name: o.Name, Vars: []*tensor.Tensor{tensor.Scalar(o.Iterations)}}
	if o.LearningRate != nil {
		e.Vars = append(e.Vars, tensor.Scalar(*o.LearningRate))
	}
	e.Vars = append(e.Vars, o.Slots...)
	return e
}

// Optimizer is the stored state; schedule says that the configuration gives the learning
// rate by a schedule, so that there is no variable of it. Otherwise a number without
// dimensions after the count is the rate: no slot is one there. The error wraps fs.ErrNotExist
// if the file has no optimizer: the model was not compiled, or saved without.
func (w Weights) Optimizer(schedule bool) (Optimizer, error) {
	e, ok := w.Find(optimizerPath)
	if !ok || len(e.Vars) == 0 {
		return Optimizer{}, fmt.Errorf("keras: the file has no optimizer state: %w", fs.ErrNotExist)
	}
	o := Optimizer{Name: e.Name}
	// Keras on TensorFlow counts in int64, on other backends in int32.
	switch v := e.Vars[0]; {
	case v.Len() == 1 && v.DType() == tensor.Int64:
		o.Iterations = tensor.Values[int64](v)[0]
	case v.Len() == 1 && v.DType() == tensor.Int32:
		o.Iterations = int64(tensor.Values[int32](v)[0])
	default:
		return o, fmt.Errorf("keras: optimizer/vars/0: wanted the count of iterations, found %v", v)
	}
	rest := e.Vars[1:]
	if !schedule && len(rest) > 0 && len(rest[0].Shape()) == 0 {
		if rest[0].DType() != tensor.Float32 {
			return o, fmt.Errorf("keras: optimizer/vars/1: wanted the learning rate, a float32, found %v", rest[0])
		}
		rate := rest[0].Float32s()[0]
		o.LearningRate = &rate
		rest = rest[1:]
	}
	o.Slots = rest
	return o, nil
}
