package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// plainParquet presents a Parquet file to the library as one without compression. When the library reads a page, it is checked and unpacked, so each page is read and
// unpacked once. The library cannot unpack all files: of LZ4 it gives wrong bytes for pages that hardly compress, and it takes the compression of a column's first group for
// that of all groups.
//
// The pages of a column in a group (a chunk) are at (1 + index of the chunk) * chunkSpace, with headers for pages without compression; the footer follows the last chunk.
type plainParquet struct {
	r      io.ReaderAt // the file
	size   int64
	footer []byte // with its length and the magic number
	chunks []plainChunk
	leaves []*parquet.Column // the columns, once the library has opened the file
	err    error             // the first error of a page

	reading map[int]*plainChunk // of each column, the chunk of which a page was read last
}

const (
	chunkSpace = 1 << 40
	// maxChunks limits the number of chunks, so that positions fit.
	maxChunks = 1 << 21
)

// plainChunk is a column in a group.
type plainChunk struct {
	codec   format.CompressionCodec
	column  int
	at, end int64 // in the file
	values  int64

	next   int64 // the position of the next page in the file, relative to at
	seen   int64 // the number of values in the pages before it
	page   []byte
	before int64 // bytes before page
}

// release frees the page. It is read again if it is needed again.
func (c *plainChunk) release() {
	c.before += int64(len(c.page))
	c.page = nil
}

// newPlainParquet reads the footer of a file.
func newPlainParquet(r io.ReaderAt, size int64) (*plainParquet, error) {
	footer, err := checkFooter(r, size)
	if err != nil {
		return nil, err
	}
	var meta format.FileMetaData
	if err := thrift.Unmarshal(&thrift.CompactProtocol{}, footer, &meta); err != nil {
		return nil, err
	}
	p := &plainParquet{r: r, size: size, reading: map[int]*plainChunk{}}
	for _, group := range meta.RowGroups {
		for i := range group.Columns {
			m := &group.Columns[i].MetaData
			c := plainChunk{codec: m.Codec, column: i, at: m.DataPageOffset, values: m.NumValues}
			if d := m.DictionaryPageOffset; d > 0 && d < c.at {
				c.at = d
			}
			c.end = c.at + m.TotalCompressedSize
			if c.at < 0 || c.end < c.at || c.end > size || len(p.chunks) >= maxChunks {
				return nil, errThrift
			}
			p.chunks = append(p.chunks, c)
			group.Columns[i] = format.ColumnChunk{MetaData: format.ColumnMetaData{
				Type: m.Type, Encoding: m.Encoding, PathInSchema: m.PathInSchema, Codec: format.Uncompressed, NumValues: m.NumValues,
				TotalUncompressedSize: chunkSpace, TotalCompressedSize: chunkSpace, DataPageOffset: int64(len(p.chunks)) * chunkSpace,
			}}
		}
	}
	if p.footer, err = thrift.Marshal(&thrift.CompactProtocol{}, &meta); err != nil {
		return nil, err
	}
	p.footer = append(binary.LittleEndian.AppendUint32(p.footer, uint32(len(p.footer))), "PAR1"...)
	return p, nil
}

// length returns the size of the plain file.
func (p *plainParquet) length() int64 { return p.footerAt() + int64(len(p.footer)) }

func (p *plainParquet) footerAt() int64 { return int64(1+len(p.chunks)) * chunkSpace }

// ReadAt implements io.ReaderAt.
func (p *plainParquet) ReadAt(b []byte, at int64) (int, error) {
	switch {
	case at < 0 || at >= p.length():
		return 0, io.EOF
	case at < chunkSpace: // the magic number
		return p.r.ReadAt(b, at)
	case at >= p.footerAt():
		n := copy(b, p.footer[at-p.footerAt():])
		if n < len(b) {
			return n, io.EOF
		}
		return n, nil
	}
	n, err := p.readChunk(&p.chunks[at/chunkSpace-1], b, at%chunkSpace)
	if err != nil && !errors.Is(err, io.EOF) && p.err == nil {
		p.err = err
	}
	return n, err
}

// readChunk reads the plain pages of a chunk.
func (p *plainParquet) readChunk(c *plainChunk, b []byte, at int64) (n int, err error) {
	if at < c.before { // the library reads a dictionary again
		c.next, c.seen, c.page, c.before = 0, 0, nil, 0
	}
	for n < len(b) {
		if at+int64(n) < c.before+int64(len(c.page)) {
			n += copy(b[n:], c.page[at+int64(n)-c.before:])
			continue
		}
		c.release()
		if last := p.reading[c.column]; last != nil && last != c { // the library is done with it
			last.release()
		}
		p.reading[c.column] = c
		if c.at+c.next >= c.end || c.seen >= c.values {
			return n, io.EOF
		}
		if c.page, err = p.nextPage(c); err != nil {
			return n, err
		}
	}
	return n, nil
}

// nextPage returns the next page of a chunk: the header for a page without compression, and the content.
func (p *plainParquet) nextPage(c *plainChunk) ([]byte, error) {
	if c.column >= len(p.leaves) {
		return nil, errThrift
	}
	at := c.at + c.next
	head, h, err := p.header(at, c.end)
	if err != nil {
		return nil, err
	}
	if err := h.checkSizes(c.end - at); err != nil {
		return nil, err
	}
	stored := make([]byte, h.stored)
	if _, err := p.r.ReadAt(stored, at+h.size); err != nil {
		return nil, err
	}
	if h.crc != 0 && uint32(h.crc) != crc32.ChecksumIEEE(stored) {
		return nil, errors.New("the checksum of a page differs from that of its content: the file is damaged; download or write it again")
	}
	content, err := h.content(stored, c.codec, p.leaves[c.column])
	if err != nil {
		return nil, err
	}
	if c.next += h.size + h.stored; h.isData {
		c.seen += h.values
	}
	var header format.PageHeader
	if err := thrift.Unmarshal(&thrift.CompactProtocol{}, head, &header); err != nil {
		return nil, err
	}
	if h.encoding == format.DeltaByteArray {
		header.DataPageHeader.V.Encoding, header.DataPageHeaderV2.V.Encoding = format.Plain, format.Plain
	}
	header.CRC = 0
	header.UncompressedPageSize = int32(len(content))
	header.CompressedPageSize = header.UncompressedPageSize
	header.DataPageHeader.V.Statistics = format.Statistics{}
	header.DataPageHeaderV2.V.Statistics = format.Statistics{}
	plain, err := thrift.Marshal(&thrift.CompactProtocol{}, &header)
	if err != nil {
		return nil, err
	}
	return append(plain, content...), nil
}

// header reads the header of the page at a position. Most headers are short. A cut one looks damaged.
func (p *plainParquet) header(at, end int64) (b []byte, h pageHeader, err error) {
	for n := int64(256); ; n *= 16 {
		b = make([]byte, min(n, end-at))
		if _, err := p.r.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
			return nil, h, err
		}
		if h, err = readPageHeader(b); err == nil {
			return b[:h.size], h, nil
		}
		switch {
		case n >= end-at:
			return nil, h, err
		case n >= maxPageHeader:
			return nil, h, fmt.Errorf("the header of a page is damaged, or has more than %d MiB", maxPageHeader>>20)
		}
	}
}

// leavesOf returns the columns of a file that have values, in order.
func leavesOf(c *parquet.Column) []*parquet.Column {
	if c.Leaf() {
		return []*parquet.Column{c}
	}
	var all []*parquet.Column
	for _, inner := range c.Columns() {
		all = append(all, leavesOf(inner)...)
	}
	return all
}
