package layer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// The size of the result depends on the padding, the strides and the dilation.
func ExampleConv2D() {
	for _, conv := range []layer.Conv2D{
		{Filters: 16, Kernel: layer.Size{3, 3}},
		{Filters: 16, Kernel: layer.Size{3, 3}, Padding: layer.Same},
		{Filters: 16, Kernel: layer.Size{3, 3}, Padding: layer.Same, Strides: layer.Size{2, 2}},
		{Filters: 16, Kernel: layer.Size{3, 3}, Dilation: layer.Size{2, 2}},
		{Filters: 15, Kernel: layer.Size{3, 3}, Groups: 3, NoBias: true},
	} {
		model, err := lince.Sequential(layer.Input{Shape: []int{28, 28, 3}}, conv)
		check(err)
		fmt.Println(model.OutputShape(), model.CountParams(), "parameters")
	}
	// Output:
	// (None, 26, 26, 16) 448 parameters
	// (None, 28, 28, 16) 448 parameters
	// (None, 14, 14, 16) 448 parameters
	// (None, 24, 24, 16) 448 parameters
	// (None, 26, 26, 15) 135 parameters
}

// A separable convolution has fewer weights than a convolution with the same result shape.
func ExampleSeparableConv2D() {
	for _, l := range []layer.Layer{
		layer.Conv2D{Filters: 64, Kernel: layer.Size{3, 3}},
		layer.SeparableConv2D{Filters: 64, Kernel: layer.Size{3, 3}},
	} {
		model, err := lince.Sequential(layer.Input{Shape: []int{28, 28, 32}}, l)
		check(err)
		fmt.Println(layer.ClassOf(l), model.OutputShape(), model.CountParams(), "parameters")
	}
	// Output:
	// Conv2D (None, 26, 26, 64) 18496 parameters
	// SeparableConv2D (None, 26, 26, 64) 2400 parameters
}

func ExampleDense() {
	model, err := lince.Sequential(layer.Input{Shape: []int{2}}, layer.Dense{Units: 3, Activation: layer.ReLU})
	check(err)
	kernel := tensor.Of([]float32{
		1, 0, -1,
		0, 1, -1,
	}, 2, 3)
	bias := tensor.Of([]float32{0, 0.5, 0}, 3)
	check(model.SetWeights([]*tensor.Tensor{kernel, bias}))
	y, err := model.PredictBatch(tensor.Of([]float32{3, 4}, 1, 2))
	check(err)
	fmt.Println(y.Shape(), y.Float32s()) // ReLU sets 3*-1 + 4*-1 to 0
	// Output: (1, 3) [3 4.5 0]
}

func ExampleMaxPool2D() {
	x := tensor.Of([]float32{
		1, 2, 3, 4,
		5, 6, 7, 8,
		9, 8, 7, 6,
		5, 4, 3, 2,
	}, 1, 4, 4, 1)
	for _, pool := range []layer.Layer{
		layer.MaxPool2D{},
		layer.MaxPool2D{Strides: layer.Size{1, 1}},
		layer.AveragePool2D{},
	} {
		model, err := lince.Sequential(layer.Input{Shape: []int{4, 4, 1}}, pool)
		check(err)
		y, err := model.PredictBatch(x)
		check(err)
		fmt.Println(y.Shape(), y.Float32s())
	}
	// Output:
	// (1, 2, 2, 1) [6 8 9 7]
	// (1, 3, 3, 1) [6 7 8 9 8 8 9 8 7]
	// (1, 2, 2, 1) [3.5 5.5 6.5 4.5]
}

