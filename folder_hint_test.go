package lince

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOpenFolder names the model in a folder, or what the folder is.
func TestOpenFolder(t *testing.T) {
	for _, c := range []struct {
		files []string
		want  string
	}{
		{nil, "is a folder, want a model file"},
		{[]string{"model.keras", "best.keras"}, "there is best.keras in it"},
		{[]string{"labels.txt", "keras_model.h5"}, "there is keras_model.h5 in it"}, // Teachable Machine
		{[]string{"model.json", "group1-shard1of1.bin"}, "TensorFlow.js"},
	} {
		folder := t.TempDir()
		for _, name := range c.files {
			if err := os.WriteFile(filepath.Join(folder, name), []byte("x"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Open(folder); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.files, err, c.want)
		}
	}
}
