package zoo

import (
	"strconv"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/layer"
)

// NASNet is the network NASNet-A of Zoph et al., Learning Transferable Architectures for Scalable Image Recognition, 2018, arXiv:1707.07012 (figure 4). Each
// cell takes the results of the two cells before it. Source: keras.applications.NASNetMobile and NASNetLarge.

// nasNet is a variant.
type nasNet struct {
	name     string
	side     int // pixels
	stem     int // channels
	filters  int // of each convolution in the first cells
	cells    int // between reductions
	skip     bool
	imageNet []WeightsFile
}

var nasNets = []nasNet{
	{"nasnet_mobile", 224, 32, 44, 4, false, []WeightsFile{
		{Name: "nasnet_mobile.h5", URL: address + "nasnet/NASNet-mobile.h5", MD5: "020fb642bf7360b370c678b08e0adf61", Parameters: 5326716},
		{Name: "nasnet_mobile_no_top.h5", URL: address + "nasnet/NASNet-mobile-no-top.h5", MD5: "1ed92395b5b598bdda52abe5c0dbfd63", NoTop: true, Parameters: 4269716},
	}},
	{"nasnet_large", 331, 96, 168, 6, true, []WeightsFile{
		{Name: "nasnet_large.h5", URL: address + "nasnet/NASNet-large.h5", MD5: "11577c9a518f0070763c2b964a382f17", Parameters: 88949818},
		{Name: "nasnet_large_no_top.h5", URL: address + "nasnet/NASNet-large-no-top.h5", MD5: "d81d89dc07e6e56530c4e77faddd61b5", NoTop: true, Parameters: 84916818},
	}},
}

// NASNetMobile makes the small network: 224x224 pixels, 5.3 million parameters. Its layers depend on the size of the images, so InputShape is {224, 224, 3}
// by default, with NoTop, too, and tensor.Unknown is an error.
func NASNetMobile(o Options) (*lince.Model, error) { return o.model(nasNets[0].architecture()) }

// NASNetLarge makes the large network: 331x331 pixels, 88.9 million parameters. Its layers depend on the size of the images, so InputShape is {331, 331, 3}
// by default, with NoTop, too, and tensor.Unknown is an error. With NoTop, Keras' default is an unknown size, and its model fails for all images.
func NASNetLarge(o Options) (*lince.Model, error) { return o.model(nasNets[1].architecture()) }

func (v nasNet) architecture() architecture {
	return architecture{
		name: v.name, side: v.side, minSide: 32,
		body: v.body,
		top: func(classifier layer.Dense) []layer.Layer {
			classifier.Name = "predictions"
			return []layer.Layer{layer.GlobalAveragePool2D{}, classifier}
		},
		knownSize:     true,
		plainPooling:  true,
		preprocessing: resized(preprocess.Input{Mode: preprocess.TF}),
		imageNet:      v.imageNet,
	}
}

// body adds a stem with two reductions, and three groups of cells with a reduction between them.
func (v nasNet) body(x *lince.Symbol) *lince.Symbol {
	x = x.Then(
		layer.Conv2D{Filters: v.stem, Kernel: layer.Size{3, 3}, Strides: layer.Size{2, 2}, NoBias: true, KernelInitializer: initializer.HeNormal{}, Name: "stem_conv1"},
		nasNormalization("stem_bn1"),
	)
	// previous is the result of the cell before the last one. It is x at the beginning.
	previous := x
	reduce := func(filters int, name string) {
		x, previous = nasCell{filters, name}.reduction(x, previous), x
	}
	reduce(v.filters/4, "stem_1")
	reduce(v.filters/2, "stem_2")
	filters := v.filters
	for group := range 3 {
		if group > 0 {
			before := previous
			filters *= 2
			reduce(filters, "reduce_"+strconv.Itoa(group*v.cells))
			if v.skip {
				previous = before
			}
		}
		for i := range v.cells {
			name := strconv.Itoa(group*v.cells + i)
			if group > 0 {
				name = strconv.Itoa(group*v.cells + i + 1)
			}
			x, previous = nasCell{filters, name}.normal(x, previous), x
		}
	}
	return x.Then(layer.Activate{Activation: layer.ReLU})
}

// nasCell is a cell. Its name is the end of its layers' names.
type nasCell struct {
	filters int
	name    string
}

func nasNormalization(name string) layer.Layer {
	return layer.BatchNormalization{Momentum: new(.9997), Name: name}
}

func (c nasCell) conv(filters int, name string) layer.Layer {
	return layer.Conv2D{
		Filters: filters, Kernel: layer.Size{1, 1}, Padding: layer.Same, NoBias: true, KernelInitializer: initializer.HeNormal{}, Name: name + "_" + c.name,
	}
}

