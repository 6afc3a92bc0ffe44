package lince

import (
	"fmt"
	"strings"

	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/tensor"
)

// This file has the conventions by which PyTorch's modules store what Keras' layers store. torch_match.go matches modules with layers.

// batchCounter is what a BatchNorm counts and Keras does not.
const batchCounter = "num_batches_tracked"

// torchConvention says in which tensor of a module the variable of a layer is.
type torchConvention struct {
	class, variable string // Keras'
	name            string // PyTorch's
	// axes has, for each axis of the variable, that of PyTorch's tensor. nil means that they are the same.
	axes []int
	// joined means that PyTorch joins its first two axes, channels and their multiplier, and has an axis of size 1 after them.
	joined bool
}

// torchConventions is the table of all of them. A class that is not in it has no counterpart.
var torchConventions = []torchConvention{
	{class: "Conv2D", variable: "kernel", name: "weight", axes: []int{2, 3, 1, 0}},
	{class: "Conv2D", variable: "bias", name: "bias"},
	{class: "Conv2DTranspose", variable: "kernel", name: "weight", axes: []int{2, 3, 1, 0}},
	{class: "Conv2DTranspose", variable: "bias", name: "bias"},
	{class: "DepthwiseConv2D", variable: "kernel", name: "weight", axes: []int{2, 3, 0, 1}, joined: true},
	{class: "DepthwiseConv2D", variable: "bias", name: "bias"},
	{class: "Conv1D", variable: "kernel", name: "weight", axes: []int{2, 1, 0}},
	{class: "Conv1D", variable: "bias", name: "bias"},
	{class: "Conv1DTranspose", variable: "kernel", name: "weight", axes: []int{2, 1, 0}},
	{class: "Conv1DTranspose", variable: "bias", name: "bias"},
	{class: "DepthwiseConv1D", variable: "kernel", name: "weight", axes: []int{2, 0, 1}, joined: true},
	{class: "DepthwiseConv1D", variable: "bias", name: "bias"},
	{class: "Dense", variable: "kernel", name: "weight", axes: []int{1, 0}},
	{class: "Dense", variable: "bias", name: "bias"},
	{class: "BatchNormalization", variable: "gamma", name: "weight"},
	{class: "BatchNormalization", variable: "beta", name: "bias"},
	{class: "BatchNormalization", variable: "moving_mean", name: "running_mean"},
	{class: "BatchNormalization", variable: "moving_variance", name: "running_var"},
	{class: "LayerNormalization", variable: "gamma", name: "weight"},
	{class: "LayerNormalization", variable: "beta", name: "bias"},
	{class: "GroupNormalization", variable: "gamma", name: "weight"},
	{class: "GroupNormalization", variable: "beta", name: "bias"},
	{class: "Embedding", variable: "embeddings", name: "weight"},
	{class: "PReLU", variable: "alpha", name: "weight"},
	{class: "LayerScale", variable: "gamma", name: "layer_scale"}, // torchvision's; it has two more axes, of size 1
}

// convention returns the row of a variable, nil if there is none.
func convention(class, variable string) *torchConvention {
	for i, c := range torchConventions {
		if c.class == class && c.variable == variable {
			return &torchConventions[i]
		}
	}
	return nil
}

// torchLayout is how a tensor becomes the value of a variable: it is given the shape view, its axes are permuted, and it is given the shape of
// the variable.
type torchLayout struct {
	shape, view tensor.Shape // shape is that of PyTorch's tensor
	axes        []int
	to          tensor.Shape
}

// layout returns the layout of a variable. flat is the shape (height, width, channels) of which the elements along the variable's first axis are,
// nil if they are channels. PyTorch flattens channels first.
func (c *torchConvention) layout(to, flat tensor.Shape) torchLayout {
	keras, axes := to, c.axes
	if axes == nil {
		axes = identity(len(to))
	}
	if flat != nil && len(to) > 0 && to[0] == flat.Elements() {
		keras = append(flat.Clone(), to[1:]...)
		if axes = []int{1, 2, 0}; len(to) == 2 {
			axes = []int{2, 3, 1, 0}
		}
	}
	l := torchLayout{view: make(tensor.Shape, len(axes)), axes: axes, to: to}
	for k, axis := range axes {
		l.view[axis] = keras[k]
	}
	switch {
	case c.joined:
		l.shape = append(tensor.Shape{l.view[0] * l.view[1], 1}, l.view[2:]...)
	case len(keras) == 4 && len(to) == 2:
		l.shape = tensor.Shape{l.view[0], flat.Elements()}
	case len(keras) != len(to):
		l.shape = to
	default:
		l.shape = l.view
	}
	return l
}

func identity(n int) []int {
	axes := make([]int, n)
	for i := range axes {
		axes[i] = i
	}
	return axes
}

// fits reports whether a tensor of PyTorch can be the variable. Axes of size 1 at the end do not count: a convolution of a single pixel is a
// linear layer.
func (l torchLayout) fits(s tensor.Shape) bool {
	return trimmed(s).Equal(trimmed(l.shape)) || trimmed(s).Equal(trimmed(l.view)) || l.to.Elements() == s.Elements() && len(trimmed(s)) <= 1 && vector(l.to)
}

// trimmed returns the shape without the axes of size 1 at the end. The first stays.
func trimmed(s tensor.Shape) tensor.Shape {
	for len(s) > 1 && s[len(s)-1] == 1 {
		s = s[:len(s)-1]
	}
	return s
}

// vector reports whether at most one axis is not 1, as in the alpha of a PReLU with shared axes.
func vector(s tensor.Shape) bool {
	n := 0
	for _, d := range s {
		if d != 1 {
			n++
		}
	}
	return n <= 1
}

// convert returns a tensor of PyTorch as the value of the variable.
func (l torchLayout) convert(t *tensor.Tensor) *tensor.Tensor {
	return numbers.Permute(t.Reshape(l.view...), l.axes).Reshape(l.to...)
}

// torchModule is the tensors whose names differ in the last part only: those of a module.
type torchModule struct {
	name    string
	suffix  []string
	tensors []*namedTensor
}

// torchModules returns the modules in the order of the file. Counters of batches are left out.
func torchModules(tensors []namedTensor) (list []*torchModule) {
	of := map[string]*torchModule{}
	for i, t := range tensors {
		dot := strings.LastIndexByte(t.name, '.')
		name, suffix := t.name[:max(dot, 0)], t.name[dot+1:]
		if suffix == batchCounter {
			continue
		}
		m := of[name]
		if m == nil {
			m = &torchModule{name: name}
			of[name] = m
			list = append(list, m)
		}
		m.suffix, m.tensors = append(m.suffix, suffix), append(m.tensors, &tensors[i])
	}
	return list
}

// String lists the module's tensors.
func (m *torchModule) String() string {
	var parts []string
	for i, t := range m.tensors {
		parts = append(parts, fmt.Sprintf("%s%v", m.suffix[i], t.shape))
	}
	if m.name == "" {
		return strings.Join(parts, " ")
	}
	return m.name + ": " + strings.Join(parts, " ")
}
