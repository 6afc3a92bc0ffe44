// Package patherr removes the path from errors of package os, for messages that already name the file.
package patherr

import (
	"errors"
	"io/fs"
)

// Bare returns an error of package os without its operation and path. An fs.ErrNotExist gets a plainer
// message.
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
