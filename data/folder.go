package data

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lince-ml/lince/internal/patherr"
)

// listFolder lists the images below a folder. It follows symbolic links to files, and does not
// follow links to folders (Keras' follow_links=False).
func listFolder(name string, rep *reading) (*listing, error) {
	root, err := filepath.EvalSymlinks(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	l := &listing{name: name}
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("%s: %w", p, patherr.Bare(err))
		}
		if d.IsDir() {
			return nil
		}
		if err := rep.next(0); err != nil {
			return err
		}
		if !isImage(d.Name()) {
			l.others++
			if l.zip == "" && strings.EqualFold(filepath.Ext(p), ".zip") {
				l.zip = p
			}
			return nil
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		if d.Type()&fs.ModeSymlink != 0 {
			if _, err := os.Stat(p); err != nil {
				l.ignored = append(l.ignored, BadFile{filepath.ToSlash(rel), fmt.Errorf("is a link to a missing file: %w", patherr.Bare(err))})
				return nil
			}
		}
		l.entries = append(l.entries, entry{filepath.ToSlash(rel), diskFile(filepath.Join(name, rel))})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}
