package zoo

import (
	"slices"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
)

// EfficientNetV2 is the network of Tan and Le, EfficientNetV2: Smaller Models and Faster Training, 2021, arXiv:2104.00298. Its first blocks are fused.
// Source: keras.applications.EfficientNetV2B0 to EfficientNetV2B3, EfficientNetV2S, EfficientNetV2M and EfficientNetV2L.

// efficientNetV2 is a variant: width and depth multiply the numbers of channels and of blocks.
type efficientNetV2 struct {
	name         string
	width, depth float64
	side         int // pixels
	stem         int // channels
	stages       []mbStage
	small        bool      // the first layers use the means and deviations of ImageNet
	md5          [2]string // of the files of ImageNet, with and without a classifier
	parameters   [2]int
}

var efficientNetV2s = []efficientNetV2{
	{"efficientnetv2-b0", 1.0, 1.0, 224, 32, efficientNetV2BStages, true, [2]string{"21ecbf6da12460d5c40bb2f29ceb2188", "893217f2bb855e2983157299931e43ff"}, [2]int{7200312, 5919312}},
	{"efficientnetv2-b1", 1.0, 1.1, 240, 32, efficientNetV2BStages, true, [2]string{"069f0534ff22adf035c89e2d9547a9dc", "0e80663031ca32d657f9caa404b6ec37"}, [2]int{8212124, 6931124}},
	{"efficientnetv2-b2", 1.1, 1.2, 260, 32, efficientNetV2BStages, true, [2]string{"424e49f28180edbde1e94797771950a7", "1dfe2e7a5d45b6632553a8961ea609eb"}, [2]int{10178374, 8769374}},
	{"efficientnetv2-b3", 1.2, 1.4, 300, 32, efficientNetV2BStages, true, [2]string{"1f1fc43bd98a6e4fd8fdfd551e02c7a0", "f6abf7b5849ac99a89b50dd3fd532856"}, [2]int{14467622, 12930622}},
	{"efficientnetv2-s", 1.0, 1.0, 384, 24, efficientNetV2SStages, false, [2]string{"e1d88a8495beba45748fedd0cecbe016", "af0682fb74e8c54910f2d4393339c070"}, [2]int{21612360, 20331360}},
	{"efficientnetv2-m", 1.0, 1.0, 480, 24, efficientNetV2MStages, false, [2]string{"a3bf6aa3276309f4fc6a34aa114c95cd", "1b8dc055df72dde80d614482840fe342"}, [2]int{54431388, 53150388}},
	{"efficientnetv2-l", 1.0, 1.0, 480, 32, efficientNetV2LStages, false, [2]string{"27e6d408b53c7ebc868fefa357689935", "b0b66b5c863aef5b46e8608fe1711615"}, [2]int{119027848, 117746848}},
}

var (
	efficientNetV2BStages = []mbStage{
		{repeats: 1, kernel: 3, stride: 1, expand: 1, out: 16, fused: true},
		{repeats: 2, kernel: 3, stride: 2, expand: 4, out: 32, fused: true},
		{repeats: 2, kernel: 3, stride: 2, expand: 4, out: 48, fused: true},
		{repeats: 3, kernel: 3, stride: 2, expand: 4, out: 96, squeeze: true},
		{repeats: 5, kernel: 3, stride: 1, expand: 6, out: 112, squeeze: true},
		{repeats: 8, kernel: 3, stride: 2, expand: 6, out: 192, squeeze: true},
	}
	efficientNetV2SStages = []mbStage{
		{repeats: 2, kernel: 3, stride: 1, expand: 1, out: 24, fused: true},
		{repeats: 4, kernel: 3, stride: 2, expand: 4, out: 48, fused: true},
		{repeats: 4, kernel: 3, stride: 2, expand: 4, out: 64, fused: true},
		{repeats: 6, kernel: 3, stride: 2, expand: 4, out: 128, squeeze: true},
		{repeats: 9, kernel: 3, stride: 1, expand: 6, out: 160, squeeze: true},
		{repeats: 15, kernel: 3, stride: 2, expand: 6, out: 256, squeeze: true},
	}
	efficientNetV2MStages = []mbStage{
		{repeats: 3, kernel: 3, stride: 1, expand: 1, out: 24, fused: true},
		{repeats: 5, kernel: 3, stride: 2, expand: 4, out: 48, fused: true},
		{repeats: 5, kernel: 3, stride: 2, expand: 4, out: 80, fused: true},
		{repeats: 7, kernel: 3, stride: 2, expand: 4, out: 160, squeeze: true},
		{repeats: 14, kernel: 3, stride: 1, expand: 6, out: 176, squeeze: true},
		{repeats: 18, kernel: 3, stride: 2, expand: 6, out: 304, squeeze: true},
		{repeats: 5, kernel: 3, stride: 1, expand: 6, out: 512, squeeze: true},
	}
	efficientNetV2LStages = []mbStage{
		{repeats: 4, kernel: 3, stride: 1, expand: 1, out: 32, fused: true},
		{repeats: 7, kernel: 3, stride: 2, expand: 4, out: 64, fused: true},
		{repeats: 7, kernel: 3, stride: 2, expand: 4, out: 96, fused: true},
		{repeats: 10, kernel: 3, stride: 2, expand: 4, out: 192, squeeze: true},
		{repeats: 19, kernel: 3, stride: 1, expand: 6, out: 224, squeeze: true},
		{repeats: 25, kernel: 3, stride: 2, expand: 6, out: 384, squeeze: true},
		{repeats: 7, kernel: 3, stride: 1, expand: 6, out: 640, squeeze: true},
	}
)

