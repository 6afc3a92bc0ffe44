// Package archives knows kinds of archives and compressed files by their first bytes and extensions, and the commands that unpack them.
package archives

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/shell"
)

// The first bytes of the kinds that lince reads.
const (
	Zip   = "PK\x03\x04"
	Gzip  = "\x1f\x8b\x08"
	Bzip2 = "BZh"
	Zstd  = "\x28\xb5\x2f\xfd"
)

// Kind is a kind of archive or compressed file that lince does not read.
type Kind struct {
	Name       string // with its article
	Magic      string // the first bytes; "" if only the extension tells
	Extensions []string
	// unpack and untar are commands that unpack a file, and a tar archive in it. %s is the name of the file.
	unpack, untar string
}

var kinds = []Kind{
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

// Of returns the kind of a file by its first bytes, nil if it is none of those that lince does not read.
func Of(head []byte) *Kind {
	for i, k := range kinds {
		if k.Magic != "" && bytes.HasPrefix(head, []byte(k.Magic)) {
			return &kinds[i]
		}
	}
	return nil
}

// Named returns the kind that files with an extension, in lower case and without a dot, are; nil if there is none.
func Named(extension string) *Kind {
	for i, k := range kinds {
		if slices.Contains(k.Extensions, extension) {
			return &kinds[i]
		}
	}
	return nil
}

// HoldsFile reports whether a file of the kind has one other file, not a number of them.
func (k *Kind) HoldsFile() bool { return k.untar != "" }

// Command returns the command that unpacks a file.
func (k *Kind) Command(name string) string {
	base := filepath.Base(name)
	how := k.unpack
	if k.untar != "" && (strings.Contains(strings.ToLower(base), ".tar.") || strings.HasPrefix(strings.ToLower(filepath.Ext(base)), ".t")) {
		how = k.untar
	}
	return fmt.Sprintf(how, shell.Quote(base))
}
