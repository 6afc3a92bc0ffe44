package lince_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/tensor"
)

// Bend is a custom layer. It returns x where x is positive, else x times a trained slope for each feature.
type Bend struct {
	Start float64 `keras:"start,default=0.25,min=0"` // initial value of the slopes

	Name   string       `keras:"name,omitempty"`
	Frozen bool         `keras:"trainable,inverted"` // not trained
	DType  layer.Policy `keras:"dtype,default=float32"`
}

func (l Bend) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := layer.Ready(b, l, x) // fills in defaults, and reports mistakes in l
	if !ok {
		return b.Invalid()
	}
	n := x.Rank()
	if n < 2 || x.Shape[n-1] == tensor.Unknown {
		return b.Errorf("got shape %v, want (batch, ..., features)", x.Shape)
	}
	slope := b.Variable(graph.Variable{
		Path: "slope",
		Type: op.Type{DType: x.DType, Shape: tensor.Shape{x.Shape[n-1]}},
		Role: graph.Weight,
		Init: initializer.Constant{Value: l.Start},
	})
	return b.Add(b.ReLU(x), b.Mul(slope, b.Min(x, b.Constant(x.DType, 0))))
}

// Rank is a custom loss for levels 0 to K. Its targets are levels, and prediction k of K is the probability that the
// level is above k.
type Rank struct{ loss.Defaults }

// Target returns the type of the targets: an integer for each example.
func (Rank) Target(output op.Type) op.Type {
	return op.Type{DType: tensor.Int32, Shape: output.Shape[:1]}
}

// Takes declares that each prediction is a separate probability, such as the result of a sigmoid.
func (Rank) Takes() loss.Predictions { return loss.Predictions{Of: loss.Independent} }

func (l Rank) Build(b *graph.Builder, yTrue, yPred *graph.Value) *graph.Value {
	if _, ok := loss.Ready(b, l); !ok || !yTrue.Valid() || !yPred.Valid() {
		return b.Invalid()
	}
	var levels []*graph.Value
	for k := range yPred.Shape[1] {
		above := b.Binary(op.Greater, yTrue, b.Constant(tensor.Int32, float64(k)))
		levels = append(levels, b.Reshape(b.Cast(above, yPred.DType), tensor.Unknown, 1))
	}
	return b.Mean(b.Square(b.Sub(yPred, b.Concat(1, levels...))), 1)
}

// Custom layers and losses are used like any others. To open a file with custom classes, pass them in Options, as
// custom_objects in Keras.
func Example_customClasses() {
	model, err := lince.Sequential(layer.Input{Shape: []int{4}}, layer.Dense{Units: 8}, Bend{}, layer.Dense{Units: 3, Activation: layer.Sigmoid})
	check(err)
	check(model.Compile(lince.CompileOptions{Optimizer: optimizer.Adam{LearningRate: .02}, Loss: Rank{}}))

	x := tensor.New(tensor.Float32, 40, 4)
	level := tensor.New(tensor.Int32, 40)
	for i := range 40 {
		tensor.Values[int32](level)[i] = int32(i % 4) // 0 to 3
		x.Float32s()[4*i+i%4] = 1
	}
	train, err := data.Tensors(x, level, data.TensorOptions{BatchSize: 8})
	check(err)
	history, err := model.Fit(context.Background(), train, lince.FitOptions{Epochs: 30, Verbose: lince.Silent})
	check(err)
	fmt.Println("learned:", history.Last("loss") < .1)

	dir, err := os.MkdirTemp("", "lince")
	check(err)
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "custom.keras")
	check(model.Save(file))
	opened, err := lince.Options{
		Layers: map[string]lince.LayerDecoder{"Bend": layer.FromConfig[Bend]},
		Losses: map[string]lince.LossDecoder{"Rank": loss.FromConfig[Rank]},
	}.Open(file)
	check(err)
	fmt.Println(layer.ConfigOf(opened.Layer("bend").Layer())["start"], opened.Unknown())
	// Output:
	// learned: true
	// 0.25 []
}
