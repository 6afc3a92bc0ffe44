package hdf5

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// Value is the value of an attribute: strings or numbers, a scalar or an array.
type Value struct {
	// Shape is the value's shape, () for a scalar.
	Shape tensor.Shape
	// Text holds the elements of a text value in row-major order.
	Text []string
	// Numbers is the value if it is not text.
	Numbers *tensor.Tensor

	fixed bool // writes Text as fixed-length strings
}

// String returns a scalar string, stored as variable-length UTF-8. h5py stores a str in this way.
func String(s string) Value { return Value{Shape: tensor.Shape{}, Text: []string{s}} }

// Strings returns a list of strings, stored as variable-length UTF-8. h5py stores a list of str in this way.
func Strings(s ...string) Value { return Value{Shape: tensor.Shape{len(s)}, Text: s} }

// FixedStrings returns a list of strings, each stored with the length of the longest. h5py stores a list of bytes in this way.
func FixedStrings(s ...string) Value {
	return Value{Shape: tensor.Shape{len(s)}, Text: s, fixed: true}
}

// Numbers returns a value of numbers.
func Numbers(t *tensor.Tensor) Value { return Value{Shape: t.Shape(), Numbers: t} }

// IsText reports whether v holds strings.
func (v Value) IsText() bool { return v.Numbers == nil }

// ScalarText returns the string of a scalar, or of an array with one element. It fails for other values.
func (v Value) ScalarText() (string, error) {
	if !v.IsText() || len(v.Text) != 1 {
		return "", fmt.Errorf("want a string, got %s", v.describe())
	}
	return v.Text[0], nil
}

// TextList returns a list of strings. An empty array of numbers is also an empty list, because h5py stores an empty Python list
// as float64 of shape (0,). TextList fails for other values.
func (v Value) TextList() ([]string, error) {
	if v.IsText() {
		return v.Text, nil
	}
	if v.Numbers.Len() == 0 {
		return nil, nil
	}
	return nil, fmt.Errorf("want a list of strings, got %s", v.describe())
}

func (v Value) describe() string {
	if v.IsText() {
		return fmt.Sprintf("text of shape %v", v.Shape)
	}
	return v.Numbers.String()
}

// fixedText returns the string in a fixed-length element, up to the first NUL. h5py pads with NULs. Fortran pads with spaces,
// which remain.
func fixedText(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// texts decodes n string elements.
func (f *File) texts(t *datatype, n int, raw []byte) ([]string, error) {
	if !t.isText() {
		return nil, errors.New("holds numbers, not text")
	}
	var out []string
	total := 0
	for ; n > 0; n-- {
		elem := raw[:t.size]
		raw = raw[t.size:]
		if t.class == classString {
			out = append(out, fixedText(elem))
			continue
		}
		b, err := f.vlen(elem)
		if err != nil {
			return nil, err
		}
		// The limit stops files in which many elements share the same bytes. Valid files have none.
		if total += len(b); int64(total) > f.size {
			return nil, errors.New("texts overlap in the file")
		}
		out = append(out, fixedText(b)) // some writers store the final NUL
	}
	return out, nil
}
