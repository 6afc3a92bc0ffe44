package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/lince-ml/lince/internal/folderlock"
)

// temporary matches the ends of the names of temporary files. Earlier versions used a process number and a
// counter.
var temporary = regexp.MustCompile(`^([0-9a-f]{16}|[0-9]+-[0-9]+)\.tmp$`)

// Sweep removes temporary files left by processes that were killed during a Write to path. It keeps those of processes that
// are still running.
func Sweep(path string) error {
	prefix := "." + filepath.Base(path) + "."
	return sweep(filepath.Dir(path), func(name string) bool {
		rest, ok := strings.CutPrefix(name, prefix)
		return ok && temporary.MatchString(rest)
	}, fs.FileMode.IsRegular, os.Remove)
}

// sweep removes abandoned entries of a folder with such a name and type.
func sweep(dir string, named func(string) bool, typed func(fs.FileMode) bool, remove func(string) error) error {
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	names, err := d.Readdirnames(-1) // without asking for the type of each file of a large folder
	if err := errors.Join(err, d.Close()); err != nil {
		return err
	}
	for _, name := range names {
		if !named(name) {
			continue
		}
		if err := removeAbandoned(filepath.Join(dir, name), typed, remove); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// abandonedAfter is how long a file must be unchanged to be removed where the system cannot say that no process uses it.
const abandonedAfter = 24 * time.Hour

// removeAbandoned removes a file or a folder unless a running process uses it. Its process has a lock on it, which ends with
// the process. It is removed under the lock, so that no other process starts to use it at that time.
func removeAbandoned(path string, typed func(fs.FileMode) bool, remove func(string) error) error {
	info, err := os.Lstat(path)
	if err != nil || !typed(info.Mode()) {
		return err
	}
	if f, err := os.Open(path); err == nil {
		err := folderlock.File(f)
		if err == nil {
			return errors.Join(remove(path), f.Close())
		}
		_ = f.Close() // it was only looked at
		if errors.Is(err, folderlock.ErrTaken) {
			return nil
		}
	}
	if time.Since(info.ModTime()) < abandonedAfter {
		return nil
	}
	return remove(path)
}

// TempFolder makes a folder in dir whose name begins with prefix, for files that are to be moved to dir. remove removes it. If
// the process is killed, the next call with this prefix removes it.
func TempFolder(dir, prefix string) (path string, remove func(), err error) {
	_ = sweep(dir, func(name string) bool { return strings.HasPrefix(name, prefix) }, fs.FileMode.IsDir, os.RemoveAll) // what stays is only in the way
	for range 100 {
		path, err := os.MkdirTemp(dir, prefix)
		if err != nil {
			return "", nil, err
		}
		f, err := os.Open(path)
		if err == nil {
			if own(path, f) {
				return path, func() {
					_ = f.Close()          // it was only locked
					_ = os.RemoveAll(path) // what is left of it is not needed
				}, nil
			}
			err = f.Close()
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", nil, err
		}
	}
	return "", nil, errors.New("cannot make a temporary folder: another process removes it")
}
