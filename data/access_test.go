package data

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/lince-ml/lince/data/augment"
)

// flaky is a file whose first reads fail.
type flaky struct {
	diskFile
	failures *int
	err      error
}

func (f flaky) read(buf []byte) ([]byte, error) {
	if *f.failures > 0 {
		*f.failures--
		return nil, accessed(f.where(), &fs.PathError{Op: "open", Path: f.where(), Err: f.err})
	}
	return f.diskFile.read(buf)
}

// TestUnreachableFiles checks that a file that cannot be reached is tried again and then reported by name, and that
// it does not count as a corrupt image.
func TestUnreachableFiles(t *testing.T) {
	for _, c := range []struct {
		failures int
		err      error
		want     string // "" is success
	}{
		{2, syscall.EMFILE, ""},
		{3, syscall.EMFILE, "cat.1.png: cannot reach the file: too many open files"},
		{3, syscall.EIO, "cat.1.png: cannot reach the file: input/output error"},
		{3, fs.ErrNotExist, "cat.1.png: the file no longer exists; it was there when the dataset was listed"},
	} {
		t.Run(fmt.Sprintf("%v %d", c.err, c.failures), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // the pauses take no time
				make := func() *Table {
					tab := open(t, damage(t, 5, 0), OpenOptions{})
					n := c.failures
					tab.rows[1].file = flaky{tab.rows[1].file.(diskFile), &n, c.err}
					return tab
				}
				check := func(what string, err error, bad int) {
					t.Helper()
					var a *AccessError
					if (err == nil) != (c.want == "") || err != nil && (!errors.As(err, &a) || !strings.Contains(err.Error(), c.want)) {
						t.Errorf("%s: error is %v, want %q", what, err, c.want)
					}
					if bad > 0 {
						t.Errorf("%s: %d bad images", what, bad)
					}
				}
				_, bad, err := make().Check(t.Context(), CheckOptions{Workers: 2})
				check("check", err, len(bad))
				f := images(t, make(), ImageOptions{TargetSize: [2]int{4, 4}, BatchSize: 2, Workers: 2})
				n := 0
				err = nil
				for b, e := range f.Batches(t.Context(), 0, 0) {
					n, err = n+len(b.Index), e
				}
				check("batches", err, len(f.Corrupt()))
				if c.want == "" && n != 10 {
					t.Errorf("%d images", n)
				}
				_, err = make().Row(1).Bytes()
				check("bytes", err, 0)
			})
		})
	}
}

// TestUnreadableLinks checks that a broken link is dropped when its folder is listed, and that a file without read
// permission counts as an image that cannot be read.
func TestUnreadableLinks(t *testing.T) {
	dir := damage(t, 3, 0)
	if err := os.Symlink(filepath.Join(dir, "gone.png"), filepath.Join(dir, "cat.link.png")); err != nil {
		t.Skip("no links here:", err)
	}
	tab := open(t, dir, OpenOptions{})
	if len(tab.Ignored()) != 1 || !strings.Contains(tab.Ignored()[0].Err.Error(), "link to a missing file") {
		t.Errorf("ignored: %v", tab.Ignored())
	}
	if err := opened("x", &fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}); unreachable(err) {
		t.Error("a file without permission cannot be reached")
	}
}

// TestWithdrawnPermission checks that a missing permission ends an epoch if the file was read before, by a check or in an earlier epoch, and otherwise counts as an image
// that cannot be read.
func TestWithdrawnPermission(t *testing.T) {
	for _, cause := range []error{syscall.EACCES, syscall.EPERM} {
		for _, c := range []struct {
			name  string
			check bool
			reads int  // before the permission is withdrawn
			fails bool // whether the epoch fails
		}{
			{"checked", true, 1, true},
			{"earlier epoch", false, 1, true},
			{"never read", false, 0, false},
		} {
			tab := open(t, damage(t, 5, 0), OpenOptions{})
			denied := &withdrawn{tab.rows[1].file.(diskFile), c.reads, cause}
			tab.rows[1].file = denied
			if c.check {
				good, bad, err := tab.Check(t.Context(), CheckOptions{})
				if err != nil || len(bad) > 0 {
					t.Fatal(err, bad)
				}
				tab = good
			}
			f := images(t, tab, ImageOptions{TargetSize: [2]int{4, 4}, BatchSize: 5, NoShuffle: true})
			var err error
			for epoch := range 2 {
				for _, e := range f.Batches(t.Context(), epoch, 0) {
					err = cmp.Or(err, e)
				}
			}
			var a *AccessError
			switch {
			case c.fails && (!errors.As(err, &a) || !errors.Is(err, cause) || len(f.Corrupt()) > 0 || !strings.Contains(err.Error(), "cat.1.png: cannot reach the file: ") || !strings.Contains(err.Error(), "it could be read before")):
				t.Errorf("%s, %v: error %v, corrupt %v", c.name, cause, err, f.Corrupt())
			case !c.fails && (err != nil || len(f.Corrupt()) != 1):
				t.Errorf("%s, %v: error %v, corrupt %v", c.name, cause, err, f.Corrupt())
			}
		}
	}
}

