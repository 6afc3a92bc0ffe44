package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestFullDisk writes more than the disk of 1 MiB holds.
func TestFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may mount a small disk")
	}
	disk := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("cannot mount a small disk here:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(disk, "model.keras")
	if err := Write(path, put("old")); err != nil {
		t.Fatal(err)
	}
	err := Write(path, func(w io.Writer) error {
		_, err := w.Write(make([]byte, 2<<20))
		return err
	})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v, want that the disk is full", err)
	}
	check(t, path, "old")
	// Content that fits into the buffer fails at the flush.
	if err := os.WriteFile(filepath.Join(disk, "filler"), make([]byte, 900<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	err = Write(path, func(w io.Writer) error {
		for range 100 {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return err
			}
		}
		_, err := w.Write(make([]byte, 60<<10))
		return err
	})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v, want that the disk is full", err)
	}
	if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
		t.Fatal(err)
	}
	check(t, path, "old")
}
