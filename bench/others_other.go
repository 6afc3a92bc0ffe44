//go:build !linux

package main

import "errors"

// cpuTime is implemented on Linux only.
func cpuTime() (all, used, ours float64, err error) {
	return 0, 0, 0, errors.New("processor times are available on Linux only")
}
