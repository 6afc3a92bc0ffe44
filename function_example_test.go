package lince_test

import (
	"fmt"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// stripesModel is an untrained network of images of 8x8 pixels with 3 classes.
func stripesModel() *lince.Model {
	m, err := lince.Sequential(
		layer.Input{Shape: []int{8, 8, 1}},
		layer.Conv2D{Filters: 4, Kernel: layer.Size{3, 3}, Activation: layer.ReLU, Name: "conv"},
		layer.Flatten{},
		layer.Dense{Units: 3, Activation: layer.Softmax},
	)
	check(err)
	return m
}

// striped is an image of vertical stripes.
func striped() *tensor.Tensor {
	image := tensor.New(tensor.Float32, 1, 8, 8, 1)
	for i, p := 0, image.Float32s(); i < len(p); i += 2 {
		p[i] = 1
	}
	return image
}

// Grad-CAM: which places of the image speak for a class? The gradient of the score of the class with respect to the
// last feature map gives each channel a weight. Model.GradCAM does this for any classifier.
func ExampleModel_Function_gradCAM() {
	model := stripesModel()
	f, err := model.Function(lince.FunctionOptions{}, func(t *lince.Trace) []*graph.Value {
		features, scores := t.Value(model.Layer("conv").Output()), t.Value(model.Outputs())
		class := t.Input("class", tensor.Float32, tensor.Unknown, 3) // one-hot
		grad := t.Gradient(t.Sum(t.Mul(scores, class)), features)[0]
		weights := t.Reshape(t.Mean(grad, 1, 2), tensor.Unknown, 1, 1, 4)
		return []*graph.Value{t.ReLU(t.Sum(t.Mul(features, weights), 3))}
	})
	check(err)
	out, err := f.Run(striped(), tensor.Of([]float32{0, 1, 0}, 1, 3))
	check(err)
	fmt.Println("heat map:", out[0].Shape())
	// Output: heat map: (1, 6, 6)
}

// Which regions of an image does the prediction depend on? report.HeatMap draws the map over the image.
func ExampleModel_GradCAM() {
	g, err := stripesModel().GradCAM(lince.GradCAMOptions{})
	check(err)
	maps, err := g.Maps(striped(), []int{1}) // for the class 1
	check(err)
	fmt.Println("heat map of", g.Layer(), maps.Shape())
	// Output: heat map of conv (1, 6, 6)
}

// The fast gradient sign method: a small change of an image that increases the loss
// (Goodfellow et al., arXiv:1412.6572).
func ExampleModel_Function_adversarial() {
	model := stripesModel()
	f, err := model.Function(lince.FunctionOptions{}, func(t *lince.Trace) []*graph.Value {
		image := t.Value(model.Inputs())
		label := t.Input("label", tensor.Float32, tensor.Unknown, 3)
		losses := loss.CategoricalCrossentropy{}.Build(t.Builder, label, t.Value(model.Outputs()))
		grad := t.Gradient(t.Sum(losses), image)[0]
		return []*graph.Value{t.Add(image, t.Scale(t.Sign(grad), .1)), losses}
	})
	check(err)
	image, label := striped(), tensor.Of([]float32{0, 1, 0}, 1, 3)
	adversarial, err := f.Run(image, label)
	check(err)
	again, err := f.Run(adversarial[0], label)
	check(err)
	fmt.Println("the loss grows:", again[1].Float32s()[0] > adversarial[1].Float32s()[0])
	// Output: the loss grows: true
}

// A custom training step: any loss, any optimizer, any order of steps.
func ExampleModel_Function_trainingStep() {
	model := stripesModel()
	step, err := model.Function(lince.FunctionOptions{Training: true}, func(t *lince.Trace) []*graph.Value {
		label := t.Input("label", tensor.Float32, tensor.Unknown, 3)
		l := t.Mean(loss.CategoricalCrossentropy{}.Build(t.Builder, label, t.Value(model.Outputs())))
		weights := t.Weights()
		optimizer.Adam{LearningRate: .01}.Build(t.In("optimizer", "optimizer"), weights, t.Gradient(l, weights...))
		return []*graph.Value{l}
	})
	check(err)
	image, label := striped(), tensor.Of([]float32{0, 1, 0}, 1, 3)
	var losses []float32
	for range 20 {
		out, err := step.Run(image, label)
		check(err)
		losses = append(losses, out[0].Float32s()[0])
	}
	fmt.Println("the loss falls:", losses[19] < losses[0]/2)
	// Output: the loss falls: true
}
