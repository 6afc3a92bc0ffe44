package offheap

import (
	"bytes"
	"math"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// Available returns the memory that the process can have, in bytes: that of the machine, or the limit of its cgroup or of its address
// space, without what was in use at the first call, if that is lower. It is 0 if this is not known.
func Available() int { return available() }

var available = sync.OnceValue(func() int {
	least := uint64(math.MaxInt64)
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		least = min(least, (uint64(info.Totalram)+uint64(info.Totalswap))*uint64(info.Unit)) //nolint:unconvert // they have 32 bits on some systems
	}
	var space unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_AS, &space) == nil {
		// Go reserves more than a gigabyte of addresses when a program starts.
		least = min(least, space.Cur-min(space.Cur, addressesInUse()))
	}
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if n, err := strconv.ParseUint(string(bytes.TrimSpace(text)), 10, 64); err == nil { // not "max"
			least = min(least, n)
		}
	}
	if least == math.MaxInt64 {
		return 0
	}
	return int(least)
})

// addressesInUse returns the size of the process' address space in bytes, 0 if it is not known.
func addressesInUse() uint64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _, _ := bytes.Cut(text, []byte(" "))
	n, err := strconv.ParseUint(string(pages), 10, 64)
	if err != nil {
		return 0
	}
	return n * uint64(os.Getpagesize())
}
