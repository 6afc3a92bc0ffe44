package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// The library allocates what the headers of a Parquet file say. These checks come first: a list or a text must be in the bytes that are there, and a page must fit into
// its column.

// maxPage is the size of a page, in bytes after decompression, that is always allowed. Writers make pages of 1 MiB or less, except for large values, which hardly
// compress: larger pages are allowed up to pageRatio times their size in the file.
const (
	maxPage   = 64 << 20
	pageRatio = 16
	// maxPageValues is the number of values in a page. Writers put at most as many into a page as a group of rows has, 2^20 in pyarrow.
	maxPageValues = 1 << 22
	// maxPageHeader is the size of a page's header, which may have the least and the largest value, such as images. It is that of Arrow.
	maxPageHeader = 16 << 20
)

var errThrift = errors.New("it is damaged")

// checkFooter reads and checks the description of the columns at the end of a file, in the compact form of Thrift
// (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
func checkFooter(r io.ReaderAt, size int64) ([]byte, error) {
	var tail [8]byte
	if size < 12 {
		return nil, errThrift
	}
	if _, err := r.ReadAt(tail[:], size-8); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(tail[:4]))
	if string(tail[4:]) != "PAR1" || n > size-12 {
		return nil, errThrift
	}
	footer := make([]byte, n)
	if _, err := r.ReadAt(footer, size-8-n); err != nil {
		return nil, err
	}
	t := walker{b: footer, footer: true}
	if err := t.message(nil); err != nil {
		return nil, err
	}
	// Each message in a list is a struct of some hundred bytes in memory.
	if t.messages > 64+len(footer)/6 {
		return nil, errThrift
	}
	return withValues(footer, t.noValue), nil
}

// pageHeader is what counts of a page's header.
type pageHeader struct {
	size             int64 // of the header itself
	unpacked, stored int64 // bytes
	values           int64
	encoding         format.Encoding
	levels           format.Encoding // of the levels of version 1
	isData, isV2     bool            // it has values, and is no dictionary
	crc              int64           // of what is stored; 0 if there is none
	// A data page of version 2 begins with levels that are not compressed, and its values may not be either.
	definitions, repetitions int64 // bytes
	plain                    bool
}

// checkSizes checks the numbers of a header. left is the number of bytes from the header to the end of the column.
func (h pageHeader) checkSizes(left int64) error {
	if h.stored < 0 || h.stored > left-h.size || h.values < 0 {
		return errThrift
	}
	if h.unpacked < 0 || h.unpacked > max(maxPage, pageRatio*h.stored) || h.values > maxPageValues {
		return fmt.Errorf("a page of %d bytes claims to have %d values in %d bytes, which is more than is allowed", h.stored, h.values, h.unpacked)
	}
	return nil
}

// content returns the content of a page without compression, and checks the numbers in it that say how much follows.
func (h pageHeader) content(stored []byte, codec format.CompressionCodec, leaf *parquet.Column) ([]byte, error) {
	repetition, definition := levelBits(leaf)
	levels := int64(0)
	if h.isV2 {
		levels = h.definitions + h.repetitions
		if h.definitions < 0 || h.repetitions < 0 || levels > min(h.stored, h.unpacked) {
			return nil, errThrift
		}
		if err := errors.Join(h.runs(stored[:h.repetitions], repetition), h.runs(stored[h.repetitions:levels], definition)); err != nil {
			return nil, err
		}
	}
	content := stored
	if codec != format.Uncompressed && !h.plain && int64(len(stored)) > levels {
		values, err := unpack(codec, stored[levels:], h.unpacked-levels)
		if err != nil {
			return nil, err
		}
		content = slices.Concat(stored[:levels], values)
	}
	values, err := h.afterLevels(content[levels:], repetition, definition)
	if err != nil {
		return nil, err
	}
	if h.encoding == format.DeltaByteArray && h.isData {
		plain, err := plainTexts(values, leaf, h.values, max(maxPage, pageRatio*h.stored))
		return slices.Concat(content[:len(content)-len(values)], plain), err
	}
	return content, h.checkValues(values)
}

// afterLevels checks the levels in a page of version 1, which have so many bits, and returns what follows them.
func (h pageHeader) afterLevels(page []byte, repetition, definition int) ([]byte, error) {
	if !h.isData || h.isV2 {
		return page, nil
	}
	for _, width := range []int{repetition, definition} {
		if width == 0 {
			continue
		}
		if h.levels != format.RLE {
			return nil, fmt.Errorf("its levels have the encoding %v, which cannot be read", h.levels)
		}
		list, rest, err := prefixed(page)
		if err != nil {
			return nil, err
		}
		if err := h.runs(list, width); err != nil {
			return nil, err
		}
		page = rest
	}
	return page, nil
}

