// Package tensor holds dense arrays: an element type, a shape, and the elements in row-major (C) order. It computes nothing;
// operations are in package graph.
package tensor

import (
	"fmt"
	"unsafe"
)

// Align is the alignment in bytes of memory that New and Bytes allocate: the size of a cache line and of the widest vector register.
const Align = 64

// Tensor is a dense array. All dimensions of its shape are known. New, Of, Scalar and Wrap make one; the zero Tensor is invalid.
type Tensor struct {
	dtype DType
	shape Shape
	data  []byte
}

// Bytes allocates n zero bytes, aligned to Align.
func Bytes(n int) []byte {
	b := make([]byte, n+Align)
	off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (Align - 1))
	return b[off : off+n : off+n]
}

// New returns a tensor of zeros. It panics if a dimension is negative.
func New(dtype DType, shape ...int) *Tensor {
	s := Shape(shape).Clone()
	return &Tensor{dtype, s, Bytes(s.Elements() * dtype.Size())}
}

// Wrap returns a tensor that uses data as its memory, without a copy. It panics if the length of data is not exactly what dtype
// and shape need. data must be aligned for dtype.
func Wrap(dtype DType, shape Shape, data []byte) *Tensor {
	if n := shape.Elements() * dtype.Size(); len(data) != n {
		panic(fmt.Sprintf("tensor: %d bytes for %v %v, which needs %d", len(data), dtype, shape, n))
	}
	return &Tensor{dtype, shape.Clone(), data}
}

// Of returns a tensor with a copy of values, in row-major order. It panics if their number differs from the shape's.
func Of[T Element](values []T, shape ...int) *Tensor {
	t := New(TypeOf[T](), shape...)
	dst := Values[T](t)
	if len(dst) != len(values) {
		panic(fmt.Sprintf("tensor: %d values for shape %v", len(values), t.shape))
	}
	copy(dst, values)
	return t
}

// Number returns a scalar of a type with the value x, as Go converts it; a Bool is true unless x is 0. It returns nil for BFloat16 and Invalid.
func Number(dtype DType, x float64) *Tensor {
	switch dtype {
	case Float32:
		return Scalar(float32(x))
	case Float64:
		return Scalar(x)
	case Int8:
		return Scalar(int8(x))
	case Int16:
		return Scalar(int16(x))
	case Int32:
		return Scalar(int32(x))
	case Int64:
		return Scalar(int64(x))
	case Uint8:
		return Scalar(uint8(x))
	case Bool:
		return Scalar(x != 0)
	}
	return nil
}

// Scalar returns a tensor of shape () that holds v.
func Scalar[T Element](v T) *Tensor { return Of([]T{v}) }

// DType returns the type of the elements.
func (t *Tensor) DType() DType { return t.dtype }

// Shape returns the shape. The caller must not change it.
func (t *Tensor) Shape() Shape { return t.shape }

// Len returns the number of elements.
func (t *Tensor) Len() int { return t.shape.Elements() }

// Raw returns the tensor's memory, not a copy: the elements in row-major order, in the machine's byte order.
func (t *Tensor) Raw() []byte { return t.data }

// Values returns the tensor's memory as a slice, not a copy. It panics if T is not the type of the elements.
func Values[T Element](t *Tensor) []T {
	if d := TypeOf[T](); d != t.dtype {
		panic(fmt.Sprintf("tensor: %v values of a tensor of %v", d, t.dtype))
	}
	return View[T](t.data)
}

// Float32s returns Values[float32](t).
func (t *Tensor) Float32s() []float32 { return Values[float32](t) }

// View returns the memory of b as elements of T, without a copy. It panics if b is not aligned for T.
func View[T Element](b []byte) []T {
	if len(b) == 0 {
		return nil
	}
	var z T
	p := unsafe.Pointer(unsafe.SliceData(b))
	if uintptr(p)%unsafe.Alignof(z) != 0 {
		panic("tensor: view of unaligned memory")
	}
	return unsafe.Slice((*T)(p), len(b)/int(unsafe.Sizeof(z)))
}

// Misaligned returns how many bytes after a multiple of n the memory of b begins.
func Misaligned(b []byte, n int) int {
	return int(uintptr(unsafe.Pointer(unsafe.SliceData(b))) % uintptr(n))
}

// Reshape returns a tensor with another shape and the same memory. It panics if the new shape has another number of elements.
func (t *Tensor) Reshape(shape ...int) *Tensor { return Wrap(t.dtype, shape, t.data) }

// Row returns the part at index i of the first axis, in the same memory, without that axis.
func (t *Tensor) Row(i int) *Tensor {
	n := len(t.data) / max(t.shape[0], 1)
	return Wrap(t.dtype, t.shape[1:], t.data[i*n:(i+1)*n])
}

// Rows returns the parts at the indexes [from, to) of the first axis, in the same memory.
func (t *Tensor) Rows(from, to int) *Tensor {
	n := len(t.data) / max(t.shape[0], 1)
	s := t.shape.Clone()
	s[0] = to - from
	return Wrap(t.dtype, s, t.data[from*n:to*n])
}

// Clone returns a copy of the tensor with its own memory.
func (t *Tensor) Clone() *Tensor {
	c := New(t.dtype, t.shape...)
	copy(c.data, t.data)
	return c
}

// String returns the type and the shape, such as "float32 (2, 3)".
func (t *Tensor) String() string { return t.dtype.String() + " " + t.shape.String() }