// In prediction, BatchNormalization uses the moving statistics.
func ExampleBatchNormalization() {
	model, err := lince.Sequential(layer.Input{Shape: []int{2}}, layer.BatchNormalization{Epsilon: new(0.)})
	check(err)
	check(model.SetWeights([]*tensor.Tensor{
		tensor.Of([]float32{1, 10}, 2), // gamma
		tensor.Of([]float32{0, 5}, 2),  // beta
		tensor.Of([]float32{3, 3}, 2),  // moving_mean
		tensor.Of([]float32{4, 4}, 2),  // moving_variance
	}))
	y, err := model.PredictBatch(tensor.Of([]float32{7, 7}, 1, 2))
	check(err)
	fmt.Println(y.Float32s()) // 1*(7-3)/2 + 0 and 10*(7-3)/2 + 5
	// Output: [2 25]
}

func ExampleNormalization() {
	model, err := lince.Sequential(
		layer.Input{Shape: []int{3}},
		layer.Rescaling{Scale: []float64{1. / 255}},
		layer.Normalization{Mean: []float64{0.5, 0.25, 0}, Variance: []float64{0.25, 0.25, 1}},
	)
	check(err)
	y, err := model.PredictBatch(tensor.Of([]float32{255, 0, 51}, 1, 3))
	check(err)
	fmt.Printf("%.2f\n", y.Float32s())
	// Output: [1.00 -0.50 0.20]
}

func ExampleFunction() {
	x := tensor.Of([]float32{-2, 0, 2, 8}, 1, 4)
	for _, f := range []layer.Function{layer.ReLU, layer.ReLU6, layer.Sigmoid, layer.Softmax, layer.SiLU, layer.Tanh} {
		model, err := lince.Sequential(layer.Input{Shape: []int{4}}, layer.Activate{Activation: f})
		check(err)
		y, err := model.PredictBatch(x)
		check(err)
		fmt.Printf("%-8s %.3f\n", f, y.Float32s())
	}
	// Output:
	// relu     [0.000 0.000 2.000 8.000]
	// relu6    [0.000 0.000 2.000 6.000]
	// sigmoid  [0.119 0.500 0.881 1.000]
	// softmax  [0.000 0.000 0.002 0.997]
	// silu     [-0.238 0.000 1.762 7.997]
	// tanh     [-0.964 0.000 0.964 1.000]
}

// One size of Shape may be -1.
func ExampleReshape() {
	model, err := lince.Sequential(layer.Input{Shape: []int{8, 8, 3}}, layer.Reshape{Shape: []int{-1, 3}})
	check(err)
	fmt.Println(model.OutputShape())
	// Output: (None, 64, 3)
}

// Layers with several operands are applied with lince.Apply.
func ExampleConcatenate() {
	x := lince.Input(layer.Input{Shape: []int{28, 28, 3}})
	narrow := x.Then(layer.Conv2D{Filters: 8, Kernel: layer.Size{1, 1}})
	wide := x.Then(layer.Conv2D{Filters: 16, Kernel: layer.Size{5, 5}, Padding: layer.Same})
	model, err := lince.Functional(x, lince.Apply(layer.Concatenate{}, narrow, wide))
	check(err)
	fmt.Println(model.OutputShape())
	// Output: (None, 28, 28, 24)
}

// The cosine similarity of two vectors.
func ExampleDot() {
	a, b := lince.Input(layer.Input{Shape: []int{2}, Name: "a"}), lince.Input(layer.Input{Shape: []int{2}, Name: "b"})
	model, err := lince.Functional(lince.List(a, b), lince.Apply(layer.Dot{Axes: [2]int{1, 1}, Normalize: true}, a, b))
	check(err)
	pairs, err := data.NamedTensors(map[string]*tensor.Tensor{
		"a": tensor.Of([]float32{1, 0, 1, 1}, 2, 2),
		"b": tensor.Of([]float32{0, 2, 3, 3}, 2, 2),
	}, nil, data.TensorOptions{NoShuffle: true})
	check(err)
	y, err := model.Predict(context.Background(), pairs, lince.PredictOptions{Verbose: lince.Silent})
	check(err)
	fmt.Printf("%v %.2f\n", y.Shape(), y.Float32s())
	// Output: (2, 1) [0.00 1.00]
}
