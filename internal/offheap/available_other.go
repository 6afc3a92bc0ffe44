//go:build !linux

package offheap

// Available returns the memory that the process can have, in bytes. It is 0 on this system: not known.
func Available() int { return 0 }
