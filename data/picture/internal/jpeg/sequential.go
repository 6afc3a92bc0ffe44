package jpeg

import (
	"errors"
	"fmt"
)

var errCode = errors.New("corrupt JPEG: bits that are not a Huffman code")

// resetInterval starts a scan or a restart interval.
func (d *Decoder) resetInterval() {
	d.bits.align()
	d.eobrun = 0
	for i := range d.n {
		d.comps[i].pred, d.comps[i].context = 0, 0
	}
	if d.arith.used {
		d.arith.reset()
	}
}

// nextInterval reads restart marker r of the scan.
func (d *Decoder) nextInterval(r int) error {
	d.resetInterval()
	want := r & 7
	for {
		m, err := d.nextMarker()
		if err != nil {
			return err
		}
		if m < mSOF0 {
			continue // not a marker
		}
		if m < mRST0 || m > mRST7 {
			return fmt.Errorf("corrupt JPEG: want restart marker %#x, got marker %#x", mRST0+want, m)
		}
		switch (int(m-mRST0) - want) & 7 {
		case 6, 7: // an earlier one: the next may be right
		case 1, 2:
			return fmt.Errorf("corrupt JPEG: want restart marker %#x, got marker %#x: an interval is missing", mRST0+want, m)
		default: // like libjpeg (jdmarker.c, jpeg_resync_to_restart), take a marker with a wrong number for the right one
			return nil
		}
	}
}

// checkBits returns an error if the entropy-coded data ended too early.
func (d *Decoder) checkBits() error {
	if !d.bits.spent() {
		return nil
	}
	if d.bits.pos+1 >= len(d.bits.data) {
		return d.truncated("more of the image")
	}
	m := d.bits.data[d.bits.pos+1]
	if m == mEOI {
		return fmt.Errorf("%w JPEG: the end marker comes before the end of the image's data", ErrTruncated)
	}
	return fmt.Errorf("corrupt JPEG: marker %#x within the image's data", m)
}

// bandFromScan decodes MCU row r of a single scan into the bands.
func (d *Decoder) bandFromScan(r int) error {
	for x := range d.mcusX {
		if mcu := r*d.mcusX + x; d.restart > 0 && mcu > 0 && mcu%d.restart == 0 {
			if err := d.checkBits(); err != nil {
				return err
			}
			if err := d.nextInterval(mcu/d.restart - 1); err != nil {
				return err
			}
		}
		for i := range d.n {
			c := &d.comps[d.sos.comp[i]]
			for v := range c.v {
				off := (savedRows+8*v)*c.stride + x*c.h*8
				for range c.h {
					last, err := d.sequentialBlock(c, &d.block)
					if err != nil {
						if e := d.checkBits(); e != nil {
							return e
						}
						return err
					}
					if d.sizes>>8&15 >= c.wideSize || c.isWideDC(d.block[0]) {
						inverseDCTChecked(c.band[off:], c.stride, &d.block, &c.quant, last)
					} else {
						inverseDCT(c.band[off:], c.stride, &d.block, &c.quant, last)
					}
					off += 8
				}
			}
		}
	}
	return d.checkBits()
}

// sequentialBlock decodes one block of coefficients. last is the zigzag position of the last coefficient that may be nonzero. It sets
// d.sizes.
func (d *Decoder) sequentialBlock(c *component, block *[64]int16) (last int, err error) {
	*block = [64]int16{}
	b := &d.bits
	size, ok := b.symbol(&d.dc[c.td])
	if !ok {
		return 0, errCode
	}
	if size > 0 {
		c.pred += extend(b.take(uint(size)), int(size))
	}
	block[0] = int16(c.pred)

	lut := &d.ac[c.ta].lut
	acc, n := b.acc, b.n
	sizes := uint32(0)
	for k := uint(1); k < 64; {
		if n < 32 {
			if w, ok := b.clean(); ok { // refill, written out because it is not inlined
				acc |= w >> n
				b.pos += int(63-n) >> 3
				n |= 56
			} else {
				b.acc, b.n = acc, n
				b.refillSlow()
				acc, n = b.acc, b.n
			}
		}
		e := lut[acc>>(64-lutBits)]
		if e&entryValue != 0 {
			l := uint(e & 127)
			acc <<= l & 63
			n -= l
			if e&0xF00 == 0 { // end of block, or 16 zeros
				if e>>12&15 != 15 {
					break
				}
				k += 16
				continue
			}
			sizes |= e
			k += uint(e >> 12 & 15)
			last = int(k)
			block[natural[k&127]&63] = int16(e >> 16)
			k++
			continue
		}
		var run, size, l uint
		if e != 0 {
			run, size, l = uint(e>>12&15), uint(e>>8&15), uint(e&127)
		} else {
			var sym byte
			sym, l = d.ac[c.ta].long(int32(acc >> 48))
			if l == 0 {
				return 0, errCode
			}
			run, size = uint(sym>>4), uint(sym&15)
		}
		acc <<= l & 63
		n -= l
		if size == 0 {
			if run != 15 {
				break
			}
			k += 16
			continue
		}
		k += run
		sizes |= uint32(size) << 8
		v := int32(acc >> ((64 - size) & 63))
		acc <<= size & 63
		n -= size
		last = int(k)
		block[natural[k&127]&63] = int16(extend(v, int(size)))
		k++
	}
	b.acc, b.n, d.sizes = acc, n, sizes
	return min(last, 63), nil
}
