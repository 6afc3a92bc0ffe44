//go:build unix

package main

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

// peakMemory is the most memory that a process had, in MiB.
func peakMemory(p *os.ProcessState) (float64, error) {
	u, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, errors.New("the system does not tell a process' greatest memory")
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" { // bytes there, elsewhere KiB
		return float64(u.Maxrss) / (1 << 20), nil
	}
	return float64(u.Maxrss) / (1 << 10), nil
}
