package jpeg

import "errors"

// Arithmetic coding (T.81, annexes D, F.1.4, F.2.4 and G.1.3). Few programs write such files, since patents covered it until 2010; libjpeg-turbo and Pillow read
// them. Each decision has a bin: a byte with the more probable value in bit 7, and the index of the estimate of its probability in the others.

// arithmetic is the state of the decoder of arithmetic coding.
type arithmetic struct {
	used  bool   // by the frame
	width uint32 // of the interval; 0 before the first decision of a restart interval
	code  uint32 // the position in the interval, followed by left more bits
	left  uint
	ended bool // the file has ended
	fixed byte // bin of decisions with the probability 1/2

	dc [4][64]byte // the bins of each table (T.81, tables F.4 and F.5)
	ac [4][256]byte
	// The conditioning of each table: differences of DC up to 2^low and 2^high are small, coefficients up to k have their own bins.
	low, high, k [4]byte
}

// start prepares a file.
func (a *arithmetic) start() {
	a.used, a.ended = false, false
	a.low, a.high, a.k = [4]byte{}, [4]byte{1, 1, 1, 1}, [4]byte{5, 5, 5, 5}
}

// reset starts a scan or a restart interval.
func (a *arithmetic) reset() {
	a.width, a.left, a.fixed = 0, 0, fixedBin
	a.dc, a.ac = [4][64]byte{}, [4][256]byte{}
}

// conditioning reads a segment of conditioning values (DAC).
func (a *arithmetic) conditioning(seg []byte) error {
	if len(seg)%2 != 0 {
		return errors.New("corrupt JPEG: conditioning of arithmetic coding of the wrong length")
	}
	for ; len(seg) > 0; seg = seg[2:] {
		class, id, v := seg[0]>>4, seg[0]&15, seg[1]
		if class > 1 || class == 0 && v&15 > v>>4 {
			return errors.New("corrupt JPEG: bad conditioning of arithmetic coding")
		}
		switch {
		case id > 3: // no component has such a table
		case class == 0:
			a.low[id], a.high[id] = v&15, v>>4
		default:
			a.k[id] = v
		}
	}
	return nil
}

// codedByte returns the next byte of the entropy-coded data, or 0 from the next marker on: encoders leave out zeros at the end.
func (d *Decoder) codedByte() uint32 {
	b := &d.bits
	at := b.pos
	for at < len(b.data) && b.data[at] == 0xFF {
		at++
	}
	switch {
	case at == len(b.data):
		d.arith.ended = true
		return 0
	case at == b.pos:
		b.pos++
		return uint32(b.data[at])
	case b.data[at] == 0:
		b.pos = at + 1
		return 0xFF
	}
	return 0
}

// decide decodes a decision, 0 or 1 (T.81, D.2).
func (d *Decoder) decide(bin *byte) int {
	a := &d.arith
	if a.width == 0 {
		a.code = d.codedByte() << 8
		a.code |= d.codedByte()
		a.width = 1 << 16
	}
	for a.width < 1<<15 {
		if a.left == 0 {
			a.code, a.left = a.code<<8|d.codedByte(), 8
		}
		a.left--
		a.width <<= 1
	}
	state, likely := *bin&127, *bin>>7
	e := &estimates[state]
	less := uint32(e.less)
	a.width -= less
	var probable bool
	if at := a.width << a.left; a.code < at {
		if a.width >= 1<<15 {
			return int(likely)
		}
		probable = a.width >= less // else the shorter interval is that of the more probable value
	} else {
		a.code -= at
		probable = a.width < less
		a.width = less
	}
	if probable {
		*bin = likely<<7 | e.after
		return int(likely)
	}
	*bin = likely<<7 ^ e.afterLess
	return int(1 - likely)
}

var errArithmetic = errors.New("corrupt JPEG: arithmetic coding of a number that is too large, or beyond the end of a block")

// magnitude decodes the rest of a nonzero value, 1 to 2^15 (T.81, figures F.23 and F.24). m is 1, 2 or 4, and the bins of the larger categories begin at bins.
func (d *Decoder) magnitude(bins []byte, m int) (size, v int, err error) {
	i := 0
	for d.decide(&bins[i]) != 0 {
		if m <<= 1; m == 1<<15 {
			return 0, 0, errArithmetic
		}
		i++
	}
	v = m
	for bit := m >> 1; bit > 0; bit >>= 1 {
		if d.decide(&bins[i+14]) != 0 {
			v |= bit
		}
	}
	return m, v, nil
}

