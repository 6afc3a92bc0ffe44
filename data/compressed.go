package data

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"path/filepath"
	"strings"

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

// compressions lists those that lince reads. unreadArchives has others.
var compressions = []compression{
	{magic("\x1f\x8b\x08"), bounded.Gzip, "gunzip -k %s"},
	{magic("BZh"), func(r io.Reader) (io.Reader, error) { return bounded.Bzip2(r), nil }, "bunzip2 -k %s"},
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
	return len(head) >= 4 && (string(head[:4]) == "\x28\xb5\x2f\xfd" || head[0]>>4 == 5 && string(head[1:4]) == "\x2a\x4d\x18")
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

// unreadArchive is a kind of archive or compression that lince does not read.
type unreadArchive struct {
	name       string
	magic      string
	extensions []string
	// unpack and untar are commands that unpack a file, and a tar archive in it. %s is the name of the file.
	unpack, untar string
}

var unreadArchives = []unreadArchive{
	{"a 7z archive", "7z\xbc\xaf\x27\x1c", []string{"7z"}, "7z x %s", ""},
	{"a RAR archive", "Rar!\x1a\x07", []string{"rar", "cbr"}, "unrar x %s", ""},
	{"an xz file", "\xfd7zXZ\x00", []string{"xz", "txz"}, "xz -d %s", "tar -xf %s"},
	{"an LZMA file", "\x5d\x00\x00", []string{"lzma", "tlz"}, "xz --format=lzma -d %s", "tar --lzma -xf %s"},
	{"an LZ4 file", "\x04\x22\x4d\x18", []string{"lz4"}, "lz4 -d %s", "tar -I lz4 -xf %s"},
	{"an lzip file", "LZIP", []string{"lz"}, "lzip -d %s", "tar --lzip -xf %s"},
	{"a file of the program compress", "\x1f\x9d", []string{"z"}, "uncompress %s", "tar -xZf %s"},
	{"a cabinet archive", "MSCF", []string{"cab"}, "cabextract %s", ""},
	{"a cpio archive", "070701", []string{"cpio"}, "cpio -id < %s", ""},
	{"an ar archive", "!<arch>\n", []string{"ar", "deb"}, "ar x %s", ""},
	{"a Windows image", "MSWIM\x00\x00\x00", []string{"wim"}, "7z x %s", ""},
	{"a squashfs image", "hsqs", []string{"squashfs", "sqfs"}, "unsquashfs %s", ""},
	{"a StuffIt archive", "StuffIt ", []string{"sit", "sitx"}, "unar %s", ""},
	{"a disk image", "", []string{"iso", "dmg", "img", "vhd"}, "7z x %s", ""},
}

// unreadArchiveOf returns the kind of archive that a file is by its first bytes, or else by its extension; nil if it is no such archive.
func unreadArchiveOf(name string, head []byte) *unreadArchive {
	for i, u := range unreadArchives {
		if u.magic != "" && magic(u.magic)(head) {
			return &unreadArchives[i]
		}
	}
	ext := extension(name)
	if imageFormat(head) != "" {
		return nil
	}
	for i, u := range unreadArchives {
		for _, e := range u.extensions {
			if e == ext && (u.magic == "" || head == nil) {
				return &unreadArchives[i]
			}
		}
	}
	return nil
}

// command returns the command that unpacks a file.
func (u *unreadArchive) command(name string) string {
	base := filepath.Base(name)
	lower := strings.ToLower(base)
	how := u.unpack
	if u.untar != "" && (strings.Contains(lower, ".tar.") || strings.HasPrefix(extension(base), "t")) {
		how = u.untar
	}
	return fmt.Sprintf(how, shell.Quote(base))
}

// result names what is to be opened after a file is unpacked.
func (u *unreadArchive) result(name string) string {
	base := filepath.Base(name)
	if plain := strings.TrimSuffix(base, filepath.Ext(base)); u.untar != "" && IsTable(plain) {
		return plain
	}
	return "the folder"
}
