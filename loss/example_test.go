package loss_test

import (
	"fmt"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/tensor"
)

// Distance is a custom loss with its own target type: a power of the distance between a
// predicted number and a class index.
type Distance struct {
	// Power is the exponent. At least 1. The default is 2.
	Power float64 `keras:"power,default=2,min=1"`
}

// Target returns the type of the targets, (batch,), for predictions (batch, 1).
func (Distance) Target(output op.Type) op.Type {
	return op.Type{DType: tensor.Int32, Shape: tensor.Shape{output.Shape[0]}}
}

// Takes reports that predictions are numbers, not probabilities.
func (Distance) Takes() loss.Predictions { return loss.Predictions{} }

func (l Distance) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	l, ok := loss.Ready(b, l)
	if !ok || !yTrue.Valid() || !yPred.Valid() {
		return b.Invalid()
	}
	if yPred.Rank() != 2 || yPred.Shape[1] != 1 {
		return b.Errorf("predictions have shape %v, want (batch, 1)", yPred.Shape)
	}
	y := b.Cast(b.Reshape(yTrue, tensor.Unknown, 1), yPred.DType)
	distance := b.Abs(b.Sub(yPred, y))
	return b.Sum(b.Binary(op.Pow, distance, b.Constant(yPred.DType, l.Power)), 1)
}

// A custom loss declares the type of its targets.
func ExampleLoss() {
	b := graph.NewBuilder(graph.NewStore(), true)
	output := b.Input("x", tensor.Float32, tensor.Unknown, 1)
	var l loss.Loss = Distance{Power: 3}
	target := l.Target(output.Type)
	each := l.Build(b.In("loss", "loss (Distance)"), b.Input("y", target.DType, target.Shape...), output)
	fmt.Println(target, "->", each.Type, b.Err())

	again, err := loss.DecodeAs[Distance](loss.ConfigOf(l))
	fmt.Printf("%+v %v\n", again, err)
	_, err = loss.DecodeAs[Distance](map[string]any{"power": .5})
	fmt.Println(err)
	// Output:
	// int32 (None,) -> float32 (None,) <nil>
	// {Power:3} <nil>
	// loss Distance: power is 0.5, want a number greater than or equal to 1
}
