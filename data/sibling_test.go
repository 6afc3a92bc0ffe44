package data

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestSiblings finds the tables for validation and testing by their names.
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
			if folder := filepath.Dir(c.name); folder != "." {
				t.Chdir(folder)
				check(filepath.Base(c.name), "..")
			}
		})
	}
}
