package hdf5

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/tensor"
)

// nativeBig is set if this machine is big-endian.
var nativeBig = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// conversion describes how the elements of a datatype are converted to elements of a tensor.
type conversion struct {
	dtype tensor.DType
	// swap reverses the bytes of each element first.
	swap bool
	// widen, if not nil, converts src to dst. It is set if tensors do not have the file's type.
	widen func(dst, src []byte)
	// check, if not nil, returns an error for values that the tensor's type does not have.
	check func(src []byte) error
}

// numbers chooses the tensor type for t: the same type if tensors have it, else the narrowest that holds every value.
func (t *datatype) numbers(bfloat16 bool) (conversion, error) {
	n := conversion{swap: t.bigEndian != nativeBig && t.size > 1}
	switch t.class {
	case classFixed:
		return n.integer(t)
	case classEnum:
		if t.isBool() {
			return conversion{dtype: tensor.Bool, check: numbers.CheckBool}, nil
		}
		n.swap = t.base.bigEndian != nativeBig && t.size > 1
		return n.integer(t.base)
	case classFloat:
		switch t.float {
		case float32Bits:
			n.dtype = tensor.Float32
		case float64Bits:
			n.dtype = tensor.Float64
		case bfloat16Bits:
			n.dtype = tensor.BFloat16
		case float16Bits:
			n.dtype, n.widen = tensor.Float32, numbers.WidenFloat16
		default:
			return n, fmt.Errorf("floating-point numbers of %d bits with %d of exponent are not supported",
				t.float.precision, t.float.exponentSize)
		}
		return n, nil
	case classOpaque:
		if bfloat16 && t.size == 2 {
			return conversion{dtype: tensor.BFloat16, swap: nativeBig}, nil
		}
	case classString, classVlen:
		if t.isText() {
			return n, errors.New("holds text, not numbers")
		}
	}
	return n, fmt.Errorf("elements of type %v are not supported", t.class)
}

func (n conversion) integer(t *datatype) (conversion, error) {
	if t.signed {
		n.dtype = map[int]tensor.DType{1: tensor.Int8, 2: tensor.Int16, 4: tensor.Int32, 8: tensor.Int64}[t.size]
		return n, nil
	}
	switch t.size {
	case 1:
		n.dtype = tensor.Uint8
	case 2:
		n.dtype, n.widen = tensor.Int32, numbers.WidenUint16
	case 4:
		n.dtype, n.widen = tensor.Int64, numbers.WidenUint32
	case 8:
		n.dtype, n.check = tensor.Int64, numbers.CheckUint64
	}
	return n, nil
}

// convert makes a tensor of the elements in src, which have size bytes each in the file's byte order. It may change
// and keep src.
func (n conversion) convert(shape tensor.Shape, size int, src []byte) (*tensor.Tensor, error) {
	if n.swap {
		numbers.Swap(src, size)
	}
	if n.check != nil {
		if err := n.check(src); err != nil {
			return nil, err
		}
	}
	if n.widen == nil {
		return tensor.Wrap(n.dtype, shape, src), nil
	}
	t := tensor.New(n.dtype, shape...)
	n.widen(t.Raw(), src)
	return t, nil
}
