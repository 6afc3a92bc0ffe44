package kerneltest

import (
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Guarded returns a buffer of n elements that ends at an inaccessible page, so that a kernel that reads or
// writes past its end crashes the test. Before its start there are NaNs, down to another such page: a kernel
// that reads them has NaNs in its results, and the test fails if they are overwritten.
func Guarded[T float32 | uint8 | int32](t testing.TB, n int) []T {
	t.Helper()
	if n == 0 {
		return []T{}
	}
	var zero T
	size := n * int(unsafe.Sizeof(zero))
	page := unix.Getpagesize()
	whole := (size + page - 1) / page * page
	mem, err := unix.Mmap(-1, 0, page+whole+page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	start := page + whole - size
	before := mem[page:start]
	for i := range before {
		before[i] = 0xff
	}
	t.Cleanup(func() {
		for i, b := range before {
			if b != 0xff {
				t.Errorf("byte %d before a buffer was written to", i-len(before))
				break
			}
		}
		if err := unix.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	for _, guard := range [][]byte{mem[:page], mem[page+whole:]} {
		if err := unix.Mprotect(guard, unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&mem[start])), n)
}

// threadTime is the processor time of this thread.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}
