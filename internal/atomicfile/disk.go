package atomicfile

import (
	"io"
	"io/fs"
	"os"
)

// Disk has the operations by which WriteTo changes a disk.
type Disk interface {
	// Create creates a file. It fails if the file exists.
	Create(path string) (File, error)
	Rename(from, to string) error
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
type real struct{}

// Create implements Disk.
func (real) Create(path string) (File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
}

// Rename implements Disk.
func (real) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements Disk.
func (real) Remove(path string) error { return os.Remove(path) }

// SyncDir implements Disk.
func (real) SyncDir(dir string) error { return syncDir(dir) }
