package picture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// bmpFile is the header of a BMP file.
type bmpFile struct {
	w, h        int64
	bits        int
	compression uint32
	topDown     bool
	colors      int64 // entries of the palette
	entry       int   // bytes of an entry
	masks       [4]uint32
	palette     []byte
	indexes     bmpIndexes
	pixels      []byte // from their beginning to the end of the file
	at          int    // where pixels begin in the file
}

// The kinds of compression that Pillow supports.
const (
	bmpRaw = iota
	bmpRLE8
	bmpRLE4
	bmpFields
)

// bmpIndexes says what the numbers of pixels with a palette stand for. Like Pillow, this package does not use a palette of grays, and takes the pixels for another kind of image, even if
// the bits per pixel say something else: then such an image is wrong, or is refused.
type bmpIndexes uint8

const (
	bmpColors bmpIndexes = iota // colors of the palette
	bmpGrays                    // grays of 8 bits: the palette has the grays 0, 1, 2 and so on
	bmpBlack                    // black and white, of 1 bit: the palette has black, or black and white
)

// bmpLayouts lists the masks of pixels that Pillow supports, with the position of red, green, blue and alpha among a pixel's bytes. -1 is
// no alpha. Pixels of 16 bits have no positions.
var bmpLayouts = []struct {
	bits  int
	masks [4]uint32
	bytes [4]int
}{
	{32, [4]uint32{0xFF0000, 0xFF00, 0xFF, 0}, [4]int{2, 1, 0, -1}},
	{32, [4]uint32{0xFF000000, 0xFF0000, 0xFF00, 0}, [4]int{3, 2, 1, -1}},
	{32, [4]uint32{0xFF000000, 0xFF00, 0xFF, 0}, [4]int{3, 1, 0, -1}},
	{32, [4]uint32{0xFF000000, 0xFF0000, 0xFF00, 0xFF}, [4]int{3, 2, 1, 0}},
	{32, [4]uint32{0xFF, 0xFF00, 0xFF0000, 0xFF000000}, [4]int{0, 1, 2, 3}},
	{32, [4]uint32{0xFF0000, 0xFF00, 0xFF, 0xFF000000}, [4]int{2, 1, 0, 3}},
	{32, [4]uint32{0xFF000000, 0xFF00, 0xFF, 0xFF0000}, [4]int{3, 1, 0, 2}},
	{32, [4]uint32{}, [4]int{2, 1, 0, 3}},
	{24, [4]uint32{0xFF0000, 0xFF00, 0xFF, 0}, [4]int{2, 1, 0, -1}},
	{16, [4]uint32{0xF800, 0x7E0, 0x1F, 0}, [4]int{}},
	{16, [4]uint32{0x7C00, 0x3E0, 0x1F, 0}, [4]int{}},
}

