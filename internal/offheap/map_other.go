//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package offheap

// mapMemory returns nil, so memory comes from Go's heap.
func mapMemory(int) []byte { return nil }

func reserveMemory(int) (b []byte, ok bool) { return nil, false }

func unmapMemory([]byte) {}
