package zoo

import (
	"fmt"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
)

// DenseNet is the network of Huang et al., Densely Connected Convolutional Networks, 2017, arXiv:1608.06993. Each convolution's result is joined to
// its input. Source: keras.applications.DenseNet121, DenseNet169 and DenseNet201.

// denseNet is a variant: its name and the number of convolution pairs in each block.
type denseNet struct {
	name     string
	blocks   [4]int
	imageNet []WeightsFile
}

const (
	denseNetGrowth  = 32 // channels that a pair of convolutions adds
	denseNetEpsilon = 1.001e-5
)

var denseNets = []denseNet{
	{"densenet121", [4]int{6, 12, 24, 16}, weightsFiles(address+"densenet/", "densenet121_weights_tf_dim_ordering_tf_kernels",
		[2]string{"9d60b8095a5708f2dcce2bca79d332c7", "30ee3e1110167f948a6b9946edeeb738"}, [2]int{8062504, 7037504})},
	{"densenet169", [4]int{6, 12, 32, 32}, weightsFiles(address+"densenet/", "densenet169_weights_tf_dim_ordering_tf_kernels",
		[2]string{"d699b8f76981ab1b30698df4c175e90b", "b8c4d4c20dd625c148057b9ff1c1176b"}, [2]int{14307880, 12642880})},
	{"densenet201", [4]int{6, 12, 48, 32}, weightsFiles(address+"densenet/", "densenet201_weights_tf_dim_ordering_tf_kernels",
		[2]string{"1ceb130c1ea1b78c3bf6114dbdfd8807", "c13680b51ded0fb44dff2d8f86ac8bb1"}, [2]int{20242984, 18321984})},
}

// DenseNet121 makes the network with 121 layers: 224x224 pixels, 8.1 million parameters.
func DenseNet121(o Options) (*lince.Model, error) { return o.model(denseNets[0].architecture()) }

// DenseNet169 makes the network with 169 layers: 224x224 pixels, 14.3 million parameters.
func DenseNet169(o Options) (*lince.Model, error) { return o.model(denseNets[1].architecture()) }

// DenseNet201 makes the network with 201 layers: 224x224 pixels, 20.2 million parameters.
func DenseNet201(o Options) (*lince.Model, error) { return o.model(denseNets[2].architecture()) }

func (v denseNet) architecture() architecture {
	return architecture{
		name: v.name, side: 224, minSide: 32,
		body:          v.body,
		preprocessing: resized(preprocess.Input{Mode: preprocess.Torch}),
		imageNet:      v.imageNet,
		torch:         []torchForm{v.torch()},
	}
}

// torch returns the form of torchvision and timm. It computes what Keras' form does; its epsilon is less by 1e-8.
func (v denseNet) torch() torchForm {
	m := map[string]string{"conv1_conv": "features.conv0", "conv1_bn": "features.norm0", "bn": "features.norm5", "predictions": "classifier"}
	for i, pairs := range v.blocks {
		for j := range pairs {
			name, module := fmt.Sprintf("conv%d_block%d_", i+2, j+1), fmt.Sprintf("features.denseblock%d.denselayer%d.", i+1, j+1)
			m[name+"0_bn"], m[name+"1_conv"], m[name+"1_bn"], m[name+"2_conv"] = module+"norm1", module+"conv1", module+"norm2", module+"conv2"
		}
		if i < len(v.blocks)-1 {
			name, module := fmt.Sprintf("pool%d_", i+2), fmt.Sprintf("features.transition%d.", i+1)
			m[name+"bn"], m[name+"conv"] = module+"norm", module+"conv"
		}
	}
	return torchForm{library: "torchvision", modules: m, classifier: "predictions"}
}

// body adds the stem, and the blocks with transitions between them.
func (v denseNet) body(x *lince.Symbol) *lince.Symbol {
	x = x.Then(
		layer.ZeroPadding2D{Padding: &layer.Pads{{3, 3}, {3, 3}}},
		layer.Conv2D{Filters: 64, Kernel: layer.Size{7, 7}, Strides: layer.Size{2, 2}, NoBias: true, Name: "conv1_conv"},
		denseNetNormalization("conv1_bn"),
		layer.Activate{Activation: layer.ReLU, Name: "conv1_relu"},
		layer.ZeroPadding2D{Padding: &layer.Pads{{1, 1}, {1, 1}}},
		layer.MaxPool2D{Pool: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Name: "pool1"},
	)
	for i, pairs := range v.blocks {
		for j := range pairs {
			x = denseNetPair(x, fmt.Sprintf("conv%d_block%d", i+2, j+1))
		}
		if i < len(v.blocks)-1 {
			x = denseNetTransition(x, fmt.Sprintf("pool%d", i+2))
		}
	}
	return x.Then(denseNetNormalization("bn"), layer.Activate{Activation: layer.ReLU, Name: "relu"})
}

// denseNetPair adds a 1x1 and a 3x3 convolution, and joins their result to x.
func denseNetPair(x *lince.Symbol, name string) *lince.Symbol {
	y := x.Then(
		denseNetNormalization(name+"_0_bn"),
		layer.Activate{Activation: layer.ReLU, Name: name + "_0_relu"},
		layer.Conv2D{Filters: 4 * denseNetGrowth, Kernel: layer.Size{1, 1}, NoBias: true, Name: name + "_1_conv"},
		denseNetNormalization(name+"_1_bn"),
		layer.Activate{Activation: layer.ReLU, Name: name + "_1_relu"},
		layer.Conv2D{Filters: denseNetGrowth, Kernel: layer.Size{3, 3}, Padding: layer.Same, NoBias: true, Name: name + "_2_conv"},
	)
	return lince.Apply(layer.Concatenate{Name: name + "_concat"}, x, y)
}

// denseNetTransition halves the number of channels, the height and the width.
func denseNetTransition(x *lince.Symbol, name string) *lince.Symbol {
	return x.Then(
		denseNetNormalization(name+"_bn"),
		layer.Activate{Activation: layer.ReLU, Name: name + "_relu"},
		layer.Conv2D{Filters: channelsOf(x) / 2, Kernel: layer.Size{1, 1}, NoBias: true, Name: name + "_conv"},
		layer.AveragePool2D{Pool: layer.Size{2, 2}, Strides: layer.Size{2, 2}, Name: name + "_pool"},
	)
}

func denseNetNormalization(name string) layer.Layer {
	return layer.BatchNormalization{Epsilon: new(denseNetEpsilon), Name: name}
}
