package data

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path"
	"strings"

	"github.com/lince-ml/lince/data/demo"
)

// file is where one image's bytes are.
type file interface {
	// read appends the whole content to buf[:0]. It claims memory in step with what
	// is really stored.
	read(buf []byte) ([]byte, error)
	// crc is the CRC-32 (IEEE) of the content and its length, when they are known
	// without reading it.
	crc() (sum uint32, size int64, known bool)
	// where tells people the place.
	where() string
}

// maxFile bounds a single file's bytes: more is no photo.
const maxFile = 1 << 30

// diskFile is a path of the file system.
type diskFile string

func (f diskFile) where() string              { return string(f) }
func (f diskFile) crc() (uint32, int64, bool) { return 0, 0, false }

func (f diskFile) read(buf []byte) ([]byte, error) {
	// Stat before Open: opening a pipe that nobody writes to would wait for ever.
	info, err := os.Stat(string(f))
	if err != nil {
		return nil, accessed(string(f), err)
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: is not a file", f)
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%s: has %d bytes, which is more than a picture may have (%d)", f, info.Size(), maxFile)
	}
	r, err := os.Open(string(f))
	if err != nil {
		return nil, accessed(string(f), err)
	}
	defer r.Close()
	b, err := readAll(buf, r, info.Size(), info.Size())
	if err != nil {
		return nil, accessed(string(f), err)
	}
	return b, nil
}

// zipFile is an entry of an archive.
type zipFile struct {
	f       *zip.File
	archive string
}

func (f zipFile) where() string { return f.archive + ": " + f.f.Name }

func (f zipFile) crc() (uint32, int64, bool) {
	return f.f.CRC32, int64(f.f.UncompressedSize64), true
}

func (f zipFile) read(buf []byte) ([]byte, error) {
	if f.f.Flags&1 != 0 {
		return nil, fmt.Errorf("%s: is encrypted; unpack the archive with its password and give the folder", f.where())
	}
	limit := inflateLimit(f.f.CompressedSize64)
	if f.f.UncompressedSize64 > limit {
		return nil, fmt.Errorf("%s: claims %d bytes from %d stored ones, more than the %d that a picture of that size may have: refused",
			f.where(), f.f.UncompressedSize64, f.f.CompressedSize64, limit)
	}
	r, err := f.f.Open()
	if err != nil {
		return nil, accessed(f.where(), zipError(err))
	}
	defer r.Close()
	b, err := readAll(buf, r, int64(min(f.f.UncompressedSize64, 2*f.f.CompressedSize64+512)), int64(f.f.UncompressedSize64))
	if err != nil {
		return nil, accessed(f.where(), zipError(err))
	}
	return b, nil
}

// inflateLimit is how much a stored entry may unpack to: hostile archives must not cost
// more memory than honest ones.
func inflateLimit(stored uint64) uint64 { return min(16*min(stored, maxFile)+64<<20, maxFile) }

func zipError(err error) error {
	switch {
	case errors.Is(err, zip.ErrAlgorithm):
		return errors.New("is compressed by a method that is not read here (only store and deflate are); repack the archive")
	case errors.Is(err, zip.ErrChecksum):
		return errors.New("is damaged (wrong checksum)")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("is cut short")
	case errors.Is(err, zip.ErrFormat):
		return errors.New("is damaged or forged (it is not as the archive's index says)")
	}
	return err
}

// drawnFile is an image that package demo draws.
type drawnFile struct {
	set *demo.Set
	i   int
}

func (f drawnFile) where() string { return f.set.Name() + ": " + f.set.Filename(f.i) }

// crc is not that of the bytes, which would have to be drawn: what is drawn is told by its
// identity just as well.
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

// readAll appends r to buf[:0], starting from the given guess of the length; more than
// limit bytes are an error.
func readAll(buf []byte, r io.Reader, guess, limit int64) ([]byte, error) {
	if int64(cap(buf)) < guess+1 {
		buf = make([]byte, 0, guess+1)
	}
	buf = buf[:0]
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if int64(len(buf)) > limit {
			return nil, fmt.Errorf("holds more than the %d bytes it claims: refused", limit)
		}
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// extensions are the names' ends that make a file a picture: Keras' list, and the other
// formats that package picture decodes. As in Keras, case does not matter.
var extensions = []string{"png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff", "gif", "webp"}

// isPicture says whether a name is an image's. Hidden files (._cat.0.jpg, of which
// macOS makes one an image) are none.
func isPicture(name string) bool {
	if strings.HasPrefix(path.Base(name), ".") {
		return false
	}
	name = strings.ToLower(name)
	for _, e := range extensions {
		if strings.HasSuffix(name, "."+e) {
			return true
		}
	}
	return false
}
