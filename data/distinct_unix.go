//go:build unix

package data

import (
	"os"
	"syscall"
)

// fileID identifies a file on disk: all paths that lead to it have the same one.
type fileID struct{ device, inode uint64 }

// identify returns the identity of a file. known is false if it cannot be found out.
func identify(path string) (id fileID, known bool) {
	info, err := os.Stat(path)
	if err != nil {
		return id, false
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return id, false
	}
	return fileID{uint64(s.Dev), s.Ino}, true //nolint:unconvert // the type of Dev depends on the system
}
