package lince_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/internal/testenv"
)

// TestApplicationsRoundTrip opens the models of keras.applications that internal/golden/applications.py wrote to the folder that
// LINCE_APPLICATIONS names, and saves them in every kind of file that Save writes. Real Keras must open these, and predict what the
// original models predict.
func TestApplicationsRoundTrip(t *testing.T) {
	folder := os.Getenv("LINCE_APPLICATIONS")
	if folder == "" {
		t.Skip("LINCE_APPLICATIONS names no folder made by internal/golden/applications.py")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.keras"))
	if err != nil || len(files) < 14 {
		t.Fatalf("%d models, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".keras")
		t.Run(name, func(t *testing.T) {
			m, err := lince.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			back := t.TempDir()
			copyFile(t, filepath.Join(folder, name+".npz"), filepath.Join(back, name+".npz"))
			written := saveAll(t, m, filepath.Join(back, name))
			checkRoundTrip(t, back, written, 1e-6)
		})
	}
}

// saveAll writes every kind of file that Save and Export write, and returns the files' names.
func saveAll(t *testing.T, m *lince.Model, base string) (written []string) {
	t.Helper()
	for _, k := range lince.FileKinds() {
		path := base + k.Suffixes[0]
		var err error
		switch {
		case k.Saves:
			err = m.Save(path)
		case k.Exports:
			err = m.Export(path, lince.ExportOptions{})
		default:
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		written = append(written, filepath.Base(path))
	}
	return written
}

// checkRoundTrip has the real libraries run the files in the folder with internal/golden/roundtrip.py. The outputs must differ from the
// expected ones by at most the bound.
func checkRoundTrip(t *testing.T, folder string, files []string, bound float64) {
	t.Helper()
	testenv.Python(t, "roundtrip.py", folder)
	var results map[string]struct {
		Difference, Scale float64
		Error             string
	}
	readJSON(t, &results, folder, "roundtrip.json")
	for _, name := range files {
		r, ok := results[name]
		switch {
		case !ok:
			t.Errorf("%s was not run; these were: %v", name, results)
		case r.Error != "":
			t.Errorf("%s: %s", name, r.Error)
		case r.Scale == 0:
			t.Errorf("%s: all expected outputs are 0", name)
		case r.Difference > bound:
			t.Errorf("%s: outputs differ by %g, want at most %g", name, r.Difference, bound)
		}
	}
	for name := range results {
		if !slices.Contains(files, name) {
			t.Errorf("%s was run, but not written here", name)
		}
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o666); err != nil {
		t.Fatal(err)
	}
}
