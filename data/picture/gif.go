package picture

import (
	"bytes"
	"compress/lzw"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// decodeGIF decodes the first frame, on a canvas of the file's size. (The standard library's decoder drops the color of the
// transparent index, which Pillow's conversion to RGB shows.)
func decodeGIF(d *Decoder, data []byte, channels int) (native, error) {
	g := gifReader{rest: data[6:], size: len(data)}
	lsd, err := g.take(7)
	if err != nil {
		return native{}, err
	}
	n := native{w: int(binary.LittleEndian.Uint16(lsd)), h: int(binary.LittleEndian.Uint16(lsd[2:])), layout: rgba}
	if err := d.checkSize("GIF", n.w, n.h, 5*int64(n.w)*int64(n.h), channels, len(data)); err != nil {
		return native{}, err
	}
	palette, err := g.palette(lsd[4])
	if err != nil {
		return native{}, err
	}
	transparent := -1
	for {
		b, err := g.take(1)
		if err != nil {
			return native{}, err
		}
		switch b[0] {
		case '!':
			label, err := g.take(1)
			if err != nil {
				return native{}, err
			}
			ext, err := g.blocks()
			if err != nil {
				return native{}, err
			}
			if label[0] == 0xF9 && len(ext) >= 4 && ext[0]&1 != 0 {
				transparent = int(ext[3])
			}
		case ',':
			return d.gifFrame(&g, n, palette, transparent, channels)
		case ';':
			return native{}, errors.New("corrupt GIF: it has no image")
		default: // Pillow skips stray bytes
		}
	}
}

func (d *Decoder) gifFrame(g *gifReader, n native, palette *[256][3]byte, transparent, channels int) (native, error) {
	head, err := g.take(9)
	if err != nil {
		return native{}, err
	}
	u16 := binary.LittleEndian.Uint16
	x0, y0, w, h := int(u16(head)), int(u16(head[2:])), int(u16(head[4:])), int(u16(head[6:]))
	if w == 0 || h == 0 {
		return native{}, fmt.Errorf("corrupt GIF: a frame of %dx%d", w, h)
	}
	if x0+w > n.w || y0+h > n.h { // like Pillow, enlarge the image
		n.w, n.h = max(n.w, x0+w), max(n.h, y0+h)
		if err := d.checkSize("GIF", n.w, n.h, 5*int64(n.w)*int64(n.h), channels, g.size); err != nil {
			return native{}, err
		}
	}
	if head[8]&0x80 != 0 {
		if palette, err = g.palette(head[8]); err != nil {
			return native{}, err
		}
	}
	if palette == nil { // Pillow uses shades of gray
		palette = new([256][3]byte)
		for i := range palette {
			palette[i] = [3]byte{byte(i), byte(i), byte(i)}
		}
	}
	width, err := g.take(1)
	if err != nil {
		return native{}, err
	}
	if width[0] < 1 || width[0] > 8 {
		return native{}, fmt.Errorf("corrupt GIF: codes of %d bits", width[0])
	}
	packed, err := g.blocks()
	if err != nil {
		return native{}, err
	}
	index := make([]byte, w*h)
	r := lzw.NewReader(bytes.NewReader(packed), lzw.LSB, int(width[0]))
	if _, err := io.ReadFull(r, index); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return native{}, fmt.Errorf("truncated GIF: its data ends before its image: %w", io.ErrUnexpectedEOF)
		}
		return native{}, fmt.Errorf("corrupt GIF: %w", err)
	}
	n.pix = grow(&d.native, n.w*n.h*4)
	background := max(transparent, 0)
	put := func(o []byte, i byte) {
		c := palette[i]
		o[0], o[1], o[2], o[3] = c[0], c[1], c[2], 255
		if int(i) == transparent {
			o[3] = 0
		}
	}
	for i := 0; i < len(n.pix); i += 4 {
		put(n.pix[i:], byte(background))
	}
	for y := range h {
		row := index[y*w:][:w]
		to := y0 + y
		if head[8]&0x40 != 0 {
			to = y0 + interlaced(y, h)
		}
		for x, i := range row {
			put(n.pix[(to*n.w+x0+x)*4:], i)
		}
	}
	return n, nil
}

// interlaced returns the row that is stored at position i of h: every 8th row comes first, then those between.
func interlaced(i, h int) int {
	for _, pass := range [...]struct{ first, step int }{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
		rows := max(0, (h-pass.first+pass.step-1)/pass.step)
		if i < rows {
			return pass.first + i*pass.step
		}
		i -= rows
	}
	return h - 1
}

// gifReader reads the blocks of a GIF file.
type gifReader struct {
	rest []byte
	size int
}

func (g *gifReader) take(n int) ([]byte, error) {
	if len(g.rest) < n {
		return nil, fmt.Errorf("truncated GIF: the file ends after %d bytes: %w", g.size, io.ErrUnexpectedEOF)
	}
	b := g.rest[:n]
	g.rest = g.rest[n:]
	return b, nil
}

// palette reads the color table if flags announce one. Otherwise it returns nil.
func (g *gifReader) palette(flags byte) (*[256][3]byte, error) {
	if flags&0x80 == 0 {
		return nil, nil
	}
	n := 2 << (flags & 7)
	b, err := g.take(3 * n)
	if err != nil {
		return nil, err
	}
	p := new([256][3]byte)
	for i := range n {
		p[i] = [3]byte(b[3*i:])
	}
	return p, nil
}

// blocks reads a sequence of data blocks and joins them.
func (g *gifReader) blocks() ([]byte, error) {
	var all []byte
	for {
		n, err := g.take(1)
		if err != nil {
			return nil, err
		}
		if n[0] == 0 {
			return all, nil
		}
		b, err := g.take(int(n[0]))
		if err != nil {
			return nil, err
		}
		all = append(all, b...)
	}
}
