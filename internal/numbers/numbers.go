// Package numbers converts the elements of little-endian files to tensors.
package numbers

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/lince-ml/lince/tensor"
)

// Type is a type of elements in files. The zero value means that the type is not known.
type Type uint8

// The types that can be converted.
const (
	Float32 Type = iota + 1
	Float64
	Float16
	BFloat16
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Bool
)

// types has the size of each type in a file, and how its elements become those of a tensor.
var types = [...]struct {
	size  int
	dtype tensor.DType
	widen func(dst, src []byte)
	check func(src []byte) error
}{
	Float32:  {size: 4, dtype: tensor.Float32},
	Float64:  {size: 8, dtype: tensor.Float64},
	Float16:  {size: 2, dtype: tensor.Float32, widen: WidenFloat16},
	BFloat16: {size: 2, dtype: tensor.BFloat16},
	Int8:     {size: 1, dtype: tensor.Int8},
	Int16:    {size: 2, dtype: tensor.Int16},
	Int32:    {size: 4, dtype: tensor.Int32},
	Int64:    {size: 8, dtype: tensor.Int64},
	Uint8:    {size: 1, dtype: tensor.Uint8},
	Uint16:   {size: 2, dtype: tensor.Int32, widen: WidenUint16},
	Uint32:   {size: 4, dtype: tensor.Int64, widen: WidenUint32},
	Uint64:   {size: 8, dtype: tensor.Int64, check: CheckUint64},
	Bool:     {size: 1, dtype: tensor.Bool, check: CheckBool},
}

// Size returns the number of bytes of an element in the file. It is 0 for an unknown type.
func (t Type) Size() int { return types[t].size }

// DType returns the type of the elements of a tensor: the same type if tensors have it, else the narrowest that holds
// every value. float16 becomes float32, uint16 becomes int32, uint32 and uint64 become int64.
func (t Type) DType() tensor.DType { return types[t].dtype }

// nativeBig is set if this machine is big-endian.
var nativeBig = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// Decode makes a tensor of the little-endian elements in src. It may change and keep src, which must have the length
// that the shape needs. A bool other than 0 and 1, and a uint64 that does not fit int64, are errors.
func (t Type) Decode(shape tensor.Shape, src []byte) (*tensor.Tensor, error) {
	d := types[t]
	if nativeBig {
		Swap(src, d.size)
	}
	if d.check != nil {
		if err := d.check(src); err != nil {
			return nil, err
		}
	}
	if d.widen == nil {
		return tensor.Wrap(d.dtype, shape, src), nil
	}
	out := tensor.New(d.dtype, shape...)
	d.widen(out.Raw(), src)
	return out, nil
}

// Swap reverses the bytes of each element of b, which has size bytes.
func Swap(b []byte, size int) {
	for ; size > 1 && len(b) >= size; b = b[size:] {
		for i, j := 0, size-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
}

// CheckBool returns an error if a byte is not 0 or 1.
func CheckBool(src []byte) error {
	for _, b := range src {
		if b > 1 {
			return fmt.Errorf("want a bool element of 0 or 1, got %d", b)
		}
	}
	return nil
}

// CheckUint64 returns an error if a native uint64 does not fit int64.
func CheckUint64(src []byte) error {
	for ; len(src) >= 8; src = src[8:] {
		if v := binary.NativeEndian.Uint64(src); v > math.MaxInt64 {
			return fmt.Errorf("unsigned element %d does not fit int64", v)
		}
	}
	return nil
}

// WidenUint16 converts native uint16 numbers to int32.
func WidenUint16(dst, src []byte) {
	d := tensor.View[int32](dst)
	for i := range d {
		d[i] = int32(binary.NativeEndian.Uint16(src[2*i:]))
	}
}

// WidenUint32 converts native uint32 numbers to int64.
func WidenUint32(dst, src []byte) {
	d := tensor.View[int64](dst)
	for i := range d {
		d[i] = int64(binary.NativeEndian.Uint32(src[4*i:]))
	}
}

// WidenFloat16 converts native IEEE half-precision numbers to float32, which is exact.
func WidenFloat16(dst, src []byte) {
	d := tensor.View[float32](dst)
	for i := range d {
		d[i] = Half(binary.NativeEndian.Uint16(src[2*i:]))
	}
}
