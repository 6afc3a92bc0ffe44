package offheap

import "syscall"

// largePages asks for large pages, of which fewer must be looked up. Where there are none,
// nothing is lost.
func largePages(b []byte) { _ = syscall.Madvise(b, syscall.MADV_HUGEPAGE) }
