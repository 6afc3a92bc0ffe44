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
			t.Chdir(dir)
			for from, folder := range map[string]string{dir: dir, "": "", filepath.Join(dir, filepath.Dir(c.name)): ".."} {
				name := filepath.Join(dir, c.name)
				if from == "" {
					name = c.name
				} else if from != dir { // from the folder of the table
					if filepath.Dir(c.name) == "." {
						continue
					}
					t.Chdir(from)
					name = filepath.Base(c.name)
				}
				want := []string{c.validation, c.test}
				for i, w := range want {
					if w != "" {
						want[i] = filepath.Join(folder, w)
					}
				}
				if v, test := Siblings(name); v != want[0] || test != want[1] {
					t.Errorf("%s: %q and %q, want %q", name, v, test, want)
				}
				t.Chdir(dir)
			}
		})
	}
}
