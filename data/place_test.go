package data

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlaces opens tables that name a file in several ways: the rows are of one file.
func TestPlaces(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	set := filepath.Join(dir, "set")
	if err := os.Rename(tree(t, "cats/a.jpg", "cats/b.jpg"), set); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(set, filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	t.Chdir(dir)
	abs := filepath.ToSlash(dir)
	for _, c := range []struct {
		images, first, second string
		files                 int // that the names lead to
	}{
		{"set", "cats/a.jpg", "./cats/a.jpg", 1},
		{"set", "cats/a.jpg", abs + "/set/cats/a.jpg", 1},
		{"set", "cats/a.jpg", "../set/cats/a.jpg", 1},
		{"set", "cats/a.jpg", "../link/cats/a.jpg", 1},
		{"link", "cats/a.jpg", abs + "/set/cats/a.jpg", 1},
		{"link", "cats/a.jpg", abs + "/link/cats/a.jpg", 1},
		{"link", "../set/cats/a.jpg", abs + "/link/cats/a.jpg", 1},
		{set, "cats/a.jpg", "../set/cats/../cats/a.jpg", 1},
		{"set/cats", "../../set/cats/a.jpg", abs + "/link/cats/a.jpg", 1},
		{".", "set/cats/a.jpg", abs + "/set//cats/a.jpg", 1},
		{"set", "cats/a.jpg", abs + "/set/cats/b.jpg", 2},
		{"set/cats", "../cats/a.jpg", "b.jpg", 2},
	} {
		for _, labels := range [][2]string{{"x", "x"}, {"x", "y"}} {
			text := "filename,category\n" + c.first + "," + labels[0] + "\n" + c.second + "," + labels[1] + "\n"
			tab, err := Open(t.Context(), file1(t, "t.csv", []byte(text)), OpenOptions{Images: c.images})
			if c.files == 1 && labels[0] != labels[1] {
				if err == nil || !strings.Contains(err.Error(), "1 rows contradict earlier rows about the same file") {
					t.Errorf("%+v: the error %v", c, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if tab.Len() != c.files {
				t.Errorf("%+v: %d rows %v", c, tab.Len(), tab.Warnings())
			}
		}
	}
}

// TestUnusedImages counts the images of an archive that a table does not name.
func TestUnusedImages(t *testing.T) {
	table := []byte("filename,category\na.jpg,x\nb.jpg,y\nc.jpg,\n")
	for _, c := range []struct{ files, want string }{
		{"a.jpg b.jpg", ""},
		{"train/a.jpg train/b.jpg valid/d.jpg valid/e.jpg test/f.jpg", "3 images that no row of the table uses (2 valid, 1 test), such as test/f.jpg"},
		{"ds/train/a.jpg ds/train/b.jpg ds/train/c.jpg", "1 image that no row of the table uses: ds/train/c.jpg"},
		{"ds/train/a.jpg ds/train/b.jpg ds/test/g.jpg ds/h.jpg", "2 images that no row of the table uses (1 test), such as ds/"},
	} {
		zip := zipOf(t, tree(t, strings.Fields(c.files)...))
		tab := open(t, file1(t, "t.csv", table), OpenOptions{Images: zip})
		if got := passedOf(tab); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%s: %s, want %s", c.files, got, c.want)
		}
	}
}