// codedEnd returns an error if the file has ended.
func (d *Decoder) codedEnd() error {
	if d.arith.ended {
		return d.truncated("more of the image")
	}
	return nil
}

// arithmeticDecoder returns the decoder of the current scan.
func (d *Decoder) arithmeticDecoder() blockDecoder {
	switch s := &d.sos; {
	case !d.hdr.Progressive:
		return func(c *component, block *[64]int16) error {
			if err := d.codedDC(c, block); err != nil {
				return err
			}
			return d.codedAC(c, block, 1)
		}
	case s.ss == 0 && s.ah == 0:
		return d.codedDC
	case s.ss == 0:
		return d.codedDCBit
	case s.ah == 0:
		return func(c *component, block *[64]int16) error { return d.codedAC(c, block, s.ss) }
	default:
		return d.codedACBit
	}
}

// codedDC decodes the DC coefficient, or its first bits.
func (d *Decoder) codedDC(c *component, block *[64]int16) error {
	bins := &d.arith.dc[c.td]
	at := int(c.context)
	c.context = 0
	if d.decide(&bins[at]) != 0 {
		sign := d.decide(&bins[at+1])
		size, v := 0, 0
		if d.decide(&bins[at+2+sign]) != 0 {
			var err error
			if size, v, err = d.magnitude(bins[20:], 1); err != nil {
				return err
			}
		}
		switch {
		case size > 1<<d.arith.high[c.td]>>1:
			c.context = byte(12 + 4*sign)
		case size >= 1<<d.arith.low[c.td]>>1:
			c.context = byte(4 + 4*sign)
		}
		if v++; sign != 0 {
			v = -v
		}
		c.pred += int32(v)
	}
	block[0] = int16(c.pred << d.sos.al)
	return d.codedEnd()
}

// codedDCBit decodes a bit of the DC coefficient.
func (d *Decoder) codedDCBit(_ *component, block *[64]int16) error {
	if d.decide(&d.arith.fixed) != 0 {
		block[0] |= 1 << d.sos.al
	}
	return d.codedEnd()
}

// codedAC decodes the coefficients of a scan from k on, or their first bits.
func (d *Decoder) codedAC(c *component, block *[64]int16, k int) error {
	bins, s := &d.arith.ac[c.ta], &d.sos
	for ; k <= s.se; k++ {
		if d.decide(&bins[3*(k-1)]) != 0 { // the end of the block
			break
		}
		for d.decide(&bins[3*(k-1)+1]) == 0 {
			if k++; k > s.se {
				return errors.Join(d.codedEnd(), errArithmetic)
			}
		}
		sign := d.decide(&d.arith.fixed)
		at := &bins[3*(k-1)+2]
		v := d.decide(at)
		if v != 0 && d.decide(at) != 0 {
			large := bins[217:]
			if k <= int(d.arith.k[c.ta]) {
				large = bins[189:]
			}
			var err error
			if _, v, err = d.magnitude(large, 2); err != nil {
				return err
			}
		}
		if v++; sign != 0 {
			v = -v
		}
		block[natural[k]] = int16(v << s.al)
	}
	return d.codedEnd()
}

// codedACBit decodes a bit of each nonzero coefficient of a scan, and new coefficients.
func (d *Decoder) codedACBit(c *component, block *[64]int16) error {
	bins, s := &d.arith.ac[c.ta], &d.sos
	plus, minus := int16(1)<<s.al, int16(-1)<<s.al
	last := s.se // the last coefficient that is not zero so far
	for last > 0 && block[natural[last]] == 0 {
		last--
	}
	for k := s.ss; k <= s.se; k++ {
		if k > last && d.decide(&bins[3*(k-1)]) != 0 {
			break
		}
		for {
			p, bin := &block[natural[k]], bins[3*(k-1):]
			if *p != 0 {
				if d.decide(&bin[2]) != 0 {
					if *p < 0 {
						*p += minus
					} else {
						*p += plus
					}
				}
				break
			}
			if d.decide(&bin[1]) != 0 {
				*p = plus
				if d.decide(&d.arith.fixed) != 0 {
					*p = minus
				}
				break
			}
			if k++; k > s.se {
				return errors.Join(d.codedEnd(), errArithmetic)
			}
		}
	}
	return d.codedEnd()
}

const (
	fixedBin = 113  // index of the estimate 1/2, which does not change
	flip     = 0x80 // the more probable value changes
)

