package hdf5

import (
	"bytes"
	"errors"
	"fmt"
)

// localHeap reads the heap with the names of an old group: NUL-terminated strings.
func (f *File) localHeap(addr uint64) ([]byte, error) {
	b, err := f.read(addr, uint64(8+2*f.lengthSize+f.offsetSize))
	if err != nil {
		return nil, fmt.Errorf("local heap: %w", err)
	}
	c := &cursor{b: b, f: f}
	c.magic("HEAP", 0)
	c.skip(3)
	size := c.length()
	c.length() // head of the free list
	data := c.addr()
	if c.err != nil {
		return nil, fmt.Errorf("local heap: %w", c.err)
	}
	if b, err = f.read(data, size); err != nil {
		return nil, fmt.Errorf("local heap: %w", err)
	}
	return b, nil
}

// heapName returns the string at an offset of a local heap.
func heapName(heap []byte, offset uint64) (string, error) {
	if offset < uint64(len(heap)) {
		if n := bytes.IndexByte(heap[offset:], 0); n >= 0 {
			return string(heap[offset:][:n]), nil
		}
	}
	return "", errors.New("name lies outside its heap")
}

// vlen returns the content of a variable-length element. elem holds its length, collection and index.
func (f *File) vlen(elem []byte) ([]byte, error) {
	c := &cursor{b: elem, f: f}
	n := uint64(c.u32())
	addr := c.addr()
	index := c.u32()
	if c.err != nil {
		return nil, c.err
	}
	if n == 0 || addr == 0 || addr == undefined {
		return nil, nil
	}
	objects, err := f.collection(addr)
	if err != nil {
		return nil, fmt.Errorf("global heap: %w", err)
	}
	b, ok := objects[index]
	if !ok || n > uint64(len(b)) {
		return nil, fmt.Errorf("global heap: no element %d of %d bytes", index, n)
	}
	return b[:n], nil
}

// collection reads a collection of the global heap, or returns it if it was read before. Many strings share a collection.
func (f *File) collection(addr uint64) (map[uint32][]byte, error) {
	f.mu.Lock()
	objects, ok := f.collections[addr]
	f.mu.Unlock()
	if ok {
		return objects, nil
	}
	head := uint64(8 + f.lengthSize)
	b, err := f.read(addr, head)
	if err != nil {
		return nil, err
	}
	c := &cursor{b: b, f: f}
	c.magic("GCOL", 1)
	c.skip(3)
	size := c.length()
	if c.err != nil {
		return nil, c.err
	}
	if size < head || !f.inside(addr, size) {
		return nil, errShort
	}
	if err := f.charge(chargeHeap, addr, addr, size); err != nil {
		return nil, err
	}
	if b, err = f.read(addr, size); err != nil {
		return nil, err
	}
	objects = map[uint32][]byte{}
	c = &cursor{b: b[head:], f: f}
	for len(c.b) >= 8+f.lengthSize {
		index := uint32(c.u16())
		c.skip(6) // reference count, reserved
		n := c.length()
		if index == 0 { // the free space at the end
			break
		}
		if n > uint64(len(c.b)) {
			return nil, errShort
		}
		objects[index] = c.bytes(int(n))
		c.skip(min(int(-n&7), len(c.b)))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.collections[addr] = objects
	return objects, nil
}
