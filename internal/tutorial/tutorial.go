// Package tutorial holds the tutorial's network: a small convolutional network that tells cats from dogs.
package tutorial

import "github.com/lince-ml/lince/layer"

// Side is the height and width of the tutorial's images.
const Side = 128

// Layers returns the tutorial's network for RGB images of shape (height, width, 3): two convolutions of 64 filters, each with a
// max-pool, a dense layer of 64 units, and a softmax over the classes.
func Layers(height, width, classes int) []layer.Layer {
	return []layer.Layer{
		layer.Input{Shape: []int{height, width, 3}},
		layer.Conv2D{Filters: 64, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.MaxPool2D{Pool: layer.Size{2, 2}},
		layer.Conv2D{Filters: 64, Kernel: layer.Size{3, 3}, Activation: layer.ReLU},
		layer.MaxPool2D{Pool: layer.Size{2, 2}},
		layer.Flatten{},
		layer.Dense{Units: 64, Activation: layer.ReLU},
		layer.Dense{Units: classes, Activation: layer.Softmax},
	}
}
