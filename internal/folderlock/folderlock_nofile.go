//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package folderlock

import (
	"errors"
	"os"
)

// File returns an error: this system has no lock of open files that ends with its process.
func File(*os.File) error { return errors.ErrUnsupported }
