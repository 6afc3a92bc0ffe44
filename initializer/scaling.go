package initializer

import (
	"math"

	"github.com/lince-ml/lince/tensor"
)

// GlorotUniform draws from [-l, l) with l = sqrt(6/(fan_in+fan_out)), the default of dense and
// convolution kernels (Glorot and Bengio, 2010).
type GlorotUniform struct {
	Seed *int `keras:"seed"` // nil: the model's
}

// GlorotNormal draws from a normal distribution of variance 2/(fan_in+fan_out), cut off at
// two standard deviations.
type GlorotNormal struct {
	Seed *int `keras:"seed"` // nil: the model's
}

// HeUniform draws from [-l, l) with l = sqrt(6/fan_in) (He et al., 2015).
type HeUniform struct {
	Seed *int `keras:"seed"` // nil: the model's
}

// HeNormal draws from a normal distribution of variance 2/fan_in, cut off at two standard
// deviations.
type HeNormal struct {
	Seed *int `keras:"seed"` // nil: the model's
}

// LecunUniform draws from [-l, l) with l = sqrt(3/fan_in) (LeCun et al., 1998).
type LecunUniform struct {
	Seed *int `keras:"seed"` // nil: the model's
}

// LecunNormal draws from a normal distribution of variance 1/fan_in, cut off at two standard
// deviations.
type LecunNormal struct {
	Seed *int `keras:"seed"` // nil: the model's
}

// Mode says by what VarianceScaling divides the variance.
type Mode string

// The modes: the number of inputs of a unit, of outputs, or their mean.
const (
	FanIn  Mode = "fan_in"
	FanOut Mode = "fan_out"
	FanAvg Mode = "fan_avg"
)

// Distribution is the kind of distribution of VarianceScaling.
type Distribution string

// The distributions: normal cut off at two standard deviations, normal, and uniform.
const (
	TruncatedNormalDistribution   Distribution = "truncated_normal"
	UntruncatedNormalDistribution Distribution = "untruncated_normal"
	UniformDistribution           Distribution = "uniform"
)

// VarianceScaling draws from a distribution of variance Scale/n, where n is fan_in, fan_out
// or their mean.
type VarianceScaling struct {
	Scale        float64      `keras:"scale,default=1,above=0"`
	Mode         Mode         `keras:"mode,oneof=fan_in|fan_out|fan_avg"`
	Distribution Distribution `keras:"distribution,oneof=truncated_normal|untruncated_normal|uniform"`
	Seed         *int         `keras:"seed"` // nil: the model's
}

// Class implements Initializer.
func (GlorotUniform) Class() string { return "GlorotUniform" }

// Class implements Initializer.
func (GlorotNormal) Class() string { return "GlorotNormal" }

// Class implements Initializer.
func (HeUniform) Class() string { return "HeUniform" }

// Class implements Initializer.
func (HeNormal) Class() string { return "HeNormal" }

// Class implements Initializer.
func (LecunUniform) Class() string { return "LecunUniform" }

// Class implements Initializer.
func (LecunNormal) Class() string { return "LecunNormal" }

// Class implements Initializer.
func (VarianceScaling) Class() string { return "VarianceScaling" }

// Config implements Initializer.
func (i GlorotUniform) Config() map[string]any { return classes.Config(i) }

// Config implements Initializer.
func (i GlorotNormal) Config() map[string]any { return classes.Config(i) }

// Config implements Initializer.
func (i HeUniform) Config() map[string]any { return classes.Config(i) }

// Config implements Initializer.
func (i HeNormal) Config() map[string]any { return classes.Config(i) }

// Config implements Initializer.
func (i LecunUniform) Config() map[string]any { return classes.Config(i) }

// Config implements Initializer.
func (i LecunNormal) Config() map[string]any { return classes.Config(i) }

// Config implements Initializer.
func (i VarianceScaling) Config() map[string]any { return classes.Config(i) }

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
		// What is cut off would make the variance smaller: this is the standard deviation
		// of a standard normal distribution cut off at 2.
		normal(t, key, 0, math.Sqrt(variance)/.87962566103423978, true)
	}
}

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

// Fans are the numbers of inputs and outputs of a unit whose weights have this shape: for a
// kernel (height, width, in, out), height*width*in and height*width*out.
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
