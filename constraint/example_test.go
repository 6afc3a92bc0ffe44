package constraint_test

import (
	"context"
	"fmt"
	"log"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/constraint"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// After each step, the weights of each unit have a norm of at most 1.
func ExampleMaxNorm() {
	m, err := lince.Sequential(
		layer.Input{Shape: []int{2}},
		layer.Dense{Units: 1, NoBias: true, KernelInitializer: initializer.Zeros{}, KernelConstraint: constraint.MaxNorm{MaxValue: 1}},
	)
	if err != nil {
		log.Fatal(err)
	}
	if err := m.Compile(lince.CompileOptions{Optimizer: optimizer.SGD{LearningRate: 1}, Loss: loss.MeanSquaredError{}}); err != nil {
		log.Fatal(err)
	}
	ds, err := data.Tensors(tensor.Of([]float32{3, 4}, 1, 2), tensor.Of([]float32{1}, 1, 1), data.TensorOptions{})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := m.Fit(context.Background(), ds, lince.FitOptions{Verbose: lince.Silent}); err != nil {
		log.Fatal(err)
	}
	w := m.Weights()[0].Float32s() // (6, 8) after the update
	fmt.Printf("%.3f %.3f\n", w[0], w[1])
	// Output:
	// 0.600 0.800
}
