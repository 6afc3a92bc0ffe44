package hdf5

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/lince-ml/lince/tensor"
)

// attributes gives access to the attributes of a group or a dataset.
type attributes struct {
	o    *object
	path string
}

// rawAttribute is an attribute with an undecoded value.
type rawAttribute struct {
	name  string
	dtype *datatype
	shape tensor.Shape
	data  []byte
}

// AttrNames returns the names of the attributes, sorted.
func (a attributes) AttrNames() ([]string, error) {
	raws, err := a.raw()
	if err != nil {
		return nil, fmt.Errorf("hdf5: attributes of %s: %w", a.path, err)
	}
	names := make([]string, len(raws))
	for i, r := range raws {
		names[i] = r.name
	}
	return names, nil
}

// Attr reads an attribute. The error wraps fs.ErrNotExist if there is no attribute of that name.
func (a attributes) Attr(name string) (Value, error) {
	v, err := a.attr(name)
	if err != nil {
		return v, fmt.Errorf("hdf5: attribute %q of %s: %w", name, a.path, err)
	}
	return v, nil
}

func (a attributes) attr(name string) (Value, error) {
	raws, err := a.raw()
	if err != nil {
		return Value{}, err
	}
	for _, r := range raws {
		if r.name == name {
			return r.value(a.o.f)
		}
	}
	return Value{}, fs.ErrNotExist
}

// Attrs reads the attributes whose names want accepts, in one pass.
func (a attributes) Attrs(want func(name string) bool) (map[string]Value, error) {
	raws, err := a.raw()
	if err != nil {
		return nil, fmt.Errorf("hdf5: attributes of %s: %w", a.path, err)
	}
	values := map[string]Value{}
	for _, r := range raws {
		if !want(r.name) {
			continue
		}
		if values[r.name], err = r.value(a.o.f); err != nil {
			return nil, fmt.Errorf("hdf5: attribute %q of %s: %w", r.name, a.path, err)
		}
	}
	return values, nil
}

// raw parses all attributes, those in the object header and those in a heap, sorted by name.
func (a attributes) raw() ([]rawAttribute, error) {
	var raws []rawAttribute
	add := func(c *cursor) error {
		r, err := c.attribute()
		if err != nil {
			return fmt.Errorf("attribute message: %w", err)
		}
		raws = append(raws, r)
		return nil
	}
	for i := range a.o.messages {
		m := &a.o.messages[i]
		switch m.kind {
		case msgAttribute:
			c, err := a.o.cursor(m)
			if err != nil {
				return nil, err
			}
			if err := add(c); err != nil {
				return nil, err
			}
		case msgAttributeInfo:
			if err := a.o.denseAttributes(m, add); err != nil {
				return nil, fmt.Errorf("dense attributes: %w", err)
			}
		}
	}
	slices.SortFunc(raws, func(x, y rawAttribute) int { return strings.Compare(x.name, y.name) })
	return raws, nil
}

func (o *object) denseAttributes(m *message, add func(c *cursor) error) error {
	c, err := o.cursor(m)
	if err != nil {
		return err
	}
	c.skip(1) // version
	if flags := c.u8(); flags&1 != 0 {
		c.skip(2) // largest creation order
	}
	heapAddr, tree := c.addr(), c.addr()
	if c.err != nil {
		return c.err
	}
	if heapAddr == undefined || tree == undefined {
		return nil
	}
	heap, err := o.f.fractalHeap(heapAddr)
	if err != nil {
		return err
	}
	return o.f.btree2(tree, btreeAttributeNames, func(rec *cursor) error {
		id := rec.bytes(heap.idLen)
		if flags := rec.u8(); rec.err != nil || flags&flagShared != 0 {
			return errors.New("shared attributes are not supported")
		}
		b, err := heap.object(id)
		if err != nil {
			return err
		}
		return add(&cursor{b: b, f: o.f})
	})
}

// attribute parses an attribute message.
func (c *cursor) attribute() (rawAttribute, error) {
	var r rawAttribute
	version := c.u8()
	flags := c.u8()
	nameLen, typeLen, spaceLen := c.u16(), c.u16(), c.u16()
	if version == 3 {
		c.skip(1) // character set of the name
	}
	if c.err == nil && (version < 1 || version > 3) {
		return r, fmt.Errorf("version %d is not supported", version)
	}
	field := func(n int) *cursor {
		b := c.bytes(n)
		if version == 1 { // padded to 8 bytes
			c.skip(min(-n&7, len(c.b)))
		}
		return &cursor{b: b, f: c.f}
	}
	r.name = fixedText(field(nameLen).b)
	t, s := field(typeLen), field(spaceLen)
	r.data = c.b
	if c.err != nil {
		return r, c.err
	}
	if version == 1 {
		flags = 0
	}
	if flags&2 != 0 {
		return r, errors.New("shared dataspaces are not supported")
	}
	var err error
	if flags&1 != 0 {
		if t, err = t.shared(); err != nil {
			return r, err
		}
	}
	if r.dtype, err = t.datatype(maxTypeDepth); err != nil {
		return r, fmt.Errorf("%q: %w", r.name, err)
	}
	space, err := s.dataspace()
	if err != nil {
		return r, fmt.Errorf("%q: %w", r.name, err)
	}
	r.shape = space.shape
	return r, nil
}

// value decodes the attribute.
func (r *rawAttribute) value(f *File) (Value, error) {
	n, err := elements(r.shape, r.dtype.size)
	if err != nil {
		return Value{}, err
	}
	if n*r.dtype.size > len(r.data) {
		return Value{}, fmt.Errorf("%d elements of %d bytes in %d bytes", n, r.dtype.size, len(r.data))
	}
	data := r.data[:n*r.dtype.size]
	if r.dtype.isText() {
		text, err := f.texts(r.dtype, n, data)
		return Value{Shape: r.shape, Text: text}, err
	}
	nums, err := r.dtype.numbers(false)
	if err != nil {
		return Value{}, err
	}
	aligned := tensor.Bytes(len(data))
	copy(aligned, data)
	t, err := nums.convert(r.shape, r.dtype.size, aligned)
	return Value{Shape: r.shape, Numbers: t}, err
}

// ID identifies an object within its file. Two paths with the same ID are hard links to one object.
func (a attributes) ID() uint64 { return a.o.addr }
