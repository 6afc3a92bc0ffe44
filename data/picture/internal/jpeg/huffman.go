package jpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// natural maps a position in zigzag order to the position in the block. The 16 extra entries catch runs that go beyond the end of a
// block.
var natural = [128]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
	63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
}

// lutBits is the number of bits that are decoded with one lookup.
const lutBits = 10

// huffman is a decoding table. An entry of lut holds
//
//	bits 0-7   the length of the code, plus that of the value if both fit in lutBits; 0 if the code is longer than lutBits
//	bits 8-11  the size of the value that follows, or 0 if the entry holds the value
//	bits 12-15 the run of zeros
//	bits 16-31 the signed value, if the entry holds it
//
// The bit entryValue is set if the entry holds the value.
type huffman struct {
	ok      bool
	lut     [1 << lutBits]uint32
	maxcode [18]int32 // largest code of each length, left-aligned to 16 bits, plus one; -1 if there is none
	delta   [17]int32 // symbol index minus code
	symbols [256]byte

	// What the table was built from: most files have the same tables, and building them takes a tenth of the time of a small file.
	from  [16 + 256]byte
	built int  // the number of bytes in from; 0 if the table is not complete
	dc    bool // as in build
}

const entryValue = 1 << 7

// build reads 16 counts and the symbols. It returns the number of bytes that it read.
func (h *huffman) build(seg []byte, dc bool) (int, error) {
	h.ok = false
	total := 0
	for _, n := range seg[:16] {
		total += int(n)
	}
	if total > 256 || len(seg) < 16+total {
		return 0, errors.New("corrupt JPEG: bad Huffman table")
	}
	from := seg[:16+total]
	if h.same(from, dc) {
		h.ok = true
		return len(from), nil
	}
	h.built = 0
	copy(h.symbols[:], from[16:])
	clear(h.lut[:])
	code, i := int32(0), 0
	for length := 1; length <= 16; length++ {
		n := int(seg[length-1])
		h.delta[length] = int32(i) - code
		if code+int32(n) > 1<<length {
			return 0, errors.New("corrupt JPEG: bad Huffman table")
		}
		for range n {
			sym := h.symbols[i]
			if dc && sym > 15 {
				return 0, errors.New("corrupt JPEG: bad Huffman table")
			}
			if length <= lutBits {
				h.fill(uint32(code), length, sym)
			}
			code++
			i++
		}
		h.maxcode[length] = -1
		if n > 0 {
			h.maxcode[length] = code << (16 - length)
		}
		code <<= 1
	}
	h.ok, h.dc, h.built = true, dc, copy(h.from[:], from)
	return len(from), nil
}

// same reports whether the table was built from these bytes.
func (h *huffman) same(from []byte, dc bool) bool {
	return h.dc == dc && bytes.Equal(h.from[:h.built], from)
}

// fill sets the entries of lut for one code.
func (h *huffman) fill(code uint32, length int, sym byte) {
	run, size := uint32(sym>>4), int(sym&15)
	free := lutBits - length
	base := code << free
	for rest := range uint32(1) << free {
		e := run<<12 | uint32(size)<<8 | uint32(length)
		if size <= free {
			v := int32(0)
			if size > 0 {
				v = extend(int32(rest>>(free-size)), size)
			}
			e = uint32(uint16(int16(v)))<<16 | run<<12 | uint32(size)<<8 | entryValue | uint32(length+size)
		}
		h.lut[base|rest] = e
	}
}

// long finds a code longer than lutBits in the next 16 bits. It returns the symbol and the code's length, or length 0 if there is no
// such code.
func (h *huffman) long(bits16 int32) (sym byte, length uint) {
	for l := lutBits + 1; l <= 16; l++ {
		if h.maxcode[l] > bits16 {
			return h.symbols[uint8(bits16>>(16-l)+h.delta[l])], uint(l)
		}
	}
	return 0, 0
}

// extend converts the size bits v to the signed value that they encode.
func extend(v int32, size int) int32 {
	below := (v - 1<<(size-1)) >> 31 // all ones if v is in the lower half; a branch would be mispredicted often
	return v + below&(1-1<<size)
}

// bitReader reads the bits of entropy-coded data. After the end (a marker or the end of the file) it returns zeros and counts them. spent
// reports whether some of them were used.
type bitReader struct {
	data []byte
	pos  int
	acc  uint64 // the next bits, starting with the highest
	n    uint   // number of valid bits in acc
	fake uint   // number of valid bits that are zeros after the end
}

// clean returns the next 8 bytes if none of them is 0xFF, so that they contain no stuffing and no marker.
func (b *bitReader) clean() (w uint64, ok bool) {
	if b.pos+8 > len(b.data) {
		return 0, false
	}
	w = binary.BigEndian.Uint64(b.data[b.pos:])
	return w, (^w-0x0101010101010101)&w&0x8080808080808080 == 0
}

// refill reads until at least 56 bits are valid.
func (b *bitReader) refill() {
	if w, ok := b.clean(); ok {
		b.acc |= w >> b.n
		b.pos += int(63-b.n) >> 3
		b.n |= 56
		return
	}
	b.refillSlow()
}

func (b *bitReader) refillSlow() {
	// The fast path may have left bits of a byte that it did not count.
	if b.n < 64 {
		b.acc &^= ^uint64(0) >> b.n
	}
	for b.n <= 56 {
		var v byte
		if b.pos < len(b.data) {
			v = b.data[b.pos]
			switch {
			case v != 0xFF:
				b.pos++
			case b.pos+1 < len(b.data) && b.data[b.pos+1] == 0:
				b.pos += 2
			default:
				v = 0
				b.fake += 8
			}
		} else {
			b.fake += 8
		}
		b.acc |= uint64(v) << (56 - b.n)
		b.n += 8
	}
}

// spent reports whether bits after the end were used.
func (b *bitReader) spent() bool { return b.fake > b.n }

// align drops the rest of the entropy-coded data that was read. Afterwards, pos is at or before the next marker.
func (b *bitReader) align() { b.acc, b.n, b.fake = 0, 0, 0 }

// take returns the next n bits, 1 to 16.
func (b *bitReader) take(n uint) int32 {
	if b.n < n {
		b.refill()
	}
	v := int32(b.acc >> (64 - n))
	b.acc <<= n
	b.n -= n
	return v
}

// symbol returns the next symbol of h. ok is false if the bits are not a code.
func (b *bitReader) symbol(h *huffman) (byte, bool) {
	if b.n < 16 {
		b.refill()
	}
	e := h.lut[b.acc>>(64-lutBits)]
	if e == 0 {
		sym, l := h.long(int32(b.acc >> 48))
		if l == 0 {
			return 0, false
		}
		b.acc <<= l
		b.n -= l
		return sym, true
	}
	size := uint(e>>8) & 15
	l := uint(e & 127)
	if e&entryValue != 0 {
		l -= size
	}
	b.acc <<= l
	b.n -= l
	return byte(e>>12&15)<<4 | byte(size), true
}
