package initializer

import (
	"math"

	"github.com/lince-ml/lince/tensor"
)

// GlorotUniform draws from a uniform distribution (keras.initializers.GlorotUniform). It is the
// default for the kernels of dense and convolutional layers:
//
//	uniform on [-limit, limit],  limit = sqrt(6 / (fan_in+fan_out))
//
// Shape: any; see Fans.
//
// Source: Glorot and Bengio, 2010 (Understanding the difficulty of training deep feedforward
// neural networks). It is also known as Xavier's initialization.
type GlorotUniform struct {
	// Seed makes the values independent of the model's seed and of the weight. Any integer.
	// The default, nil, uses the model's seed.
	Seed *int `keras:"seed"`
}

// GlorotNormal draws from a truncated normal distribution (keras.initializers.GlorotNormal):
//
//	mean 0,  variance 2 / (fan_in+fan_out)
//
// It is truncated in the way that VarianceScaling describes.
//
// Shape: any; see Fans.
//
// Source: Glorot and Bengio, 2010 (Understanding the difficulty of training deep feedforward
// neural networks).
type GlorotNormal struct {
	// Seed makes the values independent of the model's seed and of the weight. Any integer.
	// The default, nil, uses the model's seed.
	Seed *int `keras:"seed"`
}

// HeUniform draws from a uniform distribution (keras.initializers.HeUniform). It suits layers
// followed by ReLU:
//
//	uniform on [-limit, limit],  limit = sqrt(6 / fan_in)
//
// Shape: any; see Fans.
//
// Source: He et al., 2015 (arXiv:1502.01852).
type HeUniform struct {
	// Seed makes the values independent of the model's seed and of the weight. Any integer.
	// The default, nil, uses the model's seed.
	Seed *int `keras:"seed"`
}

// HeNormal draws from a truncated normal distribution (keras.initializers.HeNormal). It suits
// layers followed by ReLU:
//
//	mean 0,  variance 2 / fan_in
//
// It is truncated in the way that VarianceScaling describes.
//
// Shape: any; see Fans.
//
// Source: He et al., 2015 (arXiv:1502.01852).
type HeNormal struct {
	// Seed makes the values independent of the model's seed and of the weight. Any integer.
	// The default, nil, uses the model's seed.
	Seed *int `keras:"seed"`
}

// LecunUniform draws from a uniform distribution (keras.initializers.LecunUniform):
//
//	uniform on [-limit, limit],  limit = sqrt(3 / fan_in)
//
// Shape: any; see Fans.
//
// Source: LeCun et al., 1998 (Efficient BackProp).
type LecunUniform struct {
	// Seed makes the values independent of the model's seed and of the weight. Any integer.
	// The default, nil, uses the model's seed.
	Seed *int `keras:"seed"`
}

// LecunNormal draws from a truncated normal distribution (keras.initializers.LecunNormal):
//
//	mean 0,  variance 1 / fan_in
//
// It is truncated in the way that VarianceScaling describes.
//
// Shape: any; see Fans.
//
// Source: LeCun et al., 1998 (Efficient BackProp).
type LecunNormal struct {
	// Seed makes the values independent of the model's seed and of the weight. Any integer.
	// The default, nil, uses the model's seed.
	Seed *int `keras:"seed"`
}

// Mode selects the divisor n of VarianceScaling.
type Mode string

// The modes of VarianceScaling.
const (
	FanIn  Mode = "fan_in"  // n is the number of inputs of a unit
	FanOut Mode = "fan_out" // n is the number of outputs of a unit
	FanAvg Mode = "fan_avg" // n is the mean of both
)

// Distribution is a distribution of VarianceScaling.
type Distribution string

// The distributions of VarianceScaling.
const (
	TruncatedNormalDistribution   Distribution = "truncated_normal"   // normal within two standard deviations
	UntruncatedNormalDistribution Distribution = "untruncated_normal" // normal
	UniformDistribution           Distribution = "uniform"            // uniform
)

