package data

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/archives"
	"github.com/lince-ml/lince/internal/bounded"
	"github.com/lince-ml/lince/internal/patherr"
)

// packedSuffixes are the endings of compressed tables that pandas writes and lince reads.
var packedSuffixes = []string{".gz", ".bz2", ".zst", ".zip"}

// unpackedName returns the name of a table without the ending for its compression, in lower case, and that ending, "" if there is none.
func unpackedName(name string) (plain, suffix string) {
	name = strings.ToLower(name)
	for _, s := range packedSuffixes {
		if plain, ok := strings.CutSuffix(name, s); ok {
			return plain, s
		}
	}
	return name, ""
}

// unpackTable returns a reader of the text of a table, or of its first bytes, which is compressed if its name says so.
func unpackTable(r io.ReaderAt, size int64, name string) (io.Reader, error) {
	_, packed := unpackedName(name)
	whole := io.NewSectionReader(r, 0, size)
	if packed == "" {
		return whole, nil
	}
	head := make([]byte, min(size, 16))
	if _, err := r.ReadAt(head, 0); err != nil && len(head) > 0 {
		return nil, patherr.Bare(err)
	}
	if magic(archives.Zip)(head) {
		return unzipTable(r, size)
	}
	c := compressionOf(head)
	if c == nil {
		return nil, fmt.Errorf("is not compressed, though its name ends in %s; rename it, or download it again", packed)
	}
	text, err := c.open(bufio.NewReader(whole))
	if errors.As(err, new(bounded.WindowError)) {
		return nil, openError(name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("is compressed and damaged: %w", err)
	}
	return &limited{text, int64(bounded.InflateLimit(uint64(size)))}, nil
}

// tableInZip returns the entry of a zip archive that is a table, if it has no other entries; nil otherwise.
func tableInZip(r io.ReaderAt, size int64) (table *zip.File) {
	z, err := openZip(r, size, "")
	if err != nil {
		return nil
	}
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") || isJunk(f.Name) {
			continue
		}
		if table != nil || tableKind(f.Name) < 0 || isParquet(f.Name) || slices.ContainsFunc(packedSuffixes, func(s string) bool { return strings.HasSuffix(f.Name, s) }) {
			return nil
		}
		table = f
	}
	return table
}

// unzipTable returns a reader of the table in a zip archive.
func unzipTable(r io.ReaderAt, size int64) (io.Reader, error) {
	f := tableInZip(r, size)
	if f == nil {
		return nil, fmt.Errorf("is a zip archive, and does not have a table as its only file; unpack it")
	}
	if err := usable(f); err != nil {
		return nil, err
	}
	open, err := f.Open()
	if err != nil {
		return nil, archiveError(err)
	}
	return &limited{zipText{open}, int64(bounded.InflateLimit(f.CompressedSize64))}, nil
}

// zipText is the text of an entry, with errors that say what is wrong with it.
type zipText struct{ io.Reader }

func (z zipText) Read(b []byte) (int, error) {
	n, err := z.Reader.Read(b)
	if err != nil && err != io.EOF { //nolint:errorlint // Read returns io.EOF itself
		err = fmt.Errorf("the table in the zip archive %w", archiveError(err))
	}
	return n, err
}
