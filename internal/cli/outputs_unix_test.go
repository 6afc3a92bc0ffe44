//go:build unix

package cli

import (
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestOutputStreams writes a table to a named pipe, as of the shell's >(gzip), to /dev/stdout and to /dev/null, which are not replaced by files.
func TestOutputStreams(t *testing.T) {
	workIn(t)
	put(t, "set", pngs(t, 8))
	if err := syscall.Mkfifo("pipe", 0o666); err != nil {
		t.Skip(err)
	}
	got := make(chan string)
	go func() {
		f, err := os.Open("pipe")
		if err != nil {
			got <- err.Error()
			return
		}
		b, err := io.ReadAll(f)
		if err != nil {
			b = []byte(err.Error())
		}
		got <- string(b)
	}()
	succeed(t, "data", "set", "--csv", "pipe")
	if text := <-got; !strings.HasPrefix(text, "filename,category\n") || strings.Count(text, "\n") != 9 {
		t.Errorf("the pipe has %s", text)
	}
	if o := succeed(t, "data", "set", "--csv", "/dev/stdout"); !strings.HasPrefix(o.stdout, "filename,category\n") {
		t.Errorf("/dev/stdout: %s", o.stdout)
	}
	succeed(t, "data", "set", "--csv", os.DevNull)
	for _, name := range []string{"pipe", os.DevNull} {
		if info, err := os.Stat(name); err != nil || info.Mode().IsRegular() {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if o := run(t, "convert", network("two.json"), os.DevNull, "--to", "keras"); o.code == exitOK || !strings.Contains(o.stderr, os.DevNull+" is not a regular file") {
		t.Errorf("convert to %s: %d, %s", os.DevNull, o.code, o.stderr)
	}
}
