package picture

import (
	"bytes"
	"fmt"
	"io"
	"math"
)

// decodePNM decodes the "portable" formats of Netpbm: PBM (black and white), PGM (gray) and PPM (RGB), in text (P1 to P3)
// and binary (P4 to P6). Values are scaled to 0..255 as Pillow does.
func decodePNM(d *Decoder, data []byte, channels int) (native, error) {
	kind := data[1] - '0'
	text, bits := kind <= 3, kind == 1 || kind == 4
	name := [...]string{"PBM", "PGM", "PPM"}[(kind-1)%3]
	r := pnmReader{data: data, pos: 2, name: name}
	w, h, top := r.number(), r.number(), 1
	if !bits {
		top = r.number()
	}
	if r.err != nil {
		return native{}, r.err
	}
	n := native{h: h, w: w, layout: gray}
	if (kind-1)%3 == 2 {
		n.layout = rgb
	}
	size := layoutBytes[n.layout]
	if err := checkSize(name, w, h, int64(w)*int64(h)*int64(size), channels, len(data)); err != nil {
		return native{}, err
	}
	if top < 1 || top > 65535 {
		return native{}, fmt.Errorf("corrupt %s: largest value %d", name, top)
	}
	if n.layout == gray && top > 255 {
		return native{}, fmt.Errorf("%s of 16 bits is not supported", name)
	}
	r.pos++               // the one white space after the header
	least := w * h * size // bytes that the pixels need
	switch {
	case bits && !text:
		least = (w + 7) / 8 * h
	case text && !bits:
		least = 2*least - 1
	case top > 255:
		least *= 2
	}
	if len(data)-r.pos < least {
		r.pos = len(data)
		r.fail()
		return native{}, r.err
	}
	n.pix = grow(&d.native, w*h*size)
	scale := func(v int) byte { return byte(min(255, math.RoundToEven(float64(v)/float64(top)*255))) }
	switch {
	case bits && text:
		for i := range n.pix {
			n.pix[i] = 255 * (1 - r.bit())
			if r.err != nil {
				break
			}
		}
	case bits:
		stride := (w + 7) / 8
		if raw := r.raw(stride * h); raw != nil {
			for i := range n.pix {
				x, y := i%w, i/w
				n.pix[i] = 255 * (1 - raw[y*stride+x/8]>>(7-x%8)&1)
			}
		}
	case text:
		for i := range n.pix {
			v := r.number()
			if r.err != nil {
				break
			}
			if v > top {
				return native{}, fmt.Errorf("corrupt %s: value %d is larger than %d", name, v, top)
			}
			n.pix[i] = scale(v)
		}
	case top == 255:
		copy(n.pix, r.raw(len(n.pix)))
	case top < 256:
		for i, v := range r.raw(len(n.pix)) {
			n.pix[i] = scale(int(v))
		}
	default:
		raw := r.raw(2 * len(n.pix))
		for i := range len(raw) / 2 {
			n.pix[i] = scale(int(raw[2*i])<<8 | int(raw[2*i+1]))
		}
	}
	if r.err != nil {
		return native{}, r.err
	}
	return n, nil
}

// pnmReader reads the numbers of a header and of text formats. Its first error stays.
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
		r.err = fmt.Errorf("corrupt %s: byte %q where a number should be", r.name, r.data[r.pos])
	}
}

// skip goes past white space and comments.
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

// number reads a decimal number of at most 9 digits; 0 after an error.
func (r *pnmReader) number() int {
	r.skip()
	v, digits := 0, 0
	for r.pos < len(r.data) && r.data[r.pos] >= '0' && r.data[r.pos] <= '9' && digits < 9 {
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

// bit reads one digit 0 or 1.
func (r *pnmReader) bit() byte {
	r.skip()
	if r.err != nil || r.pos >= len(r.data) || r.data[r.pos] > '1' || r.data[r.pos] < '0' {
		r.fail()
		return 0
	}
	r.pos++
	return r.data[r.pos-1] - '0'
}

// raw gives the next n bytes; none after an error.
func (r *pnmReader) raw(n int) []byte {
	if r.err != nil || len(r.data)-r.pos < n {
		r.pos = len(r.data)
		r.fail()
		return nil
	}
	return r.data[r.pos:][:n]
}
