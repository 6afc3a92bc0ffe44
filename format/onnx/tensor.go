package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/tensor"
)

// elementType is a row of the table of element types.
type elementType struct {
	name string // ONNX's name
	numbers.Type
}

// elementTypes has the types whose values a tensor can hold.
var elementTypes = map[onnxpb.TensorProto_DataType]elementType{
	onnxpb.TensorProto_FLOAT:    {"float32", numbers.Float32},
	onnxpb.TensorProto_DOUBLE:   {"float64", numbers.Float64},
	onnxpb.TensorProto_FLOAT16:  {"float16", numbers.Float16},
	onnxpb.TensorProto_BFLOAT16: {"bfloat16", numbers.BFloat16},
	onnxpb.TensorProto_INT8:     {"int8", numbers.Int8},
	onnxpb.TensorProto_INT16:    {"int16", numbers.Int16},
	onnxpb.TensorProto_INT32:    {"int32", numbers.Int32},
	onnxpb.TensorProto_INT64:    {"int64", numbers.Int64},
	onnxpb.TensorProto_UINT8:    {"uint8", numbers.Uint8},
	onnxpb.TensorProto_UINT16:   {"uint16", numbers.Uint16},
	onnxpb.TensorProto_UINT32:   {"uint32", numbers.Uint32},
	onnxpb.TensorProto_UINT64:   {"uint64", numbers.Uint64},
	onnxpb.TensorProto_BOOL:     {"bool", numbers.Bool},
}

// DType returns the type of tensors with the elements of an ONNX type: the same type if tensors have it, and otherwise the narrowest one that holds
// every value. float16 becomes float32, uint16 int32, and uint32 and uint64 int64. Text, complex numbers and numbers of less than
// 8 bits are errors.
func DType(t onnxpb.TensorProto_DataType) (tensor.DType, error) {
	e, ok := elementTypes[t]
	if !ok {
		return tensor.Invalid, fmt.Errorf("elements of type %s are not supported", t)
	}
	return e.DType(), nil
}

// Tensor returns the values of a tensor of the model. The result does not share memory with the file.
func (m *Model) Tensor(t *onnxpb.TensorProto) (*tensor.Tensor, error) {
	v, err := m.values(t)
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.GetName(), err)
	}
	return v, nil
}

// View returns the values of a tensor of the model, as Tensor does. The result may share memory with the file: it must not be
// changed, and it keeps the file in memory.
func (m *Model) View(t *onnxpb.TensorProto) (*tensor.Tensor, error) {
	e := elementTypes[onnxpb.TensorProto_DataType(t.GetDataType())]
	if len(t.RawData) == 0 || !e.native() || tensor.Misaligned(t.RawData, e.Size()) != 0 || t.GetDataLocation() == onnxpb.TensorProto_EXTERNAL {
		return m.Tensor(t)
	}
	shape, _, err := shapeOf(t, e, len(t.RawData))
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.GetName(), err)
	}
	return tensor.Wrap(e.DType(), shape, t.RawData), nil
}

// native reports whether raw_data has the elements as a tensor has them in memory.
func (e elementType) native() bool {
	return e.Size() > 0 && e.Size() == e.DType().Size() && e.DType() != tensor.Bool && e.Type != numbers.Uint64 && (e.Size() == 1 || binary.NativeEndian.Uint16([]byte{1, 0}) == 1)
}

// Tensor returns the values of a tensor that belongs to no model.
func Tensor(t *onnxpb.TensorProto) (*tensor.Tensor, error) { return (&Model{}).Tensor(t) }

func (m *Model) values(t *onnxpb.TensorProto) (*tensor.Tensor, error) {
	e, ok := elementTypes[onnxpb.TensorProto_DataType(t.GetDataType())]
	if !ok {
		return nil, fmt.Errorf("elements of type %s are not supported", onnxpb.TensorProto_DataType(t.GetDataType()))
	}
	raw := t.RawData
	size := len(raw)
	external := t.GetDataLocation() == onnxpb.TensorProto_EXTERNAL
	if external || size == 0 {
		size = -1
	}
	shape, n, err := shapeOf(t, e, size)
	switch {
	case err != nil:
		return nil, err
	case external:
		if raw, err = m.data(t, n*e.Size()); err != nil {
			return nil, err
		}
	case size < 0:
		return typed(t, e, shape, n)
	}
	if !external {
		raw = slices.Clone(raw)
	}
	if e.Type == numbers.Bool { // any other number than 0 is true
		for i, b := range raw {
			raw[i] = min(b, 1)
		}
	}
	return e.Decode(shape, raw)
}

