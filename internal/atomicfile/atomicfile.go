// Package atomicfile replaces files atomically: at every moment, even if the power fails or the disk is full,
// the file is either the complete old one or the complete new one.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Write replaces the content of the file at path with what write writes. It writes a temporary file in the
// same folder, flushes it to the disk, and renames it. On an error, the old file is unchanged and the
// temporary file is removed. An existing file keeps its permissions, and a new one gets those of os.Create.
// If path is a symbolic link, the file that it points to is replaced.
//
// A process that is killed during a Write leaves nothing if the file system has files without names, as those
// of Linux have. Elsewhere it leaves its temporary file, which the next Write to the same path removes.
func Write(path string, write func(w io.Writer) error) error { return WriteTo(real{}, path, write) }

// WriteTo is Write with the operations of a disk, which tests simulate to crash it.
func WriteTo(d Disk, path string, write func(w io.Writer) error) error {
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		target, err = path, nil
	}
	if err != nil {
		return err
	}
	var mode fs.FileMode // 0 if the file does not exist
	switch info, err := os.Stat(target); {
	case err == nil && !info.Mode().IsRegular():
		return &fs.PathError{Op: "replace", Path: path, Err: errors.New("is not a regular file")}
	case err == nil:
		mode = info.Mode().Perm()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	dir := filepath.Dir(target)
	if _, ok := d.(real); ok {
		_ = Sweep(target) // what cannot be removed does not prevent the new file
	}
	f, err := create(d, dir, filepath.Base(target))
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	done := false
	defer func() { // also if write panics
		if !done {
			_ = f.Close() // it may be closed already; Write returns the first error
			_ = d.Remove(f.Name())
		}
	}()
	if err := fill(f, mode, write); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := d.Rename(f, target); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	done = true
	if err := d.SyncDir(dir); err != nil {
		return fmt.Errorf("write %s: flush its folder: %w", path, err)
	}
	return nil
}

// create makes the temporary file with the permissions of a new file, because os.CreateTemp would let only
// the owner read it. The name is random, because process numbers repeat, especially in containers.
func create(d Disk, dir, base string) (File, error) {
	for range 100 {
		name := filepath.Join(dir, fmt.Sprintf(".%s.%016x.tmp", base, rand.Uint64()))
		f, err := d.Create(name)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, errors.New("cannot find a free name for a temporary file")
}

// fill writes the temporary file and flushes it to the disk.
func fill(f File, mode fs.FileMode, write func(w io.Writer) error) error {
	if mode != 0 {
		if err := f.Chmod(mode); err != nil {
			return err
		}
	}
	buffered := bufio.NewWriterSize(f, 1<<16)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	return f.Sync()
}
