package cli

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// shrink limits a pipe to one page, so that the writer is never far ahead of the reader.
func shrink(t *testing.T, pipe *os.File) {
	t.Helper()
	if _, err := unix.FcntlInt(pipe.Fd(), unix.F_SETPIPE_SZ, os.Getpagesize()); err != nil {
		t.Fatal(err)
	}
}
