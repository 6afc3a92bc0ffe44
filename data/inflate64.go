package data

import (
	"bufio"
	"errors"
	"io"
)

// newInflate64 returns a reader of data compressed by Deflate64, the method 9 of zip archives, which Windows Explorer uses for large ones. It is
// Deflate (RFC 1951) with a window of 64 KiB: two more codes for distances, and another meaning of the longest length.
func newInflate64(r io.Reader) io.ReadCloser {
	return io.NopCloser(&inflate64{in: bufio.NewReader(r)})
}

type inflate64 struct {
	in   io.ByteReader
	bits uint64 // bits that were read and not used, the first one lowest
	n    uint   // how many

	window   [1 << 16]byte
	at       int // where the next byte goes
	filled   int // bytes of the window that are set
	length   int // bytes that the current match still copies
	distance int
	stored   int  // bytes of the current stored block that follow
	inBlock  bool // a compressed block was begun
	last     bool // the current block is the last one
	lengths  codes64
	offsets  codes64
	err      error
}

var errInflate64 = errors.New("is damaged (invalid Deflate64 data)")

// baseOf64 is the first value of a code, and the number of bits that are added to it.
type baseOf64 struct {
	first int
	extra uint
}

// lengths64 are the lengths of matches, from code 257.
var lengths64 = [29]baseOf64{
	{3, 0}, {4, 0}, {5, 0}, {6, 0}, {7, 0}, {8, 0}, {9, 0}, {10, 0}, {11, 1}, {13, 1}, {15, 1}, {17, 1}, {19, 2}, {23, 2}, {27, 2}, {31, 2},
	{35, 3}, {43, 3}, {51, 3}, {59, 3}, {67, 4}, {83, 4}, {99, 4}, {115, 4}, {131, 5}, {163, 5}, {195, 5}, {227, 5}, {3, 16},
}

var offsets64 = [32]baseOf64{
	{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 1}, {7, 1}, {9, 2}, {13, 2}, {17, 3}, {25, 3}, {33, 4}, {49, 4}, {65, 5}, {97, 5}, {129, 6}, {193, 6},
	{257, 7}, {385, 7}, {513, 8}, {769, 8}, {1025, 9}, {1537, 9}, {2049, 10}, {3073, 10}, {4097, 11}, {6145, 11}, {8193, 12}, {12289, 12},
	{16385, 13}, {24577, 13}, {32769, 14}, {49153, 14},
}

// Read implements io.Reader.
func (d *inflate64) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) && d.err == nil {
		switch {
		case d.length > 0:
			p[n] = d.window[(d.at-d.distance)&0xffff]
			d.length--
		case d.stored > 0:
			var b uint32
			if b, d.err = d.take(8); d.err != nil {
				continue
			}
			p[n] = byte(b)
			d.stored--
		case d.inBlock:
			symbol, err := d.symbol(&d.lengths)
			switch {
			case err != nil:
				d.err = err
				continue
			case symbol == 256:
				d.inBlock = false
				continue
			case symbol > 256:
				d.err = d.match(symbol - 257)
				continue
			}
			p[n] = byte(symbol)
		case d.last:
			d.err = io.EOF
			continue
		default:
			d.err = d.block()
			continue
		}
		d.window[d.at] = p[n]
		d.at = (d.at + 1) & 0xffff
		d.filled = min(d.filled+1, len(d.window))
		n++
	}
	if n > 0 {
		return n, nil
	}
	return 0, d.err
}

// match begins a match of a length code.
func (d *inflate64) match(code int) error {
	if code >= len(lengths64) {
		return errInflate64
	}
	more, err := d.take(lengths64[code].extra)
	if err != nil {
		return err
	}
	length := lengths64[code].first + int(more)
	symbol, err := d.symbol(&d.offsets)
	if err != nil {
		return err
	}
	if more, err = d.take(offsets64[symbol&31].extra); err != nil {
		return err
	}
	d.distance = offsets64[symbol&31].first + int(more)
	if d.distance > d.filled {
		return errInflate64
	}
	d.length = length
	return nil
}

// take reads a number of n bits, at most 16.
func (d *inflate64) take(n uint) (uint32, error) {
	for d.n < n {
		b, err := d.in.ReadByte()
		if err != nil {
			return 0, ended(err)
		}
		d.bits |= uint64(b) << d.n
		d.n += 8
	}
	v := uint32(d.bits & (1<<n - 1))
	d.bits >>= n
	d.n -= n
	return v, nil
}

