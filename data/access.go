package data

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/lince-ml/lince/internal/patherr"
)

// AccessError reports that an image file that was listed before could not be reached: the file was
// removed or changed, its permission ended, the process has too many open files, or the disk or the network failed. The image itself
// may be valid, so the dataset does not drop it as it drops a corrupt image. Instead, the operation
// that needed the file fails.
type AccessError struct {
	Where string // the file's path, or the archive's path and the entry's name
	Err   error  // the cause, without the path
}

// Error returns the location and the cause.
func (e *AccessError) Error() string {
	if errors.Is(e.Err, fs.ErrNotExist) {
		return fmt.Sprintf("%s: the file no longer exists; it was there when the dataset was listed", e.Where)
	}
	var changed *changedError
	if errors.As(e.Err, &changed) {
		return changed.Error() // it names the file
	}
	return fmt.Sprintf("%s: cannot reach the file: %v", e.Where, e.Err)
}

// Unwrap returns Err.
func (e *AccessError) Unwrap() error { return e.Err }

// accessed wraps an error from reading a file that has been opened. An error of package os becomes an AccessError.
func accessed(where string, err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return &AccessError{where, patherr.Bare(err)}
	}
	return fmt.Errorf("%s: %w", where, patherr.Bare(err))
}

// opened wraps an error from opening a file as accessed does, except for a missing permission: a file that may not be read counts as an image that cannot be read. If it was read before,
// Flow.denied makes an AccessError of it.
func opened(where string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s: %w", where, patherr.Bare(err))
	}
	return accessed(where, err)
}

// denied returns the error of an image file that cannot be read: an AccessError if its permission is missing, and Table.Check or the Flow has read it before. A ticket for a network drive has
// ended then, or someone has changed the permission of a folder. Without the images, training would continue on others.
func (f *Flow) denied(row int, file file, err error) error {
	if !errors.Is(err, fs.ErrPermission) || unreachable(err) || !f.wasRead(row) {
		return err
	}
	cause := err
	for e := err; e != nil; e = errors.Unwrap(e) {
		cause = e // without the location
	}
	return &AccessError{file.where(), fmt.Errorf("%w; it could be read before", cause)}
}

// wasRead reports whether Table.Check or the Flow has read the file of a row.
func (f *Flow) wasRead(row int) bool {
	if c := f.table.checked; c != nil && c.size[f.table.at(row)] >= 0 {
		return true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.read != nil && f.read[row/64]&(1<<(row%64)) != 0
}

// noteRead remembers that the file of a row was read.
func (f *Flow) noteRead(row int) {
	if f.table.checked != nil { // wasRead knows it
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.read == nil {
		f.read = make([]uint64, (f.Len()+63)/64)
	}
	f.read[row/64] |= 1 << (row % 64)
}

// retries holds the pause before each retry of a read. A retry can succeed after other readers have
// closed their files, or after a network has recovered.
var retries = []time.Duration{10 * time.Millisecond, 100 * time.Millisecond}

// readFile is file.read with retries.
func readFile(ctx context.Context, f file, buf []byte) ([]byte, error) {
	b, err := f.read(buf)
	for _, pause := range retries {
		if !unreachable(err) {
			break
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		b, err = f.read(buf)
	}
	return b, err
}

func unreachable(err error) bool {
	var a *AccessError
	return errors.As(err, &a)
}
