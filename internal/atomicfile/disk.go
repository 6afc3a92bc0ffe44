package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"

	"github.com/lince-ml/lince/internal/folderlock"
)

// Disk has the operations by which WriteTo changes a disk.
type Disk interface {
	// Create creates a file. It fails if the file exists. The file may have no name until Rename.
	Create(path string) (File, error)
	// Rename gives a flushed file another name, and closes it. It replaces the file that has this name.
	Rename(f File, to string) error
	Remove(path string) error
	// SyncDir flushes the entries of a folder to the disk.
	SyncDir(dir string) error
}

// File is a file that is written.
type File interface {
	io.WriteCloser
	Name() string
	Chmod(mode fs.FileMode) error
	Sync() error
}

// real is the disk of the system.
type real struct {
	// For tests: files have names from the start, as on systems without nameless files, and nameless files cannot get names.
	named, unlinkable bool
}

// realFile is a file of the system. While it is open, its process has a lock on it where the system has such locks, so that no
// other process takes it for one that a killed process has left.
type realFile struct {
	*os.File
	name     string
	nameless bool // until Rename
}

// Name is the name of the file, or the one that it is going to have.
func (f *realFile) Name() string { return f.name }

// Create implements Disk.
func (d real) Create(path string) (File, error) {
	if !d.named {
		if f, err := openNameless(path); err == nil {
			_ = folderlock.File(f) // without a lock, Sweep keeps recent files
			return &realFile{f, path, true}, nil
		}
	}
	return createNamed(path)
}

// createNamed creates a file with a name.
func createNamed(path string) (*realFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	if !own(path, f) {
		return nil, errors.Join(f.Close(), &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist})
	}
	return &realFile{f, path, false}, nil
}

// own locks a file or a folder that was just made. It reports false if another process sweeps it.
func own(path string, f *os.File) bool {
	err := folderlock.File(f) // without locks, Sweep keeps recent files
	return !errors.Is(err, folderlock.ErrTaken) && leadsTo(path, f)
}

// leadsTo reports whether the path is that of the open file.
func leadsTo(path string, f *os.File) bool {
	there, err := os.Stat(path)
	if err != nil {
		return false
	}
	opened, err := f.Stat()
	return err == nil && os.SameFile(there, opened)
}

// Rename implements Disk.
func (d real) Rename(file File, to string) error {
	f := file.(*realFile)
	if f.nameless {
		if d.unlinkable || link(f.File, f.name) != nil { // some systems forbid links
			named, err := f.copy()
			if err != nil {
				return err
			}
			_ = f.Close() // its content is in the copy
			*f = *named
		}
		f.nameless = false
	}
	if runtime.GOOS == "windows" { // it cannot rename an open file
		if err := f.Close(); err != nil {
			return err
		}
		return os.Rename(f.name, to)
	}
	if err := os.Rename(f.name, to); err != nil {
		return err
	}
	return f.Close()
}

// copy returns a flushed copy of the file that has its name.
func (f *realFile) copy() (*realFile, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	named, err := createNamed(f.name)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(named.File, io.NewSectionReader(f.File, 0, info.Size()))
	if err == nil {
		err = named.Chmod(info.Mode().Perm())
	}
	if err == nil {
		err = named.Sync()
	}
	if err != nil {
		return nil, errors.Join(err, named.Close())
	}
	return named, nil
}

// Remove implements Disk.
func (real) Remove(path string) error { return os.Remove(path) }

// SyncDir implements Disk.
func (real) SyncDir(dir string) error { return syncDir(dir) }
