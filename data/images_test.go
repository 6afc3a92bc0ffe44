package data

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestImagesOfTables opens tables whose images are in sources other than a folder of images. Each table names all rows of such a source.
func TestImagesOfTables(t *testing.T) {
	dir := t.TempDir()
	png := string(png(t))
	for _, n := range []string{"0", "1"} {
		writeShard(t, filepath.Join(dir, "shard-"+n+".tar"), "a.png", png, "a.cls", "x", "b.png", png+"1", "b.cls", "y")
	}
	folder := filepath.Join(dir, "archives")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "one.zip"), archive(t, entryOf{name: "x/a.png", content: []byte(png)}, entryOf{name: "y/b.png", content: []byte(png + "1")}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{
		filepath.Join(dir, "shard-{0..1}.tar"), filepath.Join(dir, "shard-0.tar"), dir, folder,
		parquetFile("huggingface"), filepath.Join("testdata", "parquet", "parts"),
	} {
		whole := open(t, source, OpenOptions{})
		text := "filename,category\n"
		for _, r := range whole.All() {
			text += r.Filename + ",z" + r.Label + "\n"
		}
		table := filepath.Join(t.TempDir(), "t.csv")
		if err := os.WriteFile(table, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		tab := open(t, table, OpenOptions{Images: source})
		if tab.Len() != whole.Len() || len(tab.Ignored()) > 0 {
			t.Errorf("%s: %d rows, want %d; %v", source, tab.Len(), whole.Len(), tab.Ignored())
			continue
		}
		for i, r := range tab.All() {
			w := whole.Row(i)
			got, err := r.Bytes()
			want, err2 := w.Bytes()
			if err != nil || err2 != nil || !slices.Equal(got, want) || r.Label != "z"+w.Label {
				t.Errorf("%s, row %d: %s, %v %v", source, i, r.Filename, err, err2)
			}
		}
	}
	// An archive beside the table is found, too.
	table := filepath.Join(folder, "t.csv")
	if err := os.WriteFile(table, []byte("filename,category\na.png,p\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := list1(open(t, table, OpenOptions{})); got != "a.png=p" {
		t.Error(got)
	}
	for images, want := range map[string]string{parquetFile("none"): "has no images, only names of files", filepath.Join("testdata", "split.json"): "is neither a folder"} {
		if _, err := Open(t.Context(), table, OpenOptions{Images: images}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", images, err)
		}
	}
}

// TestTruncatedImages reads images cut at half their bytes in each kind of source. Pillow's word on them is their label.
func TestTruncatedImages(t *testing.T) {
	inside := open(t, parquetFile("cut"), OpenOptions{})
	dir := t.TempDir()
	var entries []entryOf
	var members []string
	table := "filename,category\n"
	want := []string{}
	for i, r := range inside.All() {
		b, err := r.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, r.Filename), b, 0o600); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entryOf{name: r.Label + "/" + r.Filename, content: b})
		members = append(members, r.Filename, string(b), strings.Split(r.Filename, ".")[0]+".cls", r.Label)
		table += r.Filename + "," + r.Label + "\n"
		if r.Label == "damaged" {
			want = append(want, r.Filename)
		}
		if i%2 == 1 && r.Label != "damaged" {
			t.Errorf("%s is whole for Pillow", r.Filename)
		}
	}
	csv := filepath.Join(dir, "t.csv")
	if err := os.WriteFile(csv, []byte(table), 0o600); err != nil {
		t.Fatal(err)
	}
	zipped := file1(t, "a.zip", archive(t, entries...))
	shard := filepath.Join(t.TempDir(), "s-0.tar")
	writeShard(t, shard, members...)
	for name, o := range map[string]OpenOptions{parquetFile("cut"): {}, csv: {}, zipped: {}, shard: {}, dir: {LabelRule: Unlabeled}} {
		tab := open(t, name, o)
		checked, bad, err := tab.Check(t.Context(), CheckOptions{})
		if err != nil || checked.Len() != tab.Len()-len(want) || len(bad) != len(want) {
			t.Errorf("%s: %d of %d rows, %d bad, want %d; %v", name, checked.Len(), tab.Len(), len(bad), len(want), err)
			continue
		}
		var got []string
		for _, b := range bad {
			got = append(got, filepath.Base(b.Filename))
		}
		if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