func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// block begins a block.
func (d *inflate64) block() error {
	head, err := d.take(3)
	if err != nil {
		return err
	}
	d.last = head&1 != 0
	switch head >> 1 {
	case 0:
		d.bits >>= d.n % 8
		d.n -= d.n % 8
		size, err := d.take(16)
		if err != nil {
			return err
		}
		check, err := d.take(16)
		if err != nil {
			return err
		}
		if size != ^check&0xffff {
			return errInflate64
		}
		d.stored = int(size)
		return nil
	case 1:
		var lengths, offsets [288]byte
		for i := range lengths {
			switch {
			case i < 144, i >= 280:
				lengths[i] = 8
			case i < 256:
				lengths[i] = 9
			default:
				lengths[i] = 7
			}
		}
		for i := range 32 {
			offsets[i] = 5
		}
		d.inBlock = true
		if err := d.lengths.build(lengths[:]); err != nil {
			return err
		}
		return d.offsets.build(offsets[:32])
	case 2:
		d.inBlock = true
		return d.tables()
	}
	return errInflate64
}

// tables reads the codes of a block.
func (d *inflate64) tables() error {
	var counts [3]int
	for i, n := range [3]uint{5, 5, 4} {
		v, err := d.take(n)
		if err != nil {
			return err
		}
		counts[i] = int(v) + [3]int{257, 1, 4}[i]
	}
	var sizes [19]byte
	for _, i := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[:counts[2]] {
		v, err := d.take(3)
		if err != nil {
			return err
		}
		sizes[i] = byte(v)
	}
	if err := d.lengths.build(sizes[:]); err != nil {
		return err
	}
	all := make([]byte, 0, 320)
	for len(all) < counts[0]+counts[1] {
		symbol, err := d.symbol(&d.lengths)
		if err != nil {
			return err
		}
		value, extra, least := byte(0), uint(0), 1
		switch symbol {
		case 16:
			if len(all) == 0 {
				return errInflate64
			}
			value, extra, least = all[len(all)-1], 2, 3
		case 17:
			extra, least = 3, 3
		case 18:
			extra, least = 7, 11
		default:
			value = byte(symbol)
		}
		more, err := d.take(extra)
		if err != nil {
			return err
		}
		for range least + int(more) {
			all = append(all, value)
		}
	}
	if len(all) > counts[0]+counts[1] {
		return errInflate64
	}
	if err := d.lengths.build(all[:counts[0]]); err != nil {
		return err
	}
	return d.offsets.build(all[counts[0]:])
}

// maxCode64 is the number of bits of the longest code.
const maxCode64 = 15

// codes64 maps the next bits of the input to a symbol and the number of its bits: symbol<<4 | bits. 0 is no code.
type codes64 struct {
	table [1 << maxCode64]uint16
}

// build makes the table for codes with the given numbers of bits.
func (c *codes64) build(sizes []byte) error {
	var counts, next [maxCode64 + 1]int
	for _, s := range sizes {
		counts[s]++
	}
	counts[0] = 0
	code := 0
	for s := 1; s <= maxCode64; s++ {
		code = (code + counts[s-1]) << 1
		next[s] = code
		if code+counts[s] > 1<<s {
			return errInflate64
		}
	}
	clear(c.table[:])
	for symbol, s := range sizes {
		if s == 0 {
			continue
		}
		reversed := 0
		for i := range s {
			reversed |= next[s] >> i & 1 << (s - 1 - i)
		}
		next[s]++
		for at := reversed; at < len(c.table); at += 1 << s {
			c.table[at] = uint16(symbol<<4 | int(s))
		}
	}
	return nil
}

// symbol reads a symbol.
func (d *inflate64) symbol(c *codes64) (int, error) {
	var short error
	for d.n < maxCode64 {
		b, err := d.in.ReadByte()
		if err != nil {
			short = ended(err)
			break // the rest may suffice
		}
		d.bits |= uint64(b) << d.n
		d.n += 8
	}
	e := c.table[d.bits&(1<<maxCode64-1)]
	size := uint(e & 15)
	switch {
	case size == 0 && short == nil:
		return 0, errInflate64
	case size == 0 || size > d.n:
		return 0, short
	}
	d.bits >>= size
	d.n -= size
	return int(e >> 4), nil
}
