package lince_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// The tutorial, as in the README.
func Example_tutorial() {
	ctx := context.Background()

	// A table of file names and labels: from Kaggle's zip, a folder, a CSV file, or a generated demo.
	table, err := data.Open(ctx, "demo:cats-and-dogs?n=60", data.OpenOptions{})
	check(err)
	defer table.Close()
	fmt.Println(table.Head(3))

	// The same rows as scikit-learn's train_test_split.
	trainRows, testRows, err := table.TrainTestSplit(data.SplitOptions{TestSize: .25, RandomState: 42})
	check(err)

	// Batches, augmented with the same draws and pixels as Keras' ImageDataGenerator.
	train, err := data.Images(trainRows, data.ImageOptions{
		TargetSize: [2]int{128, 128},
		BatchSize:  15,
		Seed:       42,
		Augment: augment.Generator{
			RotationRange:    15,
			Rescale:          1. / 255,
			ShearRange:       .1,
			ZoomRange:        augment.Around(.2),
			HorizontalFlip:   true,
			WidthShiftRange:  augment.ShiftBy(.1),
			HeightShiftRange: augment.ShiftBy(.1),
		},
	})
	check(err)
	test, err := data.Images(testRows, data.ImageOptions{
		TargetSize: [2]int{128, 128},
		BatchSize:  15,
		NoShuffle:  true,
		Augment:    augment.Generator{Rescale: 1. / 255},
	})
	check(err)

	model, err := lince.Options{Seed: 42}.Sequential(
		layer.Input{Shape: []int{128, 128, 3}},
		layer.Conv2D{Filters: 64, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.MaxPool2D{Pool: layer.Size{2, 2}},
		layer.Conv2D{Filters: 64, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.MaxPool2D{Pool: layer.Size{2, 2}},
		layer.Flatten{},
		layer.Dense{Units: 64, Activation: layer.ReLU},
		layer.Dense{Units: 2, Activation: layer.Softmax},
	)
	check(err)
	err = model.Compile(lince.CompileOptions{
		Optimizer: optimizer.RMSprop{},
		Loss:      loss.CategoricalCrossentropy{},
		Metrics:   []metric.Metric{metric.Accuracy{}},
	})
	check(err)

	history, err := model.Fit(ctx, train, lince.FitOptions{Epochs: 3, Validation: test, Output: os.Stderr})
	check(err)
	fmt.Println(history.Names(), len(history.Epochs), "epochs")

	file := filepath.Join(os.TempDir(), "cats-dogs.keras")
	check(model.Save(file)) // Keras opens it, too

	// The file has the class names and the preprocessing.
	opened, err := lince.Open(file)
	check(err)
	photo, err := testRows.Row(0).Bytes()
	check(err)
	prediction, err := opened.ClassifyImage(ctx, photo)
	check(err)
	fmt.Println(opened.Classes, len(prediction.Top(2)), "probabilities")
	// Output:
	// filename category
	// 0   cat.0.png      cat
	// 1   cat.1.png      cat
	// 2  cat.10.png      cat
	// [accuracy loss val_accuracy val_loss] 3 epochs
	// [cat dog] 2 probabilities
}
