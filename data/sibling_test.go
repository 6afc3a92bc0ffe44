package data

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSiblings finds the sources for validation and testing by their names.
func TestSiblings(t *testing.T) {
	for _, c := range []struct {
		files, name      string
		validation, test string
	}{
		{"train/_classes.csv valid/_classes.csv test/_classes.csv", "train/_classes.csv", "valid/_classes.csv", "test/_classes.csv"},
		{"Training/t.csv Validation/t.csv", "Training/t.csv", "Validation/t.csv", ""},
		{"train/t.csv valid/u.csv test/", "train/t.csv", "", ""},
		{"train.csv val.csv test.csv", "train.csv", "val.csv", "test.csv"},
		{"train_labels.csv valid_labels.csv test.csv", "train_labels.csv", "valid_labels.csv", ""},
		{"train.csv.gz dev.csv", "train.csv.gz", "dev.csv", ""},
		{"train.csv val.jsonl val.parquet", "train.csv", "", ""},
		{"train.csv val.csv", "val.csv", "", ""},
		{"labels.csv val.csv", "labels.csv", "", ""},
		{"train/labels.csv val.csv", "train/labels.csv", "", ""},
		{"train/train.csv val/", "train", "", ""},
		{"set/train/a/1.png set/val/a/2.png set/test/3.png", "set/train", "set/val", "set/test"},
		{"train_set/1.png train_set/t.csv val_set/x/y/2.png", "train_set", "val_set", ""},
		{"train/a/1.png tests/a_test.go valid/notes.txt val2/.hidden/1.png", "train", "", ""},
		{"train/a/1.png val.zip val.csv", "train", "", ""},
		{"set/val/a/1.png set/train/a/2.png", "set/val", "", ""},
		{"train.zip val.zip test.tar.gz val/1.png", "train.zip", "val.zip", "test.tar.gz"},
	} {
		t.Run(c.files, func(t *testing.T) {
			dir := files(t, strings.Fields(c.files)...)
			in := func(folder, name string) string {
				if name == "" {
					return ""
				}
				return filepath.Join(folder, name)
			}
			check := func(name, folder string) {
				t.Helper()
				if v, test := Siblings(name); v != in(folder, c.validation) || test != in(folder, c.test) {
					t.Errorf("%s: %q and %q, want %q and %q", name, v, test, in(folder, c.validation), in(folder, c.test))
				}
			}
			check(filepath.Join(dir, c.name), dir)
			t.Chdir(dir)
			check(c.name, "")
			if folder := filepath.Dir(c.name); folder != "." && folder != "set" {
				t.Chdir(folder)
				check(filepath.Base(c.name), "..")
			}
			if c.name == "set/train" {
				t.Chdir(filepath.Join(dir, c.name))
				if v, test := Siblings("."); v != filepath.Join("..", "val") || test != filepath.Join("..", "test") {
					t.Errorf("of the current folder: %q and %q", v, test)
				}
			}
		})
	}
}

// TestArchivedSiblings finds the tables for validation and testing in the archive of the images.
func TestArchivedSiblings(t *testing.T) {
	text := rowsOf("filename,label", twoNames, "x", "y")
	images := under("train/", strings.Fields(twoNames)...)
	for _, c := range []struct {
		inside           string // the tables in the archive
		name             string
		validation, test string
	}{
		{"train/_classes.csv valid/_classes.csv test/_classes.csv", "_classes.csv", "valid/_classes.csv", "test/_classes.csv"},
		{"val.csv other.csv", "train.csv", "val.csv", ""},
		{"valid/u.csv", "_classes.csv", "", ""},
		{"train/_classes.csv valid/_classes.csv", "valid/_classes.csv", "", ""},
	} {
		texts := map[string]string{}
		for name := range strings.FieldsSeq(c.inside) {
			texts[name] = text
		}
		_, zip := besideSet(t, images, texts)
		dir := files(t, c.name)
		name := filepath.Join(dir, filepath.FromSlash(c.name))
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		tab := open(t, name, OpenOptions{Images: zip})
		if v, test := tab.ArchivedSiblings(); v != c.validation || test != c.test {
			t.Errorf("%s with %s: %q and %q, want %q and %q", c.name, c.inside, v, test, c.validation, c.test)
		}
		if c.inside[0] != 't' {
			continue
		}
		_, err := Open(t.Context(), zip, OpenOptions{})
		if want := "For validation, take valid/_classes.csv out, too, and add --validation valid/_classes.csv to train"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