// withdrawn is a file that can be read so many times.
type withdrawn struct {
	diskFile
	reads int
	err   error
}

func (f *withdrawn) read(buf []byte) ([]byte, error) {
	if f.reads--; f.reads < 0 {
		return nil, opened(f.where(), &fs.PathError{Op: "open", Path: f.where(), Err: f.err})
	}
	return f.diskFile.read(buf)
}

// TestReadErrors checks that errors of a file that is open are not those of a corrupt image: the disk or the network fails, or the ticket of a network drive has ended.
func TestReadErrors(t *testing.T) {
	for _, cause := range []error{syscall.EIO, syscall.ESTALE, syscall.EACCES, syscall.EPERM, syscall.ETIMEDOUT} {
		err := &fs.PathError{Op: "read", Path: "x", Err: cause}
		if !unreachable(accessed("x", err)) || !unreachable(accessed("x", archiveError(err))) {
			t.Errorf("%v counts as a corrupt image", cause)
		}
	}
}

// TestCancelledIsNotCorrupt checks that a cancelled epoch yields no short batch and records no image as corrupt.
func TestCancelledIsNotCorrupt(t *testing.T) {
	tab := open(t, damage(t, 5, 0), OpenOptions{})
	n := 1 << 30
	tab.rows[1].file = flaky{tab.rows[1].file.(diskFile), &n, syscall.EMFILE}
	f := images(t, tab, ImageOptions{TargetSize: [2]int{4, 4}, BatchSize: 5, NoShuffle: true, Augment: augment.Generator{}})
	ctx, cancel := context.WithCancelCause(t.Context())
	because := errors.New("enough")
	cancel(because)
	for b, err := range f.Batches(ctx, 0, 0) {
		if !errors.Is(err, because) || len(b.Index) > 0 {
			t.Errorf("%d images, error %v", len(b.Index), err)
		}
	}
	if len(f.Corrupt()) > 0 {
		t.Errorf("corrupt: %v", f.Corrupt())
	}
}

// The fingerprint from the checksums of Check equals the one from reading the files again.
func TestFingerprintOfChecked(t *testing.T) {
	dir := damage(t, 5, 2)
	tab := open(t, dir, OpenOptions{})
	good, _, err := tab.Check(t.Context(), CheckOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := tab.Filter(func(r Row) bool { return !strings.Contains(r.Filename, "bad") }).Fingerprint()
	if got := good.Fingerprint(); got != want {
		t.Errorf("fingerprint %s, want %s", got, want)
	}
	for _, r := range good.All() {
		if err := os.Remove(r.Where()); err != nil {
			t.Fatal(err)
		}
	}
	if got := good.Filter(func(Row) bool { return true }).Fingerprint(); got != want {
		t.Error("the files were read again")
	}
}

// TestOpenFiles: files that are read to give advice are closed.
func TestOpenFiles(t *testing.T) {
	const descriptors = "/proc/self/fd"
	if _, err := os.ReadDir(descriptors); err != nil {
		t.Skip("this system does not list the open files of a process")
	}
	dir := files(t, "1.png", "2.png", "sub/3.png")
	for _, name := range []string{"paths", "parts/data/train-00000-of-00002"} {
		b, err := os.ReadFile(parquetFile(name))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 8 {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.parquet", strings.ReplaceAll(name, "/", "-"), i)), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	open := func() int {
		n, err := os.ReadDir(descriptors)
		if err != nil {
			t.Fatal(err)
		}
		return len(n)
	}
	before := open()
	for _, o := range []OpenOptions{{}, {Classes: []string{"cat", "dog"}}, {LabelColumn: "label"}} {
		if tab, err := Open(t.Context(), dir, o); err == nil {
			_ = tab.Close()
		}
	}
	if after := open(); after != before {
		t.Errorf("%d files are open, and %d before", after, before)
	}
}
