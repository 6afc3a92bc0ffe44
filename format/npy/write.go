package npy

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/tensor"
)

// Named is an array of an archive.
type Named struct {
	Name  string
	Value *tensor.Tensor
}

// Write writes what numpy.save writes for an array. NumPy has no bfloat16, so such elements become float32.
func Write(w io.Writer, t *tensor.Tensor) error {
	t = widened(t)
	descr := ""
	for name, d := range types {
		if d == t.DType() {
			descr = name
		}
	}
	if descr == "" {
		return fmt.Errorf("NumPy has no type for elements of %v", t.DType())
	}
	order := "<"
	if t.DType().Size() == 1 {
		order = "|"
	}
	shape := make([]string, len(t.Shape()))
	for i, n := range t.Shape() {
		shape[i] = fmt.Sprint(n)
	}
	dims := strings.Join(shape, ", ")
	if len(shape) == 1 {
		dims += ","
	}
	text := fmt.Sprintf("{'descr': '%s%s', 'fortran_order': False, 'shape': (%s), }", order, descr, dims)
	// NumPy leaves room for a longer first dimension, and aligns the elements to 64 bytes.
	if len(shape) > 0 {
		text += strings.Repeat(" ", 21-len(shape[0]))
	}
	const fixed = len(magic) + 2 + 2 // version, length of the header
	text += strings.Repeat(" ", 64-(fixed+len(text)+1)%64) + "\n"
	head := append([]byte(magic), 1, 0)
	head = binary.LittleEndian.AppendUint16(head, uint16(len(text)))
	if _, err := w.Write(append(head, text...)); err != nil {
		return err
	}
	_, err := w.Write(t.Raw())
	return err
}

// widened returns a tensor of bfloat16 as float32, and other tensors as they are.
func widened(t *tensor.Tensor) *tensor.Tensor {
	if t.DType() != tensor.BFloat16 {
		return t
	}
	out := tensor.New(tensor.Float32, t.Shape()...)
	if numbers.Convert(out, t) != nil {
		panic("bfloat16 is not converted to float32")
	}
	return out
}

// WriteArchive writes what numpy.savez writes: each array as a member. Names must differ. Equal arrays give equal bytes.
func WriteArchive(w io.Writer, arrays []Named) error {
	z := zip.NewWriter(w)
	for _, a := range arrays {
		f, err := z.CreateHeader(&zip.FileHeader{Name: a.Name + ".npy", Method: zip.Store})
		if err != nil {
			return err
		}
		if err := Write(f, a.Value); err != nil {
			return fmt.Errorf("the array %q: %w", a.Name, err)
		}
	}
	return z.Close()
}
