//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package folderlock

import (
	"errors"
	"os"
	"syscall"
)

// Lock locks a folder until unlock is called or the process ends, even by a kill. free is
// false if another process has the lock. On a file system without locks it is always true.
func Lock(dir string) (unlock func(), free bool, err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, false, err
	}
	unlock = func() { _ = f.Close() } // closing releases the lock
	if errors.Is(File(f), ErrTaken) {
		unlock()
		return nil, false, nil
	}
	return unlock, true, nil
}

// File locks an open file or folder until it is closed or the process ends, even by a kill. The error is ErrTaken if
// another process, or another opening of the file, has the lock, and another one if the file system has no locks.
func File(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return ErrTaken
		}
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
