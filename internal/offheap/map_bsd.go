//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package offheap

// largePages does nothing: these systems use large pages automatically.
func largePages([]byte) {}
