package jpeg

import (
	"encoding/binary"
	"errors"
)

// natural maps the position in the zigzag to the position in the block.
// The 16 positions more catch runs that lead past the end of a block.
var natural = [128]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
	63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
}

// lutBits is the number of bits that a Huffman table looks at in one step.
const lutBits = 10

// huffman is a decoding table. An entry of lut is
//
//	bits 0-7   length of the code, and of the value too where both fit in lutBits; 0: the code is longer
//	bits 8-11  size of the value that follows (its high bit pattern), or 0 where it is in the entry
//	bits 12-15 run of zeros
//	bits 16-31 the value, signed, where it is in the entry
//
// with the bit entryValue set where the value is in the entry.
type huffman struct {
	ok      bool
	lut     [1 << lutBits]uint32
	maxcode [18]int32 // largest code of each length, left-aligned to 16 bits, plus one; -1 none
	delta   [17]int32 // symbol index minus code
	symbols [256]byte
}

const entryValue = 1 << 7

// build reads 16 counts and the symbols; it returns the number of bytes read.
func (h *huffman) build(seg []byte, dc bool) (int, error) {
	h.ok = false
	total := 0
	for _, n := range seg[:16] {
		total += int(n)
	}
	if total > 256 || len(seg) < 16+total {
		return 0, errors.New("corrupt JPEG: bad Huffman table")
	}
	copy(h.symbols[:], seg[16:16+total])
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
	h.ok = true
	return 16 + total, nil
}

// fill enters one code in lut.
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

// long is the symbol of a code longer than lutBits, found in the next 16 bits, and the code's length; 0 for no
// such code.
func (h *huffman) long(bits16 int32) (sym byte, length uint) {
	for l := lutBits + 1; l <= 16; l++ {
		if h.maxcode[l] > bits16 {
			return h.symbols[uint8(bits16>>(16-l)+h.delta[l])], uint(l)
		}
	}
	return 0, 0
}

// extend turns the size bits v to the signed value they stand for.
func extend(v int32, size int) int32 {
	below := (v - 1<<(size-1)) >> 31 // all ones where v is in the lower half: no branch, the sign is random
	return v + below&(1-1<<size)
}

// bitReader gives the bits of entropy-coded data. Past its end (a marker, or the file's
// end) it gives zeros and counts them: spent tells whether any were used.
type bitReader struct {
	data []byte
	pos  int
	acc  uint64 // the next bits, from the top
	n    uint   // how many of acc are valid
	fake uint   // how many of the valid ones are past the end
}

// clean gives the next 8 bytes if none of them is 0xFF: no stuffing, no marker.
func (b *bitReader) clean() (w uint64, ok bool) {
	if b.pos+8 > len(b.data) {
		return 0, false
	}
	w = binary.BigEndian.Uint64(b.data[b.pos:])
	return w, (^w-0x0101010101010101)&w&0x8080808080808080 == 0
}

// refill makes at least 56 bits valid.
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
	// the fast path may have left bits of a byte that is not counted
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

// spent says whether bits past the end were used.
func (b *bitReader) spent() bool { return b.fake > b.n }

// align drops what is left of the entropy-coded data; pos is then not past the
// marker that follows.
func (b *bitReader) align() { b.acc, b.n, b.fake = 0, 0, 0 }

// take gives the next n bits, 1 to 16.
func (b *bitReader) take(n uint) int32 {
	if b.n < n {
		b.refill()
	}
	v := int32(b.acc >> (64 - n))
	b.acc <<= n
	b.n -= n
	return v
}

// symbol gives the next symbol of h; false where the bits are no code.
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
