// Package lince trains neural networks on images, as Keras does, in Go alone.
//
// A model is made of layers, compiled with a loss, an optimizer and metrics, and fitted to
// data. The tutorial's network, which tells cats from dogs:
//
//	model, err := lince.Sequential(
//		layer.Input{Shape: []int{128, 128, 3}},
//		layer.Conv2D{Filters: 64, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
//		layer.MaxPool2D{Pool: layer.Size{2, 2}},
//		layer.Conv2D{Filters: 64, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
//		layer.MaxPool2D{Pool: layer.Size{2, 2}},
//		layer.Flatten{},
//		layer.Dense{Units: 64, Activation: layer.ReLU},
//		layer.Dense{Units: 2, Activation: layer.Softmax},
//	)
//	...
//	err = model.Compile(lince.CompileOptions{
//		Optimizer: optimizer.RMSprop{},
//		Loss:      loss.CategoricalCrossentropy{},
//		Metrics:   []metric.Metric{metric.Accuracy{}},
//	})
//	...
//	history, err := model.Fit(ctx, train, lince.FitOptions{
//		Epochs:     3,
//		Validation: test,
//		Callbacks:  []callback.Callback{callback.EarlyStopping{Patience: 2}},
//	})
//	...
//	err = model.Save("cats-dogs.keras") // Keras opens it, too
//	...
//	prediction, err := model.ClassifyImage(ctx, photo) // a file's bytes
//	fmt.Println(prediction.Name, prediction.Probability)
//
// The words are Keras', and so are the numbers: package layer, loss, metric, optimizer and
// callback hold Keras' classes of these names as struct literals whose zero values are
// Keras' defaults; package data prepares pictures as ImageDataGenerator does. Mistakes in a
// network are all told at once, by layer and shape.
package lince
