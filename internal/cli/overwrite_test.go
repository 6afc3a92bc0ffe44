package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestOverwriteOtherKind: --overwrite removes the files of an earlier run of any kind, so that no best.keras and no fold of another run is left
// beside the new run.json.
func TestOverwriteOtherKind(t *testing.T) {
	workIn(t)
	train := func(args ...string) outcome {
		return run(t, append([]string{"train", "demo:cats-and-dogs?n=30", "--model", network("two.json"), "--epochs", "1", "--out", "r", "-q"}, args...)...)
	}
	holds := func(dir string, names ...string) {
		t.Helper()
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entries {
			got = append(got, e.Name())
		}
		if !slices.Equal(got, names) {
			t.Errorf("%s has %q, want %q", dir, got, names)
		}
	}
	ok := func(o outcome) {
		t.Helper()
		if o.code != exitOK {
			t.Fatal(o.stderr)
		}
	}
	folds := []string{"fold-1", "fold-2", "folds.csv", "predictions.csv", "run.json", logName}
	ok(train("--tensorboard", "--profile"))
	ok(train("--folds", "3", "--overwrite"))
	ok(train("--folds", "2", "--overwrite"))
	holds("r", folds...)

	// What others have put there stays.
	put(t, "r", map[string][]byte{"notes.txt": []byte("mine"), "fold-2/notes.txt": []byte("mine"), "best/photo.png": []byte("mine")})
	ok(train("--overwrite"))
	for _, name := range []string{"fold-1", "folds.csv"} {
		if _, err := os.Stat(filepath.Join("r", name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
	holds("r/fold-2", "notes.txt")
	holds("r/best", "photo.png")
	read(t, "r", "notes.txt")

	// Without --overwrite, the files of a run of another kind are as safe as those of the same kind.
	put(t, "kept", map[string][]byte{"best.keras": []byte("mine")})
	if o := train("--folds", "2", "--out", "kept"); o.code != exitUsage || !strings.Contains(o.stderr, "kept already contains best.keras") {
		t.Errorf("exit %d: %s", o.code, o.stderr)
	}
	holds("kept", "best.keras")
}
