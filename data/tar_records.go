package data

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// tarRecord is what counts of the header of an entry in a tar archive.
type tarRecord struct {
	kind       byte   // the header's Typeflag; TypeGNUSparse if the bytes are not those of the file
	name, link string // as the header has them
	at, size   int64  // of the content, for files
	text       string // the content, if hasText
	hasText    bool
}

// tarRecords yields the records of an archive in order, and then io.EOF.
type tarRecords interface {
	next() (tarRecord, error)
}

// mostLabelText is the number of bytes of a file with a label beside an image that are read with its header.
const mostLabelText = 128

// tarHeaders reads the records of an archive from its headers.
type tarHeaders struct {
	in    *blockReader
	t     *tar.Reader
	texts bool // read short files with labels, too
}

func newTarHeaders(r io.ReaderAt, size int64, texts bool) *tarHeaders {
	in := &blockReader{r: r, size: size}
	return &tarHeaders{in, tar.NewReader(in), texts}
}

// afterTar is the error of bytes after the end of an archive that are not those of another one.
type afterTar struct{ at, size int64 }

func (e afterTar) Error() string {
	return fmt.Sprintf("has %d bytes after the end of the tar archive (from byte %d on) that are not another tar archive; they are not read", e.size, e.at)
}

// nextHeader returns the next header. It reads on after an end mark, as tar --ignore-zeros does: archives may be joined (cat a.tar b.tar).
func (t *tarHeaders) nextHeader() (*tar.Header, error) {
	h, err := t.t.Next()
	for errors.Is(err, io.EOF) {
		if err = t.in.skipZeros(); err != nil {
			return nil, err
		}
		at := t.in.pos
		t.t = tar.NewReader(t.in)
		if h, err = t.t.Next(); errors.Is(err, tar.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, afterTar{at, t.in.size - at}
		}
	}
	return h, err
}

func (t *tarHeaders) next() (tarRecord, error) {
	h, err := t.nextHeader()
	if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
		return tarRecord{}, err
	}
	r := tarRecord{kind: h.Typeflag, name: h.Name, at: t.in.pos}
	switch {
	case sparse(h):
		r.kind = tar.TypeGNUSparse
	case r.kind == tar.TypeReg:
		r.size = h.Size
	case r.kind == tar.TypeLink:
		r.link = h.Linkname
	}
	if _, ext := sampleKey(r.name); t.texts && r.kind == tar.TypeReg && r.size <= mostLabelText && isSidecar(ext) {
		b := make([]byte, r.size)
		if _, err := io.ReadFull(t.t, b); err == nil { // an error occurs again at the next header
			r.text, r.hasText = string(b), true
		}
	}
	return r, nil
}

// sparse reports whether the bytes of an entry are not those of its file.
func sparse(h *tar.Header) bool {
	if h.Typeflag == tar.TypeGNUSparse {
		return true
	}
	for k := range h.PAXRecords {
		if strings.HasPrefix(k, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// The bytes that a blockReader reads at once.
const (
	leastBlock = 4 << 10 // the end of an entry and the header of the next one
	mostBlock  = 64 << 10
)

// blockReader reads headers in blocks, so that small entries, which follow one another closely, need few calls. A block is twice as large as the one
// before it if that was used to its end.
type blockReader struct {
	r    io.ReaderAt
	size int64
	pos  int64
	buf  []byte // from at on
	at   int64
	next int // the length of the next block
}

func (b *blockReader) Read(p []byte) (int, error) {
	if b.pos >= b.size {
		return 0, io.EOF
	}
	end := b.at + int64(len(b.buf))
	if b.pos < b.at || b.pos >= end {
		if b.next *= 2; b.pos < b.at || b.pos > end+leastBlock {
			b.next = 0
		}
		b.next = min(max(b.next, leastBlock), mostBlock)
		if cap(b.buf) < b.next {
			b.buf = make([]byte, b.next)
		}
		n, err := b.r.ReadAt(b.buf[:min(int64(b.next), b.size-b.pos)], b.pos)
		if b.buf, b.at = b.buf[:n], b.pos; n == 0 {
			return 0, err
		}
	}
	n := copy(p, b.buf[b.pos-b.at:])
	b.pos += int64(n)
	return n, nil
}

// skipZeros goes to the next block that has other bytes than zeros, or returns io.EOF.
func (b *blockReader) skipZeros() error {
	var block, zeros [tarBlock]byte
	for {
		at := b.pos
		n, err := io.ReadFull(b, block[:])
		if !bytes.Equal(block[:n], zeros[:n]) {
			b.pos = at
			return nil
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		if err != nil {
			return err
		}
	}
}

func (b *blockReader) Seek(to int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		to += b.pos
	case io.SeekEnd:
		to += b.size
	}
	if to < 0 {
		return 0, errors.New("a negative position")
	}
	b.pos = to
	return to, nil
}
