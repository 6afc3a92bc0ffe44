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
		body:    mobileForm{}.v2(o),
		top: func(classifier layer.Dense) []layer.Layer {
			classifier.Name = "predictions"
			return []layer.Layer{layer.GlobalAveragePool2D{}, classifier}
		},
		plainPooling:  true,
		preprocessing: resized(preprocess.Input{Mode: preprocess.TF}),
		imageNet:      mobileNetV2Files(),
		torch:         mobileNetV2Torch(o),
		strict:        true,
	}
}

// mobileNetV2Torch returns the forms of torchvision and timm, which compute the same.
func mobileNetV2Torch(o Options) []torchForm {
	vision := map[string]string{"Conv1": "features.0.0", "bn_Conv1": "features.0.1", "Conv_1": "features.18.0", "Conv_1_bn": "features.18.1", "predictions": "classifier.1"}
	timm := map[string]string{"Conv1": "conv_stem", "bn_Conv1": "bn1", "Conv_1": "conv_head", "Conv_1_bn": "bn2", "predictions": "classifier"}
	stage, index := 0, 0
	for i, b := range mobileNetV2Blocks {
		if i > 0 && b.filters != mobileNetV2Blocks[i-1].filters {
			stage, index = stage+1, 0
		}
		name, at := fmt.Sprintf("block_%d_", i), fmt.Sprintf("features.%d.conv.", i+1)
		if i == 0 {
			name = "expanded_conv_"
		}
		next := 0
		if i > 0 {
			vision[name+"expand"], vision[name+"expand_BN"] = at+"0.0", at+"0.1"
			next = 1
		}
		vision[name+"depthwise"], vision[name+"depthwise_BN"] = fmt.Sprintf("%s%d.0", at, next), fmt.Sprintf("%s%d.1", at, next)
		vision[name+"project"], vision[name+"project_BN"] = fmt.Sprintf("%s%d", at, next+1), fmt.Sprintf("%s%d", at, next+2)

		at = fmt.Sprintf("blocks.%d.%d.", stage, index)
		index++
		timm[name+"depthwise"], timm[name+"depthwise_BN"] = at+"conv_dw", at+"bn1"
		timm[name+"project"], timm[name+"project_BN"] = at+"conv_pw", at+"bn2"
		if i > 0 {
			timm[name+"expand"], timm[name+"expand_BN"] = at+"conv_pw", at+"bn1"
			timm[name+"depthwise_BN"], timm[name+"project"], timm[name+"project_BN"] = at+"bn2", at+"conv_pwl", at+"bn3"
		}
	}
	change := func(a architecture) architecture {
		a.body = mobileForm{torch: true, epsilon: 1e-5}.v2(o)
		a.preprocessing = resized(preprocess.Input{Mode: preprocess.Torch})
		return a
	}
	alpha := cmp.Or(o.Alpha, 1)
	stem := tensor.Shape{divisible(32 * alpha), 3, 3, 3}
	head := tensor.Shape{mobileNetV2Last(alpha), divisible(float64(int(320 * alpha))), 1, 1}
	return []torchForm{
		{library: "torchvision", modules: vision, classifier: "predictions", shapes: map[string]tensor.Shape{"features.0.0.weight": stem, "features.18.0.weight": head}, change: change},
		{library: "timm", modules: timm, classifier: "predictions", shapes: map[string]tensor.Shape{"conv_stem.weight": stem, "conv_head.weight": head}, change: change},
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
			list = append(list, mobileNetPair(folder, name, a.alpha, side, a.parameters, a.noTop)...)
		}
	}
	return list
}

// v2 returns a function that adds everything before the classifier.
func (f mobileForm) v2(o Options) func(x *lince.Symbol) *lince.Symbol {
	alpha := cmp.Or(o.Alpha, 1)
	return func(x *lince.Symbol) *lince.Symbol {
		x = f.stem(x, divisible(32*alpha), "Conv1").Then(f.normalization("bn_Conv1"), mobileReLU6("Conv1_relu"))
		for i, b := range mobileNetV2Blocks {
			x = f.v2Block(x, i, b.expansion*channelsOf(x), divisible(float64(int(float64(b.filters)*alpha))), b.stride)
		}
		return x.Then(plainConv(mobileNetV2Last(alpha), 1, 1, layer.Valid, "Conv_1"), f.normalization("Conv_1_bn"), mobileReLU6("out_relu"))
	}
}

// mobileNetV2Last returns the number of channels before the classifier.
func mobileNetV2Last(alpha float64) int { return divisible(1280 * max(alpha, 1)) }

// v2Block adds an inverted residual block. wide is the number of channels of the depthwise convolution.
func (f mobileForm) v2Block(in *lince.Symbol, i, wide, filters, stride int) *lince.Symbol {
	x, name := in, "expanded_conv_"
	if i > 0 {
		name = fmt.Sprintf("block_%d_", i)
		x = x.Then(plainConv(wide, 1, 1, layer.Same, name+"expand"), f.normalization(name+"expand_BN"), mobileReLU6(name+"expand_relu"))
	}
	x = f.depthwise(x, 3, stride, name, name+"pad").Then(
		f.normalization(name+"depthwise_BN"), mobileReLU6(name+"depthwise_relu"),
		plainConv(filters, 1, 1, layer.Same, name+"project"), f.normalization(name+"project_BN"),
	)
	if stride == 1 && channelsOf(in) == filters {
		x = lince.Apply(layer.Add{Name: name + "add"}, in, x)
	}
	return x
}

// mobileForm is what the layers of MobileNetV2 and MobileNetV3 have in common. The zero value is Keras' form.
type mobileForm struct {
	torch   bool    // the same padding at each side before convolutions with stride 2
	epsilon float64 // of normalizations. The default is 0.001.
}

func (f mobileForm) normalization(name string) layer.Layer {
	return layer.BatchNormalization{Momentum: new(.999), Epsilon: new(cmp.Or(f.epsilon, .001)), Name: name}
}

// stem adds the first convolution.
func (f mobileForm) stem(x *lince.Symbol, filters int, name string) *lince.Symbol {
	if f.torch {
		return x.Then(padding(1, name+"_pad"), plainConv(filters, 3, 2, layer.Valid, name))
	}
	return x.Then(plainConv(filters, 3, 2, layer.Same, name))
}

// depthwise adds a depthwise convolution, and the padding that it needs.
func (f mobileForm) depthwise(x *lince.Symbol, kernel, stride int, block, pad string) *lince.Symbol {
	conv := layer.DepthwiseConv2D{
		Kernel: layer.Size{kernel, kernel}, Strides: layer.Size{stride, stride}, Padding: layer.Same, NoBias: true, Name: block + "depthwise",
	}
	if stride == 2 {
		conv.Padding = layer.Valid
		if f.torch {
			x = x.Then(padding(kernel/2, pad))
		} else {
			x = x.Then(correctPad(x, kernel, pad))
		}
	}
	return x.Then(conv)
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

// mobileReLU6 is a layer of the class ReLU, unlike relu6.
func mobileReLU6(name string) layer.Layer { return layer.ReLULayer{MaxValue: new(6.), Name: name} }
