package data

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestChanged checks that an image that cannot be read is no corrupt one if its file or its archive was written after the table was opened: the batches and Check end with the
// error of a file that cannot be reached. What was faulty before is dropped.
func TestChanged(t *testing.T) {
	image := png(t)
	var archived bytes.Buffer
	w := tar.NewWriter(&archived)
	for _, name := range []string{"cat.1.png", "dog.2.png"} {
		if err := errors.Join(w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(image)), Typeflag: tar.TypeReg}), second(w.Write(image))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	zipped := archive(t, entryOf{name: "cat.1.png", content: image}, entryOf{name: "dog.2.png", content: image})
	for name, content := range map[string][]byte{"a.zip": zipped, "a.tar": archived.Bytes(), "folder": nil} {
		for _, later := range []bool{false, true} {
			source := filepath.Join(t.TempDir(), name)
			file := source
			if content == nil {
				file = filepath.Join(source, "cat.1.png")
				if err := errors.Join(os.Mkdir(source, 0o700), os.WriteFile(file, image, 0o600), os.WriteFile(filepath.Join(source, "dog.2.png"), image, 0o600)); err != nil {
					t.Fatal(err)
				}
			} else if err := os.WriteFile(source, content, 0o600); err != nil {
				t.Fatal(err)
			}
			tab, err := Open(t.Context(), source, OpenOptions{LabelRule: Prefix})
			if err != nil {
				t.Fatal(err)
			}
			defer tab.Close()
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			at := time.Now().Add(-time.Hour)
			if later {
				at = time.Now().Add(time.Hour)
			}
			if err := errors.Join(os.Truncate(file, min(info.Size()/3, 60)), os.Chtimes(file, at, at)); err != nil {
				t.Fatal(err)
			}
			flow, err := Images(tab, ImageOptions{TargetSize: [2]int{4, 4}})
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range flow.Batches(t.Context(), 0, 0) {
				wantChanged(t, name+": a batch", err, later)
			}
			_, _, err = tab.Check(t.Context(), CheckOptions{})
			wantChanged(t, name+": Check", err, later)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func wantChanged(t *testing.T, what string, err error, later bool) {
	t.Helper()
	var a *AccessError
	if is := errors.As(err, &a); is != later {
		t.Errorf("%s: %v", what, err)
	} else if is && !strings.Contains(err.Error(), "was changed while lince was running") {
		t.Errorf("%s: %v", what, err)
	}
}
