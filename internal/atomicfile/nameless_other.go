//go:build !linux

package atomicfile

import (
	"errors"
	"os"
)

// openNameless returns an error: this system has no files without names.
func openNameless(string) (*os.File, error) { return nil, errors.ErrUnsupported }

// link is for the files of openNameless.
func link(*os.File, string) error { return errors.ErrUnsupported }
