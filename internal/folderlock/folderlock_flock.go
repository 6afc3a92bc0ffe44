//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

// Package folderlock locks a folder for one process.
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
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		unlock()
		return nil, false, nil
	}
	return unlock, true, nil
}
