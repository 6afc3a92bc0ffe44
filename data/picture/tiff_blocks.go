package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/lince-ml/lince/data/picture/internal/jpeg"
)

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

// A block needs some 10 microseconds beside its pixels. Files with more than manyBlocks must have at least fewPixels for each of them. (Tiles have 16x16 pixels or more, and strips have
// the width of the image.)
const (
	manyBlocks = 1 << 16
	fewPixels  = 64
)

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
	} else if need > manyBlocks && f.w*f.h/need < fewPixels {
		return fmt.Errorf("TIFF files with %d blocks of %dx%d pixels are not supported%s", need, f.blockW, f.blockH, tiffAdvice)
	}
	if f.compression == tiffFax3 {
		if o, err := f.numbers(tiffFaxOptions); err != nil || len(o) == 1 && o[0]&1 != 0 {
			return errors.New("TIFF files with two-dimensional fax compression (group 3) are not supported" + tiffAdvice)
		}
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
	return b, nil
}

// unpack decompresses all blocks. It returns the rows of each plane, one plane after the other. If the colors are YCbCr in fewer samples, the result has all
// samples.
func (f *tiffInfo) unpack(d *Decoder, m *tiffMode) ([]byte, error) {
	planes, samples := f.planes()
	row := f.rowBytes(f.w)
	out := make([]byte, planes*f.h*row)
	line := f.rowBytes(f.blockW)
	u := &tiffUnpacker{tiffInfo: f, left: len(f.data) + 2*len(out)}
	defer u.close()
	if f.compression == tiffJPEG {
		if err := u.readTables(); err != nil {
			return nil, err
		}
	}
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
					buf, err = u.jpegBlock(d, m, b, rows, buf)
				case m.ycc && (f.subsampleX > 1 || f.subsampY > 1) && !f.planar:
					buf, err = u.subsampled(b, rows, buf)
				default:
					buf, err = u.expand(b, rows, grow(&buf, rows*line))
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
func (f *tiffUnpacker) expand(b []byte, rows int, out []byte) ([]byte, error) {
	if err := f.decompress(b, rows, out); err != nil {
		return nil, err
	}
	if !tiffCompressions[f.compression].predictor || f.predictor == 1 {
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
func (f *tiffUnpacker) jpegBlock(d *Decoder, m *tiffMode, b []byte, rows int, buf []byte) ([]byte, error) {
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
	hdr, err := d.jpeg.OpenAs(b, f.tables, space)
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
	return out, f.charge(d.jpeg.Size())
}

// subsampled decompresses a block of YCbCr colors, in which subsampleX*subsampY pixels share their chroma, and repeats the chroma, as libtiff does.
func (f *tiffUnpacker) subsampled(b []byte, rows int, buf []byte) ([]byte, error) {
	sx, sy := f.subsampleX, f.subsampY
	across, down := (f.blockW+sx-1)/sx, (rows+sy-1)/sy
	unit := sx*sy + 2
	packed := make([]byte, across*down*unit)
	if err := f.decompress(b, rows, packed); err != nil {
		return nil, err
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
