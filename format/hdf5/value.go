package hdf5

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/lince-ml/lince/tensor"
)

// Value is an attribute's value: text or numbers, one or an array of them.
type Value struct {
	// Shape is () for a scalar.
	Shape tensor.Shape
	// Text holds the elements, row-major, of a value that is text.
	Text []string
	// Numbers is the value if it is not text.
	Numbers *tensor.Tensor

	fixed bool // Text is written as strings of one length
}

// String is a scalar text, stored as variable-length UTF-8: what h5py makes of a str.
func String(s string) Value { return Value{Shape: tensor.Shape{}, Text: []string{s}} }

// Strings is a list of texts, stored as variable-length UTF-8: what h5py makes of a list
// of str.
func Strings(s ...string) Value { return Value{Shape: tensor.Shape{len(s)}, Text: s} }

// FixedStrings is a list of texts, each stored in as many bytes as the longest has: what
// h5py makes of a list of bytes.
func FixedStrings(s ...string) Value {
	return Value{Shape: tensor.Shape{len(s)}, Text: s, fixed: true}
}

// Numbers is a value of numbers.
func Numbers(t *tensor.Tensor) Value { return Value{Shape: t.Shape(), Numbers: t} }

// IsText says whether v is text.
func (v Value) IsText() bool { return v.Numbers == nil }

// ScalarText is the text of a scalar or one-element text.
func (v Value) ScalarText() (string, error) {
	if !v.IsText() || len(v.Text) != 1 {
		return "", fmt.Errorf("wanted a text, found %s", v.describe())
	}
	return v.Text[0], nil
}

// TextList is the list of texts. An empty array of numbers is an empty list too: h5py
// stores an empty Python list as float64 of shape (0,).
func (v Value) TextList() ([]string, error) {
	if v.IsText() {
		return v.Text, nil
	}
	if v.Numbers.Len() == 0 {
		return nil, nil
	}
	return nil, fmt.Errorf("wanted a list of texts, found %s", v.describe())
}

func (v Value) describe() string {
	if v.IsText() {
		return fmt.Sprintf("text of shape %v", v.Shape)
	}
	return v.Numbers.String()
}

// fixedText reads a fixed-length string element: h5py pads with NULs, Fortran with spaces
// but says so in a way that nobody looks at.
func fixedText(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// texts reads n text elements from their place in the file.
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
		// Many elements may point at the same bytes: honest files never do.
		if total += len(b); int64(total) > f.size {
			return nil, errors.New("texts overlap in the file")
		}
		out = append(out, fixedText(b)) // some writers store the final NUL
	}
	return out, nil
}