// VarianceScaling draws from a distribution whose variance depends on the shape of the weight
// (keras.initializers.VarianceScaling):
//
//	mean 0,  variance Scale / n
//
// where n is fan_in, fan_out or their mean. For a truncated normal distribution this is the
// variance after truncation: before truncation the standard deviation is s = sqrt(variance)/0.8796,
// and values outside [-2*s, 2*s] are excluded.
//
// Shape: any; see Fans.
//
// Source: see GlorotUniform, HeUniform and LecunUniform, which are special cases.
type VarianceScaling struct {
	// Scale is the variance times n. Greater than 0. The default is 1.
	Scale float64 `keras:"scale,default=1,above=0"`
	// Mode selects n. The default is FanIn.
	Mode Mode `keras:"mode,oneof=fan_in|fan_out|fan_avg"`
	// Distribution selects the distribution. The default is TruncatedNormalDistribution.
	Distribution Distribution `keras:"distribution,oneof=truncated_normal|untruncated_normal|uniform"`
	// Seed makes the values independent of the model's seed and of the weight. Any integer.
	// The default, nil, uses the model's seed.
	Seed *int `keras:"seed"`
}

// Initialize implements graph.Initializer.
func (i GlorotUniform) Initialize(t *tensor.Tensor, key uint64) {
	VarianceScaling{1, FanAvg, UniformDistribution, i.Seed}.Initialize(t, key)
}

// Initialize implements graph.Initializer.
func (i GlorotNormal) Initialize(t *tensor.Tensor, key uint64) {
	VarianceScaling{1, FanAvg, TruncatedNormalDistribution, i.Seed}.Initialize(t, key)
}

// Initialize implements graph.Initializer.
func (i HeUniform) Initialize(t *tensor.Tensor, key uint64) {
	VarianceScaling{2, FanIn, UniformDistribution, i.Seed}.Initialize(t, key)
}

// Initialize implements graph.Initializer.
func (i HeNormal) Initialize(t *tensor.Tensor, key uint64) {
	VarianceScaling{2, FanIn, TruncatedNormalDistribution, i.Seed}.Initialize(t, key)
}

// Initialize implements graph.Initializer.
func (i LecunUniform) Initialize(t *tensor.Tensor, key uint64) {
	VarianceScaling{1, FanIn, UniformDistribution, i.Seed}.Initialize(t, key)
}

// Initialize implements graph.Initializer.
func (i LecunNormal) Initialize(t *tensor.Tensor, key uint64) {
	VarianceScaling{1, FanIn, TruncatedNormalDistribution, i.Seed}.Initialize(t, key)
}

// Initialize implements graph.Initializer.
func (i VarianceScaling) Initialize(t *tensor.Tensor, key uint64) {
	i = filled(i)
	variance := i.Scale / max(1, i.fan(t.Shape()))
	key = stream(key, i.Seed)
	switch i.Distribution {
	case UniformDistribution:
		limit := math.Sqrt(3 * variance)
		uniform(t, key, -limit, limit)
	case UntruncatedNormalDistribution:
		normal(t, key, 0, math.Sqrt(variance), false)
	default:
		// Truncation reduces the variance. The divisor is the standard deviation of a standard
		// normal distribution that is truncated to [-2, 2].
		normal(t, key, 0, math.Sqrt(variance)/.87962566103423978, true)
	}
}

// fan returns n for a weight of shape s.
func (i VarianceScaling) fan(s tensor.Shape) float64 {
	in, out := Fans(s)
	switch i.Mode {
	case FanOut:
		return float64(out)
	case FanAvg:
		return float64(in+out) / 2
	}
	return float64(in)
}

// Fans returns fan_in and fan_out, the number of inputs and outputs of a unit with a weight of
// this shape:
//
//	(in, out)                  in                out
//	(height, width, in, out)   height*width*in   height*width*out
//	(n)                        n                 n
//	()                         1                 1
func Fans(s tensor.Shape) (in, out int) {
	switch len(s) {
	case 0:
		return 1, 1
	case 1:
		return s[0], s[0]
	}
	field := s[:len(s)-2].Elements()
	return s[len(s)-2] * field, s[len(s)-1] * field
}
