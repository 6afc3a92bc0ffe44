package offheap

import "syscall"

// largePages asks for large pages, which need fewer look-ups in page tables. It is only a hint, so errors are
// ignored.
func largePages(b []byte) { _ = syscall.Madvise(b, syscall.MADV_HUGEPAGE) }
