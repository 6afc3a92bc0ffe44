package serve

import (
	"math"
	"net/http"
	"strconv"

	"github.com/lince-ml/lince/tensor"
)

// appendFlat appends the elements of a tensor as a JSON list.
func appendFlat(b []byte, t *tensor.Tensor) ([]byte, error) {
	return appendNested(b, t.Reshape(t.Len()))
}

// appendNested appends a tensor as nested JSON lists.
func appendNested(b []byte, t *tensor.Tensor) ([]byte, error) {
	shape := t.Shape()
	n := 1
	if len(shape) > 0 {
		n = shape[0]
		b = append(b, '[')
	}
	var err error
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		switch {
		case len(shape) > 1:
			b, err = appendNested(b, t.Rows(i, i+1).Reshape(shape[1:]...))
		default:
			b, err = appendElement(b, t, i)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(shape) > 0 {
		b = append(b, ']')
	}
	return b, nil
}

// appendElement appends an element of a tensor. JSON has no NaN and no infinity.
func appendElement(b []byte, t *tensor.Tensor, i int) ([]byte, error) {
	float := func(x float64, bits int) ([]byte, error) {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fail(http.StatusUnprocessableEntity, "an output is %v, which JSON cannot express", x)
		}
		return strconv.AppendFloat(b, x, 'g', -1, bits), nil
	}
	switch t.DType() {
	case tensor.Float32:
		return float(float64(t.Float32s()[i]), 32)
	case tensor.Float64:
		return float(tensor.Values[float64](t)[i], 64)
	case tensor.Bool:
		return strconv.AppendBool(b, tensor.Values[bool](t)[i]), nil
	case tensor.Uint8:
		return strconv.AppendInt(b, int64(tensor.Values[uint8](t)[i]), 10), nil
	case tensor.Int8:
		return strconv.AppendInt(b, int64(tensor.Values[int8](t)[i]), 10), nil
	case tensor.Int16:
		return strconv.AppendInt(b, int64(tensor.Values[int16](t)[i]), 10), nil
	case tensor.Int32:
		return strconv.AppendInt(b, int64(tensor.Values[int32](t)[i]), 10), nil
	default: // newVersion refuses other types
		return strconv.AppendInt(b, tensor.Values[int64](t)[i], 10), nil
	}
}

func formatFloat(x float32) string { return strconv.FormatFloat(float64(x), 'g', -1, 32) }

func formatInt(n int) string { return strconv.Itoa(n) }
