package npy

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
)

// TestArraysOfOneName reads an archive with two arrays of one name.
func TestArraysOfOneName(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for range 2 {
		if _, err := z.Create("x.npy"); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := readArchive(bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
	if err == nil || !strings.Contains(err.Error(), `two arrays "x"`) {
		t.Errorf("error is %v", err)
	}
}
