package data

import (
	"archive/tar"
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// TestDuplicateNames: of entries with one name, the last one is used, as after unpacking.
func TestDuplicateNames(t *testing.T) {
	var entries []entryOf
	for round := range 3 {
		for i := range 20 { // more than an unstable sort keeps in order
			class := []string{"cats", "dogs"}[i%2]
			entries = append(entries, entryOf{name: fmt.Sprintf("%s/%02d.png", class, i), content: fmt.Appendf(png(t), "round %d", round)})
		}
	}
	var tarred bytes.Buffer
	w := tar.NewWriter(&tarred)
	for _, e := range entries {
		if err := w.WriteHeader(&tar.Header{Name: e.name, Mode: 0o600, Size: int64(len(e.content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	images := file1(t, "a.zip", archive(t, entries...))
	for _, c := range []struct {
		source string
		o      OpenOptions
	}{
		{images, OpenOptions{}}, {file1(t, "a.tar", tarred.Bytes()), OpenOptions{}},
		{file1(t, "t.csv", []byte("filename,category\ncats/00.png,cats\ndogs/01.png,dogs\n")), OpenOptions{Images: images}},
	} {
		tab := open(t, c.source, c.o)
		for _, r := range tab.All() {
			if b, err := r.Bytes(); err != nil || !strings.HasSuffix(string(b), "round 2") {
				t.Errorf("%s: %s is not the last entry of its name (%v)", c.source, r.Filename, err)
			}
		}
		if n := len(tab.Ignored()); c.o.Images == "" && (n != 40 || tab.Len() != 20) {
			t.Errorf("%s: %d rows, and %d ignored", c.source, tab.Len(), n)
		}
	}
}

// TestTruncatedOuter: of a truncated tar archive of archives, those before its end are read.
func TestTruncatedOuter(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range []string{"train.tar", "test.tar"} {
		content := tarWith(t, "cats/1.png", "dogs/2.png")
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	tab := open(t, file1(t, "set.tar", b.Bytes()[:b.Len()*3/4]), OpenOptions{})
	if got := list1(tab); got != "cats/1.png=cats dogs/2.png=dogs" || len(tab.Ignored()) == 0 {
		t.Errorf("%s; %v", got, tab.Ignored())
	}
}
