package initializer

import "github.com/lince-ml/lince/tensor"

// Zeros gives zeros, the default of biases.
type Zeros struct{}

// Ones gives ones.
type Ones struct{}

// Constant gives Value everywhere.
type Constant struct {
	Value float64 `keras:"value"`
}

// RandomNormal draws from a normal distribution.
type RandomNormal struct {
	Mean   float64 `keras:"mean"`
	Stddev float64 `keras:"stddev,default=0.05,above=0"` // standard deviation
	Seed   *int    `keras:"seed"`                        // nil: the model's
}

// TruncatedNormal draws from a normal distribution cut off at two standard deviations: what
// is farther away from the mean is not drawn.
type TruncatedNormal struct {
	Mean   float64 `keras:"mean"`
	Stddev float64 `keras:"stddev,default=0.05,above=0"` // standard deviation before the cut
	Seed   *int    `keras:"seed"`                        // nil: the model's
}

// RandomUniform draws from [Minval, Maxval).
type RandomUniform struct {
	Minval *float64 `keras:"minval,default=-0.05"`
	Maxval *float64 `keras:"maxval,default=0.05"`
	Seed   *int     `keras:"seed"` // nil: the model's
}

// Class implements Initializer.
func (Zeros) Class() string { return "Zeros" }

// Class implements Initializer.
func (Ones) Class() string { return "Ones" }

// Class implements Initializer.
func (Constant) Class() string { return "Constant" }

// Class implements Initializer.
func (RandomNormal) Class() string { return "RandomNormal" }

// Class implements Initializer.
func (TruncatedNormal) Class() string { return "TruncatedNormal" }

// Class implements Initializer.
func (RandomUniform) Class() string { return "RandomUniform" }

// Config implements Initializer.
func (i Zeros) Config() map[string]any { return classes.Config(i) }

// Config implements Initializer.
func (i Ones) Config() map[string]any { return classes.Config(i) }

// Config implements Initializer.
func (i Constant) Config() map[string]any { return classes.Config(i) }

// Config implements Initializer.
func (i RandomNormal) Config() map[string]any { return classes.Config(i) }

// Config implements Initializer.
func (i TruncatedNormal) Config() map[string]any { return classes.Config(i) }

// Config implements Initializer.
func (i RandomUniform) Config() map[string]any { return classes.Config(i) }

// Initialize implements graph.Initializer.
func (Zeros) Initialize(t *tensor.Tensor, _ uint64) { clear(t.Raw()) }

// Initialize implements graph.Initializer.
func (Ones) Initialize(t *tensor.Tensor, _ uint64) { fill(t, 1) }

// Initialize implements graph.Initializer.
func (i Constant) Initialize(t *tensor.Tensor, _ uint64) {
	fill(t, i.Value)
}

// Initialize implements graph.Initializer.
func (i RandomNormal) Initialize(t *tensor.Tensor, key uint64) {
	i = filled(i)
	normal(t, stream(key, i.Seed), i.Mean, i.Stddev, false)
}

// Initialize implements graph.Initializer.
func (i TruncatedNormal) Initialize(t *tensor.Tensor, key uint64) {
	i = filled(i)
	normal(t, stream(key, i.Seed), i.Mean, i.Stddev, true)
}

// Initialize implements graph.Initializer.
func (i RandomUniform) Initialize(t *tensor.Tensor, key uint64) {
	i = filled(i)
	uniform(t, stream(key, i.Seed), *i.Minval, *i.Maxval)
}