// shapeOf returns the shape of a tensor and the number of its elements, which must have size bytes in raw_data, unless size is
// negative.
func shapeOf(t *onnxpb.TensorProto, e elementType, size int) (tensor.Shape, int, error) {
	shape := make(tensor.Shape, len(t.Dims))
	for i, d := range t.Dims {
		if d < 0 || d > math.MaxInt {
			return nil, 0, fmt.Errorf("has the shape %v", t.Dims)
		}
		shape[i] = int(d)
	}
	n, err := shape.CheckedElements()
	if err != nil {
		return nil, 0, err
	}
	if n > math.MaxInt/8 {
		return nil, 0, fmt.Errorf("has the shape %v, which is too large", shape)
	}
	if size >= 0 && size != n*e.Size() {
		return nil, 0, fmt.Errorf("has %d bytes, want %d for %s %v", size, n*e.Size(), e.name, shape)
	}
	return shape, n, nil
}

// typed returns the values of a tensor that has them in a field of numbers.
func typed(t *onnxpb.TensorProto, e elementType, shape tensor.Shape, n int) (*tensor.Tensor, error) {
	have := map[string]int{"float_data": len(t.FloatData), "int32_data": len(t.Int32Data), "int64_data": len(t.Int64Data), "double_data": len(t.DoubleData), "uint64_data": len(t.Uint64Data)}
	want := func(field string) error {
		if have[field] != n {
			return fmt.Errorf("has %d elements in %s, want %d for %s %v", have[field], field, n, e.name, shape)
		}
		return nil
	}
	var err error
	var set func(v *tensor.Tensor)
	switch onnxpb.TensorProto_DataType(t.GetDataType()) {
	case onnxpb.TensorProto_FLOAT:
		err, set = want("float_data"), func(v *tensor.Tensor) { copy(v.Float32s(), t.FloatData) }
	case onnxpb.TensorProto_DOUBLE:
		err, set = want("double_data"), func(v *tensor.Tensor) { copy(tensor.Values[float64](v), t.DoubleData) }
	case onnxpb.TensorProto_INT64:
		err, set = want("int64_data"), func(v *tensor.Tensor) { copy(tensor.Values[int64](v), t.Int64Data) }
	case onnxpb.TensorProto_UINT32, onnxpb.TensorProto_UINT64:
		err = want("uint64_data")
		for i, u := range t.Uint64Data {
			if u > math.MaxInt64 {
				return nil, fmt.Errorf("element %d is %d, which is too large for int64", i, u)
			}
		}
		set = func(v *tensor.Tensor) { convert(tensor.Values[int64](v), t.Uint64Data) }
	default:
		err, set = want("int32_data"), func(v *tensor.Tensor) {
			switch v.DType() {
			case tensor.Float32:
				for i, b := range t.Int32Data {
					v.Float32s()[i] = numbers.Half(uint16(b))
				}
			case tensor.BFloat16:
				convert(tensor.Values[tensor.BF16](v), t.Int32Data)
			case tensor.Int8:
				convert(tensor.Values[int8](v), t.Int32Data)
			case tensor.Int16:
				convert(tensor.Values[int16](v), t.Int32Data)
			case tensor.Uint8:
				convert(tensor.Values[uint8](v), t.Int32Data)
			case tensor.Bool:
				for i, b := range t.Int32Data {
					tensor.Values[bool](v)[i] = b != 0
				}
			default:
				convert(tensor.Values[int32](v), t.Int32Data)
			}
		}
	}
	if err != nil {
		return nil, err
	}
	v := tensor.New(e.DType(), shape...)
	set(v)
	return v, nil
}

func convert[T int8 | int16 | int32 | int64 | uint8 | tensor.BF16, S int32 | uint64](dst []T, src []S) {
	for i, v := range src {
		dst[i] = T(v)
	}
}

// NewTensor returns a tensor of a model with the values of v. On little-endian machines it shares the memory of v.
func NewTensor(name string, v *tensor.Tensor) (*onnxpb.TensorProto, error) {
	for _, t := range []onnxpb.TensorProto_DataType{
		onnxpb.TensorProto_FLOAT, onnxpb.TensorProto_DOUBLE, onnxpb.TensorProto_BFLOAT16, onnxpb.TensorProto_INT8, onnxpb.TensorProto_INT16,
		onnxpb.TensorProto_INT32, onnxpb.TensorProto_INT64, onnxpb.TensorProto_UINT8, onnxpb.TensorProto_BOOL,
	} {
		e := elementTypes[t]
		if e.DType() != v.DType() {
			continue
		}
		raw := v.Raw()
		if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 && e.Size() > 1 {
			raw = slices.Clone(raw)
			numbers.Swap(raw, e.Size())
		}
		dims := make([]int64, len(v.Shape()))
		for i, d := range v.Shape() {
			dims[i] = int64(d)
		}
		return &onnxpb.TensorProto{Name: &name, DataType: new(int32(t)), Dims: dims, RawData: raw}, nil
	}
	return nil, fmt.Errorf("tensor %q: ONNX has no type for elements of %v", name, v.DType())
}
