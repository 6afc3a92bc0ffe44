package lince_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
)

// shapesModel returns a compiled model that tells drawings of squares from drawings of crosses.
func shapesModel() *lince.Model {
	model, err := lince.Options{Seed: 42}.Sequential(
		layer.Input{Shape: []int{12, 12, 1}},
		layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.MaxPool2D{Pool: layer.Size{2, 2}},
		layer.Flatten{},
		layer.Dense{Units: 16, Activation: layer.ReLU, Name: "features"},
		layer.Dense{Units: 2, Activation: layer.Softmax},
	)
	check(err)
	check(model.Compile(lince.CompileOptions{
		Loss:    loss.CategoricalCrossentropy{},
		Metrics: []metric.Metric{metric.Accuracy{}},
	}))
	return model
}

// Train with validation data and callbacks: stop early, reduce the learning rate, and write a CSV file.
func ExampleModel_Fit() {
	defer inTemporaryFolder()()
	x, y := drawings(96)
	train, err := data.Tensors(x.Rows(0, 64), y.Rows(0, 64), data.TensorOptions{BatchSize: 16, Seed: 42})
	check(err)
	test, err := data.Tensors(x.Rows(64, 96), y.Rows(64, 96), data.TensorOptions{NoShuffle: true})
	check(err)

	model := shapesModel()
	history, err := model.Fit(context.Background(), train, lince.FitOptions{
		Epochs:     6,
		Validation: test,
		Callbacks: []callback.Callback{
			callback.EarlyStopping{Patience: 5, RestoreBestWeights: true},
			callback.LearningRateScheduler{Schedule: func(epoch int, rate float64) float64 {
				if epoch == 4 {
					return rate / 2
				}
				return rate
			}},
			callback.CSVLogger{Filename: "history.csv"},
		},
		Verbose: lince.Silent,
	})
	check(err)
	fmt.Println(history.Names())
	fmt.Printf("learning rate: %.4f\n", history.Values("learning_rate"))
	fmt.Println("loss decreased:", history.Last("loss") < history.Values("loss")[0])

	csv, err := os.ReadFile("history.csv")
	check(err)
	header, _, _ := strings.Cut(string(csv), "\r\n")
	fmt.Println(header)
	// Output:
	// [accuracy loss val_accuracy val_loss learning_rate]
	// learning rate: [0.0010 0.0010 0.0010 0.0010 0.0005 0.0005]
	// loss decreased: true
	// epoch,accuracy,learning_rate,loss,val_accuracy,val_loss
}

// A custom callback: a function that returns the hooks to call.
func ExampleModel_Fit_customCallback() {
	x, y := drawings(64)
	train, err := data.Tensors(x, y, data.TensorOptions{})
	check(err)
	stopWhenGood := callback.Func(func(run callback.Run) (callback.Hooks, error) {
		return callback.Hooks{EpochEnd: func(epoch int, logs *lince.Logs) error {
			if accuracy, _ := logs.Get("accuracy"); accuracy == 1 {
				run.Stop()
			}
			return nil
		}}, nil
	})
	history, err := shapesModel().Fit(context.Background(), train, lince.FitOptions{
		Epochs:    100,
		Callbacks: []callback.Callback{stopWhenGood},
		Verbose:   lince.Silent,
	})
	check(err)
	fmt.Println("stopped early:", len(history.Epochs) < 100)
	fmt.Println("accuracy:", history.Last("accuracy"))
	// Output:
	// stopped early: true
	// accuracy: 1
}

// Loss and metrics on a test dataset.
func ExampleModel_Evaluate() {
	x, y := drawings(32)
	test, err := data.Tensors(x, y, data.TensorOptions{NoShuffle: true})
	check(err)
	logs, err := shapesModel().Evaluate(context.Background(), test, lince.EvaluateOptions{Verbose: lince.Silent})
	check(err)
	accuracy, _ := logs.Get("accuracy")
	fmt.Println(logs.Names())
	fmt.Println("an untrained model guesses:", accuracy < .9)
	// Output:
	// [accuracy loss]
	// an untrained model guesses: true
}

// The probabilities of the classes, one row per example.
func ExampleModel_Predict() {
	x, _ := drawings(40)
	ds, err := data.Tensors(x, nil, data.TensorOptions{BatchSize: 16, NoShuffle: true})
	check(err)
	probabilities, err := shapesModel().Predict(context.Background(), ds, lince.PredictOptions{Verbose: lince.Silent})
	check(err)
	fmt.Println(probabilities.Shape())
	row := probabilities.Row(0).Float32s()
	fmt.Printf("the first row has the sum %.2f\n", row[0]+row[1])
	// Output:
	// (40, 2)
	// the first row has the sum 1.00
}

// Feature extraction: a model that ends at an inner layer of another model, and shares its weights.
func ExampleLayer_Output() {
	model := shapesModel()
	extractor, err := lince.Functional(model.Inputs(), model.Layer("features").Output())
	check(err)
	x, _ := drawings(5)
	features, err := extractor.PredictBatch(x)
	check(err)
	fmt.Println(features.Shape())
	// Output: (5, 16)
}
