package picture

import (
	"bytes"
	"fmt"
	"io"
	"math"
)

// decodePNM decodes the Netpbm formats: PBM (black and white), PGM (gray) and PPM (RGB), as text (P1 to P3) and binary (P4 to P6).
// Values are scaled to 0..255 as in Pillow.
func decodePNM(d *Decoder, data []byte, channels int) (native, error) {
	f, r, err := pnmHeader(data)
	if err != nil {
		return native{}, err
	}
	n := native{h: f.h, w: f.w, layout: gray}
	if f.rgb {
		n.layout = rgb
	} else if f.deep() {
		d.levels.Depth = Deep
		n.layout = d.levels.layout()
	}
	size := layoutBytes[n.layout]
	if err := d.checkSize(f.name, f.w, f.h, int64(f.w)*int64(f.h)*int64(size), channels, len(data)); err != nil {
		return native{}, err
	}
	if f.top < 1 || f.top > 65535 {
		return native{}, fmt.Errorf("corrupt %s: largest value %d", f.name, f.top)
	}
	if len(data)-r.pos < f.bytes() {
		r.pos = len(data)
		r.fail()
		return native{}, r.err
	}
	n.pix = grow(&d.native, f.w*f.h*size)
	if f.bits {
		r.bits(n.pix, f)
	} else {
		r.values(n.pix, f, &d.levels)
	}
	if r.err != nil {
		return native{}, r.err
	}
	if f.rgb && f.top > 255 {
		d.levels.colors(n)
	}
	return n, nil
}

// pnmFormat is the header of a Netpbm file.
type pnmFormat struct {
	name            string
	text, bits, rgb bool
	h, w            int
	top             int // the value of white
}

// deep reports whether the pixels have 16 bits of gray.
func (f pnmFormat) deep() bool { return f.top > 255 && !f.rgb }

// pnmHeader reads a header. The reader is at the first pixel afterwards.
func pnmHeader(data []byte) (pnmFormat, *pnmReader, error) {
	kind := data[1] - '0'
	f := pnmFormat{text: kind <= 3, bits: kind == 1 || kind == 4, rgb: kind == 3 || kind == 6, top: 1}
	f.name = [...]string{"PBM", "PGM", "PPM"}[(kind-1)%3]
	r := &pnmReader{data: data, pos: 2, name: f.name}
	f.w, f.h = r.number(), r.number()
	if !f.bits {
		f.top = r.number()
	}
	r.pos++ // one white space ends the header
	return f, r, r.err
}

// bytes returns the smallest number of bytes that the pixels can have in the file.
func (f pnmFormat) bytes() int {
	n := f.w * f.h
	if f.rgb {
		n *= 3
	}
	switch {
	case f.bits && !f.text:
		return (f.w + 7) / 8 * f.h
	case f.text && !f.bits:
		return 2*n - 1
	case f.top > 255:
		return 2 * n
	}
	return n
}

// bits reads black and white pixels.
func (r *pnmReader) bits(pix []byte, f pnmFormat) {
	if f.text {
		for i := range pix {
			pix[i] = 255 * (1 - r.bit())
			if r.err != nil {
				return
			}
		}
		return
	}
	stride := (f.w + 7) / 8
	if raw := r.raw(stride * f.h); raw != nil {
		for i := range pix {
			x, y := i%f.w, i/f.w
			pix[i] = 255 * (1 - raw[y*stride+x/8]>>(7-x%8)&1)
		}
	}
}

// values reads values from 0 to f.top and scales them to 0..255, or, if the pixels have 16 bits, to 0..65535 and then with deepLevels.
func (r *pnmReader) values(pix []byte, f pnmFormat, deepLevels *levels) {
	deep := f.deep()
	white, n := 255, len(pix)
	if deep {
		white = 65535
	}
	put := func(i, v int) {
		v = min(white, int(math.RoundToEven(float64(v)/float64(f.top)*float64(white))))
		if deep {
			pix[i] = deepLevels.level(float64(v))
		} else {
			pix[i] = byte(v)
		}
	}
	switch {
	case f.text:
		for i := range n {
			v := r.number()
			if r.err == nil && v > f.top {
				r.err = fmt.Errorf("corrupt %s: value %d is larger than %d", f.name, v, f.top)
			}
			if r.err != nil {
				return
			}
			put(i, v)
		}
	case f.top == 255:
		copy(pix, r.raw(n))
	case f.top < 256:
		for i, v := range r.raw(n) {
			put(i, int(v))
		}
	default:
		raw := r.raw(2 * n)
		for i := range len(raw) / 2 {
			put(i, int(raw[2*i])<<8|int(raw[2*i+1]))
		}
	}
}

// pnmReader reads the numbers of a header and of text formats. It keeps its first error.
type pnmReader struct {
	data []byte
	pos  int
	name string
	err  error
}

func (r *pnmReader) fail() {
	if r.err != nil {
		return
	}
	if r.pos >= len(r.data) {
		r.err = fmt.Errorf("truncated %s: the file ends after %d bytes: %w", r.name, len(r.data), io.ErrUnexpectedEOF)
	} else {
		r.err = fmt.Errorf("corrupt %s: want a number, got byte %q", r.name, r.data[r.pos])
	}
}

// skip skips white space and comments.
func (r *pnmReader) skip() {
	for r.pos < len(r.data) {
		switch c := r.data[r.pos]; {
		case c == '#':
			end := bytes.IndexAny(r.data[r.pos:], "\r\n")
			if end < 0 {
				end = len(r.data) - r.pos
			}
			r.pos += end
		case bytes.IndexByte([]byte(" \t\n\v\f\r"), c) >= 0:
			r.pos++
		default:
			return
		}
	}
}

// maxDigits is how many digits a number may have.
const maxDigits = 10

// number reads a decimal number of at most 10 digits, as Pillow does. It returns 0 after an error.
func (r *pnmReader) number() int {
	r.skip()
	v, digits := 0, 0
	for r.pos < len(r.data) && r.data[r.pos] >= '0' && r.data[r.pos] <= '9' {
		if digits == maxDigits {
			if r.err == nil {
				r.err = fmt.Errorf("corrupt %s: a number of more than %d digits", r.name, maxDigits)
			}
			return 0
		}
		v = 10*v + int(r.data[r.pos]-'0')
		r.pos++
		digits++
	}
	if digits == 0 || r.err != nil {
		r.fail()
		return 0
	}
	return v
}

// bit reads a digit 0 or 1.
func (r *pnmReader) bit() byte {
	r.skip()
	if r.err != nil || r.pos >= len(r.data) || r.data[r.pos] > '1' || r.data[r.pos] < '0' {
		r.fail()
		return 0
	}
	r.pos++
	return r.data[r.pos-1] - '0'
}

// raw returns the next n bytes, or nil after an error.
func (r *pnmReader) raw(n int) []byte {
	if r.err != nil || len(r.data)-r.pos < n {
		r.pos = len(r.data)
		r.fail()
		return nil
	}
	return r.data[r.pos:][:n]
}
