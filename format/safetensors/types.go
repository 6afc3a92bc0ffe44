package safetensors

import (
	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/tensor"
)

// Type is the type of a tensor's elements. String returns its name in the format.
type Type uint8

// types lists the types of the format, in the order in which writers sort tensors (safetensors::tensor::Dtype). A type
// without numbers cannot be read.
var types = [...]struct {
	name    string
	bits    int
	numbers numbers.Type
}{
	{"BOOL", 8, numbers.Bool},
	{"F4", 4, 0},
	{"F6_E2M3", 6, 0},
	{"F6_E3M2", 6, 0},
	{"U8", 8, numbers.Uint8},
	{"I8", 8, numbers.Int8},
	{"F8_E5M2", 8, 0},
	{"F8_E4M3", 8, 0},
	{"F8_E5M2FNUZ", 8, 0},
	{"F8_E4M3FNUZ", 8, 0},
	{"F8_E8M0", 8, 0},
	{"I16", 16, numbers.Int16},
	{"U16", 16, numbers.Uint16},
	{"F16", 16, numbers.Float16},
	{"BF16", 16, numbers.BFloat16},
	{"I32", 32, numbers.Int32},
	{"U32", 32, numbers.Uint32},
	{"F32", 32, numbers.Float32},
	{"C64", 64, 0},
	{"F64", 64, numbers.Float64},
	{"I64", 64, numbers.Int64},
	{"U64", 64, numbers.Uint64},
}

func (t Type) String() string { return types[t].name }

// DType returns the type of the elements that Tensor.Read returns. It is tensor.Invalid if Read does not support the type.
func (t Type) DType() tensor.DType { return types[t].numbers.DType() }

func typeOf(name string) (Type, bool) {
	for i, t := range types {
		if t.name == name {
			return Type(i), true
		}
	}
	return 0, false
}

// written returns the type in files of a tensor's elements.
func written(d tensor.DType) Type {
	for i, t := range types {
		if t.numbers != 0 && t.numbers.DType() == d && t.bits == 8*d.Size() && t.name != "U64" {
			return Type(i)
		}
	}
	panic("safetensors: no type for " + d.String())
}
