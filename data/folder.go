package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lince-ml/lince/internal/patherr"
)

// walkFolder calls visit for each file below a folder, with its path and its name relative to the folder. It follows symbolic links
// to files, and does not follow links to folders (Keras' follow_links=False). Folders that cannot be read are passed over.
func (l *listing) walkFolder(name string, rep *reading, visit func(path, rel string)) error {
	root, err := filepath.EvalSymlinks(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(root, p)
		if relErr != nil {
			return fmt.Errorf("%s: %w", p, relErr)
		}
		rel = filepath.ToSlash(rel)
		if err != nil {
			if p == root || !errors.Is(err, fs.ErrPermission) {
				return fmt.Errorf("%s: %w", p, patherr.Bare(err))
			}
			if n := len(l.folders); n > 0 && l.folders[n-1] == rel {
				l.folders = l.folders[:n-1] // it is not empty, as far as one can tell
			}
			if isJunk(rel) {
				l.passed.add(passedHidden, rel, "")
			} else {
				l.passed.add(passedUnreadable, rel, "")
			}
			return fs.SkipDir
		}
		if d.IsDir() {
			if p != root {
				l.folders = append(l.folders, rel)
			}
			return nil
		}
		if err := rep.next(0); err != nil {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			info, err := os.Stat(p)
			if err != nil && isImage(d.Name()) {
				l.ignored = append(l.ignored, BadFile{rel, fmt.Errorf("is a link to a missing file: %w", patherr.Bare(err))})
				return nil
			}
			if err != nil || info.IsDir() {
				if err == nil {
					rel += "/"
				}
				l.passed.add(passedLink, rel, "")
				return nil
			}
		}
		visit(filepath.Join(name, filepath.FromSlash(rel)), rel)
		return nil
	})
}

// listFolder lists the images below a folder. If there are none, it lists those of the archives in the folder.
func listFolder(name string, rep *reading) (*listing, error) {
	l := &listing{name: name}
	if abs, err := filepath.Abs(name); err == nil {
		l.base = filepath.Base(abs)
	}
	var archives []string
	err := l.walkFolder(name, rep, func(p, rel string) {
		if !l.add(rel, diskFile(p)) {
			archives = append(archives, rel)
		}
	})
	if err != nil {
		return nil, err
	}
	if len(l.entries) == 0 && len(archives) > 0 {
		if err := l.openArchives(name, archives, rep); err != nil {
			l.Close()
			return nil, err
		}
		return l, nil
	}
	for _, a := range archives {
		l.passed.add(passedArchive, a, "")
	}
	return l, nil
}
