package lince

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/internal/atomicfile"
)

// sector is the unit in which a simulated disk writes.
const sector = 512

// errPowerOff is the error of every operation after the crash.
var errPowerOff = errors.New("the power is off")

// inode is the content of a file: what was written, and what is on the disk for certain.
type inode struct{ cache, durable []byte }

// crashDisk is a disk that crashes at an operation. What was not flushed may be on the disk, or a part of it, or nothing.
type crashDisk struct {
	names, durable map[string]*inode // the entries of the folder, and those that are on the disk for certain
	left           int               // operations until the crash
	ops            int
	forgetful      bool // Sync does nothing; with such a disk the test must fail
}

// op counts an operation. The crash comes before it.
func (d *crashDisk) op() error {
	d.ops++
	if d.left--; d.left < 0 {
		return errPowerOff
	}
	return nil
}

func (d *crashDisk) Create(path string) (atomicfile.File, error) {
	if err := d.op(); err != nil {
		return nil, err
	}
	n := &inode{}
	d.names[path] = n
	return &crashFile{d, path, n}, nil
}

func (d *crashDisk) Rename(f atomicfile.File, to string) error {
	if err := d.op(); err != nil {
		return err
	}
	d.names[to] = d.names[f.Name()]
	delete(d.names, f.Name())
	return f.Close()
}

func (d *crashDisk) Remove(path string) error {
	if err := d.op(); err != nil {
		return err
	}
	delete(d.names, path)
	return nil
}

func (d *crashDisk) SyncDir(string) error {
	if err := d.op(); err != nil {
		return err
	}
	d.durable = maps.Clone(d.names)
	return nil
}

type crashFile struct {
	d    *crashDisk
	name string
	n    *inode
}

func (f *crashFile) Name() string            { return f.name }
func (f *crashFile) Chmod(fs.FileMode) error { return f.d.op() }
func (f *crashFile) Close() error            { return f.d.op() }

// Write writes each sector in a separate operation.
func (f *crashFile) Write(b []byte) (n int, err error) {
	for n < len(b) {
		if err := f.d.op(); err != nil {
			return n, err
		}
		k := min(sector-len(f.n.cache)%sector, len(b)-n)
		f.n.cache = append(f.n.cache, b[n:n+k]...)
		n += k
	}
	return n, nil
}

func (f *crashFile) Sync() error {
	if err := f.d.op(); err != nil {
		return err
	}
	if !f.d.forgetful {
		f.n.durable = bytes.Clone(f.n.cache)
	}
	return nil
}

// after returns the contents that a file may have after the crash: all of what was written, nothing of what was not flushed, and any sectors of it. The entries of the
// folder may be those of the last flush or later ones.
func (d *crashDisk) after(path string, random *rand.Rand) [][]byte {
	var all [][]byte
	for _, names := range []map[string]*inode{d.durable, d.names} {
		n := names[path]
		if n == nil {
			all = append(all, nil)
			continue
		}
		all = append(all, n.durable, n.cache)
		for range 3 { // torn: the length is that of the whole, or of a part
			torn := make([]byte, len(n.cache)-random.IntN(len(n.cache)/2+1))
			copy(torn, n.durable)
			for at := 0; at < len(torn); at += sector {
				if random.IntN(2) == 0 {
					copy(torn[at:min(at+sector, len(torn))], n.cache[at:])
				}
			}
			if bytes.Equal(n.durable, n.cache) { // it was flushed
				torn = n.cache
			}
			all = append(all, torn)
		}
	}
	return all
}

// TestCrashes crashes the disk at each operation of the saves of a training, in each way, and reads the checkpoint that is left: it is that of the last save
// or the one before, complete, or there is none before the first.
func TestCrashes(t *testing.T) {
	versions := savedSteps(t)
	path := filepath.Join(t.TempDir(), "checkpoint.keras")
	for i, v := range versions {
		if err := os.WriteFile(path, v, 0o666); err != nil {
			t.Fatal(err)
		}
		m, s, err := on(1).OpenCheckpoint(path)
		if err != nil || s.Position.Epoch*3+s.Position.Step != i+1 || m.CountParams() == 0 {
			t.Fatalf("checkpoint %d: %v at %+v", i, err, s)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	crashes, wrong := crashAll(t, versions, path, false)
	t.Logf("%d crashes in %d saves", crashes, len(versions))
	if crashes < 1000 {
		t.Errorf("only %d crashes; want at least 1,000", crashes)
	}
	for _, w := range wrong[:min(len(wrong), 5)] {
		t.Error(w)
	}
	// The test finds a disk that does not flush.
	if _, wrong := crashAll(t, versions, path, true); len(wrong) < 10 {
		t.Errorf("with a disk that does not flush, %d crashes left a torn checkpoint", len(wrong))
	}
}

// savedSteps returns the checkpoints after each step of a training.
func savedSteps(t *testing.T) [][]byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "checkpoint.keras")
	var list [][]byte
	save := callback.Func(func(run callback.Run) (callback.Hooks, error) {
		return callback.Hooks{Checkpoint: func(m callback.Moment) error {
			if m != callback.AfterStep {
				return nil
			}
			if err := run.Checkpoint(path); err != nil {
				return err
			}
			b, err := os.ReadFile(path)
			list = append(list, b)
			return err
		}}, nil
	})
	fit(t, smallModel(t, 7), barsData(12, 4, 2), FitOptions{Epochs: 12, Callbacks: []callback.Callback{save}})
	return list
}

// crashAll crashes at each operation of each save. It returns the number of crashes, and what was wrong after them.
func crashAll(t *testing.T, versions [][]byte, path string, forgetful bool) (crashes int, wrong []string) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	for v := range versions {
		for at := 0; ; at++ {
			d := &crashDisk{names: map[string]*inode{}, left: 1 << 30, forgetful: forgetful}
			if v > 0 { // the save before was complete
				n := &inode{versions[v-1], versions[v-1]}
				d.names[path] = n
			}
			d.durable = maps.Clone(d.names)
			d.left = at
			err := atomicfile.WriteTo(d, path, func(w io.Writer) error {
				_, err := w.Write(versions[v])
				return err
			})
			if err == nil { // no operation was left
				for _, content := range d.after(path, random) {
					if !bytes.Equal(content, versions[v]) && !forgetful {
						wrong = append(wrong, fmt.Sprintf("save %d was lost although it was complete", v))
					}
				}
				break
			}
			if !errors.Is(err, errPowerOff) {
				t.Fatal(err)
			}
			crashes++
			for way, content := range d.after(path, random) {
				before := v == 0 && content == nil || v > 0 && bytes.Equal(content, versions[v-1])
				if !before && !bytes.Equal(content, versions[v]) {
					wrong = append(wrong, "save "+strconv.Itoa(v)+", crash at operation "+strconv.Itoa(at)+", way "+strconv.Itoa(way)+": the checkpoint is neither the old one nor the new one")
				}
			}
		}
	}
	return crashes, wrong
}
