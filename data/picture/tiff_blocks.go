package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"

	"github.com/lince-ml/lince/data/picture/internal/jpeg"
	"github.com/lince-ml/lince/internal/bounded"
)

// Values of tiffCompression.
const (
	tiffRaw  = 1
	tiffFax3 = 3
	tiffFax4 = 4
	tiffJPEG = 7
)

// tiffCompressions lists the compressions of blocks that are decompressed to samples. JPEG is another case.
var tiffCompressions = map[int]struct {
	open      func(f *tiffInfo, b []byte, rows int) (io.Reader, error)
	predictor bool
}{
	tiffRaw: {func(_ *tiffInfo, b []byte, _ int) (io.Reader, error) { return bytes.NewReader(b), nil }, false},
	tiffFax3: {func(f *tiffInfo, b []byte, rows int) (io.Reader, error) {
		if o, err := f.numbers(tiffFaxOptions); err != nil || len(o) == 1 && o[0]&1 != 0 {
			return nil, errors.New("TIFF files with two-dimensional fax compression (group 3) are not supported" + tiffAdvice)
		}
		return ccitt.NewReader(bytes.NewReader(b), ccitt.MSB, ccitt.Group3, f.blockW, rows, &ccitt.Options{Invert: true}), nil
	}, false},
	tiffFax4: {func(f *tiffInfo, b []byte, rows int) (io.Reader, error) {
		return ccitt.NewReader(bytes.NewReader(b), ccitt.MSB, ccitt.Group4, f.blockW, rows, &ccitt.Options{Invert: true}), nil
	}, false},
	5: {func(_ *tiffInfo, b []byte, _ int) (io.Reader, error) {
		return lzw.NewReader(bytes.NewReader(b), lzw.MSB, 8), nil
	}, true},
	8:     {func(_ *tiffInfo, b []byte, _ int) (io.Reader, error) { return zlib.NewReader(bytes.NewReader(b)) }, true},
	32946: {func(_ *tiffInfo, b []byte, _ int) (io.Reader, error) { return zlib.NewReader(bytes.NewReader(b)) }, true},
	32773: {func(_ *tiffInfo, b []byte, _ int) (io.Reader, error) { return &packBits{b: b}, nil }, false},
	50000: {func(_ *tiffInfo, b []byte, _ int) (io.Reader, error) { return bounded.Zstd(bytes.NewReader(b), 8<<20) }, true},
}

// tiffCompressionNames names those that this package does not read.
var tiffCompressionNames = map[int]string{
	2: "CCITT modified Huffman", 6: "old JPEG", 9: "JBIG", 10: "JBIG", 32766: "NeXT", 32809: "ThunderScan", 32908: "Pixar film", 32909: "Pixar log", 34661: "JBIG", 34676: "SGI LogL", 34677: "SGI LogLuv",
	34712: "JPEG 2000", 34887: "LERC", 34925: "LZMA", 34892: "lossy JPEG of DNG", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}

// packBits reads runs of bytes.
type packBits struct {
	b     []byte
	n     int // bytes that are left of the run
	equal bool
}

func (p *packBits) Read(out []byte) (int, error) {
	done := 0
	for done < len(out) {
		if p.n == 0 {
			if len(p.b) < 2 {
				return done, io.EOF
			}
			switch c := int(int8(p.b[0])); {
			case c >= 0:
				p.n, p.equal = c+1, false
			case c > -128:
				p.n, p.equal = 1-c, true
			}
			p.b = p.b[1:]
			continue
		}
		k := min(p.n, len(out)-done)
		if p.equal {
			if len(p.b) == 0 {
				return done, io.EOF
			}
			for i := range k {
				out[done+i] = p.b[0]
			}
		} else if k = copy(out[done:done+k], p.b); k == 0 {
			return done, io.EOF
		}
		done += k
		p.n -= k
		if !p.equal {
			p.b = p.b[k:]
		} else if p.n == 0 {
			p.b = p.b[1:]
		}
	}
	return done, nil
}

// planes returns the number of planes, and the samples of a pixel in each.
func (f *tiffInfo) planes() (planes, samples int) {
	if f.planar {
		return f.samples, 1
	}
	return 1, f.samples
}

// rowBytes returns the bytes of a row of so many pixels in a plane.
func (f *tiffInfo) rowBytes(w int) int {
	_, samples := f.planes()
	return (w*samples*f.bits + 7) / 8
}

