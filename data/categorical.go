package data

import (
	"errors"
	"fmt"
	"math"

	"github.com/lince-ml/lince/tensor"
)

// ToCategorical returns class indices as one-hot vectors (keras.utils.to_categorical): float32 of shape (..., classes),
// with 1 at the class of each element of y and 0 elsewhere. A last dimension of y of size 1 is removed first. classes 0
// means the largest class plus 1. Use it for targets of loss.CategoricalCrossentropy.
//
// y may have any type of numbers, but the values must be integers from 0 to classes-1.
func ToCategorical(y *tensor.Tensor, classes int) (*tensor.Tensor, error) {
	if y == nil {
		return nil, errors.New("to categorical: y is nil")
	}
	if classes < 0 {
		return nil, fmt.Errorf("to categorical: the number of classes must be at least 1, or 0 to take it from y, got %d", classes)
	}
	values, err := numbersOf(y)
	if err != nil {
		return nil, fmt.Errorf("to categorical: %w", err)
	}
	const most = 1 << 31 // elements of the result
	largest := -1.
	for i, v := range values {
		switch {
		case v != math.Trunc(v) || math.IsInf(v, 0): // not an integer, or NaN
			return nil, fmt.Errorf("to categorical: element %d is %v, want a class index", i, v)
		case v < 0, classes > 0 && v >= float64(classes):
			return nil, fmt.Errorf("to categorical: element %d is %v, want a class index from 0 to %d", i, v, classes-1)
		}
		largest = max(largest, v)
	}
	if classes == 0 {
		if len(values) == 0 {
			return nil, errors.New("to categorical: y has no elements, so the number of classes must be given")
		}
		if largest >= most {
			return nil, fmt.Errorf("to categorical: the class %v is too large", largest)
		}
		classes = int(largest) + 1
	}
	if len(values) > most/classes {
		return nil, fmt.Errorf("to categorical: the result would have %d x %d elements, which is too large", len(values), classes)
	}
	shape := y.Shape().Clone()
	if n := len(shape); n > 1 && shape[n-1] == 1 {
		shape = shape[:n-1]
	}
	out := tensor.New(tensor.Float32, append(shape, classes)...)
	for i, v := range values {
		out.Float32s()[i*classes+int(v)] = 1
	}
	return out, nil
}

// NormalizeOptions configures Normalize.
type NormalizeOptions struct {
	// Axis is the axis along which the norms are computed (axis). Negative axes count from the end. The default, nil,
	// is the last axis. new(1) is axis 1.
	Axis *int
	// Order is the order p of the norm (order): at least 1, or math.Inf(1) for the largest absolute value. The default
	// is 2, the Euclidean norm.
	Order float64
}

// Normalize returns x divided by its norms along an axis (keras.utils.normalize): each vector along the axis has the
// norm 1, except vectors of zeros, which are kept. The norm of a vector is (sum of |v|^p)^(1/p). x is a float32 tensor of
// at least one dimension; the result has its shape. It is unlike layer.Normalization, which uses means and variances of
// features.
//
// Keras fails or returns another shape for axis 0 and for vectors; Normalize does not.
func Normalize(x *tensor.Tensor, o NormalizeOptions) (*tensor.Tensor, error) {
	if x == nil || x.DType() != tensor.Float32 || len(x.Shape()) == 0 {
		return nil, fmt.Errorf("normalizing: want a float32 tensor of at least one dimension, got %v", x)
	}
	s := x.Shape()
	axis, p := len(s)-1, o.Order
	if o.Axis != nil {
		if axis = *o.Axis; axis < 0 {
			axis += len(s)
		}
		if axis < 0 || axis >= len(s) {
			return nil, fmt.Errorf("normalizing: the axis must be from %d to %d, got %d", -len(s), len(s)-1, *o.Axis)
		}
	}
	if p == 0 {
		p = 2
	}
	if !(p >= 1) {
		return nil, fmt.Errorf("normalizing: the order must be at least 1, got %v", o.Order)
	}
	out := x.Clone()
	v, n := out.Float32s(), s[axis]
	inner := s[axis+1:].Elements() // distance of neighbors along the axis
	for start := 0; n > 0 && start < len(v); start += n * inner {
		for i := range inner {
			row := v[start+i:]
			norm := 0.
			for k := range n {
				a := math.Abs(float64(row[k*inner]))
				switch {
				case math.IsInf(p, 1):
					norm = max(norm, a)
				case p == 2:
					norm += a * a
				default:
					norm += math.Pow(a, p)
				}
			}
			switch {
			case math.IsInf(p, 1):
			case p == 2:
				norm = math.Sqrt(norm)
			default:
				norm = math.Pow(norm, 1/p)
			}
			if norm == 0 {
				continue
			}
			for k := range n {
				row[k*inner] = float32(float64(row[k*inner]) / norm)
			}
		}
	}
	return out, nil
}

// numbersOf returns the elements of a tensor of numbers.
func numbersOf(t *tensor.Tensor) ([]float64, error) {
	switch t.DType() {
	case tensor.Float32:
		return floats(tensor.Values[float32](t)), nil
	case tensor.Float64:
		return tensor.Values[float64](t), nil
	case tensor.Int8:
		return floats(tensor.Values[int8](t)), nil
	case tensor.Int16:
		return floats(tensor.Values[int16](t)), nil
	case tensor.Int32:
		return floats(tensor.Values[int32](t)), nil
	case tensor.Int64:
		return floats(tensor.Values[int64](t)), nil
	case tensor.Uint8:
		return floats(tensor.Values[uint8](t)), nil
	}
	return nil, fmt.Errorf("want numbers, got %v", t.DType())
}

func floats[T float32 | int8 | int16 | int32 | int64 | uint8](values []T) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}
