package zoo

import (
	"cmp"
	"fmt"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
)

// MobileNet is the network of Howard and others, MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications, 2017, arXiv:1704.04861.
// Source: keras.applications.MobileNet.

// mobileNetBlocks are the blocks: channels of the result, and stride.
var mobileNetBlocks = []struct{ filters, stride int }{
	{64, 1}, {128, 2}, {128, 1}, {256, 2}, {256, 1}, {512, 2}, {512, 1}, {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1},
}

// mobileNetSides are the heights and widths, in pixels, of the images of the ImageNet weights.
var mobileNetSides = []int{128, 160, 192, 224}

// MobileNet makes the network: 224x224 pixels, 4.3 million parameters. It has the options Alpha, DepthMultiplier and DropoutRate.
func MobileNet(o Options) (*lince.Model, error) { return o.model(mobileNet(o)) }

func mobileNet(o Options) architecture {
	return architecture{
		name: o.mobileName("mobilenet", mobileNetSides), side: 224, minSide: 32,
		options: alphaOption | depthMultiplierOption | dropoutRateOption,
		body: func(x *lince.Symbol) *lince.Symbol {
			return mobileNetBody(x, cmp.Or(o.Alpha, 1), cmp.Or(o.DepthMultiplier, 1))
		},
		top: func(classifier layer.Dense) []layer.Layer {
			return []layer.Layer{
				layer.GlobalAveragePool2D{KeepDims: true},
				layer.Dropout{Rate: o.dropoutRate(.001), Name: "dropout"},
				layer.Conv2D{Filters: classifier.Units, Kernel: layer.Size{1, 1}, Padding: layer.Same, Name: "conv_preds"},
				layer.Reshape{Shape: []int{classifier.Units}, Name: "reshape_2"},
				layer.Activate{Activation: classifier.Activation, Name: "predictions"},
			}
		},
		plainPooling:  true,
		preprocessing: resized(preprocess.Input{Mode: preprocess.TF}),
		imageNet:      mobileNetFiles(),
	}
}

func mobileNetFiles() (list []WeightsFile) {
	for _, a := range []struct {
		alpha             float64
		text              string
		parameters, noTop int
	}{{.25, "2_5", 475544, 218544}, {.5, "5_0", 1342536, 829536}, {.75, "7_5", 2601976, 1832976}, {1, "1_0", 4253864, 3228864}} {
		for _, side := range mobileNetSides {
			name := fmt.Sprintf("mobilenet_%s_%d_tf", a.text, side)
			const folder = address + "mobilenet/"
			list = append(list, mobileNetPair(folder, name, a.alpha, side, a.parameters, a.noTop)...)
		}
	}
	return list
}

// mobileNetPair returns the files NAME.h5 and NAME_no_top.h5 in a folder of the server.
func mobileNetPair(folder, name string, alpha float64, side, parameters, noTop int) []WeightsFile {
	return []WeightsFile{
		{Name: name + ".h5", URL: folder + name + ".h5", Alpha: alpha, Side: side, Parameters: parameters},
		{Name: name + "_no_top.h5", URL: folder + name + "_no_top.h5", NoTop: true, Alpha: alpha, Side: side, Parameters: noTop},
	}
}

func mobileNetBody(x *lince.Symbol, alpha float64, depthMultiplier int) *lince.Symbol {
	channels := func(n int) int { return int(float64(n) * alpha) }
	x = x.Then(plainConv(channels(32), 3, 2, layer.Same, "conv1"), layer.BatchNormalization{Name: "conv1_bn"}, mobileReLU6("conv1_relu"))
	for i, b := range mobileNetBlocks {
		id := fmt.Sprint(i + 1)
		same := layer.Same
		if b.stride == 2 {
			x = x.Then(layer.ZeroPadding2D{Padding: &layer.Pads{{0, 1}, {0, 1}}, Name: "conv_pad_" + id})
			same = layer.Valid
		}
		x = x.Then(
			layer.DepthwiseConv2D{
				Kernel: layer.Size{3, 3}, Strides: layer.Size{b.stride, b.stride}, Padding: same, DepthMultiplier: depthMultiplier, NoBias: true,
				Name: "conv_dw_" + id,
			},
			layer.BatchNormalization{Name: "conv_dw_" + id + "_bn"}, mobileReLU6("conv_dw_"+id+"_relu"),
			plainConv(channels(b.filters), 1, 1, layer.Same, "conv_pw_"+id),
			layer.BatchNormalization{Name: "conv_pw_" + id + "_bn"}, mobileReLU6("conv_pw_"+id+"_relu"),
		)
	}
	return x
}
