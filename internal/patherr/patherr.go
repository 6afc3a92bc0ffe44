// Package patherr makes errors of package os fit messages that name the file already.
package patherr

import (
	"errors"
	"io/fs"
)

// Bare takes the operation and the path off an error of package os. An error that is
// fs.ErrNotExist stays so, in plainer words.
func Bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return notFound{}
	}
	return err
}

type notFound struct{}

func (notFound) Error() string { return "no such file or folder" }
func (notFound) Unwrap() error { return fs.ErrNotExist }
