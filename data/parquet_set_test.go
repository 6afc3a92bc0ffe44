package data

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestParquetFolders opens folders of Parquet files, as Hugging Face has them.
func TestParquetFolders(t *testing.T) {
	for _, c := range []struct {
		folder string
		o      OpenOptions
		want   string
		parts  string
		says   string // a note or a warning
		fail   string
	}{
		{folder: "parts", want: "0.png=cat 1.png=dog 2.png=cat 3.png=dog 4.png=cat 5.png=dog", parts: "[train validation test]", says: "The table has 4 files"},
		{folder: "parts/data", want: "0.png=cat 1.png=dog 2.png=cat 3.png=dog 4.png=cat 5.png=dog", parts: "[train validation test]"},
		{folder: "parts", o: OpenOptions{Part: "val"}, want: "10.png=cat 11.png=dog 12.png=cat", parts: "[train validation test]"},
		{folder: "parts", o: OpenOptions{Part: "test", LabelRule: Unlabeled}, want: "20.png= 21.png=", parts: "[train validation test]"},
		// The column of images is used, not that of names, and the label is the only column with the names of classes.
		{folder: "converted", want: "0.png=cat 1.png=dog 2.png=cat", parts: "[train test]"},
		{folder: "converted", o: OpenOptions{LabelColumn: "filename"}, want: "0.png=/home/x/1.png 1.png=/home/x/1.png 2.png=/home/x/1.png", parts: "[train test]"},
		{folder: "cut", want: "0.png=cat 1.png=dog 2.png=cat 3.png=dog", parts: "[train]", says: "1 of the 3 files of train are missing"},
		{folder: "cut", want: "0.png=cat 1.png=dog 2.png=cat 3.png=dog", parts: "[train]", says: "unsupervised-00000-of-00001.parquet is of no part"},
		{folder: "parts/data/train-00001-of-00002.parquet", want: "4.png=cat 5.png=dog", parts: "[]", says: "one of 2 files"},
		{folder: "columns", fail: `validation-00000-of-00001.parquet has no column "labels", which train-00000-of-00001.parquet has; its columns are image, label`},
		{folder: "unlabeled", want: "0.png=cat 1.png=dog", parts: "[train]", says: "Dropped 2 of the 4 rows, which have no label"},
		{folder: "unlabeled", o: OpenOptions{Part: "test", LabelRule: Unlabeled}, want: "2.png= 3.png=", parts: "[train test]"},
		{folder: "two", fail: "in several folders, which may be different tables: a, b; open one of the folders"},
		{folder: "parts", o: OpenOptions{LabelRule: Folder}, fail: "the labels come from the table's category column"},
		{folder: "parts", o: OpenOptions{Images: "."}, fail: "train-00000-of-00002.parquet: its column"},
	} {
		tab, err := Open(t.Context(), filepath.Join("testdata", "parquet", filepath.FromSlash(c.folder)), c.o)
		if c.fail != "" {
			if err == nil || !strings.Contains(err.Error(), c.fail) {
				t.Errorf("%s: %v, want %q", c.folder, err, c.fail)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.folder, err)
			continue
		}
		if got := list1(tab); got != c.want || fmt.Sprint(tab.Parts()) != c.parts {
			t.Errorf("%s: %s, parts %v, want %s, %s", c.folder, got, tab.Parts(), c.want, c.parts)
		}
		if all := fmt.Sprint(tab.Notes(), tab.Warnings()); !strings.Contains(all, c.says) {
			t.Errorf("%s: %s, want %q", c.folder, all, c.says)
		}
		if _, bad, err := tab.Check(t.Context(), CheckOptions{}); err != nil || bad != nil {
			t.Errorf("%s: %v %v", c.folder, bad, err)
		}
		if err := tab.Close(); err != nil {
			t.Error(err)
		}
	}
	// A copy of a repository without its large files.
	dir := t.TempDir()
	for _, name := range []string{"train.parquet", "t.csv"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, source := range []string{dir, filepath.Join(dir, "train.parquet"), filepath.Join(dir, "t.csv")} {
		if _, err := Open(t.Context(), source, OpenOptions{}); err == nil || !strings.Contains(err.Error(), "is a pointer of Git LFS, not the file itself") || !strings.Contains(err.Error(), "run git lfs pull") {
			t.Errorf("%s: %v", source, err)
		}
	}
}
