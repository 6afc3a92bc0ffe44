package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/lince-ml/lince/tensor"
)

// MaxHeader is the largest length of a header in bytes.
const MaxHeader = 100_000_000

const (
	prefix      = 8  // bytes before the header
	maxRank     = 32 // of a tensor
	maxMistakes = 20 // that an error lists
	metadataKey = "__metadata__"
)

// File is an open file. It is safe for use by several goroutines at once.
type File struct {
	// Metadata is the map of text in the header, nil if there is none.
	Metadata map[string]string
	// Tensors are the tensors in the order of their elements in the file.
	Tensors []*Tensor
	byName  map[string]*Tensor
}

// Tensor describes a tensor in a file.
type Tensor struct {
	Name  string
	Type  Type
	Shape tensor.Shape

	r          io.ReaderAt
	begin, end int64
}

// Is reports whether a file that begins with head and has size bytes looks like a safetensors file. head should have
// at least 16 bytes.
func Is(head []byte, size int64) bool {
	if len(head) < prefix+1 || head[prefix] != '{' {
		return false
	}
	n := binary.LittleEndian.Uint64(head)
	return n >= 2 && n <= MaxHeader && int64(n) <= size-prefix
}

// Open reads the header of the file in the first size bytes of r. The caller must keep r open while it reads tensors.
//
// It fails if the header is longer than MaxHeader, if a name occurs twice, if a shape does not fit its bytes, and if the
// tensors overlap or leave bytes unused. The error lists up to 20 mistakes.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f, err := open(r, size)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return f, nil
}

func open(r io.ReaderAt, size int64) (*File, error) {
	var start [prefix]byte
	if size < prefix {
		return nil, fmt.Errorf("the file has %d bytes, want at least %d", size, prefix)
	}
	if err := readAt(r, start[:], 0); err != nil {
		return nil, fmt.Errorf("the header's length: %w", err)
	}
	n := binary.LittleEndian.Uint64(start[:])
	if n > MaxHeader {
		return nil, fmt.Errorf("the header has %d bytes, want at most %d", n, MaxHeader)
	}
	if int64(n) > size-prefix {
		return nil, fmt.Errorf("the header has %d bytes, but the file has only %d more; it is truncated", n, size-prefix)
	}
	header := make([]byte, n)
	if err := readAt(r, header, prefix); err != nil {
		return nil, fmt.Errorf("the header: %w", err)
	}
	f := &File{byName: map[string]*Tensor{}}
	if err := f.parse(header); err != nil {
		return nil, fmt.Errorf("the header: %w", err)
	}
	return f, f.place(r, prefix+int64(n), size-prefix-int64(n))
}

// readAt reads all of b at an offset.
func readAt(r io.ReaderAt, b []byte, at int64) error {
	_, err := io.ReadFull(io.NewSectionReader(r, at, int64(len(b))), b)
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// parse reads the header's JSON. It reads it key by key, because encoding/json accepts keys that occur twice.
func (f *File) parse(header []byte) error {
	d := json.NewDecoder(bytes.NewReader(header))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("it is not a JSON object")
	}
	var errs mistakes
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return syntax(err)
		}
		name := t.(string) // the decoder accepts no other keys
		if name == metadataKey {
			if f.Metadata != nil {
				return fmt.Errorf("%s occurs twice", metadataKey)
			}
			if err := d.Decode(&f.Metadata); err != nil {
				return fmt.Errorf("%s must be an object whose values are strings: %w", metadataKey, syntax(err))
			}
			continue
		}
		var info struct {
			DType   string   `json:"dtype"`
			Shape   []int64  `json:"shape"`
			Offsets *[]int64 `json:"data_offsets"`
		}
		if err := d.Decode(&info); err != nil {
			return fmt.Errorf("tensor %.100q: %w", name, syntax(err))
		}
		if f.byName[name] != nil {
			errs.add(fmt.Errorf("tensor %.100q occurs twice", name))
			continue
		}
		v := &Tensor{Name: name}
		f.byName[name] = v
		f.Tensors = append(f.Tensors, v)
		if err := v.set(info.DType, info.Shape, info.Offsets); err != nil {
			errs.add(fmt.Errorf("tensor %.100q: %w", name, err))
		}
	}
	if _, err := d.Token(); err != nil {
		return syntax(err)
	}
	if rest := bytes.TrimRight(header[d.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return errors.New("there is more after the JSON object")
	}
	return errs.err()
}

// syntax shortens the decoder's errors.
func syntax(err error) error {
	var t *json.UnmarshalTypeError
	switch {
	case errors.As(err, &t):
		return fmt.Errorf("the value of %q has the wrong type", t.Field)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON ends too early")
	}
	return fmt.Errorf("invalid JSON: %w", err)
}