// separable adds two separable convolutions. The first has stride 2 if the cell is a reduction and stride is 2.
func (c nasCell) separable(x *lince.Symbol, kernel, stride int, name string) *lince.Symbol {
	name += "_" + c.name
	x = x.Then(layer.Activate{Activation: layer.ReLU})
	first := layer.SeparableConv2D{
		Filters: c.filters, Kernel: layer.Size{kernel, kernel}, Strides: layer.Size{stride, stride}, Padding: layer.Same, NoBias: true, Name: "separable_conv_1_" + name,
	}
	if stride == 2 {
		x = x.Then(correctPad(x, kernel, "separable_conv_1_pad_"+name))
		first.Padding = layer.Valid
	}
	return x.Then(
		first,
		nasNormalization("separable_conv_1_bn_"+name),
		layer.Activate{Activation: layer.ReLU},
		layer.SeparableConv2D{Filters: c.filters, Kernel: layer.Size{kernel, kernel}, Padding: layer.Same, NoBias: true, Name: "separable_conv_2_" + name},
		nasNormalization("separable_conv_2_bn_"+name),
	)
}

// average is a 3x3 average.
func (c nasCell) average(x *lince.Symbol, stride int, padding layer.Padding, name string) *lince.Symbol {
	return x.Then(layer.AveragePool2D{Pool: layer.Size{3, 3}, Strides: layer.Size{stride, stride}, Padding: padding, Name: name + "_" + c.name})
}

// maximum is a 3x3 maximum with stride 2.
func (c nasCell) maximum(x *lince.Symbol, name string) *lince.Symbol {
	return x.Then(layer.MaxPool2D{Pool: layer.Size{3, 3}, Strides: layer.Size{2, 2}, Name: name + "_" + c.name})
}

func (c nasCell) add(name string, x, y *lince.Symbol) *lince.Symbol {
	return lince.Apply(layer.Add{Name: name + "_" + c.name}, x, y)
}

// adjust gives the result of an earlier cell the size and the number of channels that the cell needs.
func (c nasCell) adjust(previous, x *lince.Symbol) *lince.Symbol {
	from, to := previous.Shape(), x.Shape()
	switch {
	case previous == x || len(from) != 4 || len(to) != 4: // the first cell, or a mistake
		return previous
	case from[2] != to[2]:
		previous = previous.Then(layer.Activate{Activation: layer.ReLU, Name: "adjust_relu_1_" + c.name})
		half := func(p *lince.Symbol, number string) *lince.Symbol {
			return p.Then(
				layer.AveragePool2D{Pool: layer.Size{1, 1}, Strides: layer.Size{2, 2}, Name: "adjust_avg_pool_" + number + "_" + c.name},
				c.conv(c.filters/2, "adjust_conv_"+number),
			)
		}
		return join("",
			half(previous, "1"),
			half(previous.Then( // the pixels between those of the other half
				layer.ZeroPadding2D{Padding: &layer.Pads{{0, 1}, {0, 1}}},
				layer.Cropping2D{Cropping: layer.Pads{{1, 0}, {1, 0}}},
			), "2"),
		).Then(nasNormalization("adjust_bn_" + c.name))
	case from[3] != c.filters:
		return previous.Then(layer.Activate{Activation: layer.ReLU}, c.conv(c.filters, "adjust_conv_projection"), nasNormalization("adjust_bn_"+c.name))
	}
	return previous
}

// normal is the cell that keeps the size.
func (c nasCell) normal(x, previous *lince.Symbol) *lince.Symbol {
	p := c.adjust(previous, x)
	h := x.Then(layer.Activate{Activation: layer.ReLU}, c.conv(c.filters, "normal_conv_1"), nasNormalization("normal_bn_1_"+c.name))
	return join("normal_concat_"+c.name, p,
		c.add("normal_add_1", c.separable(h, 5, 1, "normal_left1"), c.separable(p, 3, 1, "normal_right1")),
		c.add("normal_add_2", c.separable(p, 5, 1, "normal_left2"), c.separable(p, 3, 1, "normal_right2")),
		c.add("normal_add_3", c.average(h, 1, layer.Same, "normal_left3"), p),
		c.add("normal_add_4", c.average(p, 1, layer.Same, "normal_left4"), c.average(p, 1, layer.Same, "normal_right4")),
		c.add("normal_add_5", c.separable(h, 3, 1, "normal_left5"), h),
	)
}

// reduction is the cell that halves the size.
func (c nasCell) reduction(x, previous *lince.Symbol) *lince.Symbol {
	p := c.adjust(previous, x)
	h := x.Then(layer.Activate{Activation: layer.ReLU}, c.conv(c.filters, "reduction_conv_1"), nasNormalization("reduction_bn_1_"+c.name))
	padded := h.Then(correctPad(h, 3, "reduction_pad_1_"+c.name))
	x1 := c.add("reduction_add_1", c.separable(h, 5, 2, "reduction_left1"), c.separable(p, 7, 2, "reduction_right1"))
	x2 := c.add("reduction_add_2", c.maximum(padded, "reduction_left2"), c.separable(p, 7, 2, "reduction_right2"))
	x3 := c.add("reduction_add3", c.average(padded, 2, layer.Valid, "reduction_left3"), c.separable(p, 5, 2, "reduction_right3"))
	x4 := lince.Apply(layer.Add{}, x2, c.average(x1, 1, layer.Same, "reduction_left4"))
	x5 := c.add("reduction_add4", c.separable(x1, 3, 1, "reduction_left4"), c.maximum(padded, "reduction_right5"))
	return join("reduction_concat_"+c.name, x2, x3, x4, x5)
}
