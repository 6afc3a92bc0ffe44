package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Color types of PNG files.
const (
	pngGray      = 0
	pngRGB       = 2
	pngPalette   = 3
	pngGrayAlpha = 4
	pngRGBA      = 6
)

// pngDepths has the samples of a pixel of each color type, and the bits that a sample may have.
var pngDepths = map[int]struct {
	samples int
	bits    string
}{
	pngGray: {1, "\x01\x02\x04\x08\x10"}, pngRGB: {3, "\x08\x10"}, pngPalette: {1, "\x01\x02\x04\x08"}, pngGrayAlpha: {2, "\x08\x10"}, pngRGBA: {4, "\x08\x10"},
}

// pngFile is what a PNG file says before its image.
type pngFile struct {
	w, h, kind, depth int
	interlaced        bool
	palette           []byte
	transparent       []byte // tRNS: a color that is transparent, or the alphas of the palette
	image             []byte // the file from the first chunk of the image on
}

// openPNG reads the chunks before the image. Like Pillow, it compares their checksums, even if it does not use the chunk.
func openPNG(data []byte) (*pngFile, error) {
	f := &pngFile{}
	rest := data[8:]
	for {
		if len(rest) < 8 {
			return nil, fmt.Errorf("truncated PNG: the file ends after %d bytes: %w", len(data), io.ErrUnexpectedEOF)
		}
		n, name := int64(binary.BigEndian.Uint32(rest)), string(rest[4:8])
		for _, c := range rest[4:8] {
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
				return nil, fmt.Errorf("corrupt PNG: a chunk with the name %q", name)
			}
		}
		if name == "IDAT" {
			break
		}
		if n > int64(len(rest)-12) {
			return nil, fmt.Errorf("truncated PNG: the file ends after %d bytes: %w", len(data), io.ErrUnexpectedEOF)
		}
		content := rest[8 : 8+n]
		if crc32.ChecksumIEEE(rest[4:8+n]) != binary.BigEndian.Uint32(rest[8+n:]) {
			return nil, fmt.Errorf("corrupt PNG: the chunk %s has another checksum than it says", name)
		}
		if err := f.chunk(name, content); err != nil {
			return nil, err
		}
		rest = rest[12+n:]
	}
	if f.depth == 0 {
		return nil, errors.New("corrupt PNG: its image comes before its size (IHDR)")
	}
	f.image = rest
	return f, nil
}

// chunk reads a chunk. Like Pillow, it takes the last one of each name.
func (f *pngFile) chunk(name string, b []byte) error {
	switch name {
	case "IEND":
		return errors.New("corrupt PNG: it has no image")
	case "IHDR":
		if len(b) < 13 {
			return errors.New("corrupt PNG: its header (IHDR) is too short")
		}
		w, h := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
		kind, depth := int(b[9]), b[8]
		if bytes.IndexByte([]byte(pngDepths[kind].bits), depth) < 0 {
			return fmt.Errorf("corrupt PNG: color type %d with %d bits", kind, depth)
		}
		if b[11] != 0 {
			return fmt.Errorf("corrupt PNG: filter method %d", b[11])
		}
		*f = pngFile{w: int(w), h: int(h), kind: kind, depth: int(depth), interlaced: b[12] != 0} // what an earlier header needed may not fit
	case "PLTE":
		if f.kind == pngPalette && f.depth > 0 {
			if f.palette = b; len(b)/3 > 256 {
				return fmt.Errorf("corrupt PNG: a palette of %d colors, want at most 256", len(b)/3)
			}
		}
	case "tRNS":
		want := map[int]int{pngGray: 2, pngRGB: 6, pngPalette: 0}
		least, ok := want[f.kind]
		switch {
		case !ok || f.depth == 0: // alpha is in the pixels
		case len(b) < least:
			return fmt.Errorf("corrupt PNG: its transparent color (tRNS) has %d bytes, want %d", len(b), least)
		case f.kind == pngPalette && len(b) > 256:
			f.transparent = b[:256]
		default:
			f.transparent = b
		}
	}
	return nil
}

// rowBytes returns the bytes of a row of so many pixels, without the byte for its filter.
func (f *pngFile) rowBytes(w int) int { return (w*f.depth*pngDepths[f.kind].samples + 7) / 8 }

// pngData joins the chunks of the image. Like Pillow, it does not compare their checksums, and the file may end in one: the image's data have a checksum too.
type pngData struct{ rest, part []byte }

func (r *pngData) next() error {
	for len(r.part) == 0 {
		if len(r.rest) < 8 || string(r.rest[4:8]) != "IDAT" {
			return io.EOF
		}
		n := min(int64(binary.BigEndian.Uint32(r.rest)), int64(len(r.rest)-8))
		r.part, r.rest = r.rest[8:8+n], r.rest[min(12+n, int64(len(r.rest))):]
	}
	return nil
}

