package patherr

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestBare(t *testing.T) {
	_, err := os.Open(filepath.Join(t.TempDir(), "none"))
	if got := Bare(err); got.Error() != "no such file or folder" || !errors.Is(got, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", got)
	}
	other := errors.New("disk on fire")
	if got := Bare(fmt.Errorf("reading: %w", &fs.PathError{Op: "read", Path: "x", Err: other})); got.Error() != other.Error() {
		t.Errorf("another error of a path: %v", got)
	}
	if got := Bare(other); got.Error() != other.Error() {
		t.Errorf("an error without a path: %v", got)
	}
}
