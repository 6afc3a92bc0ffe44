package data

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/lince-ml/lince/internal/patherr"
)

// AccessError reports that an image file that was listed before could not be reached: the file
// was removed, the process has too many open files, or the disk or the network failed. The
// image itself may be fine, so it is not dropped as a corrupt image is. The error ends the
// operation that needed the file.
type AccessError struct {
	Where string // the file's path, or the archive's path and the entry's name
	Err   error  // the cause, without the path
}

// Error returns the place and the cause.
func (e *AccessError) Error() string {
	if errors.Is(e.Err, fs.ErrNotExist) {
		return fmt.Sprintf("%s: the file no longer exists; it was there when the dataset was listed", e.Where)
	}
	return fmt.Sprintf("%s: cannot reach the file: %v", e.Where, e.Err)
}

// Unwrap returns Err.
func (e *AccessError) Unwrap() error { return e.Err }

// accessed wraps an error of reading a file. Errors of package os become an AccessError, except
// for missing permissions: trying again does not help there.
func accessed(where string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) && !errors.Is(err, fs.ErrPermission) {
		return &AccessError{where, patherr.Bare(err)}
	}
	return fmt.Errorf("%s: %w", where, patherr.Bare(err))
}

// retries are the pauses before each new attempt to reach a file. Other readers may close their
// files, and a network may recover.
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
