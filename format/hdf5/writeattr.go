package hdf5

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
)

// heapWriter builds the global heap, a sequence of collections of variable-length strings.
type heapWriter struct {
	start uint64 // address of b in the file
	b     []byte // finished collections and the open one
	open  int    // where the open collection begins
	count int    // objects in it
}

const (
	heapMin    = 4096    // HDF5's smallest size of a collection
	heapTarget = 1 << 16 // a collection of this size gets no more objects
	heapHead   = 16      // of a collection, and of an object
)

// add stores a string and returns a reference to it.
func (h *heapWriter) add(s string) []byte {
	ref := binary.LittleEndian.AppendUint32(nil, uint32(len(s)))
	if s == "" {
		return append(ref, make([]byte, 12)...)
	}
	if h.count > 0 && len(h.b)-h.open >= heapTarget {
		h.close()
	}
	if h.count == 0 {
		h.open = len(h.b)
		h.b = append(h.b, "GCOL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	}
	h.count++
	h.b = binary.LittleEndian.AppendUint16(h.b, uint16(h.count))
	h.b = append(h.b, 1, 0, 0, 0, 0, 0) // reference count
	h.b = binary.LittleEndian.AppendUint64(h.b, uint64(len(s)))
	h.b = append(h.b, s...)
	h.b = append(h.b, make([]byte, -len(s)&7)...)
	ref = binary.LittleEndian.AppendUint64(ref, h.start+uint64(h.open))
	return binary.LittleEndian.AppendUint32(ref, uint32(h.count))
}

// close ends the open collection. Its free space becomes object 0.
func (h *heapWriter) close() {
	if h.count == 0 {
		return
	}
	size := len(h.b) - h.open
	if free := heapMin - size; free > 0 {
		if free < heapHead {
			free += heapMin
		}
		at := len(h.b)
		h.b = append(h.b, make([]byte, free)...)
		binary.LittleEndian.PutUint64(h.b[at+8:], uint64(free))
		size += free
	}
	binary.LittleEndian.PutUint64(h.b[h.open+8:], uint64(size))
	h.count = 0
}

// attrs encodes the attribute messages of an object, sorted by name.
func (h *heapWriter) attrs(attrs map[string]Value, path string) ([]plannedAttr, error) {
	var out []plannedAttr
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		dtype, data, err := h.value(attrs[name])
		if err != nil {
			return nil, fmt.Errorf("attribute %q of %s: %w", name, path, err)
		}
		space := encodeShape(attrs[name].Shape)
		b := []byte{3, 0}
		b = binary.LittleEndian.AppendUint16(b, uint16(len(name)+1))
		b = binary.LittleEndian.AppendUint16(b, uint16(len(dtype)))
		b = binary.LittleEndian.AppendUint16(b, uint16(len(space)))
		b = append(b, 1) // the name is UTF-8
		b = append(b, name...)
		b = append(b, 0)
		b = append(b, dtype...)
		b = append(b, space...)
		b = append(b, data...)
		if len(b) > math.MaxUint16 || len(name) > math.MaxInt16 {
			return nil, fmt.Errorf("attribute %.40q of %s: want at most %d bytes, got %d", name, path, math.MaxUint16, len(b))
		}
		out = append(out, plannedAttr{name, b})
	}
	return out, nil
}

// value encodes the datatype and the data of an attribute.
func (h *heapWriter) value(v Value) (dtype, data []byte, err error) {
	if !v.IsText() {
		if !v.Shape.Equal(v.Numbers.Shape()) {
			return nil, nil, fmt.Errorf("the value has shape %v, but its numbers have shape %v", v.Shape, v.Numbers.Shape())
		}
		return encodeDType(v.Numbers.DType()), v.Numbers.Raw(), nil
	}
	if n, err := v.Shape.CheckedElements(); err != nil || n != len(v.Text) {
		return nil, nil, fmt.Errorf("a value of shape %v has %d strings", v.Shape, len(v.Text))
	}
	if !v.fixed {
		for _, s := range v.Text {
			if uint64(len(s)) > math.MaxUint32 {
				return nil, nil, fmt.Errorf("a string of %d bytes is too long", len(s))
			}
			data = append(data, h.add(s)...)
		}
		return vlenText, data, nil
	}
	width := 1
	for _, s := range v.Text {
		width = max(width, len(s))
	}
	for _, s := range v.Text {
		data = append(data, s...)
		data = append(data, make([]byte, width-len(s))...)
	}
	dtype = []byte{0x13, 1, 0, 0} // padded with NULs
	return binary.LittleEndian.AppendUint32(dtype, uint32(width)), data, nil
}
