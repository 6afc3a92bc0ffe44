package zoo

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// MobileNetV3 is the network of Howard and others, Searching for MobileNetV3, 2019, arXiv:1905.02244.
// Source: keras.applications.MobileNetV3Small and MobileNetV3Large.

// mobileNetV3 is a variant.
type mobileNetV3 struct {
	name     string // of the model
	last     int    // channels before the classifier
	blocks   []mobileNetV3Block
	imageNet []WeightsFile
}

// mobileNetV3Block is an inverted residual block. Those with large have a 5x5 convolution, those with excite have squeeze-and-excitation, and those with
// swish have hard swish instead of ReLU, unless the network is minimalistic.
type mobileNetV3Block struct {
	expansion            float64 // how many times more channels the depthwise convolution has than the operand
	filters, stride      int
	large, excite, swish bool
}

var mobileNetV3s = []mobileNetV3{
	{"MobileNetV3Small", 1024, []mobileNetV3Block{
		{1, 16, 2, false, true, false}, {72. / 16, 24, 2, false, false, false}, {88. / 24, 24, 1, false, false, false},
		{4, 40, 2, true, true, true}, {6, 40, 1, true, true, true}, {6, 40, 1, true, true, true},
		{3, 48, 1, true, true, true}, {3, 48, 1, true, true, true},
		{6, 96, 2, true, true, true}, {6, 96, 1, true, true, true}, {6, 96, 1, true, true, true},
	}, []WeightsFile{
		mobileNetV3File("small_224_0.75_float", .75, 2051552, "cb65d4e5be93758266aa0a7f2c6708b7"),
		mobileNetV3File("small_224_0.75_float_no_top_v2", .75, 583160, "ebdb5cc8e0b497cd13a7c275d475c819"),
		mobileNetV3File("small_224_1.0_float", 1, 2554968, "8768d4c2e7dee89b9d02b2d03d65d862"),
		mobileNetV3File("small_224_1.0_float_no_top_v2", 1, 939120, "d3e8ec802a04aa4fc771ee12a9a9b836"),
		mobileNetV3File("small_minimalistic_224_1.0_float", 1, 2056848, "99cd97fb2fcdad2bf028eb838de69e37"),
		mobileNetV3File("small_minimalistic_224_1.0_float_no_top_v2", 1, 441000, "cde8136e733e811080d9fcd8a252f7e4"),
	}},
	{"MobileNetV3Large", 1280, []mobileNetV3Block{
		{1, 16, 1, false, false, false}, {4, 24, 2, false, false, false}, {3, 24, 1, false, false, false},
		{3, 40, 2, true, true, false}, {3, 40, 1, true, true, false}, {3, 40, 1, true, true, false},
		{6, 80, 2, false, false, true}, {2.5, 80, 1, false, false, true}, {2.3, 80, 1, false, false, true}, {2.3, 80, 1, false, false, true},
		{6, 112, 1, false, true, true}, {6, 112, 1, false, true, true},
		{6, 160, 2, true, true, true}, {6, 160, 1, true, true, true}, {6, 160, 1, true, true, true},
	}, []WeightsFile{
		mobileNetV3File("large_224_0.75_float", .75, 4012616, "765b44a33ad4005b3ac83185abf1d0eb"),
		mobileNetV3File("large_224_0.75_float_no_top_v2", .75, 1808736, "40af19a13ebea4e2ee0c676887f69a2e"),
		mobileNetV3File("large_224_1.0_float", 1, 5507432, "59e551e166be033d707958cf9e29a6a7"),
		mobileNetV3File("large_224_1.0_float_no_top_v2", 1, 2996352, "07fb09a5933dd0c8eaafa16978110389"),
		mobileNetV3File("large_minimalistic_224_1.0_float", 1, 3948688, "675e7b876c45c57e9e63e6d90a36599c"),
		mobileNetV3File("large_minimalistic_224_1.0_float_no_top_v2", 1, 1437608, "ec5221f64a2f6d1ef965a614bdae7973"),
	}},
}

