package lince_test

import (
	"context"
	"fmt"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// A network with a residual block.
func ExampleFunctional() {
	inputs := lince.Input(layer.Input{Shape: []int{32, 32, 3}})
	x := inputs.Then(layer.Conv2D{Filters: 16, Kernel: layer.Size{3, 3}, Padding: layer.Same, Activation: layer.ReLU})
	y := x.Then(layer.Conv2D{Filters: 16, Kernel: layer.Size{3, 3}, Padding: layer.Same, NoBias: true}, layer.BatchNormalization{})
	y = lince.Apply(layer.Add{}, y, x).Then(layer.ReLULayer{})
	outputs := y.Then(layer.GlobalAveragePool2D{}, layer.Dense{Units: 10, Activation: layer.Softmax})
	model, err := lince.Functional(inputs, outputs)
	check(err)
	fmt.Println(model.OutputShape(), model.CountParams(), "parameters")
	// Output: (None, 10) 2986 parameters
}

// Transfer learning: train a new head on a frozen body, then fine-tune all of it with a small learning rate.
func Example_transferLearning() {
	body, err := lince.Options{Name: "body"}.Sequential( // usually lince.Open("body.keras")
		layer.Input{Shape: []int{32, 32, 3}},
		layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, NoBias: true}, layer.BatchNormalization{}, layer.ReLULayer{},
	)
	check(err)

	body.SetTrainable(false)
	model, err := lince.Sequential(body, layer.GlobalAveragePool2D{}, layer.Dense{Units: 2, Activation: layer.Softmax})
	check(err)
	check(model.Compile(lince.CompileOptions{Loss: loss.CategoricalCrossentropy{}}))
	// model.Fit(...) trains the head.

	model.UnfreezeTop(1) // all of the body but BatchNormalization, as with training=False in Keras' guide
	check(model.Compile(lince.CompileOptions{Optimizer: optimizer.Adam{LearningRate: 1e-5}, Loss: loss.CategoricalCrossentropy{}}))
	// model.Fit(...) trains all of it.

	other, err := model.Transfer(lince.TransferOptions{Classes: 5}) // the same body, and a new classifier
	check(err)
	fmt.Println(other.OutputShape())

	features, err := lince.Functional(body.Inputs(), body.Layer("batch_normalization").Output())
	check(err)
	fmt.Println(model.CountParams(), features.OutputShape())
	// Output:
	// (None, 5)
	// 266 (None, 30, 30, 8)
}

// The features of examples: the input of a classifier's last layer, as keras.Model(model.input, layer.input).predict computes it.
func ExampleFunctional_features() {
	model, err := lince.Sequential( // usually lince.Open("model.keras")
		layer.Input{Shape: []int{32, 32, 3}},
		layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Activation: layer.ReLU}, layer.GlobalAveragePool2D{},
		layer.Dense{Units: 2, Activation: layer.Softmax, Name: "classes"},
	)
	check(err)

	body, err := lince.Functional(model.Inputs(), model.Layer("classes").Input()) // shares the weights
	check(err)
	images, err := data.Tensors(tensor.New(tensor.Float32, 5, 32, 32, 3), nil, data.TensorOptions{NoShuffle: true}) // or data.Images
	check(err)
	features, err := body.Predict(context.Background(), images, lince.PredictOptions{Verbose: lince.Silent})
	check(err)
	fmt.Println(features.Shape())
	// Output: (5, 8)
}

// Two images through the same layers, and two outputs.
func ExampleShared() {
	left, right := lince.Input(layer.Input{Shape: []int{28, 28, 1}, Name: "left"}), lince.Input(layer.Input{Shape: []int{28, 28, 1}, Name: "right"})
	conv := lince.Shared(layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Activation: layer.ReLU})
	pool := layer.GlobalAveragePool2D{}
	both := lince.Apply(layer.Concatenate{}, left.Then(conv, pool), right.Then(conv, pool))
	same := both.Then(layer.Dense{Units: 1, Activation: layer.Sigmoid, Name: "same"})
	sum := both.Then(layer.Dense{Units: 1, Name: "sum"})
	model, err := lince.Functional(lince.List(left, right), lince.List(same, sum))
	check(err)
	check(model.Compile(lince.CompileOptions{Outputs: map[string]lince.Objective{
		"same": {Loss: loss.BinaryCrossentropy{}},
		"sum":  {Loss: loss.MeanSquaredError{}, LossWeight: new(.5)},
	}}))
	fmt.Println(model.InputNames(), model.OutputNames(), model.CountParams())
	// Output: [left right] [same sum] 114
}
