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
		body:          inceptionForm{}.v3,
		plainPooling:  true,
		preprocessing: resized(preprocess.Input{Mode: preprocess.TF}),
		imageNet: weightsFiles(address+"inception_v3/", "inception_v3_weights_tf_dim_ordering_tf_kernels",
			[2]string{"9a0d58056eeedaa3f26cb7ebd46da564", "bcbd6486424b2319ff4ef7d526e38f63"}, [2]int{23851784, 21802784}),
		torch: []torchForm{{
			library: "torchvision", modules: inceptionModules(), ignored: "AuxLogits.", classifier: "predictions",
			change: func(a architecture) architecture {
				a.body = inceptionForm{torch: true}.v3
				return a
			},
		}},
		strict: true,
	}
}

// inceptionModules returns torchvision's and timm's modules. Keras' layers have automatic names.
func inceptionModules() map[string]string {
	modules := []string{"Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3"}
	for _, block := range []struct {
		names    []string
		branches []string
	}{
		{[]string{"5b", "5c", "5d"}, []string{"1x1", "5x5_1", "5x5_2", "3x3dbl_1", "3x3dbl_2", "3x3dbl_3", "_pool"}},
		{[]string{"6a"}, []string{"3x3", "3x3dbl_1", "3x3dbl_2", "3x3dbl_3"}},
		{[]string{"6b", "6c", "6d", "6e"}, []string{"1x1", "7x7_1", "7x7_2", "7x7_3", "7x7dbl_1", "7x7dbl_2", "7x7dbl_3", "7x7dbl_4", "7x7dbl_5", "_pool"}},
		{[]string{"7a"}, []string{"3x3_1", "3x3_2", "7x7x3_1", "7x7x3_2", "7x7x3_3", "7x7x3_4"}},
		{[]string{"7b", "7c"}, []string{"1x1", "3x3_1", "3x3_2a", "3x3_2b", "3x3dbl_1", "3x3dbl_2", "3x3dbl_3a", "3x3dbl_3b", "_pool"}},
	} {
		for _, name := range block.names {
			for _, branch := range block.branches {
				modules = append(modules, "Mixed_"+name+".branch"+branch)
			}
		}
	}
	m := map[string]string{"predictions": "fc"}
	for i, module := range modules {
		end := ""
		if i > 0 {
			end = fmt.Sprintf("_%d", i)
		}
		m["conv2d"+end], m["batch_normalization"+end] = module+".conv", module+".bn"
	}
	return m
}

// inceptionForm is what the blocks of a network have in common.
type inceptionForm struct {
	// torch is PyTorch's form: normalizations have a scale, and averages include the pixels of the padding.
	torch bool
}

// inceptionConv is a convolution without a bias, a normalization, and ReLU.
type inceptionConv struct {
	filters, height, width int
	reduce                 bool   // stride 2 without padding
	valid                  bool   // no padding
	name                   string // of the convolution; those of the other layers end in _bn and _ac. Empty for automatic names
}

// conv adds a convolution.
func (f inceptionForm) conv(x *lince.Symbol, c inceptionConv) *lince.Symbol {
	conv := layer.Conv2D{Filters: c.filters, Kernel: layer.Size{c.height, c.width}, Padding: layer.Same, NoBias: true, Name: c.name}
	if c.reduce {
		conv.Strides = layer.Size{2, 2}
	}
	if c.reduce || c.valid {
		conv.Padding = layer.Valid
	}
	normalization, activation := layer.BatchNormalization{NoScale: !f.torch}, layer.Activate{Activation: layer.ReLU}
	if c.name != "" {
		normalization.Name, activation.Name = c.name+"_bn", c.name+"_ac"
	}
	return x.Then(conv, normalization, activation)
}

// branch applies convolutions one after the other.
func (f inceptionForm) branch(x *lince.Symbol, convolutions ...inceptionConv) *lince.Symbol {
	for _, c := range convolutions {
		x = f.conv(x, c)
	}
	return x
}

// average is the branch that begins with a 3x3 average.
func (f inceptionForm) average(x *lince.Symbol, filters int) *lince.Symbol {
	pool := layer.AveragePool2D{Pool: layer.Size{3, 3}, Strides: layer.Size{1, 1}, Padding: layer.Same}
	if f.torch {
		x = x.Then(layer.ZeroPadding2D{}) // by 1 pixel
		pool.Padding = layer.Valid
	}
	return f.conv(x.Then(pool), inceptionConv{filters: filters, height: 1, width: 1})
}