func mobileNetV3File(name string, alpha float64, parameters int, hash string) WeightsFile {
	file := "weights_mobilenet_v3_" + name + ".h5"
	return WeightsFile{
		Name: file, URL: address + "mobilenet_v3/" + file, MD5: hash, NoTop: strings.Contains(name, "_no_top"),
		Alpha: alpha, Side: 224, Minimalistic: strings.Contains(name, "_minimalistic"), Parameters: parameters,
	}
}

// MobileNetV3Small makes the small network: 224x224 pixels, 2.6 million parameters. It has the options Alpha, Minimalistic, DropoutRate and
// NoPreprocessing.
func MobileNetV3Small(o Options) (*lince.Model, error) {
	return o.model(mobileNetV3s[0].architecture(o))
}

// MobileNetV3Large makes the large network: 224x224 pixels, 5.5 million parameters. It has the options of MobileNetV3Small.
func MobileNetV3Large(o Options) (*lince.Model, error) {
	return o.model(mobileNetV3s[1].architecture(o))
}

func (v mobileNetV3) architecture(o Options) architecture {
	steps := []preprocess.Step{}
	if o.NoPreprocessing {
		steps = append(steps, preprocess.Input{Mode: preprocess.TF})
	}
	return architecture{
		name: v.name, side: 224, minSide: 32, anySize: true,
		options:       alphaOption | minimalisticOption | dropoutRateOption | noPreprocessingOption,
		body:          mobileForm{}.v3(v, o),
		top:           func(classifier layer.Dense) []layer.Layer { return v.top(classifier, o) },
		preprocessing: resized(steps...),
		imageNet:      v.imageNet,
		torch:         []torchForm{v.torch(o)},
		strict:        true,
	}
}

// torch returns the form of torchvision. It has no Rescaling: the pixels are prepared as for torchvision's other networks.
func (v mobileNetV3) torch(o Options) torchForm {
	last := fmt.Sprintf("features.%d.", len(v.blocks)+1)
	m := map[string]string{"conv": "features.0.0", "conv_bn": "features.0.1", "conv_1": last + "0", "conv_1_bn": last + "1", "conv_2": "classifier.0", "logits": "classifier.3"}
	for i, b := range v.blocks {
		name, next := fmt.Sprintf("expanded_conv_%d_", i), 0
		if i == 0 {
			name = "expanded_conv_"
		}
		add := func(conv, bn string) {
			at := fmt.Sprintf("features.%d.block.%d.", i+1, next)
			m[name+conv], m[name+bn] = at+"0", at+"1"
			next++
		}
		if b.expansion > 1 {
			add("expand", "expand_bn")
		}
		add("depthwise", "depthwise_bn")
		if b.excite {
			at := fmt.Sprintf("features.%d.block.%d.", i+1, next)
			m[name+"squeeze_excite_conv"], m[name+"squeeze_excite_conv_1"] = at+"fc1", at+"fc2"
			next++
		}
		add("project", "project_bn")
	}
	return torchForm{
		library: "torchvision", modules: m, classifier: "logits",
		shapes:   map[string]tensor.Shape{"features.0.0.weight": {16, 3, 3, 3}, "classifier.0.weight": {v.last, 6 * v.blocks[len(v.blocks)-1].filters}},
		features: map[string]string{"conv_2": ""},
		change: func(a architecture) architecture {
			o.NoPreprocessing = true
			a.body = mobileForm{torch: true}.v3(v, o)
			a.preprocessing = resized(preprocess.Input{Mode: preprocess.Torch})
			return a
		},
	}
}

// activation returns hard swish, or ReLU.
func (o Options) activation(swish bool) layer.Layer {
	if swish && !o.Minimalistic {
		return layer.Activate{Activation: layer.HardSiLU}
	}
	return layer.ReLULayer{}
}

