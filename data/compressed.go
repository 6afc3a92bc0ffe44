package data

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"path/filepath"
	"strings"

	"github.com/lince-ml/lince/internal/archives"
	"github.com/lince-ml/lince/internal/bounded"
	"github.com/lince-ml/lince/internal/shell"
)

// Limits on the memory that the header of a Zstandard file can claim. That of a whole archive or table is the limit of the program zstd without --long.
const (
	zstdFileWindow  = 128 << 20
	zstdEntryWindow = 8 << 20 // enough for all of zstd's levels except those of --ultra
)

// compression is a way in which a tar archive may be compressed.
type compression struct {
	is     func(head []byte) bool
	open   func(r io.Reader) (io.Reader, error)
	unpack string // the command that unpacks a file of the name %s beside it
}

// compressions lists those that lince reads. Package archives has others.
var compressions = []compression{
	{magic(archives.Gzip), bounded.Gzip, "gunzip -k %s"},
	{magic(archives.Bzip2), func(r io.Reader) (io.Reader, error) { return bounded.Bzip2(r), nil }, "bunzip2 -k %s"},
	{isZstd, func(r io.Reader) (io.Reader, error) { return bounded.Zstd(r, zstdFileWindow) }, "unzstd %s"},
}

// openError describes an error of opening a compressed file of the given name, without that name.
func openError(name string, err error) error {
	var w bounded.WindowError
	if !errors.As(err, &w) {
		return archiveError(err)
	}
	base := filepath.Base(name)
	log := bits.Len64(w.Window - 1)
	if log > mostZstdLog {
		return fmt.Errorf("%w; the program zstd does not read it either, so the file is damaged or forged; %s", err, again(name))
	}
	return fmt.Errorf("%w; unpack it (zstd -d --long=%d %s), and use the file that results", err, log, shell.Quote(base))
}

// mostZstdLog is the logarithm of the largest window of the program zstd.
const mostZstdLog = 31

// noArchive is the error of a compressed file that begins with head and holds no archive.
func (c *compression) noArchive(name string, head []byte) error {
	base := filepath.Base(name)
	command := fmt.Sprintf(c.unpack, shell.Quote(base))
	plain := strings.TrimSuffix(base, filepath.Ext(base))
	k := foreignKindOf(plain, head)
	switch {
	case strings.Contains(name, "-ubyte"):
		return fmt.Errorf("%s: is one of the files of a dataset like MNIST%s", name, wholeIDX)
	case isIDX(head):
		return fmt.Errorf("%s: is an IDX file, one of the files of a dataset like MNIST, and has arrays of images or of labels alone%s, named as those of MNIST: train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz", name, wholeIDX)
	case k != nil:
		return fmt.Errorf("%s: is compressed, and holds %s, which lince does not read; unpack it first (%s), and then %s", name, k.name, command, k.advice(plain))
	}
	return fmt.Errorf("%s: is compressed, and does not hold an archive (%s); unpack it (%s)", name, looksLike(name, head), command)
}

// isIDX reports whether head is that of an IDX file of bytes, as the files of MNIST.
func isIDX(head []byte) bool {
	return len(head) > 4 && head[0] == 0 && head[1] == 0 && head[2] == 8 && head[3] > 0 && head[3] < 5 && len(head) > 4+4*int(head[3])
}

// compressionOf returns the compression of a file that begins with head, or nil.
func compressionOf(head []byte) *compression {
	for i, c := range compressions {
		if c.is(head) {
			return &compressions[i]
		}
	}
	return nil
}

func magic(s string) func(head []byte) bool {
	return func(head []byte) bool { return bytes.HasPrefix(head, []byte(s)) }
}

// isZstd reports whether head begins a Zstandard frame, or a frame that is skipped before it.
func isZstd(head []byte) bool {
	return len(head) >= 4 && (string(head[:4]) == archives.Zstd || head[0]>>4 == 5 && string(head[1:4]) == "\x2a\x4d\x18")
}

// newZipZstd is the decompressor of entries of zip archives.
func newZipZstd(r io.Reader) io.ReadCloser {
	z, err := bounded.Zstd(r, zstdEntryWindow)
	if errors.As(err, new(bounded.WindowError)) {
		err = fmt.Errorf("%w; unpack the archive, and use the folder", err)
	}
	if err != nil {
		return io.NopCloser(failingReader{err})
	}
	return z
}

// failingReader fails.
type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// unreadArchiveOf returns the kind of archive that a file is by its first bytes, or else by its extension; nil if it is none that lince does not read.
func unreadArchiveOf(name string, head []byte) *archives.Kind {
	if k := archives.Of(head); k != nil {
		return k
	}
	if k := archives.Named(extension(name)); k != nil && imageFormat(head) == "" && (k.Magic == "" || head == nil) {
		return k
	}
	return nil
}

// unpacked names what is to be opened after an archive of a kind is unpacked.
func unpacked(k *archives.Kind, name string) string {
	base := filepath.Base(name)
	if plain := strings.TrimSuffix(base, filepath.Ext(base)); k.HoldsFile() && IsTable(plain) {
		return plain
	}
	return "the folder"
}
