package layer

import (
	"math"

	"github.com/lince-ml/lince/graph"
)

// GaussianNoise adds normally distributed numbers to its operand in training
// (keras.layers.GaussianNoise):
//
//	y = x + z   with z from the normal distribution of mean 0 and standard deviation Stddev
//
// In prediction it returns its operand. Dropout says on what the numbers depend.
//
// Input shape: (batch, ...).
// Output shape: the input shape.
//
// Build reports an error if Stddev is out of range or the operand is not float32.
type GaussianNoise struct {
	// Stddev is the standard deviation. From 0 to 1. The default is 0; in Keras the argument is required.
	Stddev float64 `keras:"stddev,required,min=0,max=1"`
	// Seed makes the numbers independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// GaussianDropout multiplies its operand with normally distributed numbers in training
// (keras.layers.GaussianDropout):
//
//	y = x*z   with z from the normal distribution of mean 1 and variance Rate/(1-Rate)
//
// In prediction it returns its operand. Dropout says on what the numbers depend.
//
// Input shape: (batch, ...).
// Output shape: the input shape.
//
// Build reports an error if Rate is out of range or the operand is not float32.
//
// Source: Srivastava et al., 2014 (Dropout: a simple way to prevent neural networks from
// overfitting).
type GaussianDropout struct {
	// Rate is that of a Dropout with the same variance. At least 0 and less than 1; Keras takes 1, but its
	// training fails then. The default is 0; in Keras the argument is required.
	Rate float64 `keras:"rate,required,min=0,below=1"`
	// Seed makes the numbers independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// AlphaDropout sets a random fraction of its operand's elements to the limit of SELU for small numbers in
// training, and scales and shifts the result, so that it keeps the mean 0 and the variance 1
// (keras.layers.AlphaDropout). With the constant p = -1.7580993408473766, which is that limit:
//
//	y = a*p + b   with probability Rate
//	y = a*x + b   otherwise
//
//	a = 1/sqrt((1-Rate) * (1 + Rate*p*p)) and b = -a*p*Rate
//
// In prediction it returns its operand. Dropout says on what the random mask depends.
//
// Input shape: (batch, ...).
// Output shape: the input shape.
//
// Build reports an error if Rate is out of range, the operand is not float32, or NoiseShape does not fit
// the operand.
//
// Source: Klambauer et al., 2017 (Self-normalizing neural networks, arXiv:1706.02515).
type AlphaDropout struct {
	// Rate is the probability that an element is replaced. At least 0 and less than 1; Keras takes 1, but
	// its training fails then. The default is 0; in Keras the argument is required.
	Rate float64 `keras:"rate,required,min=0,below=1"`
	// NoiseShape is the shape of the mask; see Dropout. The default, nil, is the operand's shape.
	NoiseShape Dims `keras:"noise_shape"`
	// Seed makes the numbers independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`

	Name   string `keras:"name,omitempty"`        // default: automatic
	Frozen bool   `keras:"trainable,inverted"`    // do not train the weights; default: false
	DType  Policy `keras:"dtype,default=float32"` // default: Float32
}

// SpatialDropout1D sets a random fraction of the channels of each sequence to 0 in training
// (keras.layers.SpatialDropout1D). It is Dropout with the noise shape (batch, 1, channels):
//
//	y[:,c] = 0                 with probability Rate
//	y[:,c] = x[:,c]/(1-Rate)   otherwise
//
// In prediction it returns its operand.
//
// Input shape: (batch, steps, channels).
// Output shape: the input shape.
//
// Build reports an error if Rate is out of range or the operand is not a batch of float32
// sequences with a known number of channels.
//
// Source: Tompson et al., 2015 (arXiv:1411.4280).
type SpatialDropout1D struct {
	// Rate is the probability that a channel of a sequence is set to 0. From 0 to 1. The default is
	// 0; in Keras the argument is required.
	Rate float64 `keras:"rate,required,min=0,max=1"`
	// Seed makes the masks independent of the model's seed. Any integer. The default, nil, uses
	// the model's seed.
	Seed *int `keras:"seed"`

	Name  string `keras:"name,omitempty"`        // default: automatic
	DType Policy `keras:"dtype,default=float32"` // default: Float32

	_ struct{} `keras:"trainable,any,omit"` // not an argument of this layer in Keras
}

// PassesThrough implements Transparent.
func (GaussianNoise) PassesThrough() bool { return true }

// PassesThrough implements Transparent.
func (GaussianDropout) PassesThrough() bool { return true }

// PassesThrough implements Transparent.
func (AlphaDropout) PassesThrough() bool { return true }

// PassesThrough implements Transparent.
func (SpatialDropout1D) PassesThrough() bool { return true }

// Build implements Layer.
func (l GaussianNoise) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	if !b.Training() || l.Stddev == 0 {
		return x
	}
	seed, step := randomStream(b, l.Seed)
	return b.Add(x, b.Scale(b.RandomNormal(seed, step, x), l.Stddev))
}

// Build implements Layer.
func (l GaussianDropout) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	if !b.Training() || l.Rate == 0 {
		return x
	}
	seed, step := randomStream(b, l.Seed)
	return b.Mul(x, b.Offset(b.Scale(b.RandomNormal(seed, step, x), math.Sqrt(l.Rate/(1-l.Rate))), 1))
}

// Build implements Layer.
func (l AlphaDropout) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantFloat(b, x) {
		return b.Invalid()
	}
	mask, ok := Dropout{NoiseShape: l.NoiseShape}.maskShape(b, x)
	if !ok {
		return b.Invalid()
	}
	if !b.Training() || l.Rate == 0 {
		return x
	}
	const p = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946
	scale := 1 / math.Sqrt((1-l.Rate)*(1+l.Rate*p*p))
	shift := -scale * p * l.Rate
	return b.Select(keep(b, x, mask, l.Rate, l.Seed), b.Offset(b.Scale(x, scale), shift), b.Constant(x.DType, scale*p+shift))
}

// Build implements Layer.
func (l SpatialDropout1D) Build(b *graph.Builder, x *graph.Value) *graph.Value {
	l, ok := Ready(b, l, x)
	if !ok || !wantSequences(b, x) {
		return b.Invalid()
	}
	mask := x.Shape.Clone()
	mask[1] = 1
	return drop(b, x, mask, l.Rate, l.Seed)
}
