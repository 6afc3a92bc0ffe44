package zoo

import (
	"math"
	"slices"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
)

// EfficientNet is the network of Tan and Le, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, 2019, arXiv:1905.11946. Source:
// keras.applications.EfficientNetB0 to EfficientNetB7.

// efficientNet is a variant: width and depth multiply the numbers of channels and of blocks.
type efficientNet struct {
	name         string
	width, depth float64
	side         int // pixels
	dropout      float64
	md5          [2]string // of the files of ImageNet, with and without a classifier
	parameters   [2]int
}

var efficientNets = []efficientNet{
	{"efficientnetb0", 1.0, 1.0, 224, 0.2, [2]string{"902e53a9f72be733fc0bcb005b3ebbac", "50bc09e76180e00e4465e1a485ddc09d"}, [2]int{5330571, 4049571}},
	{"efficientnetb1", 1.0, 1.1, 240, 0.2, [2]string{"1d254153d4ab51201f1646940f018540", "74c4e6b3e1f6a1eea24c589628592432"}, [2]int{7856239, 6575239}},
	{"efficientnetb2", 1.1, 1.2, 260, 0.3, [2]string{"b15cce36ff4dcbd00b6dd88e7857a6ad", "111f8e2ac8aa800a7a99e3239f7bfb39"}, [2]int{9177569, 7768569}},
	{"efficientnetb3", 1.2, 1.4, 300, 0.3, [2]string{"ffd1fdc53d0ce67064dc6a9c7960ede0", "af6d107764bb5b1abb91932881670226"}, [2]int{12320535, 10783535}},
	{"efficientnetb4", 1.4, 1.8, 380, 0.4, [2]string{"18c95ad55216b8f92d7e70b3a046e2fc", "ebc24e6d6c33eaebbd558eafbeedf1ba"}, [2]int{19466823, 17673823}},
	{"efficientnetb5", 1.6, 2.2, 456, 0.4, [2]string{"ace28f2a6363774853a83a0b21b9421a", "38879255a25d3c92d5e44e04ae6cec6f"}, [2]int{30562527, 28513527}},
	{"efficientnetb6", 1.8, 2.6, 528, 0.5, [2]string{"165f6e37dce68623721b423839de8be5", "9ecce42647a20130c1f39a5d4cb75743"}, [2]int{43265143, 40960143}},
	{"efficientnetb7", 2.0, 3.1, 600, 0.5, [2]string{"8c03f828fec3ef71311cd463b6759d99", "cbcfe4450ddf6f3ad90b1b398090fe4a"}, [2]int{66658687, 64097687}},
}

// efficientNetStages are the blocks of EfficientNet-B0.
var efficientNetStages = []mbStage{
	{repeats: 1, kernel: 3, stride: 1, expand: 1, out: 16, squeeze: true},
	{repeats: 2, kernel: 3, stride: 2, expand: 6, out: 24, squeeze: true},
	{repeats: 2, kernel: 5, stride: 2, expand: 6, out: 40, squeeze: true},
	{repeats: 3, kernel: 3, stride: 2, expand: 6, out: 80, squeeze: true},
	{repeats: 3, kernel: 5, stride: 1, expand: 6, out: 112, squeeze: true},
	{repeats: 4, kernel: 5, stride: 2, expand: 6, out: 192, squeeze: true},
	{repeats: 1, kernel: 3, stride: 1, expand: 6, out: 320, squeeze: true},
}

// EfficientNetB0 makes EfficientNet-B0: 224x224 pixels, 5.3 million parameters.
//
// With Weights = ImageNet, the network has one more layer, as in Keras: a Rescaling by 1/sqrt(s) for the deviations s of the channels, after the Normalization
// whose variances in the file are s. A model that is made without it, and reads the same file, predicts something else.
func EfficientNetB0(o Options) (*lince.Model, error) { return efficientNets[0].model(o) }

// EfficientNetB1 makes EfficientNet-B1: 240x240 pixels, 7.9 million parameters.
func EfficientNetB1(o Options) (*lince.Model, error) { return efficientNets[1].model(o) }

