package hdf5

import (
	"encoding/binary"
	"errors"
	"math"
)

// undefined is HDF5's "no address": all bits set.
const undefined = math.MaxUint64

var errShort = errors.New("structure is truncated")

func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }

// cursor reads the fields of one structure in order. Reading past the end returns zeros and sets err, so that a parser
// can read many fields and check once, before it uses the values.
type cursor struct {
	b   []byte
	f   *File // for the sizes of addresses and lengths
	err error
}

// bytes returns the next n bytes, without a copy.
func (c *cursor) bytes(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.err = errShort
		c.b = nil
		return nil
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) skip(n int) { c.bytes(n) }

// uint reads a little-endian number of n bytes, n at most 8.
func (c *cursor) uint(n int) uint64 {
	var v uint64
	for i, b := range c.bytes(n) {
		v |= uint64(b) << (8 * i)
	}
	return v
}

func (c *cursor) u8() int     { return int(c.uint(1)) }
func (c *cursor) u16() int    { return int(c.uint(2)) }
func (c *cursor) u32() uint32 { return uint32(c.uint(4)) }

// length reads a number as wide as the file's lengths.
func (c *cursor) length() uint64 { return c.uint(c.f.lengthSize) }

// addr reads an address. An address with all bits set is undefined, for any width.
func (c *cursor) addr() uint64 {
	v := c.uint(c.f.offsetSize)
	if n := 8 * c.f.offsetSize; n < 64 && v == 1<<n-1 {
		return undefined
	}
	return v
}

// magic reads a signature and a version. It sets err if they differ from the given ones.
func (c *cursor) magic(sig string, version int) {
	if got := c.bytes(4); c.err == nil && string(got) != sig {
		c.err = errors.New("want a " + sig + " structure, got something else")
	}
	if v := c.u8(); c.err == nil && v != version {
		c.err = errors.New("unknown version of the " + sig + " structure")
	}
}