// checkValues checks the numbers in a page, after its levels, that say how much follows.
func (h pageHeader) checkValues(page []byte) error {
	if len(page) == 0 {
		return nil
	}
	switch h.encoding {
	case format.Plain, format.ByteStreamSplit:
		return nil
	case format.PlainDictionary, format.RLEDictionary: //nolint:staticcheck // old files have the first
		if !h.isData { // the dictionary itself
			return nil
		}
		return h.runs(page[1:], int(page[0]))
	case format.RLE:
		list, _, err := prefixed(page)
		if err != nil {
			return err
		}
		return h.runs(list, 1)
	case format.DeltaBinaryPacked, format.DeltaLengthByteArray:
		block, n := binary.Uvarint(page)
		if n <= 0 || block == 0 || block > maxDeltaBlock {
			return errThrift
		}
		page = page[n:]
		parts, n := binary.Uvarint(page)
		if n <= 0 || parts == 0 || parts > block {
			return errThrift
		}
		if total, n := binary.Uvarint(page[n:]); n <= 0 || total > uint64(h.values) {
			return errThrift
		}
		return nil
	}
	return fmt.Errorf("the encoding %v cannot be read; write the file with another version of Parquet, for example version 1.0", h.encoding)
}

// maxDeltaBlock is the number of values in a block of differences. Writers use 128 to 1,024.
const maxDeltaBlock = 1 << 16

// prefixed returns a list that begins with its length in bytes, and what follows.
func prefixed(b []byte) (list, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errThrift
	}
	n := int64(binary.LittleEndian.Uint32(b))
	if n > int64(len(b)-4) {
		return nil, nil, errThrift
	}
	return b[4 : 4+n], b[4+n:], nil
}

// runs checks that runs of numbers, of so many bits each, have no more numbers than the page has values. The last group of a run is filled up.
func (h pageHeader) runs(b []byte, width int) error {
	if width > 32 {
		return errThrift
	}
	const filled = 512
	for total := uint64(0); len(b) > 0; {
		head, n := binary.Uvarint(b)
		if n <= 0 {
			return errThrift
		}
		b = b[n:]
		count, size := head>>1, uint64(width+7)/8 // a number that repeats
		if head&1 == 1 {                          // groups of eight
			if count > maxPageValues {
				return errThrift
			}
			count, size = count*8, count*uint64(width)
		}
		if total += count; count > maxPageValues || total > uint64(h.values)+filled {
			return fmt.Errorf("a page of %d values claims to have %d", h.values, total)
		}
		b = b[min(size, uint64(len(b))):]
	}
	return nil
}

// unpack returns a compressed part of a page, which must have at most n bytes. The library trusts what the part says of itself, or unpacks it to the end.
func unpack(codec format.CompressionCodec, stored []byte, n int64) ([]byte, error) {
	forged := fmt.Errorf("a page of %d bytes has more than the %d bytes that it claims", len(stored), n)
	var r io.Reader
	var err error
	switch codec {
	case format.Snappy:
		if claimed, err := snappy.DecodedLen(stored); err != nil || int64(claimed) > n {
			return nil, forged
		}
		return snappy.Decode(nil, stored)
	case format.Lz4Raw:
		return unpackLZ4(stored, n)
	case format.Lz4:
		if b, ok := unpackHadoop(stored, n); ok {
			return b, nil
		}
		return unpackLZ4(stored, n) // old versions of Arrow
	case format.Gzip:
		r, err = gzip.NewReader(bytes.NewReader(stored))
	case format.Brotli:
		r = brotli.NewReader(bytes.NewReader(stored))
	case format.Zstd:
		var z *zstd.Decoder
		if z, err = zstd.NewReader(bytes.NewReader(stored), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2*maxPage)); err == nil {
			defer z.Close()
			r = z
		}
	default:
		return nil, fmt.Errorf("the compression %v cannot be read; write the file with Snappy or Zstandard", codec)
	}
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, n+1))
	if err == nil && int64(len(b)) > n {
		err = forged
	}
	return b, err
}

// unpackLZ4 unpacks a block of LZ4.
func unpackLZ4(stored []byte, n int64) ([]byte, error) {
	b := make([]byte, n)
	k, err := lz4.UncompressBlock(stored, b)
	if err != nil {
		return nil, fmt.Errorf("a page of %d bytes is damaged, or has more than the %d bytes that it claims", len(stored), n)
	}
	return b[:k], nil
}

// unpackHadoop unpacks blocks of LZ4 as Hadoop writes them: each begins with its length after and before it is unpacked.
func unpackHadoop(stored []byte, n int64) ([]byte, bool) {
	b := make([]byte, 0, n)
	for len(stored) > 0 {
		if len(stored) < 8 {
			return nil, false
		}
		size, packed := int64(binary.BigEndian.Uint32(stored)), int64(binary.BigEndian.Uint32(stored[4:]))
		stored = stored[8:]
		if size > n-int64(len(b)) || packed > int64(len(stored)) {
			return nil, false
		}
		k, err := lz4.UncompressBlock(stored[:packed], b[len(b):int64(len(b))+size])
		if err != nil || int64(k) != size {
			return nil, false
		}
		b, stored = b[:int64(len(b))+size], stored[packed:]
	}
	return b, true
}

