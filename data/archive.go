package data

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/bounded"
	"github.com/lince-ml/lince/internal/patherr"
)

// listZip lists the images of an archive and of the archives directly inside it (one level, as
// train.zip and test1.zip in Kaggle's dogs-vs-cats.zip). The images are read later, in place.
func listZip(name string, rep *reading) (*listing, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	l, err := readZip(f, info.Size(), name, rep)
	if err != nil {
		f.Close()
		return nil, err
	}
	l.closer = f
	return l, nil
}

// readZip lists an archive of size bytes. Messages call it name.
func readZip(r io.ReaderAt, size int64, name string, rep *reading) (*listing, error) {
	l := &listing{name: name}
	outer, err := openZip(r, size, name)
	if err != nil {
		return nil, err
	}
	var nested []*zip.File
	if err := l.add(outer, name, "", rep, &nested); err != nil {
		return nil, err
	}
	for _, n := range nested {
		what := name + ": " + n.Name
		at, size, err := unnest(r, n, what)
		if err != nil {
			return nil, err
		}
		inner, err := openZip(at, size, what)
		if err != nil {
			return nil, err
		}
		// The entries of train.zip are named train/cat.0.jpg or just cat.0.jpg. Add train/ to the latter.
		prefix := strings.TrimSuffix(path.Base(n.Name), path.Ext(n.Name)) + "/"
		if !slices.ContainsFunc(inner.File, func(f *zip.File) bool {
			return !strings.HasPrefix(slashed(f.Name), prefix) && isImage(f.Name) && !isJunk(f.Name)
		}) {
			prefix = ""
		}
		if err := l.add(inner, what, prefix, rep, nil); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// add lists the entries of z. It appends archives inside z to nested. If nested is nil, they
// count as other files.
func (l *listing) add(z *zip.Reader, name, prefix string, rep *reading, nested *[]*zip.File) error {
	for _, f := range z.File {
		if err := rep.next(0); err != nil {
			return err
		}
		n := slashed(f.Name)
		if err := safeName(n); err != nil {
			return fmt.Errorf("%s: the entry %q %w; lince refuses such archives, create it again", name, f.Name, err)
		}
		if f.Mode()&fs.ModeSymlink != 0 {
			return fmt.Errorf("%s: the entry %q is a symbolic link; lince refuses such archives, create it again with the files themselves", name, f.Name)
		}
		switch {
		case strings.HasSuffix(n, "/"), isJunk(n):
		case nested != nil && strings.EqualFold(path.Ext(n), ".zip"):
			*nested = append(*nested, f)
		case isImage(n):
			l.entries = append(l.entries, entry{path.Clean(prefix + n), zipFile{f, name}})
		default:
			l.others++
		}
	}
	return nil
}

// slashed turns backslashes, which some Windows archivers write, into slashes.
func slashed(name string) string { return strings.ReplaceAll(name, `\`, "/") }

// isJunk reports whether name is an entry that macOS adds to archives.
func isJunk(name string) bool { return strings.HasPrefix(name, "__MACOSX/") }

func safeName(n string) error {
	switch {
	case slices.Contains(strings.Split(n, "/"), ".."):
		return errors.New(`points outside the folder with ".."`)
	case strings.HasPrefix(n, "/"), filepath.VolumeName(n) != "", len(n) > 1 && n[1] == ':':
		return errors.New("has an absolute name")
	case strings.ContainsRune(n, 0):
		return errors.New("has a NUL byte in its name")
	}
	return nil
}

// openZip reads the archive's directory.
func openZip(r io.ReaderAt, size int64, name string) (*zip.Reader, error) {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		head := make([]byte, min(512, size))
		n, _ := r.ReadAt(head, 0)
		head = head[:n]
		if bytes.HasPrefix(head, []byte("PK")) {
			return nil, fmt.Errorf("%s: is truncated or damaged (it begins like a zip archive, but its directory at the end cannot be read); download it again", name)
		}
		return nil, fmt.Errorf("%s: is not a zip archive (%s)", name, looksLike(head))
	}
	// Overlapping entries would let a small file unpack to any size.
	var stored uint64
	for _, f := range z.File {
		stored += f.CompressedSize64
		if f.CompressedSize64 > uint64(size) || stored > uint64(size) {
			return nil, fmt.Errorf("%s: its entries claim more bytes than the archive has (%d): the archive is damaged or forged", name, size)
		}
	}
	return z, nil
}

// maxUnpacked limits the size of a nested archive that has to be unpacked to memory.
const maxUnpacked = 1 << 30

// unnest opens an archive inside an archive. An uncompressed (stored) one is read in place. A
// compressed one is unpacked to memory, if its size is within the limits.
func unnest(r io.ReaderAt, f *zip.File, what string) (io.ReaderAt, int64, error) {
	if f.Flags&1 != 0 {
		return nil, 0, fmt.Errorf("%s: is encrypted; unpack it with its password and open the folder", what)
	}
	if f.Method == zip.Store {
		if f.CompressedSize64 != f.UncompressedSize64 {
			return nil, 0, fmt.Errorf("%s: is stored uncompressed, but its two sizes differ (%d and %d): the archive is damaged", what, f.CompressedSize64, f.UncompressedSize64)
		}
		at, err := f.DataOffset()
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", what, zipError(err))
		}
		return io.NewSectionReader(r, at, int64(f.CompressedSize64)), int64(f.CompressedSize64), nil
	}
	limit := min(bounded.InflateLimit(f.CompressedSize64), maxUnpacked)
	if f.UncompressedSize64 > limit {
		return nil, 0, fmt.Errorf("%[1]s: is compressed inside the archive, and its %[3]d bytes claim to unpack to %[2]d; the limit is %[4]d; unpack the outer archive and open the inner one",
			what, f.UncompressedSize64, f.CompressedSize64, limit)
	}
	rc, err := f.Open()
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", what, zipError(err))
	}
	defer rc.Close()
	b, err := bounded.ReadAll(nil, rc, int64(min(f.UncompressedSize64, 2*f.CompressedSize64+512)), int64(f.UncompressedSize64))
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", what, zipError(err))
	}
	return bytes.NewReader(b), int64(len(b)), nil
}
