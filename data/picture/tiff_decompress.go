package picture

import (
	"compress/zlib"
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
	open      func(u *tiffUnpacker, b *blockBytes, rows int) (io.Reader, error)
	predictor bool
}{
	tiffRaw:  {func(_ *tiffUnpacker, b *blockBytes, _ int) (io.Reader, error) { return b, nil }, false},
	tiffFax3: {fax(ccitt.Group3), false},
	tiffFax4: {fax(ccitt.Group4), false},
	5: {func(_ *tiffUnpacker, b *blockBytes, _ int) (io.Reader, error) {
		return lzw.NewReader(b, lzw.MSB, 8), nil
	}, true},
	8:     {(*tiffUnpacker).openDeflate, true},
	32946: {(*tiffUnpacker).openDeflate, true},
	32773: {func(_ *tiffUnpacker, b *blockBytes, _ int) (io.Reader, error) { return &packBits{b: b}, nil }, false},
	50000: {(*tiffUnpacker).openZstd, true},
}

// tiffCompressionNames names those that this package does not read.
var tiffCompressionNames = map[int]string{
	2: "CCITT modified Huffman", 6: "old JPEG", 9: "JBIG", 10: "JBIG", 32766: "NeXT", 32809: "ThunderScan", 32908: "Pixar film", 32909: "Pixar log", 34661: "JBIG", 34676: "SGI LogL", 34677: "SGI LogLuv",
	34712: "JPEG 2000", 34887: "LERC", 34925: "LZMA", 34892: "lossy JPEG of DNG", 50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL",
}

// tiffUnpacker decompresses the blocks of a file. What all blocks need is made once, as there may be millions of them.
type tiffUnpacker struct {
	*tiffInfo
	tables  *jpeg.Tables
	deflate io.ReadCloser
	zstd    bounded.ZstdReader
	left    int // the bytes that may still be read
}

// readTables reads the tables that blocks in JPEG share.
func (f *tiffUnpacker) readTables() error {
	_, _, b, err := f.value(tiffJPEGTables)
	if err != nil || len(b) < 4 {
		return err
	}
	if f.tables, err = jpeg.ReadTables(b); err != nil {
		return fmt.Errorf("corrupt TIFF: its JPEG tables: %w", err)
	}
	return nil
}

func (f *tiffUnpacker) close() {
	if f.zstd != nil {
		_ = f.zstd.Close() // it was only read
	}
}

// blockMargin is how many bytes of each block are not charged: a JPEG file with tables has 623 bytes beside its pixels.
const blockMargin = 1024

// charge counts bytes that were read. Blocks may share bytes, as those of one color do, but such a block has fewer bytes than its pixels need. In a small file, millions of blocks may
// be the same bytes that decompress to almost nothing.
func (f *tiffUnpacker) charge(n int) error {
	if f.left -= max(n-blockMargin, 0); f.left < 0 {
		return fmt.Errorf("corrupt TIFF: its blocks have the same bytes, and need more of them than the %d bytes of the file and its %dx%d pixels allow", len(f.data), f.w, f.h)
	}
	return nil
}

// decompress reads the samples of a block.
func (f *tiffUnpacker) decompress(b []byte, rows int, out []byte) error {
	in := &blockBytes{b: b, reversed: f.reversed}
	r, err := tiffCompressions[f.compression].open(f, in, rows)
	if err == nil {
		_, err = io.ReadFull(r, out)
	}
	if err != nil {
		return stdError("TIFF", len(f.data), err)
	}
	return f.charge(len(b) - len(in.b))
}

func fax(group ccitt.SubFormat) func(*tiffUnpacker, *blockBytes, int) (io.Reader, error) {
	return func(f *tiffUnpacker, b *blockBytes, rows int) (io.Reader, error) {
		return ccitt.NewReader(b, ccitt.MSB, group, f.blockW, rows, &ccitt.Options{Invert: true}), nil
	}
}

func (f *tiffUnpacker) openDeflate(b *blockBytes, _ int) (_ io.Reader, err error) {
	if f.deflate == nil {
		f.deflate, err = zlib.NewReader(b)
		return f.deflate, err
	}
	r, ok := f.deflate.(zlib.Resetter)
	if !ok {
		return nil, errors.New("the reader of Deflate cannot be used again")
	}
	return f.deflate, r.Reset(b, nil)
}

func (f *tiffUnpacker) openZstd(b *blockBytes, _ int) (_ io.Reader, err error) {
	if f.zstd == nil {
		f.zstd, err = bounded.Zstd(b, 8<<20)
		return f.zstd, err
	}
	return f.zstd, f.zstd.Reset(b)
}

// blockBytes reads the bytes of a block.
type blockBytes struct {
	b        []byte // those that are left
	reversed bool   // the order of the bits of a byte
}

func (r *blockBytes) Read(out []byte) (int, error) {
	n := copy(out, r.b)
	if r.b = r.b[n:]; n == 0 && len(out) > 0 {
		return 0, io.EOF
	}
	if r.reversed {
		for i, v := range out[:n] {
			out[i] = bits.Reverse8(v)
		}
	}
	return n, nil
}

func (r *blockBytes) ReadByte() (byte, error) {
	if len(r.b) == 0 {
		return 0, io.EOF
	}
	v := r.b[0]
	r.b = r.b[1:]
	if r.reversed {
		v = bits.Reverse8(v)
	}
	return v, nil
}

// packBits reads runs of bytes.
type packBits struct {
	b     *blockBytes
	n     int // bytes that are left of the run
	equal bool
	value byte // of the run, if all its bytes are equal
}

func (p *packBits) Read(out []byte) (int, error) {
	done := 0
	for done < len(out) {
		if p.n == 0 {
			v, err := p.b.ReadByte()
			if err != nil {
				return done, err
			}
			switch c := int(int8(v)); {
			case c >= 0:
				p.n, p.equal = c+1, false
			case c > -128:
				p.n, p.equal = 1-c, true
				if p.value, err = p.b.ReadByte(); err != nil {
					return done, err
				}
			}
			continue
		}
		k := min(p.n, len(out)-done)
		if p.equal {
			for i := range k {
				out[done+i] = p.value
			}
		} else {
			var err error
			if k, err = p.b.Read(out[done : done+k]); err != nil {
				return done, err
			}
		}
		done += k
		p.n -= k
	}
	return done, nil
}
