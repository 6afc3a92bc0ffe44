package zoo

import (
	"fmt"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/internal/applications"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// ConvNeXt is the network of Liu et al., A ConvNet for the 2020s, 2022, arXiv:2201.03545. Source: keras.applications.ConvNeXtTiny, ConvNeXtSmall,
// ConvNeXtBase, ConvNeXtLarge and ConvNeXtXLarge.

// convNeXt is a variant: blocks and channels of each stage.
type convNeXt struct {
	name       string
	depths     [4]int
	channels   [4]int
	sha256     [2]string // of the files of ImageNet, with and without a classifier
	parameters [2]int
}

const convNeXtEpsilon = 1e-6

var convNeXts = []convNeXt{
	{"convnext_tiny", [4]int{3, 3, 9, 3}, [4]int{96, 192, 384, 768}, [2]string{"8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff", "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1"}, [2]int{28589128, 27820128}},
	{"convnext_small", [4]int{3, 3, 27, 3}, [4]int{96, 192, 384, 768}, [2]string{"ce1277d8f1ee5a0ef0e171469089c18f5233860ceaf9b168049cb9263fd7483c", "6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab"}, [2]int{50223688, 49454688}},
	{"convnext_base", [4]int{3, 3, 27, 3}, [4]int{128, 256, 512, 1024}, [2]string{"52cbb006d3dadd03f6e095a8ca1aca47aecdd75acb4bc74bce1f5c695d0086e6", "40a20c5548a5e9202f69735ecc06c990e6b7c9d2de39f0361e27baeb24cb7c45"}, [2]int{88591464, 87566464}},
	{"convnext_large", [4]int{3, 3, 27, 3}, [4]int{192, 384, 768, 1536}, [2]string{"070c5ed9ed289581e477741d3b34beffa920db8cf590899d6d2c67fba2a198a6", "96f02b6f0753d4f543261bc9d09bed650f24dd6bc02ddde3066135b63d23a1cd"}, [2]int{197767336, 196230336}},
	{"convnext_xlarge", [4]int{3, 3, 27, 3}, [4]int{256, 512, 1024, 2048}, [2]string{"c1f5ccab661354fc3a79a10fa99af82f0fbf10ec65cb894a3ae0815f17a889ee", "de3f8a54174130e0cecdc71583354753d557fcf1f4487331558e2a16ba0cfe05"}, [2]int{350196968, 348147968}},
}

// ConvNeXtTiny makes ConvNeXt-Tiny: 224x224 pixels, 28.6 million parameters.
func ConvNeXtTiny(o Options) (*lince.Model, error) { return convNeXts[0].model(o) }

// ConvNeXtSmall makes ConvNeXt-Small: 224x224 pixels, 50.2 million parameters.
func ConvNeXtSmall(o Options) (*lince.Model, error) { return convNeXts[1].model(o) }

// ConvNeXtBase makes ConvNeXt-Base: 224x224 pixels, 88.6 million parameters.
func ConvNeXtBase(o Options) (*lince.Model, error) { return convNeXts[2].model(o) }

// ConvNeXtLarge makes ConvNeXt-Large: 224x224 pixels, 197.8 million parameters.
func ConvNeXtLarge(o Options) (*lince.Model, error) { return convNeXts[3].model(o) }

// ConvNeXtXLarge makes ConvNeXt-XLarge: 224x224 pixels, 350.2 million parameters.
func ConvNeXtXLarge(o Options) (*lince.Model, error) { return convNeXts[4].model(o) }

func (v convNeXt) architecture(o Options) architecture {
	prepare := resized()
	if o.NoPreprocessing {
		prepare = resized(preprocess.Input{Mode: preprocess.Torch})
	}
	files := weightsFiles(address+"convnext/", v.name, [2]string{}, v.parameters)
	for i := range files {
		files[i].SHA256 = v.sha256[i]
	}
	return architecture{
		name: v.name, side: 224, minSide: 32, options: noPreprocessingOption,
		body: func(x *lince.Symbol) *lince.Symbol { return v.body(x, o, v.prefix(o)) },
		top: func(classifier layer.Dense) []layer.Layer {
			classifier.Name = v.prefix(o) + "_head_dense"
			return []layer.Layer{layer.GlobalAveragePool2D{Name: v.prefix(o) + "_head_gap"}, convNeXtNormalization(v.prefix(o) + "_head_layernorm"), classifier}
		},
		features:      []layer.Layer{convNeXtNormalization("")},
		plainPooling:  true,
		preprocessing: prepare,
		imageNet:      files,
		torch:         v.torch(v.prefix(o)),
	}
}

// torch returns the forms of torchvision and timm. Both compute what Keras' form does.
func (v convNeXt) torch(prefix string) []torchForm {
	vision := map[string]string{
		prefix + "_stem/" + prefix + "_stem_conv": "features.0.0", prefix + "_stem/" + prefix + "_stem_layernorm": "features.0.1",
		prefix + "_head_layernorm": "classifier.0", prefix + "_head_dense": "classifier.2",
	}
	timm := map[string]string{
		prefix + "_stem/" + prefix + "_stem_conv": "stem.0", prefix + "_stem/" + prefix + "_stem_layernorm": "stem.1",
		prefix + "_head_layernorm": "head.norm", prefix + "_head_dense": "head.fc",
	}
	for i, blocks := range v.depths {
		if i > 0 {
			block := fmt.Sprintf("%s_downsampling_block_%d/", prefix, i-1)
			norm, conv := fmt.Sprintf("%s%s_downsampling_layernorm_%d", block, prefix, i-1), fmt.Sprintf("%s%s_downsampling_conv_%d", block, prefix, i-1)
			vision[norm], vision[conv] = fmt.Sprintf("features.%d.0", 2*i), fmt.Sprintf("features.%d.1", 2*i)
			timm[norm], timm[conv] = fmt.Sprintf("stages.%d.downsample.0", i), fmt.Sprintf("stages.%d.downsample.1", i)
		}
		for j := range blocks {
			name := fmt.Sprintf("%s_stage_%d_block_%d_", prefix, i, j)
			at := fmt.Sprintf("features.%d.%d.", 2*i+1, j)
			vision[name+"depthwise_conv"], vision[name+"layernorm"] = at+"block.0", at+"block.2"
			vision[name+"pointwise_conv_1"], vision[name+"pointwise_conv_2"], vision[name+"layer_scale/gamma"] = at+"block.3", at+"block.5", at+"layer_scale"
			at = fmt.Sprintf("stages.%d.blocks.%d.", i, j)
			timm[name+"depthwise_conv"], timm[name+"layernorm"] = at+"conv_dw", at+"norm"
			timm[name+"pointwise_conv_1"], timm[name+"pointwise_conv_2"], timm[name+"layer_scale/gamma"] = at+"mlp.fc1", at+"mlp.fc2", at+"gamma"
		}
	}
	stem := tensor.Shape{v.channels[0], 3, 4, 4}
	features := func(norm string) map[string]string {
		return map[string]string{prefix + "_head_layernorm": "", "layer_normalization": norm}
	}
	return []torchForm{
		{library: "torchvision", modules: vision, classifier: prefix + "_head_dense", shapes: map[string]tensor.Shape{"features.0.0.weight": stem}, features: features("classifier.0")},
		{library: "timm", modules: timm, classifier: prefix + "_head_dense", shapes: map[string]tensor.Shape{"stem.0.weight": stem}, features: features("head.norm")},
	}
}

// prefix is the beginning of the names of layers: the model's name, as in Keras.
func (v convNeXt) prefix(o Options) string {
	if o.Model.Name != "" {
		return o.Model.Name
	}
	return v.name
}

func (v convNeXt) model(o Options) (*lince.Model, error) { return o.model(v.architecture(o)) }

// body adds everything before the classifier.
func (v convNeXt) body(x *lince.Symbol, o Options, name string) *lince.Symbol {
	if !o.NoPreprocessing && channelsOf(x) == 3 {
		x = x.Then(imageNetNormalization(255, name+"_prestem_normalization"))
	}
	for i, channels := range v.channels {
		conv := layer.Conv2D{Filters: channels, Kernel: layer.Size{4, 4}, Strides: layer.Size{4, 4}, Name: name + "_stem_conv"}
		if i == 0 {
			x = nested(x, o, name+"_stem", conv, convNeXtNormalization(name+"_stem_layernorm"))
		} else {
			end := fmt.Sprintf("_%d", i-1)
			conv.Kernel, conv.Strides, conv.Name = layer.Size{2, 2}, layer.Size{2, 2}, name+"_downsampling_conv"+end
			x = nested(x, o, name+"_downsampling_block"+end, convNeXtNormalization(name+"_downsampling_layernorm"+end), conv)
		}
		for j := range v.depths[i] {
			x = convNeXtBlock(x, channels, fmt.Sprintf("%s_stage_%d_block_%d", name, i, j))
		}
	}
	return x
}

// convNeXtBlock adds the result of a depthwise convolution and two layers for each pixel to x.
func convNeXtBlock(x *lince.Symbol, channels int, name string) *lince.Symbol {
	y := x.Then(
		layer.Conv2D{Filters: channels, Kernel: layer.Size{7, 7}, Padding: layer.Same, Groups: channels, Name: name + "_depthwise_conv"},
		convNeXtNormalization(name+"_layernorm"),
		layer.Dense{Units: 4 * channels, Name: name + "_pointwise_conv_1"},
		layer.Activate{Activation: layer.GELU, Name: name + "_gelu"},
		layer.Dense{Units: channels, Name: name + "_pointwise_conv_2"},
		applications.LayerScale{InitValues: 1e-6, ProjectionDim: channels, Name: name + "_layer_scale"},
		layer.Activate{Name: name + "_identity"},
	)
	return lince.Sum(x, y)
}

func convNeXtNormalization(name string) layer.Layer {
	return layer.LayerNormalization{Epsilon: new(convNeXtEpsilon), Name: name}
}