func (r *pngData) Read(p []byte) (int, error) {
	if err := r.next(); err != nil {
		return 0, err
	}
	n := copy(p, r.part)
	r.part = r.part[n:]
	return n, nil
}

func (r *pngData) ReadByte() (byte, error) {
	if err := r.next(); err != nil {
		return 0, err
	}
	b := r.part[0]
	r.part = r.part[1:]
	return b, nil
}

// pngPasses are the passes of an interlaced image: the first column and row, and the steps between columns and rows.
var pngPasses = [...][4]int{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}

// decodePNG decodes a PNG file; of an animation, the default image. Like Pillow, it does not need what follows the image: the end may be missing or damaged, and more data may
// follow the last row.
func decodePNG(d *Decoder, data []byte, channels int) (native, error) {
	f, err := openPNG(data)
	if err != nil {
		return native{}, err
	}
	n := native{h: f.h, w: f.w, layout: rgb}
	switch deep := f.kind == pngGray && f.depth == 16; {
	case deep:
		d.levels.Depth = Deep
		if n.layout = d.levels.layout(); channels == 4 && f.transparent != nil {
			n.layout = rgba
		}
	case f.kind == pngGray || f.kind == pngGrayAlpha:
		if n.layout = gray; channels == 4 && (f.kind == pngGrayAlpha || f.transparent != nil) {
			n.layout = grayAlpha
		}
	case channels == 4 && (f.kind == pngRGBA || f.transparent != nil):
		n.layout = rgba
	}
	size := layoutBytes[n.layout]
	memory := int64(f.w)*int64(f.h)*int64(size) + 2*int64(f.rowBytes(f.w))
	if err := d.checkSize("PNG", f.w, f.h, memory, channels, len(data)); err != nil {
		return native{}, err
	}
	n.pix = grow(&d.native, f.w*f.h*size)
	if err := f.decode(d, n, len(data)); err != nil {
		return native{}, err
	}
	if f.depth == 16 && f.kind != pngGray {
		d.levels.colors(n)
	}
	return n, nil
}

// decode decompresses the image to n. file is the size of the file.
func (f *pngFile) decode(d *Decoder, n native, file int) error {
	truncated := fmt.Errorf("truncated PNG: the data of its image end too early, in a file of %d bytes: %w", file, io.ErrUnexpectedEOF)
	z, err := zlib.NewReader(&pngData{rest: f.image})
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return truncated
	} else if err != nil {
		return fmt.Errorf("corrupt PNG: %w", err)
	}
	passes := pngPasses[:]
	if !f.interlaced {
		passes = [][4]int{{0, 0, 1, 1}}
	}
	p := f.painter(d, n)
	unit := max(1, f.depth*pngDepths[f.kind].samples/8)
	rows := make([]byte, 2*(1+f.rowBytes(f.w)))
	for _, pass := range passes {
		w, h := (f.w-pass[0]+pass[2]-1)/pass[2], (f.h-pass[1]+pass[3]-1)/pass[3]
		if w <= 0 || h <= 0 {
			continue
		}
		line := 1 + f.rowBytes(w)
		row, above := rows[:line], rows[line:][:line]
		clear(above)
		for y := range h {
			switch _, err := io.ReadFull(z, row); {
			case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
				return truncated
			case err != nil:
				return fmt.Errorf("corrupt PNG: %w", err)
			}
			if row[0] > 4 {
				return fmt.Errorf("corrupt PNG: the unknown filter %d", row[0])
			}
			unfilter(row[0], row[1:], above[1:], unit)
			p.row(row[1:], pass[1]+y*pass[3], pass[0], pass[2], w)
			row, above = above, row
		}
	}
	// The checksum comes next, if the image has no more data. It may be missing, but not wrong.
	if _, err := z.Read(rows[:1]); errors.Is(err, zlib.ErrChecksum) {
		return fmt.Errorf("corrupt PNG: %w", err)
	}
	return nil
}

// unfilter restores a row from what its filter made of it. A sample has its neighbor unit bytes to the left.
func unfilter(filter byte, row, above []byte, unit int) {
	above = above[:len(row)]
	switch filter {
	case 1:
		for i := unit; i < len(row); i++ {
			row[i] += row[i-unit]
		}
	case 2:
		for i, v := range above {
			row[i] += v
		}
	case 3:
		for i := range min(unit, len(row)) {
			row[i] += above[i] / 2
		}
		for i := unit; i < len(row); i++ {
			row[i] += byte((int(row[i-unit]) + int(above[i])) / 2)
		}
	case 4:
		for k := range min(unit, len(row)) {
			var left, corner int
			for i := k; i < len(row); i += unit {
				up := int(above[i])
				p := up - corner
				q := left - corner
				a, b, c := max(p, -p), max(q, -q), max(p+q, -p-q)
				switch {
				case a <= b && a <= c:
				case b <= c:
					left = up
				default:
					left = corner
				}
				left = int(row[i] + byte(left))
				row[i], corner = byte(left), up
			}
		}
	}
}