// decodeBMP decodes every kind of BMP file that Pillow's BmpImagePlugin decodes, and 2 bits per pixel.
func decodeBMP(d *Decoder, data []byte, channels int) (native, error) {
	f, err := openBMP(data)
	if err != nil {
		return native{}, err
	}
	n := native{layout: rgb}
	if max(f.w, f.h) > math.MaxInt32 {
		return native{}, fmt.Errorf("corrupt BMP: its size is %dx%d", f.w, f.h)
	}
	n.w, n.h = int(f.w), int(f.h)
	at := [4]int{2, 1, 0, -1}
	fields := false
	if f.compression == bmpFields {
		for _, l := range bmpLayouts {
			if l.bits == f.bits && l.masks == f.masks {
				at, fields = l.bytes, true
			}
		}
		if !fields {
			return native{}, fmt.Errorf("BMP with the bit fields %#x and %d bits per pixel is not supported", f.masks, f.bits)
		}
		if f.bits == 32 && at[3] >= 0 {
			n.layout = rgba
		}
	}
	size := layoutBytes[n.layout]
	if err := d.checkSize("BMP", n.w, n.h, int64(size+1)*f.w*f.h, channels, len(data)); err != nil {
		return native{}, err
	}
	n.pix = grow(&d.native, n.w*n.h*size)
	if f.compression == bmpRLE8 || f.compression == bmpRLE4 {
		return n, f.decodeRLE(n)
	}
	stride := (n.w*f.bits + 31) >> 3 &^ 3
	bits := [...]int{bmpColors: f.bits, bmpGrays: 8, bmpBlack: 1}[f.indexes]
	used := (n.w*bits + 7) / 8 // of a row, in bytes
	if used > stride {
		return native{}, fmt.Errorf("BMP with %d bits per pixel and a palette of the grays from 0 to %d is not supported, as in Pillow; convert it, for example with ImageMagick: magick FILE FILE.png", f.bits, f.colors-1)
	}
	if len(f.pixels) < stride*(n.h-1)+used {
		return native{}, fmt.Errorf("truncated BMP: the file ends after %d bytes: %w", len(data), io.ErrUnexpectedEOF)
	}
	for y := range n.h {
		row := f.pixels[stride*y:]
		out := n.pix[f.row(y, n.h)*n.w*size:][:n.w*size]
		switch {
		case f.bits <= 8:
			per := 8 / bits
			for x := range n.w {
				f.color(out[3*x:], row[x/per]>>(8-bits-x%per*bits)&(1<<bits-1))
			}
		case f.bits == 16:
			for x := range n.w {
				v := int(binary.LittleEndian.Uint16(row[2*x:]))
				red, green, most := v>>10&31, v>>5&31, 31
				if fields && f.masks[0] == 0xF800 {
					red, green, most = v>>11&31, v>>5&63, 63
				}
				out[3*x], out[3*x+1], out[3*x+2] = byte(red*255/31), byte(green*255/most), byte(v&31*255/31)
			}
		default:
			bytes := f.bits / 8
			for x := range n.w {
				p, o := row[x*bytes:], out[x*size:]
				o[0], o[1], o[2] = p[at[0]], p[at[1]], p[at[2]]
				if size == 4 {
					o[3] = p[at[3]]
				}
			}
		}
	}
	return n, nil
}

// decodeDIB decodes a BMP file without its first header (.dib).
func decodeDIB(d *Decoder, data []byte, channels int) (native, error) {
	const first = "BM\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" // it does not say where the pixels begin
	return decodeBMP(d, append([]byte(first), data...), channels)
}

// row returns the row of the image that is stored at position y.
func (f *bmpFile) row(y, h int) int {
	if f.topDown {
		return y
	}
	return h - 1 - y
}

// color writes the color of an index. Beyond the palette it is black.
func (f *bmpFile) color(out []byte, index byte) {
	switch i := int(index) * f.entry; {
	case f.indexes == bmpGrays:
		out[0], out[1], out[2] = index, index, index
	case f.indexes == bmpBlack && index != 0:
		out[0], out[1], out[2] = 255, 255, 255
	case f.indexes == bmpBlack || i+3 > len(f.palette):
		out[0], out[1], out[2] = 0, 0, 0
	default:
		out[0], out[1], out[2] = f.palette[i+2], f.palette[i+1], f.palette[i]
	}
}

// readPalette reads the palette at the start of b.
func (f *bmpFile) readPalette(b []byte) error {
	if f.colors > 1<<16 {
		return fmt.Errorf("corrupt BMP: a palette of %d colors", f.colors)
	}
	f.palette = b[:min(f.entry*int(f.colors), len(b))]
	switch {
	case f.bits == 2: // Pillow does not read it
	case !f.grays():
		if n := len(f.palette) / f.entry; n > 256 {
			return fmt.Errorf("corrupt BMP: a palette of %d colors, want at most 256", n)
		}
	case f.colors <= 2:
		f.indexes = bmpBlack
	default:
		f.indexes = bmpGrays
	}
	return nil
}

// grays reports whether color i of the palette is the gray i; the second of two is white.
func (f *bmpFile) grays() bool {
	for i := range int(f.colors) {
		v := byte(i)
		if f.colors == 2 {
			v = byte(255 * i)
		}
		at := i * f.entry
		if at+3 > len(f.palette) || f.palette[at] != v || f.palette[at+1] != v || f.palette[at+2] != v {
			return false
		}
	}
	return true
}

