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
// removed or changed, the process has too many open files, or the disk or the network failed. The image itself
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

// accessed wraps an error from reading a file. An error of package os becomes an AccessError,
// except for a missing permission, which a retry cannot fix.
func accessed(where string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) && !errors.Is(err, fs.ErrPermission) {
		return &AccessError{where, patherr.Bare(err)}
	}
	return fmt.Errorf("%s: %w", where, patherr.Bare(err))
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
