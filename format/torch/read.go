package torch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/lince-ml/lince/tensor"
)

// File is an open file. Its tensors may be read by several goroutines at once.
type File struct {
	// Tensors are the tensors of the state dict in its order, which is that in which modules were registered.
	Tensors []*Tensor
	// From is the key of the state dict if the file is a checkpoint with other values beside it, such as "state_dict". If the
	// state dict lies deeper, it is a path with slashes. It is "" if the file is a state dict.
	From string
	// Others are the keys of other state dicts in the checkpoint, sorted.
	Others []string
	// Prefix is what all names began with, such as "module." of DataParallel. The names of Tensors are without it.
	Prefix string
}

// Tensor describes a tensor of a state dict.
type Tensor struct {
	Name  string
	Type  Type
	Shape tensor.Shape

	*view
}

// view is a tensor's part of a storage: the element at index i has the position offset + the sum of i[k]*strides[k].
type view struct {
	store   *storage
	typ     Type
	dims    tensor.Shape
	strides []int
	offset  int // all three count elements
}

// Read reads the tensor. An element type that package tensor does not have becomes the narrowest type that holds every value:
// float16 becomes float32, uint16 becomes int32, uint32 and uint64 become int64. Complex, quantized and 8-bit floating-point
// numbers are an error.
//
// The bytes of a storage are kept until each of its tensors has been read.
func (v *Tensor) Read() (*tensor.Tensor, error) {
	t, err := v.read()
	if err != nil {
		return nil, fmt.Errorf("torch: tensor %.100q: %w", v.Name, err)
	}
	return t, nil
}

func (v *view) read() (*tensor.Tensor, error) {
	if v.typ.DType() == tensor.Invalid {
		return nil, fmt.Errorf("elements of type %s are not supported", v.typ)
	}
	src, err := v.store.take()
	if err != nil {
		return nil, err
	}
	size := v.typ.size()
	dst := tensor.Bytes(v.dims.Elements() * size)
	if len(dst) > 0 {
		gather(dst, src[v.offset*size:], size, v.dims, v.strides)
	}
	return types[v.typ].numbers.Decode(v.dims.Clone(), dst)
}

// gather copies elements with strides to row-major order. It returns what is left of dst.
func gather(dst, src []byte, size int, shape tensor.Shape, strides []int) []byte {
	if len(shape) == 0 {
		return dst[copy(dst, src[:size]):]
	}
	if contiguous(shape, strides) {
		return dst[copy(dst, src[:shape.Elements()*size]):]
	}
	for i := range shape[0] {
		dst = gather(dst, src[i*strides[0]*size:], size, shape[1:], strides[1:])
	}
	return dst
}

func contiguous(shape tensor.Shape, strides []int) bool {
	n := 1
	for i, d := range slices.Backward(shape) {
		if d != 1 && strides[i] != n {
			return false
		}
		n *= d
	}
	return true
}

// check returns an error if the tensor does not lie within its storage.
func (v *view) check() error {
	elements, err := v.dims.CheckedElements()
	if err != nil || elements > math.MaxInt/16 {
		return fmt.Errorf("a tensor's shape %v has too many elements", v.dims)
	}
	if v.offset < 0 || len(v.strides) != len(v.dims) {
		return fmt.Errorf("a tensor of shape %v has %d strides and begins at element %d of its storage", v.dims, len(v.strides), v.offset)
	}
	has := v.store.bytes / int64(v.typ.size())
	if elements == 0 {
		return nil
	}
	last := int64(v.offset)
	for i, n := range v.dims {
		s := int64(v.strides[i])
		if s < 0 || n > 1 && s > (math.MaxInt64-last)/int64(n-1) {
			return fmt.Errorf("a tensor's strides %v are not valid", v.strides)
		}
		last += s * int64(n-1)
	}
	if last >= has {
		return fmt.Errorf("a tensor of shape %v with strides %v needs element %d of a storage that has %d", v.dims, v.strides, last, has)
	}
	return nil
}

// magic follows the first two bytes of a file in the older form: the number 0x1950a86a20f9469cfc6c as a pickle.
var magic = []byte("\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.")

const zipMagic = "PK\x03\x04"

// Is reports whether a file that begins with head looks like one that torch.save wrote. head should have at least 512 bytes.
func Is(head []byte) bool {
	if isOld(head) {
		return true
	}
	if !bytes.HasPrefix(head, []byte(zipMagic)) || len(head) < 30 {
		return false
	}
	n := int(head[26]) | int(head[27])<<8 // the length of the first member's name
	name := head[30:min(len(head), 30+n)]
	return bytes.HasSuffix(name, []byte("/data.pkl")) || bytes.HasSuffix(name, []byte("/constants.pkl")) || bytes.HasSuffix(name, []byte("/version"))
}

func isOld(head []byte) bool { return oldStart(head) > 0 }

// oldStart returns the length of the first pickle of a file in the older form, 0 if the file has another form. From protocol 4, a
// frame precedes the number.
func oldStart(head []byte) int64 {
	if len(head) < 2 || head[0] != 0x80 {
		return 0
	}
	n := 2
	if len(head) > 11 && head[2] == 0x95 {
		n = 11
	}
	if !bytes.HasPrefix(head[n:], magic) {
		return 0
	}
	return int64(n + len(magic))
}

// Open reads the names and shapes of the state dict in the first size bytes of r. The caller must keep r open while it reads
// tensors.
//
// A checkpoint, which is a dict that has a state dict under a key such as "state_dict" or "model", is opened as that state
// dict; see File.From. Values that are not tensors are ignored. A file of a whole model (torch.save(model)) and a TorchScript
// archive are errors that say how to save a state dict.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f, err := open(r, size)
	if err != nil {
		return nil, fmt.Errorf("torch: %w", err)
	}
	return f, nil
}

func open(r io.ReaderAt, size int64) (*File, error) {
	head := make([]byte, min(size, 32))
	if err := readAt(r, head, 0); err != nil {
		return nil, err
	}
	d := decoder{r: r, size: size, budget: 16*size + 64<<20, stores: map[string]*storage{}}
	var v any
	var err error
	switch {
	case isOld(head):
		v, err = d.old(oldStart(head))
	case bytes.HasPrefix(head, []byte(zipMagic)):
		v, err = d.zip()
	default:
		return nil, errors.New("the file is not one that torch.save wrote")
	}
	if err != nil {
		return nil, err
	}
	return stateDict(v)
}

// readAt reads all of b at an offset.
func readAt(r io.ReaderAt, b []byte, at int64) error {
	_, err := io.ReadFull(io.NewSectionReader(r, at, int64(len(b))), b)
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
