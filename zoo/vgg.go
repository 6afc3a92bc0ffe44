package zoo

import (
	"fmt"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// VGG is the network of Simonyan and Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, 2014, arXiv:1409.1556.
// Source: keras.applications.VGG16 and VGG19.

// vgg is a variant: its name and the number of convolutions in each block.
type vgg struct {
	name     string
	blocks   [5]int
	imageNet []WeightsFile
}

var vggs = []vgg{
	{"vgg16", [5]int{2, 2, 3, 3, 3}, weightsFiles(address+"vgg16/", "vgg16_weights_tf_dim_ordering_tf_kernels",
		[2]string{"64373286793e3c8b2b4e3219cbf3544b", "6d6bbae143d832006294945121d1f1fc"}, [2]int{138357544, 14714688})},
	{"vgg19", [5]int{2, 2, 4, 4, 4}, weightsFiles(address+"vgg19/", "vgg19_weights_tf_dim_ordering_tf_kernels",
		[2]string{"cbe5617147190e668d6c5d5026f83318", "253f8cb515780f3b799900260a226db6"}, [2]int{143667240, 20024384})},
}

// VGG16 makes the network with 13 convolutions: 224x224 pixels, 138.4 million parameters.
func VGG16(o Options) (*lince.Model, error) { return o.model(vggs[0].architecture()) }

// VGG19 makes the network with 16 convolutions: 224x224 pixels, 143.7 million parameters.
func VGG19(o Options) (*lince.Model, error) { return o.model(vggs[1].architecture()) }

func (v vgg) architecture() architecture {
	return architecture{
		name: v.name, side: 224, minSide: 32,
		body: v.body,
		top: func(classifier layer.Dense) []layer.Layer {
			classifier.Name = "predictions"
			return []layer.Layer{
				layer.Flatten{Name: "flatten"},
				layer.Dense{Units: 4096, Activation: layer.ReLU, Name: "fc1"},
				layer.Dense{Units: 4096, Activation: layer.ReLU, Name: "fc2"},
				classifier,
			}
		},
		plainPooling:  true,
		preprocessing: resized(preprocess.Input{Mode: preprocess.Caffe}),
		imageNet:      v.imageNet,
		torch:         []torchForm{v.torch()},
	}
}

// torch returns the form of torchvision, which computes what Keras' form does. Pixels are prepared in another way.
func (v vgg) torch() torchForm {
	m := map[string]string{"fc1": "classifier.0", "fc2": "classifier.3", "predictions": "classifier.6"}
	next := 0
	for i, convolutions := range v.blocks {
		for j := range convolutions {
			m[fmt.Sprintf("block%d_conv%d", i+1, j+1)] = fmt.Sprintf("features.%d", next)
			next += 2 // and a ReLU
		}
		next++ // the pool
	}
	return torchForm{
		library: "torchvision", modules: m, classifier: "predictions",
		shapes:   map[string]tensor.Shape{"classifier.0.weight": {4096, 512 * 7 * 7}},
		features: map[string]string{"fc1": "", "fc2": ""},
		change: func(a architecture) architecture {
			a.preprocessing = resized(preprocess.Input{Mode: preprocess.Torch})
			return a
		},
	}
}

// body adds the blocks.
func (v vgg) body(x *lince.Symbol) *lince.Symbol {
	channels := 64
	for i, convolutions := range v.blocks {
		block := fmt.Sprintf("block%d_", i+1)
		for j := range convolutions {
			x = x.Then(layer.Conv2D{
				Filters: channels, Kernel: layer.Size{3, 3}, Activation: layer.ReLU, Padding: layer.Same, Name: fmt.Sprintf("%sconv%d", block, j+1),
			})
		}
		x = x.Then(layer.MaxPool2D{Pool: layer.Size{2, 2}, Name: block + "pool"})
		channels = min(2*channels, 512)
	}
	return x
}
