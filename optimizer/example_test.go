package optimizer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/optimizer/schedule"
	"github.com/lince-ml/lince/tensor"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// threeSteps trains a model with one weight, w = 1, to predict 0 from 1, and returns the weight after
// each step. The loss is w*w, and its gradient is 2*w.
func threeSteps(o optimizer.Optimizer) []float32 {
	model, err := lince.Sequential(layer.Input{Shape: []int{1}}, layer.Dense{Units: 1, NoBias: true, KernelInitializer: initializer.Ones{}})
	check(err)
	check(model.Compile(lince.CompileOptions{Optimizer: o, Loss: loss.MeanSquaredError{}}))
	batch, err := data.Tensors(tensor.Of([]float32{1}, 1, 1), tensor.Of([]float32{0}, 1, 1), data.TensorOptions{})
	check(err)
	var weights []float32
	for range 3 {
		_, err := model.Fit(context.Background(), batch, lince.FitOptions{Epochs: 1, Verbose: lince.Silent})
		check(err)
		weights = append(weights, model.Weights()[0].Float32s()[0])
	}
	return weights
}

func ExampleSGD() {
	fmt.Printf("%.3f\n", threeSteps(optimizer.SGD{LearningRate: 0.1})) // w -= 0.1*2*w
	fmt.Printf("%.3f\n", threeSteps(optimizer.SGD{LearningRate: 0.1, Momentum: 0.5}))
	fmt.Printf("%.3f\n", threeSteps(optimizer.SGD{LearningRate: 0.1, ClipValue: 1})) // the gradient is 1 at most
	// Output:
	// [0.800 0.640 0.512]
	// [0.800 0.540 0.302]
	// [0.900 0.800 0.700]
}

// The length of Adam's steps is about the learning rate, regardless of the scale of the gradient.
// Pointers set the fields whose zero is not the default.
func ExampleAdam() {
	fmt.Printf("%.3f\n", threeSteps(optimizer.Adam{})) // the default learning rate is 0.001
	fmt.Printf("%.3f\n", threeSteps(optimizer.Adam{LearningRate: 0.1, Beta1: new(0.8), Epsilon: new(1e-6)}))
	// Output:
	// [0.999 0.998 0.997]
	// [0.900 0.801 0.703]
}

// The first step of RMSprop is lr/sqrt(1-Rho) long.
func ExampleRMSprop() {
	fmt.Printf("%.3f\n", threeSteps(optimizer.RMSprop{LearningRate: 0.01}))
	fmt.Printf("%.3f\n", threeSteps(optimizer.RMSprop{LearningRate: 0.01, Rho: new(0.75)}))
	// Output:
	// [0.968 0.946 0.927]
	// [0.980 0.965 0.952]
}

// AdamW decays the weights. Biases and the scales of normalization layers are usually excluded.
func ExampleAdamW() {
	fmt.Printf("%.3f\n", threeSteps(optimizer.AdamW{LearningRate: 0.1, WeightDecay: new(0.5)}))
	fmt.Printf("%.3f\n", threeSteps(optimizer.AdamW{LearningRate: 0.1, WeightDecay: new(0.5), ExcludeFromWeightDecay: []string{"kernel"}}))
	// Output:
	// [0.850 0.708 0.575]
	// [0.900 0.800 0.702]
}

// A schedule computes the learning rate of each step.
func ExampleSGD_schedule() {
	decay := schedule.CosineDecay{InitialLearningRate: 0, WarmupTarget: 0.1, WarmupSteps: 1, DecaySteps: 2}
	for step := range int64(4) {
		fmt.Printf("%.3f ", decay.At(step))
	}
	fmt.Printf("%.3f\n", threeSteps(optimizer.SGD{Schedule: decay}))
	// Output: 0.000 0.100 0.050 0.000 [1.000 0.800 0.720]
}

// SignSGD is a custom optimizer that uses only the sign of the gradient (Bernstein et al., 2018).
type SignSGD struct {
	// LearningRate is the step size. Greater than 0. The default is 0.001.
	LearningRate float64 `keras:"learning_rate,default=0.001,above=0"`
}

func (o SignSGD) Build(b *graph.Builder, weights, grads []*graph.Value) {
	o, ok := optimizer.Ready(b, o)
	if !ok {
		return
	}
	scalar := tensor.Shape{}
	iteration := b.Variable(graph.Variable{
		Path: "iteration", Type: op.Type{DType: tensor.Int64, Shape: scalar}, Role: graph.Hyper,
	})
	rate := b.Variable(graph.Variable{
		Path: "learning_rate", Type: op.Type{DType: tensor.Float32, Shape: scalar}, Role: graph.Hyper,
		Init: initializer.Constant{Value: o.LearningRate},
	})
	for i, w := range weights {
		if grads[i] != nil { // the loss depends on the weight
			b.Assign(w, b.Sub(w, b.Mul(rate, b.Sign(grads[i]))))
		}
	}
	b.Assign(iteration, b.Add(iteration, b.Constant(tensor.Int64, 1)))
}

// A custom optimizer declares its variables and assigns to the weights.
func ExampleOptimizer() {
	fmt.Printf("%.3f\n", threeSteps(SignSGD{LearningRate: 0.25}))
	// Output: [0.750 0.500 0.250]
}
