package layer

import (
	"cmp"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/tensor"
)

// Conv2D convolves images (batch, height, width, channels) with learned kernels, adds a bias
// and applies an activation function (keras.layers.Conv2D). Weights: kernel (height, width,
// channels/groups, filters), bias (filters).
type Conv2D struct {
	Filters    int  // number of results for each pixel; required
	Kernel     Size // required
	Strides    Size // step from window to window; zero: 1x1
	Padding    Padding
	Dilation   Size // distance of the kernel's pixels in the image; zero: 1x1
	Groups     int  // of channels and filters, each convolved by itself; divides both; zero: 1
	Activation Activation
	NoBias     bool

	KernelInitializer initializer.Initializer // nil: GlorotUniform
	BiasInitializer   initializer.Initializer // nil: Zeros

	Name   string
	Frozen bool // not trained
}

// Class implements Layer.
func (Conv2D) Class() string { return "Conv2D" }

// Named implements Layer.
func (l Conv2D) Named() string { return l.Name }

// Config implements Layer.
func (l Conv2D) Config() map[string]any {
	c := base(l.Name, l.Frozen)
	c["filters"] = l.Filters
	c["kernel_size"] = l.Kernel.list()
	c["strides"] = l.Strides.or(Size{1, 1}).list()
	c["padding"] = l.Padding.String()
	c["data_format"] = "channels_last"
	c["dilation_rate"] = l.Dilation.or(Size{1, 1}).list()
	c["groups"] = cmp.Or(l.Groups, 1)
	c["activation"] = l.Activation.keras()
	c["use_bias"] = !l.NoBias
	c["kernel_initializer"] = wrapInitializer(kernelOr(l.KernelInitializer))
	c["bias_initializer"] = wrapInitializer(biasOr(l.BiasInitializer))
	return c
}

// Build implements Layer.
func (l Conv2D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if !l.check().report(b, x) || !wantImages(b, x) {
		return b.Invalid()
	}
	o := op.Conv2D{Window: window(l.Kernel, l.Strides, l.Dilation, l.Padding), Groups: cmp.Or(l.Groups, 1)}
	if !wantFit(b, "kernel", "a smaller kernel", o.Window, x) {
		return b.Invalid()
	}
	in := x.Shape[3]
	if in%o.Groups != 0 {
		return b.Errorf("got %d channels, want a multiple of Groups, which is %d", in, o.Groups)
	}
	y := b.Op(o, x, weight(b, "kernel", x, l.Frozen, kernelOr(l.KernelInitializer), l.Kernel[0], l.Kernel[1], in/o.Groups, l.Filters))
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	if !l.NoBias {
		y = b.Add(y, weight(b, "bias", x, l.Frozen, biasOr(l.BiasInitializer), l.Filters))
	}
	return l.Activation.apply(b, y)
}

func (l Conv2D) check() (c checks) {
	c.count("Filters", l.Filters)
	if l.Groups != 0 {
		c.count("Groups", l.Groups)
	}
	if l.Groups > 1 && l.Filters%l.Groups != 0 {
		c.errorf("Filters is %d, want a multiple of Groups, which is %d", l.Filters, l.Groups)
	}
	c.window(l.Kernel, l.Strides, l.Dilation, l.Padding)
	l.Activation.check(&c)
	c.initializer("KernelInitializer", l.KernelInitializer)
	c.initializer("BiasInitializer", l.BiasInitializer)
	return c
}

func decodeConv2D(r *config.Reader) Layer {
	r.Need("filters", "kernel_size")
	l := Conv2D{
		Filters:           r.Int("filters", 1, 1, maxSize),
		Kernel:            readSize(r, "kernel_size", Size{1, 1}),
		Strides:           readSize(r, "strides", Size{1, 1}),
		Padding:           readPadding(r),
		Dilation:          readSize(r, "dilation_rate", Size{1, 1}),
		Groups:            r.Int("groups", 1, 1, maxSize),
		Activation:        readActivation(r),
		NoBias:            !r.Bool("use_bias", true),
		KernelInitializer: readInitializer(r, "kernel_initializer"),
		BiasInitializer:   readInitializer(r, "bias_initializer"),
	}
	l.Name, l.Frozen = readBase(r)
	r.Only("data_format", "channels_last")
	readUnregularized(r, "kernel", "bias")
	return l
}

// window is that of a convolution.
func window(kernel, strides, dilation Size, p Padding) op.Window {
	return op.Window{Size: kernel, Stride: strides.or(Size{1, 1}), Dilation: dilation.or(Size{1, 1}), Padding: p}
}

// window checks what makes the window of a convolution.
func (c *checks) window(kernel, strides, dilation Size, p Padding) {
	if kernel == (Size{}) {
		c.errorf("the size of the kernel is missing: set Kernel, as in Kernel: layer.Size{3, 3}")
	} else {
		c.size("Kernel", kernel)
	}
	c.size("Strides", strides.or(Size{1, 1}))
	c.size("Dilation", dilation.or(Size{1, 1}))
	if strides.or(Size{1, 1}) != (Size{1, 1}) && dilation.or(Size{1, 1}) != (Size{1, 1}) {
		c.errorf("Strides %v with Dilation %v: one of them must be 1x1", strides, dilation)
	}
	checkPadding(c, p)
}

// wantImages checks that x is a batch of images of a known number of channels, in
// floating-point numbers.
func wantImages(b *graph.Builder, x *graph.Value) bool {
	if !wantFloat(b, x) {
		return false
	}
	hint := ""
	switch {
	case x.Rank() == 4 && x.Shape[3] != tensor.Unknown:
		return true
	case x.Rank() == 4:
		hint = ", with a known number of channels"
	case x.Rank() == 3:
		hint = "; grey images have 1 channel: (batch, height, width, 1)"
	case x.Rank() == 2:
		hint = "; layers of images come before Flatten and Dense"
	}
	b.Errorf("got shape %v, want (batch, height, width, channels)%s", x.Shape, hint)
	return false
}

// wantFit checks that a window fits into the images of x.
func wantFit(b *graph.Builder, what, smaller string, w op.Window, x *graph.Value) bool {
	if w.Out(0, x.Shape[1]) != 0 && w.Out(1, x.Shape[2]) != 0 {
		return true
	}
	dilated := ""
	if w.Dilation != [2]int{1, 1} {
		dilated = " dilated"
	}
	size := func(n int) any {
		if n == tensor.Unknown {
			return "None"
		}
		return n
	}
	b.Errorf("a %dx%d%s %s does not fit into an image of %vx%v; use padding same, %s or larger images",
		w.Span(0), w.Span(1), dilated, what, size(x.Shape[1]), size(x.Shape[2]), smaller)
	return false
}

func checkPadding(c *checks, p Padding) {
	if p != Valid && p != Same {
		c.errorf("Padding is %d, want layer.Valid or layer.Same", p)
	}
}
