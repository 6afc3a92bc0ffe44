//go:build unix

package machine

import (
	"os"
	"runtime"
	"syscall"
)

// PeakMemory is the most memory that a process had, in bytes: p, which has ended, or this
// process where p is nil. ok is false where the system does not tell.
func PeakMemory(p *os.ProcessState) (bytes int64, ok bool) {
	var u *syscall.Rusage
	if p != nil {
		u, ok = p.SysUsage().(*syscall.Rusage)
	} else {
		u = &syscall.Rusage{}
		ok = syscall.Getrusage(syscall.RUSAGE_SELF, u) == nil
	}
	if !ok {
		return 0, false
	}
	bytes = int64(u.Maxrss)                                //nolint:unconvert // it has 32 bits on some systems
	if runtime.GOOS != "darwin" && runtime.GOOS != "ios" { // KiB there
		bytes <<= 10
	}
	return bytes, true
}