// set checks what the header says about a tensor.
func (v *Tensor) set(dtype string, shape []int64, offsets *[]int64) error {
	var ok bool
	if v.Type, ok = typeOf(dtype); !ok {
		return fmt.Errorf("the format has no dtype %.40q", dtype)
	}
	if shape == nil || offsets == nil || len(*offsets) != 2 {
		return errors.New("want the keys dtype, shape and data_offsets, which is a list of two numbers")
	}
	if len(shape) > maxRank {
		return fmt.Errorf("it has %d dimensions, want at most %d", len(shape), maxRank)
	}
	v.Shape = tensor.Shape{}
	for _, n := range shape {
		if n < 0 || int64(int(n)) != n {
			return fmt.Errorf("it has the dimension %d", n)
		}
		v.Shape = append(v.Shape, int(n))
	}
	v.begin, v.end = (*offsets)[0], (*offsets)[1]
	if v.begin < 0 || v.end < v.begin {
		return fmt.Errorf("its data_offsets are %d and %d", v.begin, v.end)
	}
	elements, err := v.Shape.CheckedElements()
	bits := types[v.Type].bits
	if err != nil || elements > (1<<62)/bits {
		return fmt.Errorf("its shape %v has too many elements", v.Shape)
	}
	if elements*bits%8 != 0 {
		return fmt.Errorf("its shape %v of %s does not fill whole bytes", v.Shape, v.Type)
	}
	if want := int64(elements * bits / 8); want != v.end-v.begin {
		return fmt.Errorf("its shape %v of %s needs %d bytes, its data_offsets have %d", v.Shape, v.Type, want, v.end-v.begin)
	}
	return nil
}

// place checks that the tensors fill the data, which has size bytes at offset at, without a hole or an overlap.
func (f *File) place(r io.ReaderAt, at, size int64) error {
	slices.SortStableFunc(f.Tensors, func(a, b *Tensor) int {
		if a.begin != b.begin {
			return compare(a.begin, b.begin)
		}
		return compare(a.end, b.end) // an empty tensor comes first
	})
	var errs mistakes
	end := int64(0)
	for _, v := range f.Tensors {
		if v.begin != end {
			what := "leaves bytes unused"
			if v.begin < end {
				what = "overlaps another tensor"
			}
			errs.add(fmt.Errorf("tensor %.100q: it begins at byte %d of the data, want %d: it %s", v.Name, v.begin, end, what))
		}
		end = max(end, v.end)
	}
	switch {
	case end > size:
		errs.add(fmt.Errorf("the tensors need %d bytes, the file has %d; it is truncated", end, size))
	case end < size:
		errs.add(fmt.Errorf("the tensors have %d bytes, the file has %d more that belong to no tensor", end, size-end))
	}
	for _, v := range f.Tensors {
		v.r, v.begin, v.end = r, at+v.begin, at+v.end
	}
	return errs.err()
}

func compare(a, b int64) int {
	if a < b {
		return -1
	}
	return 1
}

// Lookup returns the tensor with a name, or nil if there is none.
func (f *File) Lookup(name string) *Tensor { return f.byName[name] }

// Read reads the tensor. An element type that tensors do not have becomes the narrowest type that holds every value: F16
// becomes float32, U16 becomes int32, U32 and U64 become int64. A U64 that does not fit is an error, and so are types
// without such a conversion, such as F8_E4M3; see Type.
func (v *Tensor) Read() (*tensor.Tensor, error) {
	t, err := v.read()
	if err != nil {
		return nil, fmt.Errorf("safetensors: tensor %.100q: %w", v.Name, err)
	}
	return t, nil
}

func (v *Tensor) read() (*tensor.Tensor, error) {
	to := types[v.Type].numbers
	if to == 0 {
		return nil, fmt.Errorf("elements of type %s are not supported", v.Type)
	}
	raw := tensor.Bytes(int(v.end - v.begin))
	if err := readAt(v.r, raw, v.begin); err != nil {
		return nil, err
	}
	return to.Decode(v.Shape.Clone(), raw)
}

// mistakes collects errors, of which it lists the first ones.
type mistakes struct {
	list []error
	more int
}

func (m *mistakes) add(err error) {
	if len(m.list) == maxMistakes {
		m.more++
		return
	}
	m.list = append(m.list, err)
}

func (m *mistakes) err() error {
	if m.more > 0 {
		return errors.Join(append(m.list, fmt.Errorf("and %d more mistakes", m.more))...)
	}
	return errors.Join(m.list...)
}
