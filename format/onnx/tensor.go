package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/internal/half"
	"github.com/lince-ml/lince/tensor"
)

// elementType is a row of the table of element types.
type elementType struct {
	name  string       // ONNX's name
	size  int          // of an element in raw_data, in bytes
	dtype tensor.DType // of the tensor
}

// elementTypes has the types whose values a tensor can hold. A number keeps its type if tensor has it; otherwise it gets the narrowest type
// that holds every value.
var elementTypes = map[onnxpb.TensorProto_DataType]elementType{
	onnxpb.TensorProto_FLOAT:    {"float32", 4, tensor.Float32},
	onnxpb.TensorProto_DOUBLE:   {"float64", 8, tensor.Float64},
	onnxpb.TensorProto_FLOAT16:  {"float16", 2, tensor.Float32},
	onnxpb.TensorProto_BFLOAT16: {"bfloat16", 2, tensor.BFloat16},
	onnxpb.TensorProto_INT8:     {"int8", 1, tensor.Int8},
	onnxpb.TensorProto_INT16:    {"int16", 2, tensor.Int16},
	onnxpb.TensorProto_INT32:    {"int32", 4, tensor.Int32},
	onnxpb.TensorProto_INT64:    {"int64", 8, tensor.Int64},
	onnxpb.TensorProto_UINT8:    {"uint8", 1, tensor.Uint8},
	onnxpb.TensorProto_UINT16:   {"uint16", 2, tensor.Int32},
	onnxpb.TensorProto_UINT32:   {"uint32", 4, tensor.Int64},
	onnxpb.TensorProto_UINT64:   {"uint64", 8, tensor.Int64},
	onnxpb.TensorProto_BOOL:     {"bool", 1, tensor.Bool},
}

// DType returns the type of tensors with the elements of an ONNX type: the same type if tensors have it, and otherwise the narrowest one that holds
// every value. float16 becomes float32, uint16 int32, and uint32 and uint64 int64. Text, complex numbers and numbers of less than
// 8 bits are errors.
func DType(t onnxpb.TensorProto_DataType) (tensor.DType, error) {
	e, ok := elementTypes[t]
	if !ok {
		return tensor.Invalid, fmt.Errorf("elements of type %s are not supported", t)
	}
	return e.dtype, nil
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
	if len(t.RawData) == 0 || !e.native() || tensor.Misaligned(t.RawData, e.size) != 0 || t.GetDataLocation() == onnxpb.TensorProto_EXTERNAL {
		return m.Tensor(t)
	}
	shape, _, err := shapeOf(t, e, len(t.RawData))
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.GetName(), err)
	}
	return tensor.Wrap(e.dtype, shape, t.RawData), nil
}

// native reports whether raw_data has the elements as a tensor has them in memory.
func (e elementType) native() bool {
	return e.size > 0 && e.size == e.dtype.Size() && e.dtype != tensor.Bool && e.name != "uint64" && (e.size == 1 || binary.NativeEndian.Uint16([]byte{1, 0}) == 1)
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
		if raw, err = m.data(t, n*e.size); err != nil {
			return nil, err
		}
		if e.native() {
			return tensor.Wrap(e.dtype, shape, raw), nil
		}
	case size < 0:
		return typed(t, e, shape, n)
	}
	v := tensor.New(e.dtype, shape...)
	return v, fromRaw(v, raw, onnxpb.TensorProto_DataType(t.GetDataType()), e)
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
	if size >= 0 && size != n*e.size {
		return nil, 0, fmt.Errorf("has %d bytes, want %d for %s %v", size, n*e.size, e.name, shape)
	}
	return shape, n, nil
}

// fromRaw sets v from little-endian elements.
func fromRaw(v *tensor.Tensor, raw []byte, t onnxpb.TensorProto_DataType, e elementType) error {
	switch t {
	case onnxpb.TensorProto_FLOAT16:
		for i, d := 0, v.Float32s(); i < len(d); i++ {
			d[i] = half.Float32(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	case onnxpb.TensorProto_UINT16:
		for i, d := 0, tensor.Values[int32](v); i < len(d); i++ {
			d[i] = int32(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	case onnxpb.TensorProto_UINT32:
		for i, d := 0, tensor.Values[int64](v); i < len(d); i++ {
			d[i] = int64(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case onnxpb.TensorProto_UINT64:
		for i, d := 0, tensor.Values[int64](v); i < len(d); i++ {
			u := binary.LittleEndian.Uint64(raw[8*i:])
			if u > math.MaxInt64 {
				return fmt.Errorf("element %d is %d, which is too large for int64", i, u)
			}
			d[i] = int64(u)
		}
	case onnxpb.TensorProto_BOOL:
		for i, b := range raw {
			v.Raw()[i] = min(b, 1)
		}
	default:
		copy(v.Raw(), raw)
		swapIfBigEndian(v.Raw(), e.size)
	}
	return nil
}

// swapIfBigEndian turns little-endian elements of size bytes into the machine's order, or back.
func swapIfBigEndian(b []byte, size int) {
	if binary.NativeEndian.Uint16([]byte{0, 1}) != 1 || size == 1 {
		return
	}
	for ; len(b) >= size; b = b[size:] {
		slices.Reverse(b[:size])
	}
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
					v.Float32s()[i] = half.Float32(uint16(b))
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
	v := tensor.New(e.dtype, shape...)
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
		if e.dtype != v.DType() {
			continue
		}
		raw := v.Raw()
		if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 && e.size > 1 {
			raw = slices.Clone(raw)
			swapIfBigEndian(raw, e.size)
		}
		dims := make([]int64, len(v.Shape()))
		for i, d := range v.Shape() {
			dims[i] = int64(d)
		}
		return &onnxpb.TensorProto{Name: &name, DataType: new(int32(t)), Dims: dims, RawData: raw}, nil
	}
	return nil, fmt.Errorf("tensor %q: ONNX has no type for elements of %v", name, v.DType())
}
