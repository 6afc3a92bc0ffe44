//go:build darwin || freebsd || netbsd

package data

import (
	"os"
	"syscall"
)

// changeTime returns when a file was last changed, in nanoseconds since 1970, which no program can set; 0 if it is not known.
func changeTime(info os.FileInfo) int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ctimespec.Nano()
	}
	return 0
}
