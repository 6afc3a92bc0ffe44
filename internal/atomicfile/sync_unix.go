//go:build !windows

package atomicfile

import (
	"errors"
	"os"
	"syscall"
)

// syncDir brings a rename in the folder to the disk. Some file systems cannot do that and
// say so; there the rename is as safe as they make it.
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
