//go:build unix

package machine

import (
	"os"
	"runtime"
	"syscall"
)

// PeakMemory returns the peak memory in bytes of a process: of p, which has ended, or of this process if p is
// nil. ok is false if the system does not report it.
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
	if runtime.GOOS != "darwin" && runtime.GOOS != "ios" { // KiB on other systems
		bytes <<= 10
	}
	return bytes, true
}
