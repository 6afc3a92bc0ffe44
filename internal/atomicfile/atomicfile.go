// Package atomicfile replaces files so that at every moment, even if the power fails or
// the disk is full, the file is either the whole old one or the whole new one.
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
	"regexp"
	"strings"
)

// Write makes what write writes the content of the file at path. It goes to a temporary
// file in the same folder first, which is flushed to the disk and then renamed. On any
// error the old file stays as it was and the temporary file is removed. A file that was
// there keeps its permissions; a new one gets those that os.Create gives. If path is a
// symbolic link, the file that it points to is replaced.
func Write(path string, write func(w io.Writer) error) error {
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		target, err = path, nil
	}
	if err != nil {
		return err
	}
	var mode fs.FileMode // 0: not there
	switch info, err := os.Stat(target); {
	case err == nil && !info.Mode().IsRegular():
		return &fs.PathError{Op: "replace", Path: path, Err: errors.New("is not a regular file")}
	case err == nil:
		mode = info.Mode().Perm()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	dir := filepath.Dir(target)
	f, err := create(dir, filepath.Base(target))
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	done := false
	defer func() { // also if write panics
		if !done {
			_ = f.Close() // a second time, perhaps; there is another error to tell
			_ = os.Remove(f.Name())
		}
	}()
	if err := fill(f, mode, write); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), target); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	done = true
	if err := syncDir(dir); err != nil {
		return fmt.Errorf("write %s: flush its folder: %w", path, err)
	}
	return nil
}

// create makes the temporary file with the permissions that a new file gets (os.CreateTemp
// would close it to everybody else). Its name is random: process numbers repeat, in
// containers above all.
func create(dir, base string) (*os.File, error) {
	for range 100 {
		name := filepath.Join(dir, fmt.Sprintf(".%s.%016x.tmp", base, rand.Uint64()))
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, errors.New("there is no free name for a temporary file")
}

// Sweep removes the temporary files that a killed process has left of a Write to path. No
// other Write to path may be under way.
func Sweep(path string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), "."+filepath.Base(path)+".")
		if !ok || !e.Type().IsRegular() || !temporary.MatchString(rest) {
			continue
		}
		if err := os.Remove(filepath.Join(filepath.Dir(path), e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// temporary matches the ends of temporary files' names, and those that earlier versions
// gave: a process's number and a counter.
var temporary = regexp.MustCompile(`^([0-9a-f]{16}|[0-9]+-[0-9]+)\.tmp$`)

// fill writes the temporary file and brings it to the disk. It is closed when there is no
// error.
func fill(f *os.File, mode fs.FileMode, write func(w io.Writer) error) error {
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
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}
