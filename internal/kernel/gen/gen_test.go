package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestGeneratedFilesAreCurrent checks that the checked-in files are what the generator writes.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	for path, want := range generate() {
		got, err := os.ReadFile(filepath.Join("..", path))
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator writes: run go generate ./internal/kernel/...", path)
		}
	}
}
