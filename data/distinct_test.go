package data

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// linked returns a folder with images, and a table of them through links to their folder. The image bad is corrupt.
func linked(t *testing.T, links int, bad string) string {
	t.Helper()
	dir := tree(t, "base/a.png", "base/b.png", "base/c.png")
	if bad != "" {
		if err := os.WriteFile(filepath.Join(dir, "base", bad), []byte("no image"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	csv := "filename,category\n"
	for k := range links {
		if err := os.Symlink("base", filepath.Join(dir, fmt.Sprint("part", k))); err != nil {
			t.Skip(err)
		}
		for i, n := range []string{"a", "b", "c"} {
			csv += fmt.Sprintf("part%d/%s.png,class%d\n", k, n, i)
		}
	}
	name := filepath.Join(dir, "t.csv")
	if err := os.WriteFile(name, []byte(csv), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestFiles checks files that several rows have by links: each is read once, and its result holds for all of its rows.
func TestFiles(t *testing.T) {
	tab := open(t, linked(t, 4, "b.png"), OpenOptions{})
	if tab.Len() != 12 {
		t.Fatal(tab.Len())
	}
	f, err := tab.Files(t.Context(), 3)
	if err != nil || !slices.Equal(f.First, []int32{0, 1, 2}) || !slices.Equal(f.Of, []int32{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2}) {
		t.Fatal(f, err)
	}
	if _, err := tab.Files(t.Context(), 2); !errors.Is(err, ErrTooManyFiles) {
		t.Error(err)
	}
	if _, _, err := tab.Check(t.Context(), CheckOptions{Most: 2}); !errors.Is(err, ErrTooManyFiles) {
		t.Error(err)
	}
	var told [2]int
	good, bad, err := tab.Check(t.Context(), CheckOptions{Progress: func(done, total int) { told = [2]int{done, total} }})
	if err != nil || good.Len() != 8 || len(bad) != 4 || bad[1].Filename != "part1/b.png" || told != [2]int{3, 3} || !good.Checked() || tab.Checked() {
		t.Fatal(good, bad, err, told)
	}
	if again, err := good.Files(t.Context(), 0); err != nil || len(again.First) != 2 || !slices.Equal(again.Of, []int32{0, 1, 0, 1, 0, 1, 0, 1}) {
		t.Error(again, err)
	}
	// Rows of the same file have the same bytes.
	if groups, err := good.Duplicates(t.Context()); err != nil || len(groups) != 2 || !slices.Equal(groups[1], []int{1, 3, 5, 7}) {
		t.Error(groups, err)
	}
	rows := open(t, filepath.Join(filepath.Dir(tab.Name()), "base", "a.png"), OpenOptions{LabelRule: Unlabeled})
	if rows.Len() != 1 || rows.Fingerprint() == tab.Fingerprint() {
		t.Error(rows.Len())
	}
	seen, _, bad, err := tab.Inspect(t.Context(), CheckOptions{})
	if err != nil || len(bad) != 4 || seen.Fingerprint() != tab.Fingerprint() {
		t.Error(bad, err)
	}
}
