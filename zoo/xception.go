package zoo

import (
	"fmt"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
)

// Xception is the network of Chollet, Xception: Deep Learning with Depthwise Separable Convolutions, 2016, arXiv:1610.02357.
// Source: keras.applications.Xception.

// Xception makes the network: 299x299 pixels, 22.9 million parameters.
func Xception(o Options) (*lince.Model, error) { return o.model(xception()) }

func xception() architecture {
	return architecture{
		name: "xception", side: 299, minSide: 71,
		body:          xceptionBody,
		plainPooling:  true,
		preprocessing: resized(preprocess.Input{Mode: preprocess.TF}),
		imageNet: weightsFiles(address+"xception/", "xception_weights_tf_dim_ordering_tf_kernels",
			[2]string{"0a58e3b7378bc2990ea3b43d5981f1f6", "b0042744bf5b25fce3cb969f33bebb97"}, [2]int{22910480, 20861480}),
	}
}

func xceptionBody(x *lince.Symbol) *lince.Symbol {
	x = x.Then(
		plainConv(32, 3, 2, layer.Valid, "block1_conv1"), layer.BatchNormalization{Name: "block1_conv1_bn"}, relu("block1_conv1_act"),
		plainConv(64, 3, 1, layer.Valid, "block1_conv2"), layer.BatchNormalization{Name: "block1_conv2_bn"}, relu("block1_conv2_act"),
	)
	// The ReLU before block 2 is the one after block 1. In Keras, block 2 and those after block 13 have the names of the activations that come next.
	x = xceptionDown(x, "block2_", 128, 128, false)
	x = xceptionDown(x, "block3_", 256, 256, true)
	x = xceptionDown(x, "block4_", 728, 728, true)
	for i := range 8 {
		block := fmt.Sprintf("block%d_", i+5)
		y := x
		for j := range 3 {
			part := fmt.Sprintf("%ssepconv%d", block, j+1)
			y = y.Then(relu(part+"_act"), separable(728, part), layer.BatchNormalization{Name: part + "_bn"})
		}
		x = lince.Apply(layer.Add{}, y, x)
	}
	x = xceptionDown(x, "block13_", 728, 1024, true)
	return x.Then(
		separable(1536, "block14_sepconv1"), layer.BatchNormalization{Name: "block14_sepconv1_bn"}, relu("block14_sepconv1_act"),
		separable(2048, "block14_sepconv2"), layer.BatchNormalization{Name: "block14_sepconv2_bn"}, relu("block14_sepconv2_act"),
	)
}

// xceptionDown adds a block that halves height and width. first and second are the channels of its convolutions. With activate, it begins with a
// ReLU.
func xceptionDown(x *lince.Symbol, block string, first, second int, activate bool) *lince.Symbol {
	shortcut := x.Then(plainConv(second, 1, 2, layer.Same, ""), layer.BatchNormalization{})
	if activate {
		x = x.Then(relu(block + "sepconv1_act"))
	}
	x = x.Then(
		separable(first, block+"sepconv1"), layer.BatchNormalization{Name: block + "sepconv1_bn"}, relu(block+"sepconv2_act"),
		separable(second, block+"sepconv2"), layer.BatchNormalization{Name: block + "sepconv2_bn"},
		layer.MaxPool2D{Pool: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Padding: layer.Same, Name: block + "pool"},
	)
	return lince.Apply(layer.Add{}, x, shortcut)
}

func separable(filters int, name string) layer.Layer {
	return layer.SeparableConv2D{Filters: filters, Kernel: layer.Size{3, 3}, Padding: layer.Same, NoBias: true, Name: name}
}
