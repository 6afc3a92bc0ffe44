package lince

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

func TestAboutFile(t *testing.T) {
	cause := &fs.PathError{Op: "read", Path: "a\x1b]0;owned\x07\u202e\nb", Err: fs.ErrNotExist}
	err := aboutFile("opening", cause)
	if want := "opening: read a\\x1b]0;owned\\a\\u202e\nb: file does not exist"; err.Error() != want || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %q, want %q", err, want)
	}
	plain := errors.New("an error")
	if err := aboutFile("opening", plain); err.Error() != "opening: an error" || !errors.Is(err, plain) {
		t.Errorf("got %q", err)
	}
	long := aboutFile("opening", errors.New(strings.Repeat("é", maxFileError))).Error()
	if len(long) > maxFileError+100 || !strings.HasSuffix(long, "é ...") {
		t.Errorf("%d bytes, at the end %q", len(long), long[len(long)-20:])
	}
	if err := aboutFile("opening", nil); err != nil {
		t.Error(err)
	}
}
