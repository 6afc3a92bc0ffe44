package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

var errWriter = errors.New("the writer fails")

func put(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// check expects path to have this content, and its folder to have no other file.
func check(t *testing.T, path, content string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil || string(b) != content {
		t.Errorf("the file holds %.40q (%v), want %.40q", b, err, content)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files in the folder (%v), want 1: %v", len(entries), err, entries)
	}
}

func TestWrite(t *testing.T) {
	for _, d := range []real{{}, {named: true}, {unlinkable: true}} {
		path := filepath.Join(t.TempDir(), "model.keras")
		if err := WriteTo(d, path, put("old")); err != nil {
			t.Fatal(err)
		}
		check(t, path, "old")
		if err := errors.Join(os.Chmod(path, 0o640), WriteTo(d, path, put("new"))); err != nil {
			t.Fatal(err)
		}
		check(t, path, "new")
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o640 {
			t.Errorf("%+v: permissions %v (%v)", d, info.Mode(), err)
		}
	}
}

// TestFailure: after any failure, the old file is unchanged and no temporary file remains.
func TestFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.keras")
	fails := func(w io.Writer) error {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			return err
		}
		return errWriter
	}
	if err := Write(path, fails); !errors.Is(err, errWriter) {
		t.Errorf("error %v, want the writer's", err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 0 {
		t.Errorf("files remain: %v", entries)
	}
	if err := Write(path, put("old")); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, fails); !errors.Is(err, errWriter) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want the writer's and the file's name", err)
	}
	check(t, path, "old")
	func() {
		defer func() { _ = recover() }()
		_ = Write(path, func(io.Writer) error { panic("in the writer") })
	}()
	check(t, path, "old")

	dir := filepath.Join(filepath.Dir(path), "missing", "model.keras")
	if err := Write(dir, put("x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if err := Write(filepath.Dir(path), put("x")); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder in the file's place: %v", err)
	}
	check(t, path, "old")
}

func TestPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	path := filepath.Join(t.TempDir(), "model.keras")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o444} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := Write(path, put("new")); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != mode {
			t.Errorf("permissions %v (%v), were %v", info.Mode(), err, mode)
		}
	}
	// A new file gets the permissions of os.Create under the same umask.
	a, b := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	f, err := os.Create(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Close(), Write(b, put("new"))); err != nil {
		t.Fatal(err)
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if err := errors.Join(errA, errB); err != nil || infoA.Mode() != infoB.Mode() {
		t.Errorf("a new file has %v, os.Create gives %v (%v)", infoB.Mode(), infoA.Mode(), err)
	}
}

func TestSymlink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.keras")
	link := filepath.Join(t.TempDir(), "latest.keras")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if err := Write(link, put("new")); err != nil {
		t.Fatal(err)
	}
	check(t, path, "new")
	check(t, link, "new")
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("the link became %v (%v)", info.Mode(), err)
	}
}

// TestReadOnlyFolder: a folder that does not allow new files is an error, and the old file is unchanged.
func TestReadOnlyFolder(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("needs a user whom permissions stop")
	}
	path := filepath.Join(t.TempDir(), "model.keras")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(path), 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Dir(path), 0o700) }) // so that it can be removed
	if err := Write(path, put("new")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error %v, want one of permissions", err)
	}
	check(t, path, "old")
}