// EfficientNetB2 makes EfficientNet-B2: 260x260 pixels, 9.2 million parameters.
func EfficientNetB2(o Options) (*lince.Model, error) { return efficientNets[2].model(o) }

// EfficientNetB3 makes EfficientNet-B3: 300x300 pixels, 12.3 million parameters.
func EfficientNetB3(o Options) (*lince.Model, error) { return efficientNets[3].model(o) }

// EfficientNetB4 makes EfficientNet-B4: 380x380 pixels, 19.5 million parameters.
func EfficientNetB4(o Options) (*lince.Model, error) { return efficientNets[4].model(o) }

// EfficientNetB5 makes EfficientNet-B5: 456x456 pixels, 30.6 million parameters.
func EfficientNetB5(o Options) (*lince.Model, error) { return efficientNets[5].model(o) }

// EfficientNetB6 makes EfficientNet-B6: 528x528 pixels, 43.3 million parameters.
func EfficientNetB6(o Options) (*lince.Model, error) { return efficientNets[6].model(o) }

// EfficientNetB7 makes EfficientNet-B7: 600x600 pixels, 66.7 million parameters.
func EfficientNetB7(o Options) (*lince.Model, error) { return efficientNets[7].model(o) }

// blocks returns the blocks of a variant.
func (v efficientNet) blocks() []mbConv {
	stages := slices.Clone(efficientNetStages)
	for i := range stages {
		stages[i].repeats = scaledRepeats(stages[i].repeats, v.depth)
		stages[i].out = scaledChannels(stages[i].out, v.width, true)
	}
	return mbBlocks(scaledChannels(32, v.width, true), stages)
}

func (v efficientNet) architecture(o Options) architecture {
	return architecture{
		name: v.name, side: v.side, minSide: 32,
		body: func(x *lince.Symbol) *lince.Symbol { return v.body(x, o.Weights == ImageNet) },
		top: func(classifier layer.Dense) []layer.Layer {
			classifier.KernelInitializer = mbDenseInitializer
			return mbTop(classifier, v.dropout)
		},
		preprocessing: resized(),
		imageNet:      weightsFiles("https://storage.googleapis.com/keras-applications/", v.name, v.md5, v.parameters),
		torch:         v.torch(),
		strict:        true,
	}
}

// torch returns the forms of PyTorch's libraries. torchvision has a larger epsilon in the large variants.
func (v efficientNet) torch() []torchForm {
	var epsilon *float64
	if v.depth <= efficientNets[4].depth {
		epsilon = new(1e-5)
	}
	step := preprocess.Input{Mode: preprocess.Torch}
	return mbTorch(v.blocks(), "dwconv", scaledChannels(1280, v.width, true), v.convolutions, epsilon, "efficientnet", [2]preprocess.Step{step, step})
}

func (v efficientNet) model(o Options) (*lince.Model, error) { return o.model(v.architecture(o)) }

// body adds everything before the classifier. The mean and the variance of its Normalization are weights.
func (v efficientNet) body(x *lince.Symbol, imageNet bool) *lince.Symbol {
	x = x.Then(layer.Rescaling{Scale: []float64{1. / 255}}, layer.Normalization{Axis: []int{3}})
	if imageNet {
		scale := make([]float64, len(imageNetDeviations))
		for i, s := range imageNetDeviations {
			scale[i] = 1 / math.Sqrt(s)
		}
		x = x.Then(layer.Rescaling{Scale: scale})
	}
	return v.convolutions(x, mbForm{activation: layer.SiLU})
}

func (v efficientNet) convolutions(x *lince.Symbol, f mbForm) *lince.Symbol {
	x = f.stem(x, scaledChannels(32, v.width, true))
	blocks := v.blocks()
	for i, b := range blocks {
		x = f.block(x, b, mbDropConnect*float64(i)/float64(len(blocks)))
	}
	return f.top(x, scaledChannels(1280, v.width, true))
}
