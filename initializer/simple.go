package initializer

import "github.com/lince-ml/lince/tensor"

// Zeros sets all elements to 0 (keras.initializers.Zeros). It is the default for biases.
//
//	w = 0
//
// Shape: any.
type Zeros struct{}

// Ones sets all elements to 1 (keras.initializers.Ones).
//
//	w = 1
//
// Shape: any.
type Ones struct{}

// Constant sets all elements to one number (keras.initializers.Constant).
//
//	w = Value
//
// Shape: any.
type Constant struct {
	// Value is any number in the range of float32. The default is 0.
	Value float64 `keras:"value"`
}

// RandomNormal draws from a normal distribution (keras.initializers.RandomNormal):
//
//	mean Mean,  standard deviation Stddev
//
// Shape: any.
type RandomNormal struct {
	// Mean is any number. The default is 0.
	Mean float64 `keras:"mean"`
	// Stddev is the standard deviation. Greater than 0. The default is 0.05.
	Stddev float64 `keras:"stddev,default=0.05,above=0"`
	// Seed makes the values independent of the model's seed and of the weight. Any integer.
	// The default, nil, uses the model's seed.
	Seed *int `keras:"seed"`
}

// TruncatedNormal draws from a normal distribution that is truncated to two standard deviations
// from the mean (keras.initializers.TruncatedNormal):
//
//	normal with mean Mean and standard deviation Stddev,
//	given that w is in [Mean - 2*Stddev, Mean + 2*Stddev]
//
// The truncation reduces the standard deviation of the values to 0.88*Stddev.
//
// Shape: any.
type TruncatedNormal struct {
	// Mean is any number. The default is 0.
	Mean float64 `keras:"mean"`
	// Stddev is the standard deviation before the truncation. Greater than 0. The default is
	// 0.05.
	Stddev float64 `keras:"stddev,default=0.05,above=0"`
	// Seed makes the values independent of the model's seed and of the weight. Any integer.
	// The default, nil, uses the model's seed.
	Seed *int `keras:"seed"`
}

// RandomUniform draws from a uniform distribution (keras.initializers.RandomUniform):
//
//	uniform on [Minval, Maxval]
//
// It is a mistake if Minval is greater than Maxval.
//
// Shape: any.
type RandomUniform struct {
	// Minval is the lower bound. Any number. The default, nil, is -0.05.
	Minval *float64 `keras:"minval,default=-0.05"`
	// Maxval is the upper bound. Any number. The default, nil, is 0.05.
	Maxval *float64 `keras:"maxval,default=0.05"`
	// Seed makes the values independent of the model's seed and of the weight. Any integer.
	// The default, nil, uses the model's seed.
	Seed *int `keras:"seed"`
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

func (i RandomUniform) check() error {
	if i = filled(i); *i.Minval > *i.Maxval {
		return wrongf("Minval is %v, want at most Maxval, which is %v", *i.Minval, *i.Maxval)
	}
	return nil
}
