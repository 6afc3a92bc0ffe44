package picture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// Tags of TIFF files.
const (
	tiffWidth           = 256
	tiffHeight          = 257
	tiffBits            = 258
	tiffCompression     = 259
	tiffPhotometric     = 262
	tiffFillOrder       = 266
	tiffStripOffsets    = 273
	tiffOrientationTag  = 274
	tiffSamples         = 277
	tiffRowsPerStrip    = 278
	tiffStripBytes      = 279
	tiffPlanar          = 284
	tiffFaxOptions      = 292
	tiffPredictor       = 317
	tiffColors          = 320
	tiffTileWidth       = 322
	tiffTileHeight      = 323
	tiffTileOffsets     = 324
	tiffTileBytes       = 325
	tiffExtraSamples    = 338
	tiffFormat          = 339
	tiffJPEGTables      = 347
	tiffYCbCrFactors    = 529
	tiffYCbCrSubsample  = 530
	tiffReferenceLevels = 532
)

// Values of tiffPhotometric.
const (
	whiteIsZero = 0
	blackIsZero = 1
	tiffRGB     = 2
	tiffPalette = 3
	tiffCMYK    = 5
	tiffYCbCr   = 6
)

// tiffColorNames names the values of tiffPhotometric that this package does not read.
var tiffColorNames = map[int]string{4: "transparency masks", 8: "L*a*b* colors", 9: "L*a*b* colors", 10: "L*a*b* colors", 32844: "LogLuv colors", 32845: "LogLuv colors"}

