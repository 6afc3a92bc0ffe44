package inference

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lince-ml/lince/internal/mt19937"
	"github.com/lince-ml/lince/internal/suggest"
	"github.com/lince-ml/lince/tensor"
)

// maxNoise limits the elements of a tensor of noise: a model's file could ask for any number.
const maxNoise = 1 << 28

// Noise makes a tensor for each input. The numbers are those of NumPy's random_sample, input by input:
//
//	rng = numpy.random.RandomState(seed)
//	x = rng.random_sample(shape).astype("float32")
//
// Elements of uint8 are integers from 0 to 255, int(256*random_sample()). Other integers, and bools, are 0 or 1, so that they are
// valid indices. shapes has the shapes of inputs whose file leaves sizes open; an open batch size is 1 without it.
func Noise(inputs []Port, seed uint32, shapes map[string]tensor.Shape) (map[string]*tensor.Tensor, error) {
	rng := mt19937.New(seed)
	out := map[string]*tensor.Tensor{}
	var errs []error
	names := Names(inputs)
	for name := range shapes {
		if !slices.Contains(names, name) {
			errs = append(errs, fmt.Errorf("--shape: there is no input %s%s", name, suggest.Hint(name, names)))
		}
	}
	for _, p := range inputs {
		shape, given := shapes[p.Name]
		switch {
		case given && p.Shape != nil && !p.Shape.Fits(shape):
			errs = append(errs, fmt.Errorf("--shape: input %s has shape %v, got %v", p.Name, p.Shape, shape))
			continue
		case !given:
			shape = p.Shape.Clone()
			if len(shape) > 0 && shape[0] == tensor.Unknown {
				shape[0] = 1
			}
			if p.Shape == nil || !shape.Known() {
				errs = append(errs, fmt.Errorf("input %s is %v; set its shape with --shape %s=SIZES, such as --shape %s=1x224x224x3", p.Name, p, p.Name, p.Name))
				continue
			}
		}
		if n, err := shape.CheckedElements(); err != nil || n > maxNoise {
			errs = append(errs, fmt.Errorf("input %s has shape %v, which is too large for noise: at most %d elements", p.Name, shape, maxNoise))
			continue
		}
		out[p.Name] = noise(rng, p.DType, shape)
	}
	return out, errors.Join(errs...)
}

func noise(rng *mt19937.Rand, dtype tensor.DType, shape tensor.Shape) *tensor.Tensor {
	t := tensor.New(dtype, shape...)
	switch dtype {
	case tensor.Float32:
		fill(t, func() float32 { return float32(rng.Float64()) })
	case tensor.Float64:
		fill(t, rng.Float64)
	case tensor.Uint8:
		fill(t, func() uint8 { return uint8(256 * rng.Float64()) })
	case tensor.Int8:
		fill(t, func() int8 { return int8(2 * rng.Float64()) })
	case tensor.Int16:
		fill(t, func() int16 { return int16(2 * rng.Float64()) })
	case tensor.Int32:
		fill(t, func() int32 { return int32(2 * rng.Float64()) })
	case tensor.Int64:
		fill(t, func() int64 { return int64(2 * rng.Float64()) })
	case tensor.Bool:
		fill(t, func() bool { return rng.Float64() >= .5 })
	}
	return t
}

func fill[T tensor.Element](t *tensor.Tensor, next func() T) {
	v := tensor.Values[T](t)
	for i := range v {
		v[i] = next()
	}
}
