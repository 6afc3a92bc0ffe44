package hdf5

import (
	"bytes"
	"errors"
	"fmt"
)

// class is the class of a datatype.
type class uint8

const (
	classFixed class = iota
	classFloat
	classTime
	classString
	classBitField
	classOpaque
	classCompound
	classReference
	classEnum
	classVlen
	classArray
)

var classNames = [...]string{
	"integer", "float", "time", "string", "bit field", "opaque", "compound", "reference",
	"enumeration", "variable-length", "array",
}

func (c class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return fmt.Sprintf("datatype class %d", uint8(c))
}

// datatype describes one element.
type datatype struct {
	class     class
	size      int // bytes of an element in the file
	bigEndian bool
	signed    bool
	float     floatBits
	vlenText  bool      // classVlen: text, not a sequence
	base      *datatype // for classEnum and classVlen
	names     []string  // for classEnum
	values    []byte    // for classEnum: the values of names, base.size bytes each
}

// floatBits describes where the parts of a floating-point number are.
type floatBits struct {
	precision                            int
	exponent, exponentSize, mantissaSize int
	bias                                 uint32
	sign                                 int
	impliedOne                           bool
}

// The supported floating-point formats. In all of them, the mantissa starts at bit 0.
var (
	float16Bits  = floatBits{16, 10, 5, 10, 15, 15, true}
	bfloat16Bits = floatBits{16, 7, 8, 7, 127, 15, true}
	float32Bits  = floatBits{32, 23, 8, 23, 127, 31, true}
	float64Bits  = floatBits{64, 52, 11, 52, 1023, 63, true}
)

const maxTypeDepth = 8 // of types inside types

// datatype parses a datatype message. depth is the number of nested types that are still allowed.
func (c *cursor) datatype(depth int) (*datatype, error) {
	if depth == 0 {
		return nil, errors.New("datatype is nested too deeply")
	}
	head := c.u8()
	bits := uint32(c.uint(3))
	t := &datatype{class: class(head & 15)}
	version := head >> 4
	size := c.u32()
	if c.err != nil {
		return nil, c.err
	}
	if version < 1 || version > 5 {
		return nil, fmt.Errorf("unknown version %d of a datatype", version)
	}
	if size == 0 || size > 1<<30 {
		return nil, fmt.Errorf("datatype with elements of %d bytes", size)
	}
	t.size = int(size)
	t.bigEndian = bits&1 != 0
	if err := t.properties(c, bits, version, depth); err != nil {
		return nil, err
	}
	return t, c.err
}

// properties parses the part of a datatype message that depends on the class.
func (t *datatype) properties(c *cursor, bits uint32, version, depth int) (err error) {
	switch t.class {
	case classFixed:
		t.signed = bits&8 != 0
		offset, precision := c.u16(), c.u16()
		if c.err == nil && (offset != 0 || precision != 8*t.size || !isWidth(t.size, 1, 2, 4, 8)) {
			return fmt.Errorf("integers of %d bits in %d bytes are not supported", precision, t.size)
		}
	case classFloat:
		return t.floatProperties(c, bits)
	case classString, classReference, classTime, classBitField, classCompound, classArray:
		// A string has no more fields. The others are rejected when they are read, and their fields are not needed.
	case classOpaque:
		c.skip(int(bits & 0xff)) // a tag
	case classVlen:
		t.vlenText = bits&15 == 1
		if t.size != 4+c.f.offsetSize+4 {
			return fmt.Errorf("variable-length elements of %d bytes", t.size)
		}
		t.base, err = c.datatype(depth - 1)
	case classEnum:
		return t.enumProperties(c, bits, version, depth)
	default:
		return fmt.Errorf("unknown %v", t.class)
	}
	return err
}

func (t *datatype) floatProperties(c *cursor, bits uint32) error {
	if bits&0x40 != 0 {
		return errors.New("floating-point numbers in VAX byte order are not supported")
	}
	offset := c.u16()
	t.float.precision = c.u16()
	t.float.exponent = c.u8()
	t.float.exponentSize = c.u8()
	mantissa := c.u8()
	t.float.mantissaSize = c.u8()
	t.float.bias = c.u32()
	t.float.sign = int(bits >> 8 & 0xff)
	t.float.impliedOne = bits>>4&3 == 2
	if c.err == nil && (offset != 0 || mantissa != 0 || t.float.precision != 8*t.size) {
		return fmt.Errorf("floating-point numbers of %d bits in %d bytes are not supported", t.float.precision, t.size)
	}
	return nil
}

func (t *datatype) enumProperties(c *cursor, bits uint32, version, depth int) (err error) {
	if t.base, err = c.datatype(depth - 1); err != nil {
		return err
	}
	if t.base.class != classFixed || t.base.size != t.size {
		return errors.New("enumerations of anything but integers are not supported")
	}
	for range bits & 0xffff {
		i := bytes.IndexByte(c.b, 0)
		if i < 0 {
			return errShort
		}
		t.names = append(t.names, string(c.bytes(i)))
		if c.skip(1); version < 3 { // padded to 8 bytes, including the NUL
			c.skip(-(i + 1) & 7)
		}
	}
	t.values = c.bytes(len(t.names) * t.size)
	return nil
}

func isWidth(n int, widths ...int) bool {
	for _, w := range widths {
		if n == w {
			return true
		}
	}
	return false
}

// isBool reports whether t is the enumeration that h5py uses for NumPy's bool.
func (t *datatype) isBool() bool {
	return t.class == classEnum && t.size == 1 && len(t.names) == 2 &&
		t.names[0] == "FALSE" && t.names[1] == "TRUE" && t.values[0] == 0 && t.values[1] == 1
}

// isText reports whether elements of t are strings.
func (t *datatype) isText() bool { return t.class == classString || t.vlenText }
