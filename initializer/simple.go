package initializer

import "github.com/lince-ml/lince/tensor"

// Zeros gives zeros, the default of biases.
type Zeros struct{}

// Ones gives ones.
type Ones struct{}

// Constant gives Value everywhere.
type Constant struct {
	Value float64 // zero: 0, as in Keras
}

// RandomNormal draws from a normal distribution.
type RandomNormal struct {
	Mean   float64
	Stddev float64 // standard deviation; zero: 0.05
	Seed   *int    // nil: the model's
}

// TruncatedNormal draws from a normal distribution cut off at two standard deviations: what
// is farther away from the mean is not drawn.
type TruncatedNormal struct {
	Mean   float64
	Stddev float64 // standard deviation before the cut; zero: 0.05
	Seed   *int    // nil: the model's
}

// RandomUniform draws from [Minval, Maxval).
type RandomUniform struct {
	Minval *float64 // nil: -0.05
	Maxval *float64 // nil: 0.05
	Seed   *int     // nil: the model's
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
func (Zeros) Config() map[string]any { return map[string]any{} }

// Config implements Initializer.
func (Ones) Config() map[string]any { return map[string]any{} }

// Config implements Initializer.
func (i Constant) Config() map[string]any { return map[string]any{"value": i.Value} }

// Config implements Initializer.
func (i RandomNormal) Config() map[string]any {
	return map[string]any{"mean": i.Mean, "stddev": stddev(i.Stddev), "seed": seedConfig(i.Seed)}
}

// Config implements Initializer.
func (i TruncatedNormal) Config() map[string]any {
	return map[string]any{"mean": i.Mean, "stddev": stddev(i.Stddev), "seed": seedConfig(i.Seed)}
}

// Config implements Initializer.
func (i RandomUniform) Config() map[string]any {
	lo, hi := i.bounds()
	return map[string]any{"minval": lo, "maxval": hi, "seed": seedConfig(i.Seed)}
}

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
	normal(t, stream(key, i.Seed), i.Mean, stddev(i.Stddev), false)
}

// Initialize implements graph.Initializer.
func (i TruncatedNormal) Initialize(t *tensor.Tensor, key uint64) {
	normal(t, stream(key, i.Seed), i.Mean, stddev(i.Stddev), true)
}

// Initialize implements graph.Initializer.
func (i RandomUniform) Initialize(t *tensor.Tensor, key uint64) {
	lo, hi := i.bounds()
	uniform(t, stream(key, i.Seed), lo, hi)
}

const defaultSpread = .05

func stddev(s float64) float64 {
	if s == 0 {
		return defaultSpread
	}
	return s
}

func (i RandomUniform) bounds() (lo, hi float64) {
	lo, hi = -defaultSpread, defaultSpread
	if i.Minval != nil {
		lo = *i.Minval
	}
	if i.Maxval != nil {
		hi = *i.Maxval
	}
	return lo, hi
}
