// Package tensor holds dense arrays: an element type, a shape, and the elements in
// row-major (C) order. It has no mathematics; ops live in package graph.
package tensor

import (
	"fmt"
	"unsafe"
)

// Align is the alignment, in bytes, of memory that New claims: a cache line, and the
// widest vector register.
const Align = 64

// Tensor is a dense array. Its shape is fully known. The zero Tensor is of no use.
type Tensor struct {
	dtype DType
	shape Shape
	data  []byte
}

// Bytes claims n bytes of zeroed memory, aligned to Align.
func Bytes(n int) []byte {
	b := make([]byte, n+Align)
	off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(b))) & (Align - 1))
	return b[off : off+n : off+n]
}

// New returns a tensor of zeros.
func New(dtype DType, shape ...int) *Tensor {
	s := Shape(shape).Clone()
	return &Tensor{dtype, s, Bytes(s.Elements() * dtype.Size())}
}

// Wrap makes a tensor over memory that somebody else owns; it is not copied. The length
// of data must be just what dtype and shape need, and its start aligned for dtype.
func Wrap(dtype DType, shape Shape, data []byte) *Tensor {
	if n := shape.Elements() * dtype.Size(); len(data) != n {
		panic(fmt.Sprintf("tensor: %d bytes for %v %v, which needs %d", len(data), dtype, shape, n))
	}
	return &Tensor{dtype, shape.Clone(), data}
}

// Of copies values into a new tensor; their number must be the shape's.
func Of[T Element](values []T, shape ...int) *Tensor {
	t := New(TypeOf[T](), shape...)
	dst := Values[T](t)
	if len(dst) != len(values) {
		panic(fmt.Sprintf("tensor: %d values for shape %v", len(values), t.shape))
	}
	copy(dst, values)
	return t
}

// Scalar returns a tensor of shape ().
func Scalar[T Element](v T) *Tensor { return Of([]T{v}) }

// DType is the type of the elements.
func (t *Tensor) DType() DType { return t.dtype }

// Shape is the shape; the caller must not change it.
func (t *Tensor) Shape() Shape { return t.shape }

// Len is the number of elements.
func (t *Tensor) Len() int { return t.shape.Elements() }

// Raw is the memory itself: elements in row-major order, in the machine's byte order.
func (t *Tensor) Raw() []byte { return t.data }

// Values is the tensor's memory as a slice, not a copy. T must be the tensor's type.
func Values[T Element](t *Tensor) []T {
	if d := TypeOf[T](); d != t.dtype {
		panic(fmt.Sprintf("tensor: %v values of a tensor of %v", d, t.dtype))
	}
	return View[T](t.data)
}

// Float32s is Values[float32](t).
func (t *Tensor) Float32s() []float32 { return Values[float32](t) }

// View reads b as elements of T without copying. The start of b must be aligned for T.
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

// Reshape returns a tensor of another shape over the same memory.
func (t *Tensor) Reshape(shape ...int) *Tensor { return Wrap(t.dtype, shape, t.data) }

// Row is the i-th part along the first axis, over the same memory.
func (t *Tensor) Row(i int) *Tensor {
	n := len(t.data) / max(t.shape[0], 1)
	return Wrap(t.dtype, t.shape[1:], t.data[i*n:(i+1)*n])
}

// Rows are the parts from..to (without to) along the first axis, over the same memory.
func (t *Tensor) Rows(from, to int) *Tensor {
	n := len(t.data) / max(t.shape[0], 1)
	s := t.shape.Clone()
	s[0] = to - from
	return Wrap(t.dtype, s, t.data[from*n:to*n])
}

// Clone copies the tensor and its memory.
func (t *Tensor) Clone() *Tensor {
	c := New(t.dtype, t.shape...)
	copy(c.data, t.data)
	return c
}

// String tells type and shape, as in "float32 (2, 3)".
func (t *Tensor) String() string { return t.dtype.String() + " " + t.shape.String() }
