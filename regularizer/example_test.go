package regularizer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/regularizer"
	"github.com/lince-ml/lince/tensor"
)

// The loss in the logs includes the penalties.
func ExampleL2() {
	m, err := lince.Sequential(
		layer.Input{Shape: []int{2}},
		layer.Dense{Units: 1, KernelInitializer: initializer.Ones{}, KernelRegularizer: regularizer.L2{L2: new(.25)}},
	)
	if err != nil {
		log.Fatal(err)
	}
	if err := m.Compile(lince.CompileOptions{Loss: loss.MeanSquaredError{}}); err != nil {
		log.Fatal(err)
	}
	ds, err := data.Tensors(tensor.Of([]float32{1, 2}, 1, 2), tensor.Of([]float32{1}, 1, 1), data.TensorOptions{})
	if err != nil {
		log.Fatal(err)
	}
	logs, err := m.Evaluate(context.Background(), ds, lince.EvaluateOptions{Verbose: lince.Silent})
	if err != nil {
		log.Fatal(err)
	}
	got, _ := logs.Get("loss")
	fmt.Println("loss", got) // (3 - 1)^2 + 0.25*(1^2 + 1^2)
	// Output:
	// loss 4.5
}

// A short name is accepted as a class.
func ExampleDecode() {
	r, err := regularizer.Decode("l2", nil)
	fmt.Println(regularizer.ClassOf(r), regularizer.ConfigOf(r), err)
	// Output:
	// L2 map[l2:0.01] <nil>
}
