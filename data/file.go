package data

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"

	"github.com/lince-ml/lince/data/demo"
	"github.com/lince-ml/lince/internal/bounded"
)

// file gives access to the bytes of one image.
type file interface {
	// read returns the whole content, appended to buf[:0]. The memory that it allocates is bounded
	// by the number of stored bytes, not by the size that a file claims.
	read(buf []byte) ([]byte, error)
	// crc returns the CRC-32 (IEEE) and the length of the content if they are known without
	// reading it.
	crc() (sum uint32, size int64, known bool)
	// head returns the first n bytes, or all if there are fewer.
	head(n int) ([]byte, error)
	// where returns the location of the file for messages.
	where() string
}

// diskFile is a path of the file system.
type diskFile string

func (f diskFile) where() string              { return string(f) }
func (f diskFile) crc() (uint32, int64, bool) { return 0, 0, false }

func (f diskFile) read(buf []byte) ([]byte, error) {
	// Stat before Open: opening a named pipe without a writer would block forever.
	info, err := os.Stat(string(f))
	if err != nil {
		return nil, opened(string(f), err)
	}
	if err := readable(info, string(f)); err != nil {
		return nil, err
	}
	r, err := os.Open(string(f))
	if err != nil {
		return nil, opened(string(f), err)
	}
	defer r.Close()
	b, err := bounded.ReadAll(buf, r, info.Size(), info.Size())
	if err != nil {
		return nil, accessed(string(f), err)
	}
	return b, nil
}

func (f diskFile) head(n int) ([]byte, error) {
	info, err := os.Stat(string(f))
	if err != nil {
		return nil, opened(string(f), err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is not a regular file", f)
	}
	r, err := os.Open(string(f))
	if err != nil {
		return nil, opened(string(f), err)
	}
	defer r.Close()
	return firstBytes(r, n, string(f))
}

// readable returns an error if the file at a location is not a regular one, or is too large for an image.
func readable(info fs.FileInfo, where string) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: is not a regular file", where)
	}
	return checkSize(info.Size(), where)
}

// checkSize returns an error if a file has more bytes than an image may have.
func checkSize(size int64, where string) error {
	if size > bounded.MaxFile {
		return fmt.Errorf("%s: has %d bytes; an image may have at most %d", where, size, bounded.MaxFile)
	}
	return nil
}

// firstBytes returns the first n bytes of the file at a location, or all if there are fewer.
func firstBytes(r io.Reader, n int, where string) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err != nil {
		return nil, accessed(where, archiveError(err))
	}
	return b, nil
}

// zipFile is an entry of a zip archive.
type zipFile struct {
	f       *zip.File
	archive string
}

func (f zipFile) where() string { return f.archive + ": " + f.f.Name }

func (f zipFile) crc() (uint32, int64, bool) {
	return f.f.CRC32, int64(f.f.UncompressedSize64), true
}

func (f zipFile) read(buf []byte) ([]byte, error) {
	if err := usable(f.f); err != nil {
		return nil, fmt.Errorf("%s: %w", f.where(), err)
	}
	limit := bounded.InflateLimit(f.f.CompressedSize64)
	if f.f.UncompressedSize64 > limit {
		return nil, fmt.Errorf("%[1]s: its %[3]d bytes claim to unpack to %[2]d; the limit is %[4]d",
			f.where(), f.f.UncompressedSize64, f.f.CompressedSize64, limit)
	}
	r, err := f.f.Open()
	if err != nil {
		return nil, accessed(f.where(), archiveError(err))
	}
	defer r.Close()
	b, err := bounded.ReadAll(buf, r, int64(min(f.f.UncompressedSize64, 2*f.f.CompressedSize64+512)), int64(f.f.UncompressedSize64))
	if err != nil {
		return nil, accessed(f.where(), archiveError(err))
	}
	return b, nil
}

func (f zipFile) head(n int) ([]byte, error) {
	if err := usable(f.f); err != nil {
		return nil, fmt.Errorf("%s: %w", f.where(), err)
	}
	r, err := f.f.Open()
	if err != nil {
		return nil, accessed(f.where(), archiveError(err))
	}
	defer r.Close()
	return firstBytes(r, n, f.where())
}

// The methods of compression besides zip.Store and zip.Deflate that lince reads.
const (
	zipDeflate64 = 9
	zipBzip2     = 12
	zipZstd      = 93
)

// zipMethods names the methods of compression that lince does not read.
var zipMethods = map[uint16]string{
	1: "shrinking", 6: "imploding", 14: "LZMA", 95: "XZ", 96: "JPEG", 98: "PPMd", 99: "AES encryption",
}

// usable returns an error if an entry is encrypted or compressed by a method that lince does not have.
func usable(f *zip.File) error {
	switch {
	case f.Flags&1 != 0 || f.Method == 99:
		return errors.New("is encrypted; unpack the archive with its password and open the folder")
	case f.Method == zip.Store, f.Method == zip.Deflate, f.Method == zipDeflate64, f.Method == zipBzip2, f.Method == zipZstd:
		return nil
	}
	return fmt.Errorf("is compressed by the method %d (%s); lince reads only the methods store, deflate, Deflate64, bzip2 and Zstandard: unpack the archive, for example with 7-Zip, and open the folder",
		f.Method, cmp.Or(zipMethods[f.Method], "unknown"))
}

// archiveError says what is wrong with an archive or a compressed file that cannot be read.
func archiveError(err error) error {
	switch {
	case errors.Is(err, zip.ErrChecksum):
		return errors.New("is damaged (wrong checksum)")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("is truncated")
	case errors.Is(err, zip.ErrFormat):
		return errors.New("is damaged or forged (it differs from the archive's directory)")
	}
	return err
}

// drawnFile is an image that package demo draws.
type drawnFile struct {
	set *demo.Set
	i   int
}

func (f drawnFile) where() string { return f.set.Name() + ": " + f.set.Filename(f.i) }

// crc returns the CRC-32 of the image's identity. It identifies the image just like the CRC-32 of
// the bytes would, without drawing the image.
func (f drawnFile) crc() (uint32, int64, bool) {
	return crc32.ChecksumIEEE([]byte(f.set.Identity(f.i))), 0, true
}

func (f drawnFile) read(buf []byte) ([]byte, error) {
	w := bytes.NewBuffer(buf[:0])
	if err := f.set.WritePNG(w, f.i); err != nil {
		return nil, fmt.Errorf("%s: %w", f.where(), err)
	}
	return w.Bytes(), nil
}

// head draws the whole image.
func (f drawnFile) head(n int) ([]byte, error) {
	b, err := f.read(nil)
	return b[:min(n, len(b))], err
}
