//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package engine

// largePages does nothing: these systems choose by themselves.
func largePages([]byte) {}
