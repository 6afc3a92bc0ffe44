//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package offheap

import "syscall"

// mapMemory allocates zeroed memory from the operating system, which takes no physical memory until it is
// touched. It returns nil if the system has none.
func mapMemory(size int) []byte {
	b, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	largePages(b)
	return b
}

// reserveMemory allocates addresses without memory. It returns nil if there are too few.
func reserveMemory(size int) (b []byte, ok bool) {
	b, err := syscall.Mmap(-1, 0, max(size, 1), syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, true
	}
	return b, true
}

// unmapMemory frees the memory of mapMemory.
func unmapMemory(b []byte) { _ = syscall.Munmap(b) } // cannot fail for mapped memory
