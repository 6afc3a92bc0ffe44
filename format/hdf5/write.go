package hdf5

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/lince-ml/lince/tensor"
)

// WriteTo writes the tree as an HDF5 file. It writes the tensors directly from their memory. Equal trees give equal bytes,
// independent of the order in which they were built. The error lists all mistakes in the tree.
func (t *Tree) WriteTo(w io.Writer) (int64, error) {
	p, err := t.plan()
	if err != nil {
		return 0, fmt.Errorf("hdf5: %w", err)
	}
	n, err := w.Write(p.meta)
	total := int64(n)
	for _, d := range p.data {
		if err != nil {
			break
		}
		if pad := int64(d.addr) - total; pad > 0 {
			n, err = w.Write(make([]byte, pad))
			total += int64(n)
		}
		if err == nil {
			n, err = w.Write(d.tensor.Raw())
			total += int64(n)
		}
	}
	return total, err
}

// Size returns the number of bytes that WriteTo writes.
func (t *Tree) Size() (int64, error) {
	p, err := t.plan()
	if err != nil {
		return 0, fmt.Errorf("hdf5: %w", err)
	}
	return int64(p.end), nil
}

// plan is the layout of a file: everything but the data, encoded, and then the datasets in order.
type plan struct {
	meta []byte
	data []*plannedObject
	end  uint64
}

// plannedObject is a group or a dataset with its addresses.
type plannedObject struct {
	tensor *tensor.Tensor // nil for a group
	addr   uint64         // of the tensor's data
	header uint64         // of the object header
	// names and children are a group's links, sorted by name.
	names    []string
	children []*plannedObject
	attrs    []plannedAttr
}

type plannedAttr struct {
	name string
	body []byte // the message; its references into the heap are final
}

const (
	superblockSize = 48
	alignment      = 8
)

// plan lays out the file: the superblock, the global heap, the object headers from the root down, and the data in the
// same order.
func (t *Tree) plan() (*plan, error) {
	if err := t.problems("/"); err != nil {
		return nil, err
	}
	l := planner{heap: heapWriter{start: superblockSize}}
	root, err := l.group(t, "/")
	if err != nil {
		return nil, err
	}
	l.heap.close()
	p := &plan{}
	metaEnd := l.place(p)
	p.meta = l.encode(root, metaEnd, p.end)
	return p, nil
}

// planner collects the objects of a file.
type planner struct {
	heap  heapWriter
	order []*plannedObject
}

// group adds a group and everything below it, and stores their strings in the heap.
func (l *planner) group(t *Tree, path string) (*plannedObject, error) {
	o := &plannedObject{}
	var err error
	if o.attrs, err = l.heap.attrs(t.attrs, path); err != nil {
		return nil, err
	}
	l.order = append(l.order, o)
	all := map[string]bool{}
	for name := range t.groups {
		all[name] = true
	}
	for name := range t.data {
		all[name] = true
	}
	o.names = slices.Sorted(maps.Keys(all))
	for _, name := range o.names {
		var child *plannedObject
		if d := t.data[name]; d != nil {
			child = &plannedObject{tensor: d.tensor}
			if child.attrs, err = l.heap.attrs(d.attrs, join(path, name)); err != nil {
				return nil, err
			}
			l.order = append(l.order, child)
		} else if child, err = l.group(t.groups[name], join(path, name)); err != nil {
			return nil, err
		}
		o.children = append(o.children, child)
	}
	return o, nil
}

// place gives all headers and data their addresses. It returns where the headers end.
func (l *planner) place(p *plan) (metaEnd uint64) {
	// Addresses have a fixed width, so the sizes of headers do not depend on them.
	end := uint64(superblockSize + len(l.heap.b))
	for _, o := range l.order {
		o.header = end
		end = align(end + uint64(len(o.encode())))
	}
	metaEnd = end
	for _, o := range l.order {
		if o.tensor != nil && len(o.tensor.Raw()) > 0 {
			o.addr = align(end)
			end = o.addr + uint64(len(o.tensor.Raw()))
			p.data = append(p.data, o)
		} else {
			o.addr = undefined
		}
	}
	p.end = end
	return metaEnd
}

// encode returns the superblock, the heap and the headers. end is the size of the file.
func (l *planner) encode(root *plannedObject, metaEnd, end uint64) []byte {
	b := make([]byte, 0, metaEnd)
	b = append(b, signature...)
	b = append(b, 2, 8, 8, 0) // version, sizes of addresses and lengths, flags
	b = binary.LittleEndian.AppendUint64(b, 0)
	b = binary.LittleEndian.AppendUint64(b, undefined) // no extension
	b = binary.LittleEndian.AppendUint64(b, end)
	b = binary.LittleEndian.AppendUint64(b, root.header)
	b = binary.LittleEndian.AppendUint32(b, lookup3(b))
	b = append(b, l.heap.b...)
	for _, o := range l.order {
		b = append(b, make([]byte, o.header-uint64(len(b)))...)
		b = append(b, o.encode()...)
	}
	return append(b, make([]byte, metaEnd-uint64(len(b)))...)
}

