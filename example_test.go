package lince_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/metric"
	"github.com/lince-ml/lince/optimizer"
	"github.com/lince-ml/lince/report"
	"github.com/lince-ml/lince/tensor"
)

// drawings returns squares (class 0) and crosses (class 1) of 12x12 gray pixels.
func drawings(n int) (x, y *tensor.Tensor) {
	x, y = tensor.New(tensor.Float32, n, 12, 12, 1), tensor.New(tensor.Float32, n, 2)
	for i := range n {
		class, top, left := i%2, 1+i/2%4, 1+i/8%4
		for j := range 6 {
			row := func(r, c int) { x.Float32s()[(i*12+top+r)*12+left+c] = 1 - float32(i%5)/10 }
			if class == 0 {
				row(0, j)
				row(5, j)
				row(j, 0)
				row(j, 5)
			} else {
				row(j, j)
				row(j, 5-j)
			}
		}
		y.Float32s()[i*2+class] = 1
	}
	return x, y
}

// A small version of the tutorial: data, training, and a saved model.
func Example() {
	ctx := context.Background()
	model, err := lince.Options{Seed: 42}.Sequential(
		layer.Input{Shape: []int{12, 12, 1}},
		layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.MaxPool2D{Pool: layer.Size{2, 2}},
		layer.Flatten{},
		layer.Dense{Units: 16, Activation: layer.ReLU},
		layer.Dense{Units: 2, Activation: layer.Softmax},
	)
	if err != nil {
		log.Fatal(err)
	}
	err = model.Compile(lince.CompileOptions{
		Optimizer: optimizer.RMSprop{},
		Loss:      loss.CategoricalCrossentropy{},
		Metrics:   []metric.Metric{metric.Accuracy{}},
	})
	if err != nil {
		log.Fatal(err)
	}

	x, y := drawings(96)
	train, err := data.Tensors(x.Rows(0, 64), y.Rows(0, 64), data.TensorOptions{BatchSize: 16, Seed: 42})
	if err != nil {
		log.Fatal(err)
	}
	test, err := data.Tensors(x.Rows(64, 96), y.Rows(64, 96), data.TensorOptions{NoShuffle: true})
	if err != nil {
		log.Fatal(err)
	}
	history, err := model.Fit(ctx, train, lince.FitOptions{
		Epochs:     30,
		Validation: test,
		Callbacks:  []callback.Callback{callback.EarlyStopping{Patience: 3, RestoreBestWeights: true}},
		Verbose:    lince.Silent, // the default is a bar in a terminal, or a line per epoch
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(history.Names())
	fmt.Printf("accuracy of the last epoch: %.2f\n", history.Last("val_accuracy"))

	model.Classes = []string{"square", "cross"}
	dir, err := os.MkdirTemp("", "lince")
	if err != nil {
		log.Fatal(err)
	}
	file := filepath.Join(dir, "shapes.keras") // Keras opens it, too
	if err := model.Save(file); err != nil {
		log.Fatal(err)
	}
	opened, err := lince.Open(file)
	if err != nil {
		log.Fatal(err)
	}
	labels, err := opened.ClassifyBatch(x.Rows(95, 96))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the last image is a", labels[0].Name)
	if err := os.RemoveAll(dir); err != nil {
		log.Fatal(err)
	}
	// Output:
	// [accuracy loss val_accuracy val_loss]
	// accuracy of the last epoch: 1.00
	// the last image is a cross
}

// The network of the tutorial.
func ExampleSequential() {
	model, err := lince.Sequential(
		layer.Input{Shape: []int{128, 128, 3}},
		layer.Conv2D{Filters: 64, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.MaxPool2D{Pool: layer.Size{2, 2}},
		layer.Conv2D{Filters: 64, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.MaxPool2D{Pool: layer.Size{2, 2}},
		layer.Flatten{},
		layer.Dense{Units: 64, Activation: layer.ReLU},
		layer.Dense{Units: 2, Activation: layer.Softmax},
	)
	if err != nil {
		log.Fatal(err)
	}
	var table bytes.Buffer
	if err := model.Summary(&table, lince.SummaryOptions{}); err != nil {
		log.Fatal(err)
	}
	fmt.Print(&table)
	// Output:
	// Model: "sequential"
	// ┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
	// ┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
	// ┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
	// │ conv2d (Conv2D)                 │ (None, 126, 126, 64)   │         1,792 │
	// ├─────────────────────────────────┼────────────────────────┼───────────────┤
	// │ max_pooling2d (MaxPooling2D)    │ (None, 63, 63, 64)     │             0 │
	// ├─────────────────────────────────┼────────────────────────┼───────────────┤
	// │ conv2d_1 (Conv2D)               │ (None, 61, 61, 64)     │        36,928 │
	// ├─────────────────────────────────┼────────────────────────┼───────────────┤
	// │ max_pooling2d_1 (MaxPooling2D)  │ (None, 30, 30, 64)     │             0 │
	// ├─────────────────────────────────┼────────────────────────┼───────────────┤
	// │ flatten (Flatten)               │ (None, 57600)          │             0 │
	// ├─────────────────────────────────┼────────────────────────┼───────────────┤
	// │ dense (Dense)                   │ (None, 64)             │     3,686,464 │
	// ├─────────────────────────────────┼────────────────────────┼───────────────┤
	// │ dense_1 (Dense)                 │ (None, 2)              │           130 │
	// └─────────────────────────────────┴────────────────────────┴───────────────┘
	//  Total params: 3,725,314 (14.21 MB)
	//  Trainable params: 3,725,314 (14.21 MB)
	//  Non-trainable params: 0 (0.00 B)
}

// All mistakes in a network are reported together.
func ExampleSequential_mistakes() {
	_, err := lince.Sequential(
		layer.Input{Shape: []int{28, 28}},
		layer.Conv2D{Filters: 8, Kernel: layer.Size{3, 3}},
		layer.Dense{},
	)
	fmt.Println(err)
	// Output:
	// layer 1 (Conv2D conv2d): got shape (None, 28, 28), want (batch, height, width, channels); gray images have 1 channel: (batch, height, width, 1)
	// layer 2 (Dense dense): Units is not set, want an integer from 1 to 16777216
}

// Predictions for a dataset, with a confusion matrix, and the precision, recall and F1 score of each class.
func ExampleModel_Classify() {
	ctx := context.Background()
	table, err := data.Open(ctx, "demo:cats-and-dogs?n=12", data.OpenOptions{})
	if err != nil {
		log.Fatal(err)
	}
	pictures, err := data.Images(table, data.ImageOptions{TargetSize: [2]int{16, 16}, NoShuffle: true})
	if err != nil {
		log.Fatal(err)
	}
	model, err := lince.Sequential(
		layer.Input{Shape: []int{16, 16, 3}},
		layer.Flatten{},
		layer.Dense{Units: 2, Activation: layer.Softmax, KernelInitializer: initializer.Zeros{}},
	)
	if err != nil {
		log.Fatal(err)
	}
	model.Classes = pictures.Classes()

	truth := pictures.ClassIndexes()
	predicted := make([]int, len(truth))
	for l, err := range model.Classify(ctx, pictures) {
		if err != nil {
			log.Fatal(err)
		}
		predicted[l.Row] = l.Class
		if l.Row == 0 {
			fmt.Println(pictures.Table().Row(0).Filename, l.Name, l.Probabilities)
		}
	}
	result, err := report.Classify(model.Classes, truth, predicted)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Confusion)
	fmt.Print(result)
	if err := table.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// cat.0.png cat [0.5 0.5]
	// [[6 0] [6 0]]
	//               precision    recall  f1-score   support
	//
	//          cat       0.50      1.00      0.67         6
	//          dog       0.00      0.00      0.00         6
	//
	//     accuracy                           0.50        12
	//    macro avg       0.25      0.50      0.33        12
	// weighted avg       0.25      0.50      0.33        12
}
