//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package offheap

// largePages does nothing: these systems choose by themselves.
func largePages([]byte) {}
