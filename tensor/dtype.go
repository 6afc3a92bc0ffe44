package tensor

import "fmt"

// DType is the type of a tensor's elements. The names are those of NumPy and Keras.
type DType uint8

// The element types. The zero value, Invalid, means that the type is not known.
const (
	Invalid DType = iota
	Float32
	Float64
	BFloat16
	Int8
	Int16
	Int32
	Int64
	Uint8
	Bool
)

var dtypes = [...]struct {
	name string
	size int
}{
	Invalid:  {"invalid", 0},
	Float32:  {"float32", 4},
	Float64:  {"float64", 8},
	BFloat16: {"bfloat16", 2},
	Int8:     {"int8", 1},
	Int16:    {"int16", 2},
	Int32:    {"int32", 4},
	Int64:    {"int64", 8},
	Uint8:    {"uint8", 1},
	Bool:     {"bool", 1},
}

// String returns NumPy's name of the type, such as "float32".
func (d DType) String() string {
	if int(d) >= len(dtypes) {
		return fmt.Sprintf("dtype(%d)", uint8(d))
	}
	return dtypes[d].name
}

// Size returns the number of bytes of an element. It is 0 for Invalid.
func (d DType) Size() int {
	if int(d) >= len(dtypes) {
		return 0
	}
	return dtypes[d].size
}

// IsFloat reports whether d is a floating-point type.
func (d DType) IsFloat() bool { return d == Float32 || d == Float64 || d == BFloat16 }

// ParseDType returns the type with the given name, such as "float32".
func ParseDType(name string) (DType, error) {
	for d, t := range dtypes {
		if d != int(Invalid) && t.name == name {
			return DType(d), nil
		}
	}
	return Invalid, fmt.Errorf("tensor: unknown element type %q", name)
}

// BF16 holds the bits of a bfloat16, which are the upper half of a float32.
type BF16 uint16

// Element is the set of Go types for elements.
type Element interface {
	float32 | float64 | BF16 | int8 | int16 | int32 | int64 | uint8 | bool
}

// TypeOf returns the DType with elements of type T.
func TypeOf[T Element]() DType {
	var z T
	switch any(z).(type) {
	case float32:
		return Float32
	case float64:
		return Float64
	case BF16:
		return BFloat16
	case int8:
		return Int8
	case int16:
		return Int16
	case int32:
		return Int32
	case int64:
		return Int64
	case uint8:
		return Uint8
	default:
		return Bool
	}
}