func readPageHeader(b []byte) (h pageHeader, err error) {
	t := walker{b: b}
	err = t.message(func(path [2]int16, x int64) {
		switch path {
		case [2]int16{2}:
			h.unpacked = x
		case [2]int16{3}:
			h.stored = x
		case [2]int16{4}:
			h.crc = x
		case [2]int16{5, 1}: // a data page of version 1
			h.values, h.isData = x, true
		case [2]int16{5, 3}:
			h.levels = format.Encoding(x)
		case [2]int16{8, 1}: // a data page of version 2
			h.values, h.isData, h.isV2 = x, true, true
		case [2]int16{7, 1}: // a dictionary
			h.values = x
		case [2]int16{5, 2}, [2]int16{7, 2}, [2]int16{8, 4}:
			h.encoding = format.Encoding(x)
		case [2]int16{8, 5}:
			h.definitions = x
		case [2]int16{8, 6}:
			h.repetitions = x
		case [2]int16{8, 7}:
			h.plain = x == 0
		}
	})
	h.size = int64(t.at)
	return h, err
}

// walker walks through a message without allocating anything.
type walker struct {
	b        []byte
	at       int
	depth    int
	messages int // in lists
	path     [2]int16
	footer   bool
	fields   [32]int16 // in a footer: those on the way to a message
	noValue  []int     // in a footer: the ends of pairs that have a key only
}

// message walks through a struct. number gets the integers and truth values of its fields, and of the fields of the structs in it.
func (t *walker) message(number func(path [2]int16, x int64)) error {
	if t.depth++; t.depth > 32 {
		return errThrift
	}
	defer func() { t.depth-- }()
	id := int16(0)
	for {
		b, err := t.byte()
		if err != nil || b == 0 {
			if t.footer && id == 1 && err == nil && slices.ContainsFunc(keyValues, func(p []int16) bool { return slices.Equal(p, t.fields[:t.depth-1]) }) {
				t.noValue = append(t.noValue, t.at-1)
			}
			return err
		}
		kind := b & 15
		if delta := int16(b >> 4); delta != 0 {
			id += delta
		} else {
			x, err := t.integer()
			if err != nil {
				return err
			}
			id = int16(x)
		}
		t.fields[t.depth-1] = id
		if t.depth <= len(t.path) {
			t.path[t.depth-1] = id
			clear(t.path[t.depth:])
		}
		if number != nil && t.depth <= len(t.path) && (kind == 1 || kind == 2 || kind == 5) {
			x := int64(2 - int(kind)) // the kinds of true and false are 1 and 2
			if kind == 5 {
				if x, err = t.integer(); err != nil {
					return err
				}
			}
			number(t.path, x)
			continue
		}
		inner := number
		if kind != 12 {
			inner = nil
		}
		if kind > 2 { // the value of a truth value is its kind
			if err := t.value(kind, inner); err != nil {
				return err
			}
		}
	}
}

// value walks through a value, which is not the truth value of a field.
func (t *walker) value(kind byte, number func(path [2]int16, x int64)) error {
	switch kind {
	case 1, 2, 3:
		return t.skip(1)
	case 4, 5, 6:
		_, err := t.integer()
		return err
	case 7:
		return t.skip(8)
	case 8:
		n, err := t.length()
		if err != nil {
			return err
		}
		return t.skip(n)
	case 9, 10:
		b, err := t.byte()
		if err != nil {
			return err
		}
		n := int(b >> 4)
		if n == 15 {
			if n, err = t.length(); err != nil {
				return err
			}
		}
		if n > len(t.b)-t.at { // each element has a byte at least
			return errThrift
		}
		if b&15 == 12 {
			t.messages += n
		}
		for range n {
			if err := t.value(b&15, nil); err != nil {
				return err
			}
		}
		return nil
	case 11:
		n, err := t.length()
		if err != nil || n == 0 {
			return err
		}
		b, err := t.byte()
		if err != nil || n > len(t.b)-t.at {
			return errThrift
		}
		for range n {
			if err := errors.Join(t.value(b>>4, nil), t.value(b&15, nil)); err != nil {
				return err
			}
		}
		return nil
	case 12:
		return t.message(number)
	}
	return errThrift
}

func (t *walker) byte() (byte, error) {
	if t.at >= len(t.b) {
		return 0, errThrift
	}
	t.at++
	return t.b[t.at-1], nil
}

func (t *walker) skip(n int) error {
	if n > len(t.b)-t.at {
		return errThrift
	}
	t.at += n
	return nil
}

// length reads the size of a text or a list.
func (t *walker) length() (int, error) {
	x, n := binary.Uvarint(t.b[t.at:])
	if n <= 0 || x > uint64(len(t.b)) {
		return 0, errThrift
	}
	t.at += n
	return int(x), nil
}

func (t *walker) integer() (int64, error) {
	x, n := binary.Varint(t.b[t.at:])
	if n <= 0 {
		return 0, errThrift
	}
	t.at += n
	return x, nil
}