// openBMP reads the headers and finds the palette and the pixels.
func openBMP(data []byte) (*bmpFile, error) {
	truncated := fmt.Errorf("truncated BMP: the file ends after %d bytes: %w", len(data), io.ErrUnexpectedEOF)
	if len(data) < 18 {
		return nil, truncated
	}
	u16, u32 := binary.LittleEndian.Uint16, binary.LittleEndian.Uint32
	header, offset := int(u32(data[14:])), int64(u32(data[10:]))
	f := &bmpFile{entry: 4}
	switch header {
	case 12, 40, 52, 56, 64, 108, 124:
	default:
		return nil, fmt.Errorf("BMP with a header of %d bytes is not supported", header)
	}
	if len(data) < 14+header {
		return nil, truncated
	}
	h := data[18 : 14+header]
	rest := 14 + header
	if header == 12 {
		f.w, f.h, f.bits, f.entry = int64(u16(h)), int64(u16(h[2:])), int(u16(h[6:])), 3
	} else {
		f.w, f.h, f.bits, f.compression, f.colors = int64(u32(h)), int64(u32(h[4:])), int(u16(h[10:])), u32(h[12:]), int64(u32(h[28:]))
		if h[7] == 0xFF {
			f.topDown, f.h = true, 1<<32-f.h
		}
		if f.compression == bmpFields {
			masks := h[min(36, len(h)):]
			if header == 40 {
				if masks = data[rest:]; len(masks) < 12 {
					return nil, truncated
				}
				masks = masks[:12]
				rest += 12
			}
			for i := 0; i < 4 && len(masks) >= 4; i++ {
				f.masks[i], masks = u32(masks), masks[4:]
			}
			if f.bits != 32 {
				f.masks[3] = 0
			}
		}
	}
	switch f.bits {
	case 1, 2, 4, 8, 16, 24, 32:
	default:
		return nil, fmt.Errorf("BMP with %d bits per pixel is not supported", f.bits)
	}
	if f.compression > bmpFields {
		return nil, fmt.Errorf("BMP with compression %d is not supported", f.compression)
	}
	if (f.compression == bmpRLE8 || f.compression == bmpRLE4) && f.bits > 8 {
		return nil, errors.New("corrupt BMP: run lengths are for images with a palette")
	}
	if f.colors == 0 {
		f.colors = 1 << f.bits
	}
	if f.bits <= 8 {
		if err := f.readPalette(data[rest:]); err != nil {
			return nil, err
		}
		if offset == int64(14+header) {
			offset += int64(f.entry) * f.colors
		}
		rest += len(f.palette)
	}
	if offset == 0 {
		offset = int64(rest)
	}
	if offset > int64(len(data)) {
		return nil, truncated
	}
	f.at = int(offset)
	f.pixels = data[offset:]
	return f, nil
}

// decodeRLE decodes runs of pixels, as Pillow's BmpRleDecoder does.
func (f *bmpFile) decodeRLE(n native) error {
	total := n.w * n.h
	done, x := 0, 0
	put := func(index byte) {
		if done < total {
			y := f.row(done/n.w, n.h)
			f.color(n.pix[(y*n.w+done%n.w)*3:], index)
		}
		done++
	}
	nibbles := f.compression == bmpRLE4
	b := f.pixels
	take := func(n int) []byte {
		n = min(n, len(b))
		out := b[:n]
		b = b[n:]
		return out
	}
	for done < total && len(b) >= 2 {
		count, value := int(b[0]), b[1]
		b = b[2:]
		switch {
		case count > 0:
			count = min(count, max(0, n.w-x)) // too much for the row
			for i := range count {
				switch {
				case !nibbles:
					put(value)
				case i%2 == 0:
					put(value >> 4)
				default:
					put(value & 15)
				}
			}
			x += count
		case value == 0: // end of a row
			for done%n.w != 0 {
				put(0)
			}
			x = 0
		case value == 1: // end of the image
			b = nil
		case value == 2: // move right and up
			move := take(2)
			if len(move) < 2 {
				break
			}
			for range min(total-done, int(move[0])+int(move[1])*n.w) {
				put(0)
			}
			x = done % n.w
		default: // pixels as they are
			count := min(total-done, int(value))
			bytes := count
			if nibbles {
				bytes = (count + 1) / 2
			}
			got := take(bytes)
			for i, v := range got {
				if !nibbles {
					put(v)
					continue
				}
				put(v >> 4)
				if 2*i+1 < count {
					put(v & 15)
				}
			}
			if len(got) < bytes {
				b = nil
				break
			}
			x += int(value)
			if at := f.at + len(f.pixels) - len(b); at%2 != 0 {
				take(1)
			}
		}
	}
	if done < total {
		return fmt.Errorf("truncated BMP: its runs have %d of %d pixels: %w", done, total, io.ErrUnexpectedEOF)
	}
	return nil
}