// checkBlocks returns an error for strips or tiles that are not supported, or do not make up the image.
func (f *tiffInfo) checkBlocks(d *Decoder, m *tiffMode) error {
	if _, ok := tiffCompressions[f.compression]; !ok && f.compression != tiffJPEG {
		name := tiffCompressionNames[f.compression]
		if name == "" {
			name = "unknown"
		}
		return fmt.Errorf("TIFF files with the compression %d (%s) are not supported%s", f.compression, name, tiffAdvice)
	}
	if f.blockW < 1 || f.blockH < 1 {
		return fmt.Errorf("corrupt TIFF: blocks of %dx%d pixels", f.blockW, f.blockH)
	}
	if f.tiled {
		if err := d.checkSize("TIFF with tiles", f.blockW, f.blockH, int64(f.blockW)*int64(f.blockH)*int64((f.samples*f.bits+7)/8), 1, len(f.data)); err != nil {
			return err
		}
		if f.blockW*f.bits%8 != 0 {
			return fmt.Errorf("TIFF files with tiles of %d pixels of %d bits are not supported%s", f.blockW, f.bits, tiffAdvice)
		}
	}
	planes, _ := f.planes()
	across, down := (f.w+f.blockW-1)/f.blockW, (f.h+f.blockH-1)/f.blockH
	if need := across * down * planes; len(f.offsets) < need {
		return fmt.Errorf("corrupt TIFF: it lists %d blocks of %dx%d pixels, its size needs %d", len(f.offsets), f.blockW, f.blockH, need)
	}
	switch {
	case f.predictor < 1 || f.predictor > 3:
		return fmt.Errorf("corrupt TIFF: the unknown predictor %d", f.predictor)
	case f.compression == tiffJPEG && f.planar && m.ycc:
		return errors.New("TIFF files with the planes of YCbCr colors in JPEG are not supported" + tiffAdvice)
	case f.compression == tiffJPEG && (f.bits != 8 || f.samples == 2):
		return fmt.Errorf("TIFF files with JPEG compression of %d samples of %d bits are not supported%s", f.samples, f.bits, tiffAdvice)
	}
	return nil
}

// block returns the bytes of a strip or tile in the file.
func (f *tiffInfo) block(i int) ([]byte, error) {
	at := f.offsets[i]
	if at < 0 || at > len(f.data) {
		return nil, errTIFFEnd
	}
	b := f.data[at:]
	// As in Pillow, the lengths of blocks without compression do not matter.
	if f.compression != tiffRaw && i < len(f.sizes) && f.sizes[i] > 0 {
		if f.sizes[i] > len(b) {
			return nil, errTIFFEnd
		}
		b = b[:f.sizes[i]]
	}
	if f.reversed && f.compression != tiffJPEG {
		reversed := make([]byte, len(b))
		for k, v := range b {
			reversed[k] = bits.Reverse8(v)
		}
		b = reversed
	}
	return b, nil
}

// unpack decompresses all blocks. It returns the rows of each plane, one plane after the other. If the colors are YCbCr in fewer samples, the result has all
// samples.
func (f *tiffInfo) unpack(d *Decoder, m *tiffMode) ([]byte, error) {
	planes, samples := f.planes()
	row := f.rowBytes(f.w)
	out := make([]byte, planes*f.h*row)
	line := f.rowBytes(f.blockW)
	var buf []byte
	i := 0
	for plane := range planes {
		for y := 0; y < f.h; y += f.blockH {
			rows := f.blockH
			if !f.tiled {
				rows = min(rows, f.h-y)
			}
			for x := 0; x < f.w; x += f.blockW {
				b, err := f.block(i)
				if err != nil {
					return nil, err
				}
				i++
				switch {
				case f.compression == tiffJPEG:
					buf, err = f.jpegBlock(d, m, b, rows, buf)
				case m.ycc && (f.subsampleX > 1 || f.subsampY > 1) && !f.planar:
					buf, err = f.subsampled(b, rows, buf)
				default:
					buf, err = f.expand(b, rows, grow(&buf, rows*line))
				}
				if err != nil {
					return nil, err
				}
				from := x * samples * f.bits / 8
				for k := range min(rows, f.h-y) {
					copy(out[(plane*f.h+y+k)*row+from:(plane*f.h+y+k+1)*row], buf[k*line:][:line])
				}
			}
		}
	}
	return out, nil
}

