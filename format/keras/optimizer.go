package keras

import (
	"fmt"
	"io/fs"

	"github.com/lince-ml/lince/tensor"
)

// optimizerPath is the path of the optimizer's entry.
const optimizerPath = "optimizer"

// Optimizer is the state of an optimizer: the entry "optimizer". FORMAT.md lists the order of the slots for each class.
type Optimizer struct {
	// Name is the optimizer's name, such as rm_sprop.
	Name string
	// Iterations is the number of updates so far.
	Iterations int64
	// LearningRate is nil if a schedule computes the learning rate, because Keras then stores no variable for it. It is also nil in files of
	// Keras 2, where only the configuration holds it.
	LearningRate *float32
	// Slots holds the variables of the class, such as momentums.
	Slots []*tensor.Tensor
}

// Entry returns the entry that stores the state.
func (o Optimizer) Entry() Entry {
	e := Entry{Path: optimizerPath, Name: o.Name, Vars: []*tensor.Tensor{tensor.Scalar(o.Iterations)}}
	if o.LearningRate != nil {
		e.Vars = append(e.Vars, tensor.Scalar(*o.LearningRate))
	}
	e.Vars = append(e.Vars, o.Slots...)
	return e
}

// Optimizer returns the stored state. Set schedule if the configuration computes the learning rate by a schedule, because then the file has no
// variable for it. Otherwise, a scalar after the number of updates is the learning rate, since a slot there is never a scalar. The error wraps
// fs.ErrNotExist if the file has no optimizer state, because the model was not compiled or was saved without it.
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
		return o, fmt.Errorf("keras: optimizer/vars/0: want the number of iterations, an int64 or int32 scalar, got %v", v)
	}
	rest := e.Vars[1:]
	if !schedule && len(rest) > 0 && len(rest[0].Shape()) == 0 {
		if rest[0].DType() != tensor.Float32 {
			return o, fmt.Errorf("keras: optimizer/vars/1: want the learning rate, a float32, got %v", rest[0])
		}
		rate := rest[0].Float32s()[0]
		o.LearningRate = &rate
		rest = rest[1:]
	}
	o.Slots = rest
	return o, nil
}
