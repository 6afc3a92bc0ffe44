package datasets

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/bounded"
	"github.com/lince-ml/lince/internal/patherr"
)

// source holds the files of a dataset: those of a folder, or of an archive.
type source struct {
	where string
	names []string // of the files, without folders
	file  *os.File // of an archive; nil for a folder
}

// folders are the folders in which the files of a dataset may be, below the folder that the user names.
var folders = []string{"", "cifar-10-batches-py", "cifar-10-batches-bin", "cifar-100-python", "cifar-100-binary", "raw", "MNIST/raw", "FashionMNIST/raw"}

// find determines the form of a dataset. It returns no form if there is none, and a form with an error if the dataset is
// damaged. The source is nil for .npz files.
func find(name string, forms []*form) (*source, *form, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	case info.IsDir():
		for _, below := range folders {
			s, err := openFolder(filepath.Join(name, filepath.FromSlash(below)))
			if errors.Is(err, os.ErrNotExist) {
				continue
			} else if err != nil {
				return nil, nil, err
			}
			if f := s.form(forms); f != nil {
				return s, f, nil
			}
		}
		return nil, nil, nil
	case !info.Mode().IsRegular():
		return nil, nil, nil
	case strings.EqualFold(filepath.Ext(name), ".npz"):
		if slices.Contains(forms, npzForm) {
			return nil, npzForm, nil
		}
		return nil, nil, nil
	case isTar(name):
		s, err := listTar(name)
		return s, s.form(forms), err
	}
	return nil, nil, nil
}

func isTar(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".tgz") || strings.HasSuffix(name, ".tar")
}

// form returns the first form whose files are there.
func (s *source) form(forms []*form) *form {
	has := func(name string) bool { return slices.Contains(s.names, name) }
	for _, f := range forms {
		if slices.ContainsFunc(f.marker, has) && !slices.ContainsFunc(f.also, func(n string) bool { return !has(n) }) {
			return f
		}
	}
	return nil
}

func (s *source) close() {
	if s != nil && s.file != nil {
		s.file.Close()
	}
}

func openFolder(dir string) (*source, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, patherr.Bare(err))
	}
	s := &source{where: dir}
	for _, e := range entries {
		mode := e.Type()
		if mode&os.ModeSymlink != 0 {
			if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil {
				mode = info.Mode()
			}
		}
		if mode.IsRegular() {
			s.names = append(s.names, e.Name())
		}
	}
	return s, nil
}

// maxEntries limits the number of files in an archive. Those of CIFAR have less than 10.
const maxEntries = 1000

// walkTar reads a tar archive, which may be compressed, and calls each for every file in it.
func walkTar(f *os.File, size int64, each func(base string, r io.Reader, limit int64) error) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	var r io.Reader = bufio.NewReader(f)
	limit := size
	if head, _ := r.(*bufio.Reader).Peek(2); bytes.Equal(head, gzipMagic) {
		z, err := bounded.Gzip(r)
		if err != nil {
			return err
		}
		limit = int64(bounded.InflateLimit(uint64(size)))
		r = &limited{z, limit}
	}
	t := tar.NewReader(r)
	for range maxEntries {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if h.Typeflag == tar.TypeReg {
			if err := each(path.Base(h.Name), t, min(limit, h.Size)); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("has more than %d files", maxEntries)
}

var gzipMagic = []byte{0x1f, 0x8b}

// limited reads at most n bytes. More are an error.
type limited struct {
	r io.Reader
	n int64
}

func (l *limited) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	if l.n -= int64(n); l.n < 0 {
		return 0, errors.New("unpacks to more bytes than its size allows")
	}
	return n, err
}

// listTar lists the files of an archive. If it fails, the source has the files before the damage.
func listTar(name string) (*source, error) {
	f, err := os.Open(name)
	if err != nil {
		return &source{}, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	s := &source{where: name, file: f}
	info, err := f.Stat()
	if err == nil {
		err = walkTar(f, info.Size(), func(base string, _ io.Reader, _ int64) error {
			s.names = append(s.names, base)
			return nil
		})
	}
	if err != nil {
		return s, fmt.Errorf("%s: cannot be read as a tar archive: %w", name, unpacking(err))
	}
	return s, nil
}

// unpacking explains the errors of compressed files.
func unpacking(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("it is truncated; download it again")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.Is(err, tar.ErrHeader):
		return fmt.Errorf("it is damaged (%w); download it again", err)
	}
	return err
}

// read returns the content of the files with the given names. It fails if one is missing.
func (s *source) read(names ...string) (map[string][]byte, error) {
	var missing []string
	for _, n := range names {
		if !slices.Contains(s.names, n) {
			missing = append(missing, n)
		}
	}
	if missing != nil {
		return nil, fmt.Errorf("%s: has no %s; want all files of the dataset: %s", s.where, strings.Join(missing, ", "), strings.Join(names, ", "))
	}
	out := map[string][]byte{}
	if s.file != nil {
		info, err := s.file.Stat()
		if err == nil {
			err = walkTar(s.file, info.Size(), func(base string, r io.Reader, limit int64) error {
				if !slices.Contains(names, base) {
					return nil
				}
				b, err := bounded.ReadAll(nil, r, 0, limit)
				out[base] = b
				return err
			})
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.where, unpacking(err))
		}
		return out, nil
	}
	for _, n := range names {
		path := filepath.Join(s.where, n)
		b, err := readFile(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out[n] = b
	}
	return out, nil
}

// readFile reads a file, and unpacks it if it is compressed with gzip.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, patherr.Bare(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, patherr.Bare(err)
	}
	if info.Size() > bounded.MaxFile {
		return nil, fmt.Errorf("has %d bytes; want at most %d", info.Size(), bounded.MaxFile)
	}
	b, err := bounded.ReadAll(nil, f, info.Size(), info.Size())
	if err != nil {
		return nil, patherr.Bare(err)
	}
	return gunzip(b)
}

// gunzip unpacks b if it is compressed.
func gunzip(b []byte) ([]byte, error) {
	if !bytes.HasPrefix(b, gzipMagic) {
		return b, nil
	}
	z, err := bounded.Gzip(bytes.NewReader(b))
	if err != nil {
		return nil, unpacking(err)
	}
	most := int64(bounded.InflateLimit(uint64(len(b))))
	head := make([]byte, idxHeader)
	n, err := io.ReadFull(z, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, unpacking(err)
	}
	// The header of an IDX file says how long it is.
	size, known := idxSize(head[:n])
	if known && size > most {
		return nil, fmt.Errorf("claims to have %d bytes, which is not plausible for its %d compressed bytes; download it again", size, len(b))
	}
	all := io.MultiReader(bytes.NewReader(head[:n]), z)
	if known {
		all = io.LimitReader(all, size+1)
	}
	out, err := bounded.ReadAll(nil, all, size, most+1)
	if known && int64(len(out)) > size {
		err = fmt.Errorf("has more than the %d bytes that its header says; download it again", size)
	}
	if err != nil {
		return nil, unpacking(err)
	}
	return out, nil
}