// expand decompresses a block to out, and reverses the predictor.
func (f *tiffInfo) expand(b []byte, rows int, out []byte) ([]byte, error) {
	c := tiffCompressions[f.compression]
	r, err := c.open(f, b, rows)
	if err == nil {
		_, err = io.ReadFull(r, out)
	}
	if z, ok := r.(io.Closer); ok {
		_ = z.Close() // it was only read
	}
	if err != nil {
		return nil, stdError("TIFF", len(f.data), err)
	}
	if !c.predictor || f.predictor == 1 {
		return out, nil
	}
	_, samples := f.planes()
	line := f.rowBytes(f.blockW)
	for y := range rows {
		if err := unpredict(out[y*line:][:line], samples, f.bits, f.predictor, f.order); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// unpredict reverses the predictor of a row: 2 is the difference from the sample to the left, and 3 that of the bytes of floating-point numbers.
func unpredict(row []byte, samples, bits, predictor int, order binary.ByteOrder) error {
	size := bits / 8
	if predictor == 3 {
		for i := samples; i < len(row); i++ {
			row[i] += row[i-samples]
		}
		n := len(row) / size // the first bytes of all numbers, then the second ones, and so on
		planes := bytes.Clone(row)
		for i := range n {
			for k := range size {
				at := i*size + k
				if order == binary.LittleEndian {
					at = i*size + size - 1 - k
				}
				row[at] = planes[k*n+i]
			}
		}
		return nil
	}
	switch bits {
	case 8:
		for i := samples; i < len(row); i++ {
			row[i] += row[i-samples]
		}
	case 16:
		for i := 2 * samples; i+1 < len(row); i += 2 {
			order.PutUint16(row[i:], order.Uint16(row[i:])+order.Uint16(row[i-2*samples:]))
		}
	case 32:
		for i := 4 * samples; i+3 < len(row); i += 4 {
			order.PutUint32(row[i:], order.Uint32(row[i:])+order.Uint32(row[i-4*samples:]))
		}
	default:
		return fmt.Errorf("TIFF files with the predictor %d for samples of %d bits are not supported%s", predictor, bits, tiffAdvice)
	}
	return nil
}

// jpegBlock decodes a block in JPEG.
func (f *tiffInfo) jpegBlock(d *Decoder, m *tiffMode, b []byte, rows int, buf []byte) ([]byte, error) {
	_, _, tables, err := f.value(tiffJPEGTables)
	if err != nil {
		return nil, err
	}
	if len(tables) >= 4 && len(b) >= 2 { // both begin with a marker, and the tables end with one
		b = append(bytes.Clone(tables[:len(tables)-2]), b[2:]...)
	}
	space := jpeg.Gray
	_, samples := f.planes()
	switch {
	case samples == 4:
		space = jpeg.CMYK // the samples are not changed
	case samples == 3 && m.ycc:
		space = jpeg.YCbCr
	case samples == 3:
		space = jpeg.RGB
	}
	hdr, err := d.jpeg.OpenAs(b, space)
	if err != nil {
		return nil, fmt.Errorf("TIFF file: %w", err)
	}
	if hdr.Width != f.blockW || hdr.Height < rows || hdr.Channels != samples {
		return nil, fmt.Errorf("corrupt TIFF: a block of %dx%d pixels with %d samples has a JPEG of %dx%d with %d", f.blockW, rows, samples, hdr.Width, hdr.Height, hdr.Channels)
	}
	if err := d.checkSize("TIFF", hdr.Width, hdr.Height, hdr.Memory, samples, len(f.data)); err != nil {
		return nil, err
	}
	out, err := d.jpeg.Decode(buf)
	if err != nil {
		return nil, fmt.Errorf("TIFF file: %w", err)
	}
	return out, nil
}

// subsampled decompresses a block of YCbCr colors, in which subsampleX*subsampY pixels share their chroma, and repeats the chroma, as libtiff does.
func (f *tiffInfo) subsampled(b []byte, rows int, buf []byte) ([]byte, error) {
	sx, sy := f.subsampleX, f.subsampY
	across, down := (f.blockW+sx-1)/sx, (rows+sy-1)/sy
	unit := sx*sy + 2
	c := tiffCompressions[f.compression]
	r, err := c.open(f, b, rows)
	packed := make([]byte, across*down*unit)
	if err == nil {
		_, err = io.ReadFull(r, packed)
	}
	if err != nil {
		return nil, stdError("TIFF", len(f.data), err)
	}
	out := grow(&buf, rows*f.blockW*3)
	for y := range rows {
		for x := range f.blockW {
			u := packed[(y/sy*across+x/sx)*unit:][:unit]
			o := out[(y*f.blockW+x)*3:]
			o[0], o[1], o[2] = u[y%sy*sx+x%sx], u[unit-2], u[unit-1]
		}
	}
	return out, nil
}
