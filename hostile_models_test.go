package lince_test

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/lince-ml/lince"
)

// hostile is an entry of testdata/hostile/models.json.
type hostile struct {
	Name, Rule string
	Weights    bool              // the file has weights alone
	Error      string            // a regular expression; without it, the file may also open
	Links      map[string]string // symbolic links beside the file
}

// TestHostileModels opens the files of internal/golden/hostile_models.py. Each must give an error that says what is wrong with it, within
// the bounds of memory for its size, without a character that controls a terminal, and without opening or making another file.
func TestHostileModels(t *testing.T) {
	var list []hostile
	readJSON(t, &list, "testdata", "hostile", "models.json")
	if len(list) < 200 {
		t.Fatalf("%d files", len(list))
	}
	outside := t.TempDir()
	folder := filepath.Join(outside, "models")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	unzip(t, filepath.Join("testdata", "hostile", "models.zip"), folder)
	// A reader that leaves the folder finds the bytes of four numbers here.
	const secret = "four secret nums"
	if err := os.WriteFile(filepath.Join(outside, "hostname"), []byte(secret), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, h := range list {
		t.Run(h.Name, func(t *testing.T) {
			path := filepath.Join(folder, h.Name)
			for name, target := range h.Links {
				if err := os.Symlink(target, filepath.Join(folder, name)); err != nil {
					t.Skip(err)
				}
			}
			checkHostile(t, h, path, secret)
		})
	}
	for _, name := range []string{filepath.Join(folder, "owned"), filepath.Join(outside, "owned"), "owned"} {
		if _, err := os.Lstat(name); err == nil {
			t.Errorf("%s was made", name)
		}
	}
}

func checkHostile(t *testing.T, h hostile, path, secret string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := openHostile(t, h, path)
	runtime.ReadMemStats(&after)
	// The bound is for memory in use. What was allocated counts buffers that grew, at most twice as much again.
	if used, most := after.TotalAlloc-before.TotalAlloc, 3*(16*uint64(info.Size())+64<<20); used > most {
		t.Errorf("%d bytes were allocated for a file of %d, want at most %d", used, info.Size(), most)
	}
	if m != nil {
		if err := m.Summary(io.Discard, lince.SummaryOptions{}); err != nil {
			t.Error(err)
		}
		if err := m.Save(filepath.Join(t.TempDir(), "again.keras")); err != nil {
			t.Log(err)
		}
	}
	if err == nil {
		if h.Error != "" {
			t.Errorf("opened, although %s; want an error that matches %q", h.Rule, h.Error)
		}
		return
	}
	text := strings.ReplaceAll(err.Error(), path, "") // the name may match by chance
	if !regexp.MustCompile(h.Error).MatchString(text) {
		t.Errorf("%s: the error is %s; want one that matches %q", h.Rule, text, h.Error)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("the error controls the terminal: %q", text[i:])
	}
	if len(text) > 10_000 {
		t.Errorf("the error has %d bytes: %s", len(text), text[:1000])
	}
	if strings.Contains(text, secret) {
		t.Errorf("the error has what another file contains: %s", text)
	}
}

// openHostile opens a model, or loads weights into a model with a Dense layer. It skips kinds that lince does not read.
func openHostile(t *testing.T, h hostile, path string) (*lince.Model, error) {
	t.Helper()
	if !h.Weights {
		kind, err := lince.FileKindOf(path)
		if err != nil {
			return nil, err
		}
		if !kind.Opens && !slices.Contains([]string{"hdf5", "zip"}, kind.Name) { // damaged files of kinds that open
			t.Skip(kind.Refusal)
		}
		return lince.Open(path)
	}
	return nil, loadHostile(t, path)
}
