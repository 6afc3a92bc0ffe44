package op

import (
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// When is an update that takes place only if a condition holds. Operands: those of Update, and the
// condition, a Bool scalar.
type When struct{ Update Op }

// AverageWeights keeps a moving average of a variable's values (Keras' use_ema). Operands: the average
// a, the variable w, the number of updates before this step (an Int64 scalar). It reads w as earlier
// updates of the same step have left it.
//
//	a = m*a + (1-m)*w, where m is 0 if there were no updates, and else Momentum
//	w = a, if Overwrite > 0 and the number of updates + 1 is a multiple of Overwrite
type AverageWeights struct {
	Momentum  float64
	Overwrite int
}

// Every counts groups of N steps. Operand: the number of previous steps, an Int64 scalar. Results: the
// number of complete groups, an Int64, and whether this step completes a group, a Bool.
type Every struct{ N int }

// Schedule computes a learning rate. Operand: the number of previous steps, an Int64 scalar. Result: a
// Float32 scalar. Equal labels mean equal schedules.
type Schedule struct {
	Of    interface{ At(step int64) float64 }
	Label string // class and arguments
}

// Name implements Op.
func (When) Name() string { return "When" }

// Name implements Op.
func (AverageWeights) Name() string { return "AverageWeights" }

// Name implements Op.
func (Every) Name() string { return "Every" }

// Name implements Op.
func (Schedule) Name() string { return "Schedule" }

// Attributes prints the op's attributes.
func (o When) Attributes() string {
	if a := Attributes(o.Update); a != "" {
		return o.Update.Name() + " " + a
	}
	return o.Update.Name()
}

// Attributes prints the op's attributes.
func (o Schedule) Attributes() string { return o.Label }

// Updates implements Updater.
func (o When) Updates() int { return o.Update.(Updater).Updates() }

// Updates implements Updater.
func (AverageWeights) Updates() int { return 2 }

// Infer implements Op.
func (o When) Infer(in []Type) ([]Type, error) {
	if _, ok := o.Update.(Updater); !ok {
		return nil, fmt.Errorf("%s is not an update", o.Update.Name())
	}
	if len(in) == 0 {
		return nil, fmt.Errorf("got no operands, want a condition")
	}
	n := len(in) - 1
	if in[n].DType != tensor.Bool || in[n].Rank() != 0 {
		return nil, fmt.Errorf("the condition is %v, want a bool scalar", in[n])
	}
	return o.Update.Infer(in[:n])
}

// Infer implements Op.
func (o AverageWeights) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 3); err != nil {
		return nil, err
	}
	if !in[0].Equal(in[1]) {
		return nil, fmt.Errorf("the average is %v, want %v like the variable", in[0], in[1])
	}
	return nil, wantSteps(in[2])
}

// Infer implements Op.
func (o Every) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	if o.N < 1 {
		return nil, fmt.Errorf("a group has %d steps, want at least 1", o.N)
	}
	return []Type{in[0], {tensor.Bool, tensor.Shape{}}}, wantSteps(in[0])
}

// Infer implements Op.
func (Schedule) Infer(in []Type) ([]Type, error) {
	if err := wantOperands(in, 1); err != nil {
		return nil, err
	}
	return one(Type{tensor.Float32, tensor.Shape{}}), wantSteps(in[0])
}

func wantSteps(t Type) error {
	if t.DType != tensor.Int64 || t.Rank() != 0 {
		return fmt.Errorf("the number of steps is %v, want an int64 scalar", t)
	}
	return nil
}
