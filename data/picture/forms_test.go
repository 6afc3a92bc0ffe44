package picture

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
)

// readForms reads the files of internal/golden/picture_forms.py, and what Pillow makes of each in each color mode and with its orientation.
func readForms(t *testing.T) (files map[string][]byte, want map[string]map[string]string) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(readFile(t, "forms.tar.gz")))
	if err != nil {
		t.Fatal(err)
	}
	files = map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal(files["forms.json"], &want); err != nil {
		t.Fatal(err)
	}
	if len(want) < 1100 {
		t.Fatalf("only %d files in forms.tar.gz", len(want))
	}
	return files, want
}

// TestFormsAsPillow: equal pixels, and an error where Pillow has one.
func TestFormsAsPillow(t *testing.T) {
	files, want := readForms(t)
	var shared Decoder
	for name, modes := range want {
		for mode, sum := range modes {
			got := "error"
			img, err := shared.Load(files[name], map[string]Options{"RGB": {}, "L": {ColorMode: Grayscale}, "RGBA": {ColorMode: RGBA}, "turned": {Orient: true}}[mode])
			if err == nil {
				got = fmt.Sprintf("%d %d %s", img.H, img.W, hash(img.Pix)[:16])
			}
			if got != sum {
				t.Errorf("%s in %s: got %s (%v), want %s", name, mode, got, err, sum)
			}
		}
	}
}