// estimates are the estimates of probability, and the index of the next one (T.81, table D.3).
var estimates = [fixedBin + 1]struct {
	less      uint16 // the width of the interval of the less probable value, relative to 0xAAAA
	afterLess byte   // the next estimate after the less probable value, and whether the values change
	after     byte   // after the more probable value
}{
	{0x5a1d, 1 | flip, 1}, {0x2586, 14, 2}, {0x1114, 16, 3}, {0x080b, 18, 4}, {0x03d8, 20, 5}, {0x01da, 23, 6},
	{0x00e5, 25, 7}, {0x006f, 28, 8}, {0x0036, 30, 9}, {0x001a, 33, 10}, {0x000d, 35, 11}, {0x0006, 9, 12},
	{0x0003, 10, 13}, {0x0001, 12, 13}, {0x5a7f, 15 | flip, 15}, {0x3f25, 36, 16}, {0x2cf2, 38, 17}, {0x207c, 39, 18},
	{0x17b9, 40, 19}, {0x1182, 42, 20}, {0x0cef, 43, 21}, {0x09a1, 45, 22}, {0x072f, 46, 23}, {0x055c, 48, 24},
	{0x0406, 49, 25}, {0x0303, 51, 26}, {0x0240, 52, 27}, {0x01b1, 54, 28}, {0x0144, 56, 29}, {0x00f5, 57, 30},
	{0x00b7, 59, 31}, {0x008a, 60, 32}, {0x0068, 62, 33}, {0x004e, 63, 34}, {0x003b, 32, 35}, {0x002c, 33, 9},
	{0x5ae1, 37 | flip, 37}, {0x484c, 64, 38}, {0x3a0d, 65, 39}, {0x2ef1, 67, 40}, {0x261f, 68, 41}, {0x1f33, 69, 42},
	{0x19a8, 70, 43}, {0x1518, 72, 44}, {0x1177, 73, 45}, {0x0e74, 74, 46}, {0x0bfb, 75, 47}, {0x09f8, 77, 48},
	{0x0861, 78, 49}, {0x0706, 79, 50}, {0x05cd, 48, 51}, {0x04de, 50, 52}, {0x040f, 50, 53}, {0x0363, 51, 54},
	{0x02d4, 52, 55}, {0x025c, 53, 56}, {0x01f8, 54, 57}, {0x01a4, 55, 58}, {0x0160, 56, 59}, {0x0125, 57, 60},
	{0x00f6, 58, 61}, {0x00cb, 59, 62}, {0x00ab, 61, 63}, {0x008f, 61, 32}, {0x5b12, 65 | flip, 65}, {0x4d04, 80, 66},
	{0x412c, 81, 67}, {0x37d8, 82, 68}, {0x2fe8, 83, 69}, {0x293c, 84, 70}, {0x2379, 86, 71}, {0x1edf, 87, 72},
	{0x1aa9, 87, 73}, {0x174e, 72, 74}, {0x1424, 72, 75}, {0x119c, 74, 76}, {0x0f6b, 74, 77}, {0x0d51, 75, 78},
	{0x0bb6, 77, 79}, {0x0a40, 77, 48}, {0x5832, 80 | flip, 81}, {0x4d1c, 88, 82}, {0x438e, 89, 83}, {0x3bdd, 90, 84},
	{0x34ee, 91, 85}, {0x2eae, 92, 86}, {0x299a, 93, 87}, {0x2516, 86, 71}, {0x5570, 88 | flip, 89}, {0x4ca9, 95, 90},
	{0x44d9, 96, 91}, {0x3e22, 97, 92}, {0x3824, 99, 93}, {0x32b4, 99, 94}, {0x2e17, 93, 86}, {0x56a8, 95 | flip, 96},
	{0x4f46, 101, 97}, {0x47e5, 102, 98}, {0x41cf, 103, 99}, {0x3c3d, 104, 100}, {0x375e, 99, 93}, {0x5231, 105, 102},
	{0x4c0f, 106, 103}, {0x4639, 107, 104}, {0x415e, 103, 99}, {0x5627, 105 | flip, 106}, {0x50e7, 108, 107}, {0x4b85, 109, 103},
	{0x5597, 110, 109}, {0x504f, 111, 107}, {0x5a10, 110 | flip, 111}, {0x5522, 112, 109}, {0x59eb, 112 | flip, 111}, {0x5a1d, fixedBin, fixedBin},
}
