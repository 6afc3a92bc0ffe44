//go:build !windows

package atomicfile

import (
	"errors"
	"os"
	"syscall"
)

// syncDir flushes a rename in the folder to the disk. Errors of file systems that do not support this are
// ignored.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
