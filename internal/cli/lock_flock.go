//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package cli

import (
	"errors"
	"os"
	"syscall"
)

// lockFolder takes a folder for this process alone, until unlock is called or the process
// ends, however it ends. free is false where another has it. File systems that cannot lock
// are taken as free.
func lockFolder(dir string) (unlock func(), free bool, err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, false, err
	}
	unlock = func() { _ = f.Close() } // which unlocks
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
