package torch

import (
	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/tensor"
)

// Type is the type of a tensor's elements. String returns PyTorch's name, such as "float16".
type Type uint8

// types lists PyTorch's types: the name of the dtype, the class of its storages if there is one, and the size of an element.
// A type without numbers cannot be read.
var types = [...]struct {
	name, storage string
	size          int
	numbers       numbers.Type
}{
	{"float32", "FloatStorage", 4, numbers.Float32},
	{"float64", "DoubleStorage", 8, numbers.Float64},
	{"float16", "HalfStorage", 2, numbers.Float16},
	{"bfloat16", "BFloat16Storage", 2, numbers.BFloat16},
	{"int64", "LongStorage", 8, numbers.Int64},
	{"int32", "IntStorage", 4, numbers.Int32},
	{"int16", "ShortStorage", 2, numbers.Int16},
	{"int8", "CharStorage", 1, numbers.Int8},
	{"uint8", "ByteStorage", 1, numbers.Uint8},
	{"bool", "BoolStorage", 1, numbers.Bool},
	{"uint16", "", 2, numbers.Uint16},
	{"uint32", "", 4, numbers.Uint32},
	{"uint64", "", 8, numbers.Uint64},
	{"complex32", "ComplexHalfStorage", 4, 0},
	{"complex64", "ComplexFloatStorage", 8, 0},
	{"complex128", "ComplexDoubleStorage", 16, 0},
	{"qint8", "QInt8Storage", 1, 0},
	{"quint8", "QUInt8Storage", 1, 0},
	{"qint32", "QInt32Storage", 4, 0},
	{"float8_e4m3fn", "", 1, 0},
	{"float8_e4m3fnuz", "", 1, 0},
	{"float8_e5m2", "", 1, 0},
	{"float8_e5m2fnuz", "", 1, 0},
	{"float8_e8m0fnu", "", 1, 0},
}

// untyped is the class of storages without a type.
const untyped = Type(len(types))

func (t Type) String() string {
	if t == untyped {
		return "bytes"
	}
	return types[t].name
}

// size returns the number of bytes of an element.
func (t Type) size() int {
	if t == untyped {
		return 1
	}
	return types[t].size
}

// DType returns the type of the elements that Tensor.Read returns. It is tensor.Invalid if Read does not support the type.
func (t Type) DType() tensor.DType {
	if t == untyped {
		return tensor.Invalid
	}
	return types[t].numbers.DType()
}
