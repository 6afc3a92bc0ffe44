// Package testenv finds files and programs outside a test's package.
package testenv

import (
	"os"
	"path/filepath"
	"testing"
)

// Root returns the folder of go.mod.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = up
	}
}

// Data returns the path of a file with real photos. The photos are not part of the project. Data looks in
// $LINCE_SHARED/data, or if LINCE_SHARED is not set, in ../shared/data beside the project's folder. If the
// file does not exist, the test is skipped.
func Data(t testing.TB, name string) string {
	t.Helper()
	shared := os.Getenv("LINCE_SHARED")
	if shared == "" {
		shared = filepath.Join(Root(t), "..", "shared")
	}
	path := filepath.Join(shared, "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs the photos %s (set LINCE_SHARED to the folder that has data/%s)", path, name)
	}
	return path
}
