package numbers

import (
	"fmt"
	"math"

	"github.com/lince-ml/lince/tensor"
)

// Convert sets the elements of dst to those of src, which must have as many. Conversions to float32 and float64 round.
// Conversions to int32 and int64 fail for numbers that do not fit. bool, and narrower types of dst, cannot be
// converted.
func Convert(dst, src *tensor.Tensor) error {
	switch src.DType() {
	case tensor.Float32:
		return convert[float32](dst, src)
	case tensor.Float64:
		return convert[float64](dst, src)
	case tensor.Int8:
		return convert[int8](dst, src)
	case tensor.Int16:
		return convert[int16](dst, src)
	case tensor.Int32:
		return convert[int32](dst, src)
	case tensor.Int64:
		return convert[int64](dst, src)
	case tensor.Uint8:
		return convert[uint8](dst, src)
	case tensor.BFloat16:
		if dst.DType() == tensor.Float32 {
			to := tensor.Values[float32](dst)
			for i, v := range tensor.Values[tensor.BF16](src) {
				to[i] = math.Float32frombits(uint32(v) << 16)
			}
			return nil
		}
	}
	return errTypes(dst, src)
}

func errTypes(dst, src *tensor.Tensor) error {
	return fmt.Errorf("got %v, want %v", src.DType(), dst.DType())
}

type number interface {
	float32 | float64 | int8 | int16 | int32 | int64 | uint8
}

func convert[T number](dst, src *tensor.Tensor) error {
	switch dst.DType() {
	case tensor.Float32:
		float(tensor.Values[float32](dst), tensor.Values[T](src))
		return nil
	case tensor.Float64:
		float(tensor.Values[float64](dst), tensor.Values[T](src))
		return nil
	case tensor.Int32:
		return integer[int32](dst, tensor.Values[T](src))
	case tensor.Int64:
		return integer[int64](dst, tensor.Values[T](src))
	}
	return errTypes(dst, src)
}

func float[D float32 | float64, S number](dst []D, src []S) {
	for i, v := range src {
		dst[i] = D(v)
	}
}

func integer[D int32 | int64, S number](dst *tensor.Tensor, src []S) error {
	to := tensor.Values[D](dst)
	for i, v := range src {
		if to[i] = D(v); S(to[i]) != v {
			return fmt.Errorf("number %d must be an integer of type %v, got %v", i, dst.DType(), v)
		}
	}
	return nil
}

// At returns a function that returns element i of t as a float64. Bools are 0 and 1.
func At(t *tensor.Tensor) func(i int) float64 {
	switch t.DType() {
	case tensor.Float32:
		return at[float32](t)
	case tensor.Float64:
		return at[float64](t)
	case tensor.Int8:
		return at[int8](t)
	case tensor.Int16:
		return at[int16](t)
	case tensor.Int32:
		return at[int32](t)
	case tensor.Int64:
		return at[int64](t)
	case tensor.BFloat16:
		v := tensor.Values[tensor.BF16](t)
		return func(i int) float64 { return float64(math.Float32frombits(uint32(v[i]) << 16)) }
	}
	v := t.Raw() // uint8 and bool
	return func(i int) float64 { return float64(v[i]) }
}

func at[T number](t *tensor.Tensor) func(i int) float64 {
	v := tensor.Values[T](t)
	return func(i int) float64 { return float64(v[i]) }
}
