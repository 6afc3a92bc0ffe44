package cli

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// shrink makes a pipe hold one page: who writes into it is never far ahead of who reads.
func shrink(t *testing.T, pipe *os.File) {
	t.Helper()
	if _, err := unix.FcntlInt(pipe.Fd(), unix.F_SETPIPE_SZ, os.Getpagesize()); err != nil {
		t.Fatal(err)
	}
}
