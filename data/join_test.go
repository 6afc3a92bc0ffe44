package data

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestArchivesBesideTable: archives in the folder of a table may have its images, or be for something else, and then need not be readable.
func TestArchivesBesideTable(t *testing.T) {
	p := png(t)
	good := archive(t, entryOf{name: "cats/1.png", content: p}, entryOf{name: "dogs/2.png", content: p})
	locked := archive(t, entryOf{name: "cats/1.png", content: p, change: func(h *zip.FileHeader) { h.Flags |= 1 }}, entryOf{name: "dogs/2.png", content: p})
	elsewhere := filepath.ToSlash(files(t, "cats/1.png", "dogs/2.png"))
	const names = "cats/1.png dogs/2.png"
	absolute := elsewhere + "/cats/1.png " + elsewhere + "/dogs/2.png"
	for _, c := range []struct {
		name     string
		archives map[string][]byte
		rows     string
		images   bool // the folder of the table is chosen as that of the images
		want     int  // rows
		ignored  string
		fail     string
	}{
		{name: "images in an archive", archives: map[string][]byte{"a.zip": good}, rows: names, want: 2},
		{name: "a damaged archive, too", archives: map[string][]byte{"a.zip": good, "b.zip": good[:60]}, rows: names, want: 2, ignored: "b.zip"},
		{name: "images elsewhere", archives: map[string][]byte{"a.zip": good}, rows: absolute, want: 2},
		{name: "images elsewhere, and a damaged archive", archives: map[string][]byte{"a.tgz": []byte("no"), "b.zip": good[:60], "c.tar.gz": gzipped1(t, []byte("no archive"))}, rows: absolute, want: 2, ignored: "a.tgz b.zip c.tar.gz"},
		{name: "images in a damaged archive", archives: map[string][]byte{"b.zip": good[:60]}, rows: names, fail: "besides, 1 archives in DIR cannot be read, the first: DIR/b.zip: is truncated or damaged"},
		{name: "the folder is chosen", archives: map[string][]byte{"a.zip": good, "b.zip": good[:60]}, rows: names, images: true, fail: "DIR/b.zip: is truncated or damaged"},
		{name: "an encrypted image", archives: map[string][]byte{"a.zip": locked}, rows: names, want: 1, ignored: "line 2: is encrypted; unpack the archive with its password and open the folder"},
		{name: "an image that is nowhere", archives: map[string][]byte{"a.zip": good}, rows: "cats/1.png cats/9.png", want: 1, ignored: "line 3: the archives in DIR have no entry of that name, and there is no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for n, b := range c.archives {
				if err := os.WriteFile(filepath.Join(dir, n), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			table := filepath.Join(dir, "t.csv")
			if err := os.WriteFile(table, []byte(rowsOf("filename,category", c.rows, "cat", "dog")), 0o600); err != nil {
				t.Fatal(err)
			}
			o := OpenOptions{}
			if c.images {
				o.Images = dir
			}
			in := func(s string) string { return strings.ReplaceAll(filepath.ToSlash(s), filepath.ToSlash(dir), "DIR") }
			tab, err := Open(t.Context(), table, o)
			if c.fail != "" {
				if err == nil || !strings.Contains(in(err.Error()), c.fail) {
					t.Errorf("the error is %v, want %s", err, c.fail)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer tab.Close()
			for _, r := range tab.All() {
				if b, err := r.Bytes(); err != nil || !strings.HasPrefix(string(b), string(p)) {
					t.Errorf("%s: %v", r.Filename, err)
				}
			}
			var ignored []string
			for _, b := range tab.Ignored() {
				if strings.HasPrefix(c.ignored, "line") {
					ignored = append(ignored, in(b.Err.Error()))
				} else {
					ignored = append(ignored, b.Filename)
				}
			}
			if got := strings.Join(ignored, " "); tab.Len() != c.want || got != c.ignored || tab.Dropped() != len(ignored) {
				t.Errorf("%d rows, ignored %s (%d); want %d rows, ignored %s", tab.Len(), got, tab.Dropped(), c.want, c.ignored)
			}
		})
	}
}
