package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lince-ml/lince/internal/patherr"
)

// mostRepeats is the number of folders that a listing visits again by another link. A few links to each other could otherwise make any number of paths.
const mostRepeats = 1000

// folderWalk lists the files below a folder.
type folderWalk struct {
	l      *listing
	rep    *reading
	name   string // of the folder
	follow bool   // links to folders
	visit  func(path, rel string)

	visits  map[string]int // of folders, by their paths without links
	repeats int            // visits of folders that were visited before
	again   int            // images in these
	example string         // one of them
}

// walkFolder calls visit for each file below a folder, with its path and its name relative to the folder. It follows symbolic links
// to files and, if follow is set, to folders. Folders that cannot be read are passed over.
func (l *listing) walkFolder(name string, follow bool, rep *reading, visit func(path, rel string)) error {
	root, err := filepath.Abs(name) // links may lead out of the current folder
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, patherr.Bare(err))
	}
	w := &folderWalk{l: l, rep: rep, name: name, follow: follow, visit: visit, visits: map[string]int{}}
	if err := w.walk(root, "", nil); err != nil {
		return err
	}
	if w.again > 0 {
		l.warn = append(l.warn, fmt.Sprintf("%d images are listed twice, because links lead to their folders, such as %s. If their labels differ, or one is for training and one for validation, remove the links.", w.again, w.example))
	}
	return nil
}

// walk lists the files below a folder, whose path has no links. prefix comes before their names. around are the folders that the links on the way to it are in.
func (w *folderWalk) walk(root, prefix string, around []string) error {
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(root, p)
		if relErr != nil {
			return fmt.Errorf("%s: %w", p, relErr)
		}
		rel = filepath.ToSlash(filepath.Join(prefix, rel))
		switch {
		case err != nil:
			return w.unreadable(rel, err)
		case d.IsDir():
			return w.enter(p, rel)
		}
		if err := w.rep.next(0); err != nil {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			info, err := os.Stat(p)
			switch {
			case err == nil && info.IsDir():
				return w.link(p, rel, append(slices.Clip(around), filepath.Dir(p)))
			case err != nil && isImage(d.Name()):
				w.l.ignored = append(w.l.ignored, BadFile{rel, fmt.Errorf("is a link to a missing file: %w", patherr.Bare(err))})
				return nil
			case err != nil:
				w.l.passed.add(passedLink, rel, "")
				return nil
			}
		}
		if w.repeats > 0 && w.visits[filepath.Dir(p)] > 1 && isImage(rel) && !isJunk(rel) {
			w.again++
			w.example = rel
		}
		w.visit(filepath.Join(w.name, filepath.FromSlash(rel)), rel)
		return nil
	})
}

// unreadable passes over a folder that cannot be read.
func (w *folderWalk) unreadable(rel string, err error) error {
	if rel == "." || !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s: %w", filepath.Join(w.name, filepath.FromSlash(rel)), patherr.Bare(err))
	}
	if n := len(w.l.folders); n > 0 && w.l.folders[n-1] == rel {
		w.l.folders = w.l.folders[:n-1] // it is not empty, as far as one can tell
	}
	if isJunk(rel) {
		w.l.passed.add(passedHidden, rel, "")
	} else {
		w.l.passed.add(passedUnreadable, rel, "")
	}
	return fs.SkipDir
}

// enter notes a folder.
func (w *folderWalk) enter(path, rel string) error {
	if w.visits[path]++; w.visits[path] > 1 {
		if w.repeats++; w.repeats > mostRepeats {
			w.l.passed.add(passedLink, rel+"/", "")
			return fs.SkipDir
		}
	}
	if rel != "." {
		w.l.folders = append(w.l.folders, rel)
	}
	return nil
}

// link follows a link to a folder, unless it leads to a folder that the link is in. around are the folders that it is in.
func (w *folderWalk) link(path, rel string, around []string) error {
	if isJunk(rel) {
		w.l.passed.add(passedHidden, rel, "")
		return nil
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil || !w.follow {
		w.l.passed.add(passedLink, rel+"/", "")
		return nil //nolint:nilerr // it is counted
	}
	inside := strings.TrimSuffix(target, string(filepath.Separator)) + string(filepath.Separator)
	if slices.ContainsFunc(around, func(dir string) bool { return strings.HasPrefix(dir+string(filepath.Separator), inside) }) {
		w.l.passed.add(passedCycle, rel, "")
		return nil
	}
	return w.walk(target, rel, around)
}

// listFolder lists the images below a folder. If there are none, it lists those of the archives in the folder. With lenient, the archives are perhaps for something else, so those
// that cannot be read are left out.
func listFolder(name string, lenient bool, rep *reading) (*listing, error) {
	l := &listing{name: name, lenient: lenient}
	if abs, err := filepath.Abs(name); err == nil {
		l.base = filepath.Base(abs)
	}
	var archives []string
	err := l.walkFolder(name, true, rep, func(p, rel string) {
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
	} else {
		for _, a := range archives {
			l.passed.add(passedArchive, a, "")
		}
	}
	l.takeUnknown()
	return l, nil
}
