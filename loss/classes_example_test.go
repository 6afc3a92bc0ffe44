package loss_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/tensor"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// evaluate returns the loss of logits, which a model passes on to an activation function.
func evaluate(l loss.Loss, activation layer.Function, logits, targets *tensor.Tensor) float64 {
	n := logits.Shape()[1]
	model, err := lince.Sequential(layer.Input{Shape: []int{n}}, layer.Dense{Units: n, NoBias: true, Activation: activation})
	check(err)
	identity := tensor.New(tensor.Float32, n, n)
	for i := range n {
		identity.Float32s()[i*n+i] = 1
	}
	check(model.SetWeights([]*tensor.Tensor{identity}))
	check(model.Compile(lince.CompileOptions{Loss: l}))
	batch, err := data.Tensors(logits, targets, data.TensorOptions{})
	check(err)
	logs, err := model.Evaluate(context.Background(), batch, lince.EvaluateOptions{Verbose: lince.Silent})
	check(err)
	value, _ := logs.Get("loss")
	return value
}

// The loss of one example with the probabilities 0.7, 0.2 and 0.1.
func ExampleCategoricalCrossentropy() {
	logits := tensor.Of([]float32{float32(math.Log(0.7)), float32(math.Log(0.2)), float32(math.Log(0.1))}, 1, 3)
	target := tensor.Of([]float32{1, 0, 0}, 1, 3)

	fmt.Printf("%.4f\n", evaluate(loss.CategoricalCrossentropy{}, layer.Softmax, logits, target))
	fmt.Printf("%.4f\n", -math.Log(0.7))

	fmt.Printf("%.4f\n", evaluate(loss.CategoricalCrossentropy{FromLogits: true}, layer.Linear, logits, target))
	// Output:
	// 0.3567
	// 0.3567
	// 0.3567
}

// With label smoothing 0.3, the target (1, 0, 0) becomes (0.8, 0.1, 0.1).
func ExampleCategoricalCrossentropy_labelSmoothing() {
	logits := tensor.Of([]float32{float32(math.Log(0.7)), float32(math.Log(0.2)), float32(math.Log(0.1))}, 1, 3)
	target := tensor.Of([]float32{1, 0, 0}, 1, 3)
	fmt.Printf("%.4f\n", evaluate(loss.CategoricalCrossentropy{LabelSmoothing: 0.3}, layer.Softmax, logits, target))
	fmt.Printf("%.4f\n", -(0.8*math.Log(0.7) + 0.1*math.Log(0.2) + 0.1*math.Log(0.1)))
	// Output:
	// 0.6765
	// 0.6765
}

// The targets are class indices.
func ExampleSparseCategoricalCrossentropy() {
	logits := tensor.Of([]float32{
		float32(math.Log(0.7)), float32(math.Log(0.2)), float32(math.Log(0.1)),
		float32(math.Log(0.2)), float32(math.Log(0.3)), float32(math.Log(0.5)),
	}, 2, 3)
	targets := tensor.Of([]int32{0, 2}, 2)
	fmt.Printf("%.4f\n", evaluate(loss.SparseCategoricalCrossentropy{}, layer.Softmax, logits, targets))
	fmt.Printf("%.4f\n", -(math.Log(0.7)+math.Log(0.5))/2)
	// Output:
	// 0.5249
	// 0.5249
}

// Each output is an independent probability: here 0.5 and 0.75.
func ExampleBinaryCrossentropy() {
	logits := tensor.Of([]float32{0, float32(math.Log(3))}, 1, 2)
	target := tensor.Of([]float32{0, 1}, 1, 2)
	fmt.Printf("%.4f\n", evaluate(loss.BinaryCrossentropy{}, layer.Sigmoid, logits, target))
	fmt.Printf("%.4f\n", -(math.Log(1-0.5)+math.Log(0.75))/2)
	// Output:
	// 0.4904
	// 0.4904
}

func ExampleMeanSquaredError() {
	predictions := tensor.Of([]float32{1, 2, 3, 4}, 2, 2)
	targets := tensor.Of([]float32{1, 0, 3, 1}, 2, 2)
	fmt.Println(evaluate(loss.MeanSquaredError{}, layer.Linear, predictions, targets)) // (0 + 4 + 0 + 9) / 4
	fmt.Println(evaluate(loss.MeanAbsoluteError{}, layer.Linear, predictions, targets))
	// Output:
	// 3.25
	// 1.25
}
