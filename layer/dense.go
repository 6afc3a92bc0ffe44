package layer

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/initializer"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/tensor"
)

// Dense multiplies by a learned matrix, adds a bias and applies an activation function
// (keras.layers.Dense). It takes (batch, ..., features) and gives (batch, ..., units): as in
// Keras, what has more than two dimensions is multiplied along the last one. Weights: kernel
// (features, units), bias (units).
type Dense struct {
	Units      int // number of results; required
	Activation Activation
	NoBias     bool

	KernelInitializer initializer.Initializer // nil: GlorotUniform
	BiasInitializer   initializer.Initializer // nil: Zeros

	Name   string
	Frozen bool // not trained
}

// Class implements Layer.
func (Dense) Class() string { return "Dense" }

// Named implements Layer.
func (l Dense) Named() string { return l.Name }

// Config implements Layer.
func (l Dense) Config() map[string]any {
	c := base(l.Name, l.Frozen)
	c["units"] = l.Units
	c["activation"] = l.Activation.keras()
	c["use_bias"] = !l.NoBias
	c["kernel_initializer"] = wrapInitializer(kernelOr(l.KernelInitializer))
	c["bias_initializer"] = wrapInitializer(biasOr(l.BiasInitializer))
	return c
}

// Build implements Layer.
func (l Dense) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	if !l.check().report(b, x) || !wantFloat(b, x) {
		return b.Invalid()
	}
	rank := x.Rank()
	if rank < 2 {
		return b.Errorf("got shape %v, want (batch, features)", x.Shape)
	}
	in := x.Shape[rank-1]
	if in == tensor.Unknown {
		return b.Errorf("got shape %v, want a known number of features: say the size of the images in Input", x.Shape)
	}
	if !wantSmall(b, x) {
		return b.Invalid()
	}
	kernel := weight(b, "kernel", x, l.Frozen, kernelOr(l.KernelInitializer), in, l.Units)
	y := x
	if rank > 2 {
		if slices.Contains(x.Shape[1:], tensor.Unknown) {
			return b.Errorf("got shape %v, want known dimensions after the batch", x.Shape)
		}
		y = b.Reshape(x, tensor.Unknown, in)
	}
	y = b.MatMul(y, kernel)
	if !l.NoBias {
		y = b.Add(y, weight(b, "bias", x, l.Frozen, biasOr(l.BiasInitializer), l.Units))
	}
	if rank > 2 {
		shape := x.Shape.Clone()
		shape[rank-1] = l.Units
		y = b.Reshape(y, shape...)
	}
	if !wantSmall(b, y) {
		return b.Invalid()
	}
	return l.Activation.apply(b, y)
}

func (l Dense) check() (c checks) {
	c.count("Units", l.Units)
	l.Activation.check(&c)
	c.initializer("KernelInitializer", l.KernelInitializer)
	c.initializer("BiasInitializer", l.BiasInitializer)
	return c
}

func decodeDense(r *config.Reader) Layer {
	r.Need("units")
	l := Dense{
		Units:             r.Int("units", 1, 1, maxSize),
		Activation:        readActivation(r),
		NoBias:            !r.Bool("use_bias", true),
		KernelInitializer: readInitializer(r, "kernel_initializer"),
		BiasInitializer:   readInitializer(r, "bias_initializer"),
	}
	l.Name, l.Frozen = readBase(r)
	readUnregularized(r, "kernel", "bias")
	return l
}
