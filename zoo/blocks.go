package zoo

import (
	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/applications"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// This file has what several families are built of.

// join concatenates the channels of the results of branches.
func join(name string, branches ...*lince.Symbol) *lince.Symbol {
	return lince.Apply(layer.Concatenate{Name: name}, branches...)
}

// channelsOf returns the number of channels of images, 1 if there is a mistake before them.
func channelsOf(x *lince.Symbol) int {
	if s := x.Shape(); len(s) == 4 {
		return s[3]
	}
	return 1
}

// correctPad pads as TensorFlow does for a convolution with stride 2 (imagenet_utils.correct_pad).
func correctPad(x *lince.Symbol, kernel int, name string) layer.Layer {
	shape := x.Shape()
	var pads layer.Pads
	for i := range pads {
		first := kernel/2 - 1 // for images of unknown height, as if both were even
		if len(shape) == 4 && shape[1] != tensor.Unknown && shape[i+1] != tensor.Unknown && shape[i+1]%2 == 1 {
			first++
		}
		pads[i] = [2]int{first, kernel / 2}
	}
	return layer.ZeroPadding2D{Padding: &pads, Name: name}
}

// nested applies a Sequential of the layers.
func nested(x *lince.Symbol, o Options, name string, layers ...layer.Layer) *lince.Symbol {
	shape := x.Shape()
	if len(shape) != 4 { // there is a mistake before x
		return x
	}
	m, err := lince.Options{Name: name, Seed: o.Model.Seed}.Sequential(append([]layer.Layer{layer.Input{Shape: shape[1:]}}, layers...)...)
	if err != nil {
		return x.Then(applications.Mistake{Err: err})
	}
	return lince.Apply(m, x)
}

// divisible rounds a number of channels to a multiple of 8, by at most 10 % less.
func divisible(n float64) int {
	c := max(8, int(n+4)/8*8)
	if float64(c) < .9*n {
		c += 8
	}
	return c
}

// plainConv is a square convolution without a bias.
func plainConv(filters, kernel, stride int, padding layer.Padding, name string) layer.Layer {
	return layer.Conv2D{
		Filters: filters, Kernel: layer.Size{kernel, kernel}, Strides: layer.Size{stride, stride}, Padding: padding, NoBias: true, Name: name,
	}
}

func relu(name string) layer.Layer { return layer.Activate{Activation: layer.ReLU, Name: name} }

// padding adds n pixels at each side.
func padding(n int, name string) layer.Layer {
	return layer.ZeroPadding2D{Padding: &layer.Pads{{n, n}, {n, n}}, Name: name}
}

// dropoutRate returns the rate of the Dropout before the classifier.
func (o Options) dropoutRate(byDefault float64) float64 {
	if o.DropoutRate != nil {
		return *o.DropoutRate
	}
	return byDefault
}