func align(n uint64) uint64 { return (n + alignment - 1) &^ (alignment - 1) }

// encode returns the object header, version 2, in one block.
func (o *plannedObject) encode() []byte {
	var m []byte
	add := func(kind, flags byte, body ...byte) {
		m = append(m, kind)
		m = binary.LittleEndian.AppendUint16(m, uint16(len(body)))
		m = append(m, flags)
		m = append(m, body...)
	}
	if t := o.tensor; t != nil {
		add(msgDataspace, 0, encodeShape(t.Shape())...)
		add(msgDatatype, 1, encodeDType(t.DType())...)
		// Space is allocated late, and filled only if a fill value is set, which is not the case.
		add(msgFill, 1, 3, 0x0a)
		layout := binary.LittleEndian.AppendUint64([]byte{3, byte(layoutContiguous)}, o.addr)
		add(msgLayout, 0, binary.LittleEndian.AppendUint64(layout, uint64(len(t.Raw())))...)
	} else {
		info := binary.LittleEndian.AppendUint64([]byte{0, 0}, undefined)
		add(msgLinkInfo, 0, binary.LittleEndian.AppendUint64(info, undefined)...)
		add(msgGroupInfo, 0, 0, 0)
		for i, name := range o.names {
			l := []byte{1, 0x10, 1, byte(len(name))} // names in UTF-8
			if len(name) > 255 {
				l = binary.LittleEndian.AppendUint16([]byte{1, 0x11, 1}, uint16(len(name)))
			}
			l = append(l, name...)
			add(msgLink, 0, binary.LittleEndian.AppendUint64(l, o.children[i].header)...)
		}
	}
	if len(o.attrs) > 0 {
		// Without this message, HDF5 finds attributes by name but counts none.
		info := binary.LittleEndian.AppendUint64([]byte{0, 0}, undefined)
		add(msgAttributeInfo, 0, binary.LittleEndian.AppendUint64(info, undefined)...)
	}
	for _, a := range o.attrs {
		add(msgAttribute, 0, a.body...)
	}

	b := append(make([]byte, 0, len(m)+14), "OHDR"...)
	b = append(b, 2, 2) // version; four bytes of size follow
	b = binary.LittleEndian.AppendUint32(b, uint32(len(m)))
	b = append(b, m...)
	return binary.LittleEndian.AppendUint32(b, lookup3(b))
}

// encodeShape returns a dataspace message.
func encodeShape(s tensor.Shape) []byte {
	b := []byte{2, byte(len(s)), 0, 1}
	if len(s) == 0 {
		b[3] = 0 // scalar
	}
	for _, d := range s {
		b = binary.LittleEndian.AppendUint64(b, uint64(d))
	}
	return b
}

// encodedTypes holds the datatype messages, as h5py writes them, little-endian.
var encodedTypes = map[tensor.DType][]byte{
	tensor.Float32:  {0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0},
	tensor.Float64:  {0x11, 0x20, 63, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 0xff, 3, 0, 0},
	tensor.BFloat16: {0x15, 0, 0, 0, 2, 0, 0, 0},
	tensor.Int8:     {0x10, 8, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0},
	tensor.Int16:    {0x10, 8, 0, 0, 2, 0, 0, 0, 0, 0, 16, 0},
	tensor.Int32:    {0x10, 8, 0, 0, 4, 0, 0, 0, 0, 0, 32, 0},
	tensor.Int64:    {0x10, 8, 0, 0, 8, 0, 0, 0, 0, 0, 64, 0},
	tensor.Uint8:    {0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0},
	// Bool is an enumeration of int8.
	tensor.Bool: []byte("\x18\x02\x00\x00\x01\x00\x00\x00" + "\x10\x08\x00\x00\x01\x00\x00\x00\x00\x00\x08\x00" +
		"FALSE\x00\x00\x00" + "TRUE\x00\x00\x00\x00" + "\x00\x01"),
}

// encodeDType returns a datatype message for this machine's byte order.
func encodeDType(d tensor.DType) []byte {
	b := append([]byte(nil), encodedTypes[d]...)
	if nativeBig && d != tensor.Bool && d != tensor.BFloat16 {
		b[1] |= 1
	}
	return b
}

// vlenText is the datatype of a str: variable-length UTF-8.
var vlenText = []byte{0x19, 1, 1, 0, 16, 0, 0, 0, 0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0}
