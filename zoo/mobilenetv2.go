package zoo

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// MobileNetV2 is the network of Sandler, Howard, Zhu, Zhmoginov and Chen, MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018, arXiv:1801.04381.
// Source: keras.applications.MobileNetV2.

// mobileNetV2Blocks are the blocks: channels of the result, stride, and how many times more channels the depthwise convolution has than the operand.
var mobileNetV2Blocks = []struct{ filters, stride, expansion int }{
	{16, 1, 1},
	{24, 2, 6}, {24, 1, 6},
	{32, 2, 6}, {32, 1, 6}, {32, 1, 6},
	{64, 2, 6}, {64, 1, 6}, {64, 1, 6}, {64, 1, 6},
	{96, 1, 6}, {96, 1, 6}, {96, 1, 6},
	{160, 2, 6}, {160, 1, 6}, {160, 1, 6},
	{320, 1, 6},
}

// mobileNetV2Sides are the heights and widths, in pixels, of the images of the ImageNet weights.
var mobileNetV2Sides = []int{96, 128, 160, 192, 224}

// MobileNetV2 makes the network: 224x224 pixels, 3.5 million parameters. It has the option Alpha.
func MobileNetV2(o Options) (*lince.Model, error) { return o.model(mobileNetV2(o)) }

func mobileNetV2(o Options) architecture {
	return architecture{
		name: o.mobileName("mobilenetv2", mobileNetV2Sides), side: 224, minSide: 32,
		options: alphaOption,
		body:    func(x *lince.Symbol) *lince.Symbol { return mobileNetV2Body(x, cmp.Or(o.Alpha, 1)) },
		top: func(classifier layer.Dense) []layer.Layer {
			classifier.Name = "predictions"
			return []layer.Layer{layer.GlobalAveragePool2D{}, classifier}
		},
		plainPooling:  true,
		preprocessing: resized(preprocess.Input{Mode: preprocess.TF}),
		imageNet:      mobileNetV2Files(),
	}
}

func mobileNetV2Files() (list []WeightsFile) {
	for _, a := range []struct {
		alpha             float64
		text              string
		parameters, noTop int
	}{
		{.35, "0.35", 1691208, 410208}, {.5, "0.5", 1987224, 706224}, {.75, "0.75", 2663064, 1382064},
		{1, "1.0", 3538984, 2257984}, {1.3, "1.3", 5431048, 3766048}, {1.4, "1.4", 6156712, 4363712},
	} {
		for _, side := range mobileNetV2Sides {
			name := fmt.Sprintf("mobilenet_v2_weights_tf_dim_ordering_tf_kernels_%s_%d", a.text, side)
			const folder = address + "mobilenet_v2/"
			list = append(list,
				WeightsFile{Name: name + ".h5", URL: folder + name + ".h5", Alpha: a.alpha, Side: side, Parameters: a.parameters},
				WeightsFile{Name: name + "_no_top.h5", URL: folder + name + "_no_top.h5", NoTop: true, Alpha: a.alpha, Side: side, Parameters: a.noTop})
		}
	}
	return list
}

func mobileNetV2Body(x *lince.Symbol, alpha float64) *lince.Symbol {
	x = x.Then(
		plainConv(divisible(32*alpha), 3, 2, layer.Same, "Conv1"), mobileNormalization("bn_Conv1"), mobileReLU6("Conv1_relu"),
	)
	for i, b := range mobileNetV2Blocks {
		x = mobileNetV2Block(x, i, b.expansion*channelsOf(x), divisible(float64(int(float64(b.filters)*alpha))), b.stride)
	}
	last := 1280
	if alpha > 1 {
		last = divisible(1280 * alpha)
	}
	return x.Then(plainConv(last, 1, 1, layer.Valid, "Conv_1"), mobileNormalization("Conv_1_bn"), mobileReLU6("out_relu"))
}

// mobileNetV2Block adds an inverted residual block. wide is the number of channels of the depthwise convolution.
func mobileNetV2Block(in *lince.Symbol, i, wide, filters, stride int) *lince.Symbol {
	x, name := in, "expanded_conv_"
	if i > 0 {
		name = fmt.Sprintf("block_%d_", i)
		x = x.Then(plainConv(wide, 1, 1, layer.Same, name+"expand"), mobileNormalization(name+"expand_BN"), mobileReLU6(name+"expand_relu"))
	}
	same := layer.Same
	if stride == 2 {
		x = x.Then(correctPad(x, 3, name+"pad"))
		same = layer.Valid
	}
	x = x.Then(
		layer.DepthwiseConv2D{Kernel: layer.Size{3, 3}, Strides: layer.Size{stride, stride}, Padding: same, NoBias: true, Name: name + "depthwise"},
		mobileNormalization(name+"depthwise_BN"), mobileReLU6(name+"depthwise_relu"),
		plainConv(filters, 1, 1, layer.Same, name+"project"), mobileNormalization(name+"project_BN"),
	)
	if stride == 1 && channelsOf(in) == filters {
		x = lince.Apply(layer.Add{Name: name + "add"}, in, x)
	}
	return x
}

// mobileName returns the name of a MobileNet's model, such as mobilenet_1.00_224. sides are those of its ImageNet weights.
func (o Options) mobileName(name string, sides []int) string {
	side := 224
	switch s := o.InputShape; {
	case len(s) > 1 && (o.Weights != ImageNet || s[0] == s[1] && slices.Contains(sides, s[0])):
		side = s[0]
	case len(s) == 0 && o.NoTop && o.Weights != ImageNet:
		side = tensor.Unknown
	}
	text := "None" // Python's
	if side != tensor.Unknown {
		text = fmt.Sprint(side)
	}
	return fmt.Sprintf("%s_%.2f_%s", name, cmp.Or(o.Alpha, 1), text)
}

// divisible rounds a number of channels to a multiple of 8, by at most 10 % less.
func divisible(n float64) int {
	c := max(8, int(n+4)/8*8)
	if float64(c) < .9*n {
		c += 8
	}
	return c
}

// plainConv is a square convolution without a bias.
func plainConv(filters, kernel, stride int, padding layer.Padding, name string) layer.Layer {
	return layer.Conv2D{
		Filters: filters, Kernel: layer.Size{kernel, kernel}, Strides: layer.Size{stride, stride}, Padding: padding, NoBias: true, Name: name,
	}
}

// mobileNormalization is the BatchNormalization of MobileNetV2 and MobileNetV3.
func mobileNormalization(name string) layer.Layer {
	return layer.BatchNormalization{Momentum: new(.999), Name: name}
}

// mobileReLU6 is a layer of the class ReLU, unlike relu6.
func mobileReLU6(name string) layer.Layer { return layer.ReLULayer{MaxValue: new(6.), Name: name} }
