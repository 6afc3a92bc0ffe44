//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package offheap

// mapMemory returns nil: memory comes from Go's heap.
func mapMemory(int) []byte { return nil }

func unmapMemory([]byte) {}
