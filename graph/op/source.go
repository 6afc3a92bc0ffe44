package op

import "github.com/lince-ml/lince/tensor"

// Input is data that the caller passes to a run.
type Input struct {
	Key string // its name
	Type
}

// Variable reads a variable of the model's store. It returns the value that the variable has
// before the updates of the run.
type Variable struct {
	Path string
	Type
}

// Const is a constant.
type Const struct{ Value *tensor.Tensor }

// Name implements Op.
func (Input) Name() string { return "Input" }

// Name implements Op.
func (Variable) Name() string { return "Variable" }

// Name implements Op.
func (Const) Name() string { return "Const" }

// Infer implements Op.
func (o Input) Infer(in []Type) ([]Type, error) { return one(o.Type), wantOperands(in, 0) }

// Infer implements Op.
func (o Variable) Infer(in []Type) ([]Type, error) { return one(o.Type), wantOperands(in, 0) }

// Infer implements Op.
func (o Const) Infer(in []Type) ([]Type, error) {
	return one(Type{o.Value.DType(), o.Value.Shape()}), wantOperands(in, 0)
}
