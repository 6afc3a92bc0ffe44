package zoo

import (
	"fmt"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
)

// InceptionV3 is the network of Szegedy et al., Rethinking the Inception Architecture for Computer Vision, 2016, arXiv:1512.00567. Each block joins the
// results of branches with windows of different sizes. Source: keras.applications.InceptionV3.

// InceptionV3 makes the network: 299x299 pixels, 23.9 million parameters.
func InceptionV3(o Options) (*lince.Model, error) { return o.model(inceptionV3()) }

func inceptionV3() architecture {
	return architecture{
		name: "inception_v3", side: 299, minSide: 75,
		body:          inceptionV3Body,
		plainPooling:  true,
		preprocessing: resized(preprocess.Input{Mode: preprocess.TF}),
		imageNet: []WeightsFile{
			{Name: "inception_v3_weights_tf_dim_ordering_tf_kernels.h5", URL: address + "inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels.h5", MD5: "9a0d58056eeedaa3f26cb7ebd46da564", Parameters: 23851784},
			{Name: "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5", URL: address + "inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5", MD5: "bcbd6486424b2319ff4ef7d526e38f63", NoTop: true, Parameters: 21802784},
		},
	}
}

// inceptionConv is a convolution without a bias, a normalization without a scale, and ReLU.
type inceptionConv struct {
	filters, height, width int
	reduce                 bool   // stride 2 without padding
	valid                  bool   // no padding
	name                   string // of the convolution; those of the other layers end in _bn and _ac. Empty for automatic names
}

func (c inceptionConv) apply(x *lince.Symbol) *lince.Symbol {
	conv := layer.Conv2D{Filters: c.filters, Kernel: layer.Size{c.height, c.width}, Padding: layer.Same, NoBias: true, Name: c.name}
	if c.reduce {
		conv.Strides = layer.Size{2, 2}
	}
	if c.reduce || c.valid {
		conv.Padding = layer.Valid
	}
	normalization, activation := layer.BatchNormalization{NoScale: true}, layer.Activate{Activation: layer.ReLU}
	if c.name != "" {
		normalization.Name, activation.Name = c.name+"_bn", c.name+"_ac"
	}
	return x.Then(conv, normalization, activation)
}

// inceptionBranch applies convolutions one after the other.
func inceptionBranch(x *lince.Symbol, convolutions ...inceptionConv) *lince.Symbol {
	for _, c := range convolutions {
		x = c.apply(x)
	}
	return x
}

// inceptionAverage is the branch that begins with a 3x3 average.
func inceptionAverage(x *lince.Symbol, filters int) *lince.Symbol {
	x = x.Then(layer.AveragePool2D{Pool: layer.Size{3, 3}, Strides: layer.Size{1, 1}, Padding: layer.Same})
	return inceptionConv{filters: filters, height: 1, width: 1}.apply(x)
}

func inceptionMax(x *lince.Symbol) *lince.Symbol {
	return x.Then(layer.MaxPool2D{Pool: layer.Size{3, 3}, Strides: layer.Size{2, 2}})
}

// inceptionStem is the beginning of InceptionV3 and Inception-ResNet-v2.
func inceptionStem(x *lince.Symbol) *lince.Symbol {
	x = inceptionBranch(x,
		inceptionConv{filters: 32, height: 3, width: 3, reduce: true},
		inceptionConv{filters: 32, height: 3, width: 3, valid: true},
		inceptionConv{filters: 64, height: 3, width: 3},
	)
	x = inceptionBranch(inceptionMax(x),
		inceptionConv{filters: 80, height: 1, width: 1, valid: true},
		inceptionConv{filters: 192, height: 3, width: 3, valid: true},
	)
	return inceptionMax(x)
}

// inceptionV3Body adds the stem and eleven blocks, whose results are mixed0 to mixed10.
func inceptionV3Body(x *lince.Symbol) *lince.Symbol {
	x = inceptionStem(x)
	for i, filters := range []int{32, 64, 64} { // 35x35 pixels
		x = join(fmt.Sprintf("mixed%d", i),
			inceptionBranch(x, inceptionConv{filters: 64, height: 1, width: 1}),
			inceptionBranch(x, inceptionConv{filters: 48, height: 1, width: 1}, inceptionConv{filters: 64, height: 5, width: 5}),
			inceptionBranch(x, inceptionConv{filters: 64, height: 1, width: 1}, inceptionConv{filters: 96, height: 3, width: 3}, inceptionConv{filters: 96, height: 3, width: 3}),
			inceptionAverage(x, filters),
		)
	}
	x = join("mixed3",
		inceptionBranch(x, inceptionConv{filters: 384, height: 3, width: 3, reduce: true}),
		inceptionBranch(x, inceptionConv{filters: 64, height: 1, width: 1}, inceptionConv{filters: 96, height: 3, width: 3}, inceptionConv{filters: 96, height: 3, width: 3, reduce: true}),
		inceptionMax(x),
	)
	for i, n := range []int{128, 160, 160, 192} { // 17x17 pixels
		x = join(fmt.Sprintf("mixed%d", i+4),
			inceptionBranch(x, inceptionConv{filters: 192, height: 1, width: 1}),
			inceptionBranch(x, inceptionConv{filters: n, height: 1, width: 1}, inceptionConv{filters: n, height: 1, width: 7}, inceptionConv{filters: 192, height: 7, width: 1}),
			inceptionBranch(x,
				inceptionConv{filters: n, height: 1, width: 1}, inceptionConv{filters: n, height: 7, width: 1}, inceptionConv{filters: n, height: 1, width: 7},
				inceptionConv{filters: n, height: 7, width: 1}, inceptionConv{filters: 192, height: 1, width: 7},
			),
			inceptionAverage(x, 192),
		)
	}
	x = join("mixed8",
		inceptionBranch(x, inceptionConv{filters: 192, height: 1, width: 1}, inceptionConv{filters: 320, height: 3, width: 3, reduce: true}),
		inceptionBranch(x,
			inceptionConv{filters: 192, height: 1, width: 1}, inceptionConv{filters: 192, height: 1, width: 7}, inceptionConv{filters: 192, height: 7, width: 1},
			inceptionConv{filters: 192, height: 3, width: 3, reduce: true},
		),
		inceptionMax(x),
	)
	for i := range 2 { // 8x8 pixels
		x = join(fmt.Sprintf("mixed%d", i+9),
			inceptionBranch(x, inceptionConv{filters: 320, height: 1, width: 1}),
			inceptionFork(fmt.Sprintf("mixed9_%d", i), inceptionBranch(x, inceptionConv{filters: 384, height: 1, width: 1})),
			inceptionFork("", inceptionBranch(x, inceptionConv{filters: 448, height: 1, width: 1}, inceptionConv{filters: 384, height: 3, width: 3})),
			inceptionAverage(x, 192),
		)
	}
	return x
}

// inceptionFork joins a 1x3 and a 3x1 convolution of x.
func inceptionFork(name string, x *lince.Symbol) *lince.Symbol {
	return join(name, inceptionBranch(x, inceptionConv{filters: 384, height: 1, width: 3}), inceptionBranch(x, inceptionConv{filters: 384, height: 3, width: 1}))
}
