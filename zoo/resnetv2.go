package zoo

import (
	"fmt"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
)

// ResNetV2 is the network of He, Zhang, Ren and Sun, Identity Mappings in Deep Residual Networks, 2016, arXiv:1603.05027.
// Source: keras.applications.ResNet50V2, ResNet101V2 and ResNet152V2, in which the last block of a stage has the stride.

var resNetV2s = []resNetV2{
	{"resnet50v2", [4]int{3, 4, 6, 3}, resNetFiles("resnet50v2", 25613800, "3ef43a0b657b3be2300d5770ece849e0", 23564800, "fac2f116257151a9d068a22e544a4917")},
	{"resnet101v2", [4]int{3, 4, 23, 3}, resNetFiles("resnet101v2", 44675560, "6343647c601c52e1368623803854d971", 42626560, "c0ed64b8031c3730f411d2eb4eea35b5")},
	{"resnet152v2", [4]int{3, 8, 36, 3}, resNetFiles("resnet152v2", 60380648, "a49b44d1979771252814e80f8ec446f9", 58331648, "ed17cf2e0169df9d443503ef94b23b33")},
}

// ResNet50V2 makes the network with 50 layers that have weights: 224x224 pixels, 25.6 million parameters.
func ResNet50V2(o Options) (*lince.Model, error) { return o.model(resNetV2s[0].architecture()) }

// ResNet101V2 makes the network with 101 layers that have weights: 224x224 pixels, 44.7 million parameters.
func ResNet101V2(o Options) (*lince.Model, error) { return o.model(resNetV2s[1].architecture()) }

// ResNet152V2 makes the network with 152 layers that have weights: 224x224 pixels, 60.4 million parameters.
func ResNet152V2(o Options) (*lince.Model, error) { return o.model(resNetV2s[2].architecture()) }

// resNetV2 is a variant, with the fields of resNet.
type resNetV2 resNet

func (r resNetV2) architecture() architecture {
	return architecture{
		name: r.name, side: 224, minSide: 32,
		body:          r.body,
		preprocessing: resized(preprocess.Input{Mode: preprocess.TF}),
		imageNet:      r.imageNet,
	}
}

// body adds the stages.
func (r resNetV2) body(x *lince.Symbol) *lince.Symbol {
	x = resNetForm{}.stem(x)
	filters := 64
	for i, blocks := range r.blocks {
		for j := range blocks {
			stride := 1
			if i < len(r.blocks)-1 && j == blocks-1 {
				stride = 2
			}
			x = resNetV2Block(x, fmt.Sprintf("conv%d_block%d_", i+2, j+1), filters, stride, j == 0)
		}
		filters *= 2
	}
	return x.Then(resNetForm{}.normalization("post_bn"), relu("post_relu"))
}

// resNetV2Block adds a bottleneck with normalization before the convolutions. With project, the shortcut has a convolution.
func resNetV2Block(in *lince.Symbol, name string, filters, stride int, project bool) *lince.Symbol {
	strides, one := layer.Size{stride, stride}, layer.Size{1, 1}
	before := in.Then(resNetForm{}.normalization(name+"preact_bn"), relu(name+"preact_relu"))
	shortcut := in
	switch {
	case project:
		shortcut = before.Then(layer.Conv2D{Filters: 4 * filters, Kernel: one, Strides: strides, Name: name + "0_conv"})
	case stride > 1:
		shortcut = in.Then(layer.MaxPool2D{Pool: one, Strides: strides})
	}
	x := before.Then(
		layer.Conv2D{Filters: filters, Kernel: one, NoBias: true, Name: name + "1_conv"}, resNetForm{}.normalization(name+"1_bn"), relu(name+"1_relu"),
		padding(1, name+"2_pad"),
		layer.Conv2D{Filters: filters, Kernel: layer.Size{3, 3}, Strides: strides, NoBias: true, Name: name + "2_conv"}, resNetForm{}.normalization(name+"2_bn"), relu(name+"2_relu"),
		layer.Conv2D{Filters: 4 * filters, Kernel: one, Name: name + "3_conv"},
	)
	return lince.Apply(layer.Add{Name: name + "out"}, shortcut, x)
}
