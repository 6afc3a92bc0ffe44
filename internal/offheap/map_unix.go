//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package offheap

import "syscall"

// mapMemory takes memory from the system: zeros, which cost nothing until they are touched.
// It returns nil when the system has none.
func mapMemory(size int) []byte {
	b, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	largePages(b)
	return b
}

// reserveMemory takes addresses without memory; nil when there are not enough.
func reserveMemory(size int) (b []byte, ok bool) {
	b, err := syscall.Mmap(-1, 0, max(size, 1), syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, true
	}
	return b, true
}

// unmapMemory gives back what mapMemory gave.
func unmapMemory(b []byte) { _ = syscall.Munmap(b) } // it cannot fail on what was mapped
