package zoo

import (
	"slices"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
)

// EfficientNet-Lite is EfficientNet (Tan and Le, 2019, arXiv:1905.11946) without squeeze-and-excitation, with ReLU6 instead of swish, and with a
// stem, a head, and numbers of blocks in the first and last stage that are not scaled. Source:
// github.com/tensorflow/tpu/models/official/efficientnet/lite. Padding is TensorFlow's, epsilon 1e-3.

// liteVariant is a row of efficientnet_lite_params.
type liteVariant struct {
	name         string
	width, depth float64
	side         int // pixels
	dropout      float64
}

var liteVariants = []liteVariant{
	{"efficientnet-lite0", 1.0, 1.0, 224, 0.2},
	{"efficientnet-lite1", 1.0, 1.1, 240, 0.2},
	{"efficientnet-lite2", 1.1, 1.2, 260, 0.3},
	{"efficientnet-lite3", 1.2, 1.4, 280, 0.3},
	{"efficientnet-lite4", 1.4, 1.8, 300, 0.3},
}

const (
	liteStem = 32 // channels
	liteHead = 1280
)

// EfficientNetLite0 makes EfficientNet-Lite0: 224x224 pixels, 4.69 million parameters.
func EfficientNetLite0(o Options) (*lince.Model, error) { return liteVariants[0].model(o) }

// EfficientNetLite1 makes EfficientNet-Lite1: 240x240 pixels, 5.47 million parameters.
func EfficientNetLite1(o Options) (*lince.Model, error) { return liteVariants[1].model(o) }

// EfficientNetLite2 makes EfficientNet-Lite2: 260x260 pixels, 6.15 million parameters.
func EfficientNetLite2(o Options) (*lince.Model, error) { return liteVariants[2].model(o) }

// EfficientNetLite3 makes EfficientNet-Lite3: 280x280 pixels, 8.27 million parameters.
func EfficientNetLite3(o Options) (*lince.Model, error) { return liteVariants[3].model(o) }

// EfficientNetLite4 makes EfficientNet-Lite4: 300x300 pixels, 13.12 million parameters.
func EfficientNetLite4(o Options) (*lince.Model, error) { return liteVariants[4].model(o) }

// blocks returns the blocks of a variant.
func (v liteVariant) blocks() []mbConv {
	stages := slices.Clone(efficientNetStages)
	for i := range stages {
		stages[i].squeeze = false
		if i > 0 && i < len(stages)-1 {
			stages[i].repeats = scaledRepeats(stages[i].repeats, v.depth)
		}
		stages[i].out = scaledChannels(stages[i].out, v.width, true)
	}
	return mbBlocks(liteStem, stages)
}

func (v liteVariant) architecture() architecture {
	return architecture{
		name: v.name, side: v.side, minSide: 32,
		body: v.body,
		top: func(classifier layer.Dense) []layer.Layer {
			classifier.KernelInitializer = mbDenseInitializer
			return mbTop(classifier, v.dropout)
		},
		preprocessing: EfficientNetLitePreprocessing,
	}
}

func (v liteVariant) model(o Options) (*lince.Model, error) { return o.model(v.architecture()) }

// EfficientNetLitePreprocessing returns the preprocessing of EfficientNet-Lite for images of height x width pixels: the centered part with that
// aspect ratio, resized by a bicubic filter, and (x-127)/128, from about -1 to 1.
func EfficientNetLitePreprocessing(height, width int) lince.Preprocessing {
	return lince.Preprocessing{
		preprocess.Resize{Height: height, Width: width, Interpolation: picture.Bicubic, CropToAspectRatio: true},
		preprocess.Normalize{Mean: []float64{127}, Std: []float64{128}},
	}
}

// body adds everything before the classifier.
func (v liteVariant) body(x *lince.Symbol) *lince.Symbol {
	f := mbForm{activation: layer.ReLU6}
	x = f.stem(x, liteStem)
	blocks := v.blocks()
	for i, b := range blocks {
		x = f.block(x, b, mbDropConnect*float64(i)/float64(len(blocks)))
	}
	return f.top(x, liteHead)
}
