package zoo

import (
	"fmt"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/internal/applications"
	"github.com/lince-ml/lince/layer"
)

// InceptionResNetV2 is the network of Szegedy et al., Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning, 2017,
// arXiv:1602.07261. Each block adds a multiple of the result of its branches to its input. Source: keras.applications.InceptionResNetV2.

// InceptionResNetV2 makes the network: 299x299 pixels, 55.9 million parameters.
func InceptionResNetV2(o Options) (*lince.Model, error) { return o.model(inceptionResNetV2()) }

func inceptionResNetV2() architecture {
	return architecture{
		name: "inception_resnet_v2", side: 299, minSide: 75,
		body:          inceptionResNetV2Body,
		plainPooling:  true,
		preprocessing: resized(preprocess.Input{Mode: preprocess.TF}),
		imageNet: weightsFiles(address+"inception_resnet_v2/", "inception_resnet_v2_weights_tf_dim_ordering_tf_kernels",
			[2]string{"e693bd0210a403b3192acc6073ad2e96", "d19885ff4a710c122648d3b5c3b684e4"}, [2]int{55873736, 54336736}),
	}
}

// inceptionResidual is a kind of block: x + scale * (the branches, joined, and a 1x1 convolution), and ReLU.
type inceptionResidual struct {
	kind     string
	blocks   int
	scale    float64
	branches [][]inceptionConv
}

var (
	inceptionResNetA = inceptionResidual{"block35", 10, .17, [][]inceptionConv{
		{{filters: 32, height: 1, width: 1}},
		{{filters: 32, height: 1, width: 1}, {filters: 32, height: 3, width: 3}},
		{{filters: 32, height: 1, width: 1}, {filters: 48, height: 3, width: 3}, {filters: 64, height: 3, width: 3}},
	}}
	inceptionResNetB = inceptionResidual{"block17", 20, .1, [][]inceptionConv{
		{{filters: 192, height: 1, width: 1}},
		{{filters: 128, height: 1, width: 1}, {filters: 160, height: 1, width: 7}, {filters: 192, height: 7, width: 1}},
	}}
	inceptionResNetC = inceptionResidual{"block8", 10, .2, [][]inceptionConv{
		{{filters: 192, height: 1, width: 1}},
		{{filters: 192, height: 1, width: 1}, {filters: 224, height: 1, width: 3}, {filters: 256, height: 3, width: 1}},
	}}
)

// inceptionResNetV2Body adds the stem, blocks with three sizes of images, and a 1x1 convolution.
func inceptionResNetV2Body(x *lince.Symbol) *lince.Symbol {
	var f inceptionForm
	x = f.stem(x)
	x = join("mixed_5b", // 35x35 pixels
		f.branch(x, inceptionConv{filters: 96, height: 1, width: 1}),
		f.branch(x, inceptionConv{filters: 48, height: 1, width: 1}, inceptionConv{filters: 64, height: 5, width: 5}),
		f.branch(x, inceptionConv{filters: 64, height: 1, width: 1}, inceptionConv{filters: 96, height: 3, width: 3}, inceptionConv{filters: 96, height: 3, width: 3}),
		f.average(x, 64),
	)
	x = inceptionResNetA.apply(x, f)
	x = join("mixed_6a", // 17x17 pixels
		f.branch(x, inceptionConv{filters: 384, height: 3, width: 3, reduce: true}),
		f.branch(x, inceptionConv{filters: 256, height: 1, width: 1}, inceptionConv{filters: 256, height: 3, width: 3}, inceptionConv{filters: 384, height: 3, width: 3, reduce: true}),
		inceptionMax(x),
	)
	x = inceptionResNetB.apply(x, f)
	x = join("mixed_7a", // 8x8 pixels
		f.branch(x, inceptionConv{filters: 256, height: 1, width: 1}, inceptionConv{filters: 384, height: 3, width: 3, reduce: true}),
		f.branch(x, inceptionConv{filters: 256, height: 1, width: 1}, inceptionConv{filters: 288, height: 3, width: 3, reduce: true}),
		f.branch(x, inceptionConv{filters: 256, height: 1, width: 1}, inceptionConv{filters: 288, height: 3, width: 3}, inceptionConv{filters: 320, height: 3, width: 3, reduce: true}),
		inceptionMax(x),
	)
	x = inceptionResNetC.apply(x, f)
	return f.conv(x, inceptionConv{filters: 1536, height: 1, width: 1, name: "conv_7b"})
}

func (r inceptionResidual) apply(x *lince.Symbol, f inceptionForm) *lince.Symbol {
	for i := range r.blocks {
		name := fmt.Sprintf("%s_%d", r.kind, i+1)
		var branches []*lince.Symbol
		for _, b := range r.branches {
			branches = append(branches, f.branch(x, b...))
		}
		up := join(name+"_mixed", branches...).Then(layer.Conv2D{Filters: channelsOf(x), Kernel: layer.Size{1, 1}, Padding: layer.Same, Name: name + "_conv"})
		scale := r.scale
		last := r.kind == inceptionResNetC.kind && i == r.blocks-1 // the network's last block
		if last {
			scale = 1
		}
		if x = lince.Apply(applications.CustomScale{Scale: scale}, x, up); !last {
			x = x.Then(layer.Activate{Activation: layer.ReLU, Name: name + "_ac"})
		}
	}
	return x
}
