// Package beside opens the files that a model's file refers to. They must be in its folder: a name in an untrusted file must not
// lead to any other file of the machine.
package beside

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/lince-ml/lince/internal/patherr"
)

// Files are the open files beside a model.
type Files struct {
	path string // the model's
	open []*os.File
}

// To returns the files beside the model at path. path is "" if the model is in memory; then Open always fails.
func To(path string) *Files { return &Files{path: path} }

// Open opens a file by its plain name. It must be a regular file, not a link.
func (f *Files) Open(name string) (io.ReaderAt, int64, error) {
	if f.path == "" {
		return nil, 0, fmt.Errorf("it is in the file %.100q, which cannot be read because only the bytes of this one are given; use the path of the file", name)
	}
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\:\x00") || !filepath.IsLocal(name) {
		return nil, 0, fmt.Errorf("%.100q is not the plain name of a file in the same folder", name)
	}
	path := filepath.Join(filepath.Dir(f.path), name)
	info, err := os.Lstat(path) // before Open, which would follow a link and block on a pipe
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("is not a regular file")
	}
	if err != nil {
		return nil, 0, fmt.Errorf("%.100q: %w", name, patherr.Bare(err))
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("%.100q: %w", name, patherr.Bare(err))
	}
	f.open = append(f.open, file)
	return file, info.Size(), nil
}

// Close closes the files.
func (f *Files) Close() {
	for _, file := range f.open {
		_ = file.Close() // only read
	}
}