// tiffTypes has the sizes in bytes of the types of values.
var tiffTypes = [...]int{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

// tiffMagics are the first bytes of TIFF files, and then those of BigTIFF files.
var tiffMagics = [...]string{"II*\x00", "MM\x00*", "II+\x00", "MM\x00+"}

// tiffDir is the first directory of a TIFF or BigTIFF file. A tag is looked up when it is needed.
type tiffDir struct {
	data    []byte
	order   binary.ByteOrder
	big     bool
	entries []byte
}

var errTIFFEnd = fmt.Errorf("truncated TIFF: %w", io.ErrUnexpectedEOF)

// readTIFF reads the header of a file. A directory that is truncated is an error if strict is set.
func readTIFF(data []byte, strict bool) (tiffDir, error) {
	if len(data) < 8 {
		return tiffDir{}, errTIFFEnd
	}
	t := tiffDir{data: data, order: binary.LittleEndian, big: data[2] == '+' || data[3] == '+'}
	if data[0] == 'M' {
		t.order = binary.BigEndian
	}
	at, count, size := uint64(t.order.Uint32(data[4:])), 2, uint64(12)
	if t.big {
		if len(data) < 16 {
			return tiffDir{}, errTIFFEnd
		}
		if t.order.Uint16(data[4:]) != 8 {
			return tiffDir{}, errors.New("corrupt TIFF: a BigTIFF file with offsets of another size than 8 bytes")
		}
		at, count, size = t.order.Uint64(data[8:]), 8, 20
	}
	if at > uint64(len(data)) || uint64(len(data))-at < uint64(count) {
		return tiffDir{}, errTIFFEnd
	}
	n := uint64(t.order.Uint16(data[at:]))
	if t.big {
		n = t.order.Uint64(data[at:])
	}
	t.entries = data[at+uint64(count):]
	if n > uint64(len(t.entries))/size {
		if strict {
			return tiffDir{}, errTIFFEnd
		}
		n = uint64(len(t.entries)) / size
	}
	t.entries = t.entries[:n*size]
	return t, nil
}

// value returns the type, the number and the bytes of the values of a tag. kind is 0 if the directory does not have it.
func (t tiffDir) value(tag uint16) (kind, count int, bytes []byte, err error) {
	size, field := 12, 4
	if t.big {
		size, field = 20, 8
	}
	for e := t.entries; len(e) >= size; e = e[size:] {
		if t.order.Uint16(e) != tag {
			continue
		}
		kind = int(t.order.Uint16(e[2:]))
		if kind >= len(tiffTypes) || tiffTypes[kind] == 0 {
			return 0, 0, nil, fmt.Errorf("corrupt TIFF: the tag %d has values of the unknown type %d", tag, kind)
		}
		number := t.offset(e[4:])
		at := e[4+field:][:field]
		if number > uint64(len(t.data)) {
			return 0, 0, nil, errTIFFEnd
		}
		n := number * uint64(tiffTypes[kind])
		if n <= uint64(field) {
			return kind, int(number), at[:n], nil
		}
		from := t.offset(at)
		if from > uint64(len(t.data)) || n > uint64(len(t.data))-from {
			return 0, 0, nil, errTIFFEnd
		}
		return kind, int(number), t.data[from : from+n], nil
	}
	return 0, 0, nil, nil
}

// offset reads a number of 4 bytes, or of 8 bytes in BigTIFF.
func (t tiffDir) offset(b []byte) uint64 {
	if t.big {
		return t.order.Uint64(b)
	}
	return uint64(t.order.Uint32(b))
}

// numbers returns the whole numbers of a tag; nil if the directory does not have it.
func (t tiffDir) numbers(tag uint16) ([]int, error) {
	kind, count, b, err := t.value(tag)
	if err != nil || kind == 0 {
		return nil, err
	}
	out := make([]int, count)
	for i := range out {
		switch kind {
		case 1, 7:
			out[i] = int(b[i])
		case 3:
			out[i] = int(t.order.Uint16(b[2*i:]))
		case 4, 13:
			out[i] = int(t.order.Uint32(b[4*i:]))
		case 16, 18:
			out[i] = int(min(t.order.Uint64(b[8*i:]), math.MaxInt64))
		default:
			return nil, fmt.Errorf("corrupt TIFF: the tag %d has no whole numbers", tag)
		}
	}
	return out, nil
}

// fractions returns the fractions of a tag, or the default.
func (t tiffDir) fractions(tag uint16, otherwise []float32) []float32 {
	kind, count, b, err := t.value(tag)
	if err != nil || kind != 5 || count != len(otherwise) {
		return otherwise
	}
	out := make([]float32, count)
	for i := range out {
		out[i] = float32(float64(t.order.Uint32(b[8*i:])) / float64(max(t.order.Uint32(b[8*i+4:]), 1)))
	}
	return out
}

// tiffInfo is what the tags say of the image.
type tiffInfo struct {
	tiffDir
	w, h, bits, format   int
	samples              int   // of a pixel
	extras               []int // what the samples beside colors are: 0 unknown, 1 premultiplied alpha, 2 alpha
	photometric          int
	compression          int
	planar               bool
	reversed             bool // the first pixel of a byte is in its lowest bit
	predictor            int
	blockW, blockH       int // of strips or tiles
	tiled                bool
	offsets, sizes       []int
	subsampleX, subsampY int
}

// info reads the tags.
func (t tiffDir) info() (*tiffInfo, error) {
	f := &tiffInfo{tiffDir: t}
	var bits, formats, subsample []int
	var errs []error
	one := func(into *int, tag uint16, otherwise int) {
		v, err := t.numbers(tag)
		errs = append(errs, err)
		if *into = otherwise; len(v) > 0 {
			*into = v[0]
		}
	}
	all := func(into *[]int, tag uint16) {
		v, err := t.numbers(tag)
		errs = append(errs, err)
		*into = v
	}
	var planar, order int
	one(&f.w, tiffWidth, 0)
	one(&f.h, tiffHeight, 0)
	one(&f.samples, tiffSamples, 1)
	one(&f.photometric, tiffPhotometric, whiteIsZero)
	one(&f.compression, tiffCompression, 1)
	one(&f.predictor, tiffPredictor, 1)
	one(&planar, tiffPlanar, 1)
	one(&order, tiffFillOrder, 1)
	one(&f.blockW, tiffTileWidth, 0)
	one(&f.blockH, tiffTileHeight, 0)
	all(&bits, tiffBits)
	all(&formats, tiffFormat)
	all(&f.extras, tiffExtraSamples)
	all(&subsample, tiffYCbCrSubsample)
	f.tiled = f.blockW > 0
	if f.tiled {
		all(&f.offsets, tiffTileOffsets)
		all(&f.sizes, tiffTileBytes)
	}
	if f.offsets == nil { // some files have strips of the size of tiles
		all(&f.offsets, tiffStripOffsets)
		all(&f.sizes, tiffStripBytes)
	}
	if !f.tiled {
		f.blockW = f.w
		one(&f.blockH, tiffRowsPerStrip, f.h)
		f.blockH = min(f.blockH, f.h)
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	f.planar, f.reversed = planar == 2, order == 2
	f.subsampleX, f.subsampY = 2, 2
	if len(subsample) == 2 {
		f.subsampleX, f.subsampY = subsample[0], subsample[1]
	}
	f.bits, f.format = 1, 1
	if len(bits) > 0 {
		f.bits = bits[0]
	}
	if len(formats) > 0 {
		f.format = formats[0]
	}
	if most := max(f.w, f.h, f.blockW, f.blockH); most > math.MaxInt32 {
		return nil, fmt.Errorf("corrupt TIFF: its size is %dx%d, in blocks of %dx%d", f.w, f.h, f.blockW, f.blockH)
	}
	if f.samples < 1 || f.samples > 64 {
		return nil, fmt.Errorf("corrupt TIFF: %d samples for each pixel", f.samples)
	}
	same := func(v []int) bool { return len(v) == 0 || slices.Max(v) == slices.Min(v) }
	if !same(bits[:min(len(bits), f.samples)]) || !same(formats) {
		return nil, fmt.Errorf("TIFF files whose samples have different types are not supported (bits %v)%s", bits, tiffAdvice)
	}
	return f, nil
}

// tiffAdvice says what to do with a file of a kind that is not supported.
const tiffAdvice = "; convert it, for example with ImageMagick: magick FILE FILE.png"

// decodeTIFF decodes the first image of a TIFF file.
func decodeTIFF(d *Decoder, data []byte, channels int) (native, error) {
	if raw := rawTIFF(data); raw != "" {
		return native{}, rawError(raw, data)
	}
	t, err := readTIFF(data, true)
	if err != nil {
		return native{}, err
	}
	f, err := t.info()
	if err != nil {
		return native{}, err
	}
	m, err := f.mode()
	if err != nil {
		return native{}, err
	}
	// The samples, and the pixels that are made of them.
	if err := d.checkSize("TIFF", f.w, f.h, int64(f.w)*int64(f.h)*int64((f.samples*f.bits+7)/8+m.bytes()), channels, len(data)); err != nil {
		return native{}, err
	}
	if err := f.checkBlocks(d, m); err != nil {
		return native{}, err
	}
	rows, err := f.unpack(d, m)
	if err != nil {
		return native{}, err
	}
	n := native{h: f.h, w: f.w, layout: m.layout}
	if d.levels.Depth = m.depth; m.depth != Shallow {
		n.layout = d.levels.layout()
	}
	n.pix = grow(&d.native, f.h*f.w*m.bytes())
	if err := m.pixels(f, rows, n.pix, &d.levels); err != nil {
		return native{}, err
	}
	if f.deepColors(m) {
		d.levels.colors(n)
	}
	return n, nil
}
