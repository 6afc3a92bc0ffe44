package kerneltest

import (
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Guarded is a buffer of n elements right before a page that cannot be touched: a kernel
// that reads or writes past its end crashes the test.
func Guarded[T float32 | uint8 | int32](t testing.TB, n int) []T {
	t.Helper()
	if n == 0 {
		return []T{}
	}
	var zero T
	size := n * int(unsafe.Sizeof(zero))
	page := unix.Getpagesize()
	whole := (size + page - 1) / page * page
	mem, err := unix.Mmap(-1, 0, whole+page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	if err := unix.Mprotect(mem[whole:], unix.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&mem[whole-size])), n)
}

// threadTime is the processor time that this thread has had.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}
