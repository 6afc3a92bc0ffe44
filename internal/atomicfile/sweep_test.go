package atomicfile

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/lince-ml/lince/internal/folderlock"
)

// TestSweep: files of killed writers are removed, and no others.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.keras")
	keep := []string{"m.keras", ".m.keras.swp", ".m.keras.tmp", ".other.keras.0123456789abcdef.tmp", ".m.keras.0123456789abcdef.tmp.keep", ".m.keras.x-1.tmp"}
	gone := []string{".m.keras.0123456789abcdef.tmp", ".m.keras.1-0.tmp", ".m.keras.4711-100.tmp"}
	for _, name := range append(keep, gone...) {
		leave(t, filepath.Join(dir, name))
	}
	if err := os.Mkdir(filepath.Join(dir, ".m.keras.2-0.tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Sweep(path); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(keep, ".m.keras.2-0.tmp") {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s is gone", name)
		}
	}
	for _, name := range gone {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
	if err := Sweep(filepath.Join(dir, "no", "folder", "m.keras")); err != nil {
		t.Error(err)
	}
}

// leave creates a file as a process leaves it that was killed long ago.
func leave(t *testing.T, path string) {
	t.Helper()
	before := time.Now().Add(-2 * abandonedAfter)
	if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, before, before)); err != nil {
		t.Fatal(err)
	}
}

// TestWriters: a Write leaves the temporary file of another Write to the same path alone, although it sweeps.
func TestWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.keras")
	for _, d := range []real{{}, {named: true}} {
		err := WriteTo(d, path, func(w io.Writer) error {
			if err := Write(path, put("first")); err != nil {
				return err
			}
			return put("second")(w)
		})
		if err != nil {
			t.Fatal(err)
		}
		check(t, path, "second")
	}
}

// writers are what the process of TestKilled does until it is killed.
var writers = map[string]func(dir string, until func()) error{
	"named": func(dir string, until func()) error {
		return WriteTo(real{named: true}, filepath.Join(dir, "m.keras"), func(io.Writer) error { until(); return nil })
	},
	"nameless": func(dir string, until func()) error {
		return Write(filepath.Join(dir, "m.keras"), func(io.Writer) error { until(); return nil })
	},
	"folder": func(dir string, until func()) error {
		path, remove, err := TempFolder(dir, ".work-")
		if err != nil {
			return err
		}
		defer remove()
		if err := os.WriteFile(filepath.Join(path, "part"), nil, 0o600); err != nil {
			return err
		}
		until()
		return nil
	},
}

// TestKilled: what a killed process leaves is removed by the next write, but not while the process runs.
func TestKilled(t *testing.T) {
	if w := os.Getenv("ATOMICFILE_WRITER"); w != "" {
		err := writers[w](os.Getenv("ATOMICFILE_DIR"), func() {
			_, _ = os.Stdout.WriteString("writing\n") // the test fails if it does not arrive
			_, _ = io.Copy(io.Discard, os.Stdin)
		})
		t.Fatal("not killed: ", err)
	}
	if runtime.GOOS == "windows" {
		t.Skip("files are kept for a day")
	}
	for w := range writers {
		t.Run(w, func(t *testing.T) {
			dir := t.TempDir()
			p := exec.Command(os.Args[0], "-test.run=^TestKilled$")
			p.Env = append(os.Environ(), "ATOMICFILE_WRITER="+w, "ATOMICFILE_DIR="+dir)
			if _, err := p.StdinPipe(); err != nil {
				t.Fatal(err)
			}
			out, err := p.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			ready := make([]byte, len("writing\n"))
			if _, err := io.ReadFull(out, ready); err != nil || !bytes.Equal(ready, []byte("writing\n")) {
				t.Fatalf("%q, %v", ready, err)
			}
			files := func() int {
				list, err := os.ReadDir(dir)
				if err != nil {
					t.Fatal(err)
				}
				return len(list)
			}
			next := func() {
				path, remove, err := TempFolder(dir, ".work-")
				if err != nil {
					t.Fatal(err)
				}
				remove()
				if _, err := os.Stat(path); err == nil {
					t.Error("the temporary folder was not removed")
				}
				if err := Write(filepath.Join(dir, "m.keras"), put("new")); err != nil {
					t.Fatal(err)
				}
			}
			before := files()
			next()
			if n := files(); n != before+1 {
				t.Errorf("%d files, want what the running process has (%d) and the new one", n, before)
			}
			if err := p.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = p.Wait() // it was killed
			next()
			check(t, filepath.Join(dir, "m.keras"), "new")
			if runtime.GOOS == "linux" && w == "nameless" && before != 0 {
				t.Logf("this file system has no files without names")
			}
		})
	}
}

// TestOwn: a file that another process is about to sweep is not used, also before it is removed.
func TestOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	leave(t, path)
	open := func() *os.File {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	sweeper, f := open(), open()
	defer func() { _ = f.Close() }()
	if err := folderlock.File(sweeper); err != nil {
		t.Skip(err)
	}
	if own(path, f) {
		t.Error("it has another's lock")
	}
	_ = sweeper.Close()
	if !own(path, f) {
		t.Error("it is free")
	}
}