func inceptionMax(x *lince.Symbol) *lince.Symbol {
	return x.Then(layer.MaxPool2D{Pool: layer.Size{3, 3}, Strides: layer.Size{2, 2}})
}

// stem is the beginning of InceptionV3 and Inception-ResNet-v2.
func (f inceptionForm) stem(x *lince.Symbol) *lince.Symbol {
	x = f.branch(x,
		inceptionConv{filters: 32, height: 3, width: 3, reduce: true},
		inceptionConv{filters: 32, height: 3, width: 3, valid: true},
		inceptionConv{filters: 64, height: 3, width: 3},
	)
	x = f.branch(inceptionMax(x),
		inceptionConv{filters: 80, height: 1, width: 1, valid: true},
		inceptionConv{filters: 192, height: 3, width: 3, valid: true},
	)
	return inceptionMax(x)
}

// v3 adds the stem and eleven blocks, whose results are mixed0 to mixed10.
func (f inceptionForm) v3(x *lince.Symbol) *lince.Symbol {
	x = f.stem(x)
	for i, filters := range []int{32, 64, 64} { // 35x35 pixels
		x = join(fmt.Sprintf("mixed%d", i),
			f.branch(x, inceptionConv{filters: 64, height: 1, width: 1}),
			f.branch(x, inceptionConv{filters: 48, height: 1, width: 1}, inceptionConv{filters: 64, height: 5, width: 5}),
			f.branch(x, inceptionConv{filters: 64, height: 1, width: 1}, inceptionConv{filters: 96, height: 3, width: 3}, inceptionConv{filters: 96, height: 3, width: 3}),
			f.average(x, filters),
		)
	}
	x = join("mixed3",
		f.branch(x, inceptionConv{filters: 384, height: 3, width: 3, reduce: true}),
		f.branch(x, inceptionConv{filters: 64, height: 1, width: 1}, inceptionConv{filters: 96, height: 3, width: 3}, inceptionConv{filters: 96, height: 3, width: 3, reduce: true}),
		inceptionMax(x),
	)
	for i, n := range []int{128, 160, 160, 192} { // 17x17 pixels
		x = join(fmt.Sprintf("mixed%d", i+4),
			f.branch(x, inceptionConv{filters: 192, height: 1, width: 1}),
			f.branch(x, inceptionConv{filters: n, height: 1, width: 1}, inceptionConv{filters: n, height: 1, width: 7}, inceptionConv{filters: 192, height: 7, width: 1}),
			f.branch(x,
				inceptionConv{filters: n, height: 1, width: 1}, inceptionConv{filters: n, height: 7, width: 1}, inceptionConv{filters: n, height: 1, width: 7},
				inceptionConv{filters: n, height: 7, width: 1}, inceptionConv{filters: 192, height: 1, width: 7},
			),
			f.average(x, 192),
		)
	}
	x = join("mixed8",
		f.branch(x, inceptionConv{filters: 192, height: 1, width: 1}, inceptionConv{filters: 320, height: 3, width: 3, reduce: true}),
		f.branch(x,
			inceptionConv{filters: 192, height: 1, width: 1}, inceptionConv{filters: 192, height: 1, width: 7}, inceptionConv{filters: 192, height: 7, width: 1},
			inceptionConv{filters: 192, height: 3, width: 3, reduce: true},
		),
		inceptionMax(x),
	)
	for i := range 2 { // 8x8 pixels
		x = join(fmt.Sprintf("mixed%d", i+9),
			f.branch(x, inceptionConv{filters: 320, height: 1, width: 1}),
			f.fork(fmt.Sprintf("mixed9_%d", i), f.branch(x, inceptionConv{filters: 384, height: 1, width: 1})),
			f.fork("", f.branch(x, inceptionConv{filters: 448, height: 1, width: 1}, inceptionConv{filters: 384, height: 3, width: 3})),
			f.average(x, 192),
		)
	}
	return x
}

// fork joins a 1x3 and a 3x1 convolution of x.
func (f inceptionForm) fork(name string, x *lince.Symbol) *lince.Symbol {
	return join(name, f.branch(x, inceptionConv{filters: 384, height: 1, width: 3}), f.branch(x, inceptionConv{filters: 384, height: 3, width: 1}))
}