// EfficientNetV2B0 makes EfficientNetV2-B0: 224x224 pixels, 7.2 million parameters.
func EfficientNetV2B0(o Options) (*lince.Model, error) { return efficientNetV2s[0].model(o) }

// EfficientNetV2B1 makes EfficientNetV2-B1: 240x240 pixels, 8.2 million parameters.
func EfficientNetV2B1(o Options) (*lince.Model, error) { return efficientNetV2s[1].model(o) }

// EfficientNetV2B2 makes EfficientNetV2-B2: 260x260 pixels, 10.2 million parameters.
func EfficientNetV2B2(o Options) (*lince.Model, error) { return efficientNetV2s[2].model(o) }

// EfficientNetV2B3 makes EfficientNetV2-B3: 300x300 pixels, 14.5 million parameters.
func EfficientNetV2B3(o Options) (*lince.Model, error) { return efficientNetV2s[3].model(o) }

// EfficientNetV2S makes EfficientNetV2-S: 384x384 pixels, 21.6 million parameters.
func EfficientNetV2S(o Options) (*lince.Model, error) { return efficientNetV2s[4].model(o) }

// EfficientNetV2M makes EfficientNetV2-M: 480x480 pixels, 54.4 million parameters.
func EfficientNetV2M(o Options) (*lince.Model, error) { return efficientNetV2s[5].model(o) }

// EfficientNetV2L makes EfficientNetV2-L: 480x480 pixels, 119.0 million parameters.
func EfficientNetV2L(o Options) (*lince.Model, error) { return efficientNetV2s[6].model(o) }

// blocks returns the blocks of a variant.
func (v efficientNetV2) blocks() []mbConv {
	stages := slices.Clone(v.stages)
	for i := range stages {
		stages[i].repeats = scaledRepeats(stages[i].repeats, v.depth)
		stages[i].out = scaledChannels(stages[i].out, v.width, false)
	}
	return mbBlocks(scaledChannels(v.stem, v.width, false), stages)
}

func (v efficientNetV2) architecture(o Options) architecture {
	return architecture{
		name: v.name, side: v.side, minSide: 32, options: noPreprocessingOption,
		body: func(x *lince.Symbol) *lince.Symbol { return v.body(x, !o.NoPreprocessing) },
		top: func(classifier layer.Dense) []layer.Layer {
			classifier.KernelInitializer, classifier.BiasInitializer = mbDenseInitializer, initializer.Constant{}
			return mbTop(classifier, .2)
		},
		preprocessing: v.preprocessing(o),
		imageNet:      weightsFiles(address+"efficientnet_v2/", v.name, v.md5, v.parameters),
		torch:         v.torch(),
		strict:        true,
	}
}

// torch returns the forms of PyTorch's libraries.
func (v efficientNetV2) torch() []torchForm {
	vision, timm := preprocess.Step(preprocess.Input{Mode: preprocess.Torch}), preprocess.Step(preprocess.Input{Mode: preprocess.Torch})
	if !v.small {
		timm = preprocess.Input{Mode: preprocess.TF}
	}
	if v.name == efficientNetV2s[6].name {
		vision = preprocess.Input{Mode: preprocess.TF}
	}
	return mbTorch(v.blocks(), "dwconv2", scaledChannels(1280, v.width, false), v.convolutions, nil, "efficientnetv2", [2]preprocess.Step{vision, timm})
}

func (v efficientNetV2) model(o Options) (*lince.Model, error) { return o.model(v.architecture(o)) }

// preprocessing returns what images need: what the first layers do, if they are left out.
func (v efficientNetV2) preprocessing(o Options) func(height, width int) lince.Preprocessing {
	switch {
	case !o.NoPreprocessing:
		return resized()
	case v.small:
		return resized(preprocess.Input{Mode: preprocess.Torch})
	}
	return resized(preprocess.Rescale{Scale: 1. / 128, Offset: -1})
}

// body adds everything before the classifier.
func (v efficientNetV2) body(x *lince.Symbol, prepare bool) *lince.Symbol {
	switch {
	case prepare && v.small && channelsOf(x) == 3:
		x = x.Then(layer.Rescaling{Scale: []float64{1. / 255}}, imageNetNormalization(1, ""))
	case prepare:
		x = x.Then(layer.Rescaling{Scale: []float64{1. / 128}, Offset: []float64{-1}})
	}
	return v.convolutions(x, mbForm{activation: layer.SiLU, padding: samePadding, momentum: new(.9), depthwise: "dwconv2"})
}

func (v efficientNetV2) convolutions(x *lince.Symbol, f mbForm) *lince.Symbol {
	x = f.stem(x, scaledChannels(v.stem, v.width, false))
	base := 0 // the number of blocks without the factor for the depth
	for _, s := range v.stages {
		base += s.repeats
	}
	for i, b := range v.blocks() {
		x = f.block(x, b, mbDropConnect*float64(i)/float64(base))
	}
	return f.top(x, scaledChannels(1280, v.width, false))
}
