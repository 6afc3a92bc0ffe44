package data

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestExportedVersions opens the table of before an upload for an export of Roboflow with several versions of each image: all have the labels, the group and the part of their row, and are
// known as versions of one image.
func TestExportedVersions(t *testing.T) {
	var names []string
	for i, hash := range []string{"a", "b", "c"} {
		names = append(names, fmt.Sprintf("train/x/cat_jpg.rf.%s.jpg", strings.Repeat(hash, 32)))
		if i > 0 {
			names = append(names, fmt.Sprintf("train/x/dog_png.rf.%s.jpg", strings.Repeat(hash, 32)))
		}
	}
	dir := tree(t, names...)
	table := file1(t, "t.csv", []byte("filename,category,who\ncat.jpg,cats,1\ndog.png,dogs,2\ncat.jpg,cats,1\n"))
	tab := open(t, table, OpenOptions{Images: dir, GroupColumn: "who"})
	if got := list1(tab); len(tab.Labels()) != 5 || strings.Count(got, "cat_jpg") != 3 || strings.Count(got, "=dogs") != 2 {
		t.Errorf("rows %s", got)
	}
	for i, r := range tab.All() {
		where, _ := filepath.Rel(dir, r.Where())
		if want := map[string]string{"cats": "1", "dogs": "2"}[r.Label]; tab.Groups()[i] != want || filepath.ToSlash(where) != r.Filename {
			t.Errorf("%s: the group %q, the file %s", r.Filename, tab.Groups()[i], where)
		}
	}
	if got := fmt.Sprint(tab.Versions()); got != "[[0 2 3] [1 4]]" {
		t.Errorf("versions %s", got)
	}
	if _, err := Open(t.Context(), file1(t, "u.csv", []byte("filename,category\ncat.jpg,cats\ncat.jpg,dogs\n")), OpenOptions{Images: dir}); err == nil || !strings.Contains(err.Error(), "contradict") {
		t.Errorf("contradictions give %v", err)
	}
}