// v3 returns a function that adds everything before the classifier.
func (f mobileForm) v3(v mobileNetV3, o Options) func(x *lince.Symbol) *lince.Symbol {
	return func(x *lince.Symbol) *lince.Symbol {
		if !o.NoPreprocessing {
			x = x.Then(layer.Rescaling{Scale: layer.Numbers{1 / 127.5}, Offset: layer.Numbers{-1}})
		}
		x = f.stem(x, 16, "conv").Then(f.normalization("conv_bn"), o.activation(true))
		for i, b := range v.blocks {
			b.large, b.excite = b.large && !o.Minimalistic, b.excite && !o.Minimalistic
			b.filters = divisible(float64(b.filters) * cmp.Or(o.Alpha, 1))
			x = f.v3Block(x, b, i, o.activation(b.swish))
		}
		return x.Then(plainConv(divisible(float64(6*channelsOf(x))), 1, 1, layer.Same, "conv_1"), f.normalization("conv_1_bn"), o.activation(true))
	}
}

func (f mobileForm) v3Block(in *lince.Symbol, b mobileNetV3Block, i int, activation layer.Layer) *lince.Symbol {
	x, name, kernel := in, "expanded_conv_", 3
	if b.large {
		kernel = 5
	}
	wide := divisible(float64(channelsOf(in)) * b.expansion)
	if i > 0 {
		name = fmt.Sprintf("expanded_conv_%d_", i)
		x = x.Then(plainConv(wide, 1, 1, layer.Same, name+"expand"), f.normalization(name+"expand_bn"), activation)
	}
	x = f.depthwise(x, kernel, b.stride, name, name+"depthwise_pad").Then(f.normalization(name+"depthwise_bn"), activation)
	if b.excite {
		x = squeezeExcite(x, wide, name+"squeeze_excite_")
	}
	x = x.Then(plainConv(b.filters, 1, 1, layer.Same, name+"project"), f.normalization(name+"project_bn"))
	if b.stride == 1 && channelsOf(in) == b.filters {
		x = lince.Apply(layer.Add{Name: name + "add"}, in, x)
	}
	return x
}

// squeezeExcite multiplies each channel by a number from 0 to 1 that it computes from the means of all channels.
func squeezeExcite(x *lince.Symbol, channels int, name string) *lince.Symbol {
	one := layer.Size{1, 1}
	y := x.Then(
		layer.GlobalAveragePool2D{KeepDims: true, Name: name + "avg_pool"},
		layer.Conv2D{Filters: divisible(float64(channels) * .25), Kernel: one, Padding: layer.Same, Name: name + "conv"},
		layer.ReLULayer{Name: name + "relu"},
		layer.Conv2D{Filters: channels, Kernel: one, Padding: layer.Same, Name: name + "conv_1"},
	)
	y = y.Plus(3).Then(layer.ReLULayer{MaxValue: new(6.)}).Times(1. / 6)
	return lince.Apply(layer.Multiply{Name: name + "mul"}, x, y)
}

func (v mobileNetV3) top(classifier layer.Dense, o Options) []layer.Layer {
	last := v.last
	if o.Alpha > 1 {
		last = divisible(float64(last) * o.Alpha)
	}
	one := layer.Size{1, 1}
	list := []layer.Layer{
		layer.GlobalAveragePool2D{KeepDims: true},
		layer.Conv2D{Filters: last, Kernel: one, Padding: layer.Same, Name: "conv_2"}, o.activation(true),
	}
	if rate := o.dropoutRate(.2); rate != 0 {
		list = append(list, layer.Dropout{Rate: rate})
	}
	return append(list,
		layer.Conv2D{Filters: classifier.Units, Kernel: one, Padding: layer.Same, Name: "logits"},
		layer.Flatten{},
		layer.Activate{Activation: classifier.Activation, Name: "predictions"},
	)
}
