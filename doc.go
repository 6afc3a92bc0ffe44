// Package lince trains neural networks for images, as Keras does, in pure Go.
//
// To use it, build a model of layers, compile it with a loss, an optimizer and metrics, and fit it to data.
// The following program trains the network of the tutorial, which tells cats from dogs:
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
// The API follows Keras. Packages layer, loss, metric, optimizer and callback provide Keras' classes as structs with Keras'
// names. The zero value of a field means Keras' default. The results are the same as in Keras, except for rounding.
// The page docs/keras.md of the module translates the names of Keras, and of the libraries that scripts use with it, to Go. It also
// lists the arguments of all classes.
//
// # Models
//
// Sequential builds a chain of layers. Functional builds any other network: Input and Apply return symbols, and Functional
// makes a model from the layers between input symbols and output symbols. Open reads a model from a .keras file that lince
// or Keras wrote, and Keras opens the files that Save writes. A model is also a layer, so models can be nested and share
// weights.
//
// Compile and the functions that build a model report all mistakes in a network at once. Each message names the layer and the
// shapes.
//
// # Data
//
// Fit, Evaluate and Predict take a data.Dataset. data.Images makes one from image files, with the augmentation of Keras'
// ImageDataGenerator, and data.Tensors makes one from arrays. A trained model stores its class names and its preprocessing,
// so ClassifyImage needs only the bytes of an image file.
//
// # Reproducibility
//
// The same seed, data and version of lince give the same bits, for any number of threads. Interrupted training can be
// resumed, and then ends with the same bits as training without the interruption; see callback.BackupAndRestore.
package lince
