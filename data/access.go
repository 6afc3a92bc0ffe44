package data

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/lince-ml/lince/internal/patherr"
)

// AccessError says that an image's file could not be reached: it was removed after the data
// set was listed, the process has too many files open, the disk or the network fails. It
// says nothing about the image, which is not left out as a corrupt one is: the error ends
// what was reading.
type AccessError struct {
	Where string // the path, or an archive and the name in it
	Err   error
}

// Error implements error.
func (e *AccessError) Error() string {
	if errors.Is(e.Err, fs.ErrNotExist) {
		return fmt.Sprintf("%s: the file was there when the data were listed, and is gone", e.Where)
	}
	return fmt.Sprintf("%s: the file cannot be reached: %v", e.Where, e.Err)
}

// Unwrap implements the interface of package errors.
func (e *AccessError) Unwrap() error { return e.Err }

// accessed is the error of reading a file. One of package os is an AccessError, but for a
// file that its owner keeps to themselves: that does not change by itself.
func accessed(where string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) && !errors.Is(err, fs.ErrPermission) {
		return &AccessError{where, patherr.Bare(err)}
	}
	return fmt.Errorf("%s: %w", where, patherr.Bare(err))
}

// retries are the pauses before a file that cannot be reached is tried again: other readers
// close theirs, a network comes back.
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
