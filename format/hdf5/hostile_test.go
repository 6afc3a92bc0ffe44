package hdf5

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/lince-ml/lince/tensor"
)

// readAll reads everything in a file that can be read, and counts it. It visits each object once.
func readAll(b []byte, unsealed bool) (objects, failures int) {
	f, err := open(bytes.NewReader(b), int64(len(b)), unsealed)
	if err != nil {
		return 0, 1
	}
	root, err := f.Root()
	if err != nil {
		return 0, 1
	}
	met := map[uint64]bool{}
	fail := func(err error) {
		if err != nil {
			failures++
		}
	}
	readAttrs := func(a attributes) {
		names, err := a.AttrNames()
		fail(err)
		for _, name := range names[:min(len(names), 50)] {
			_, err := a.Attr(name)
			fail(err)
		}
	}
	var walk func(g *Group)
	walk = func(g *Group) {
		if met[g.ID()] {
			return
		}
		met[g.ID()] = true
		objects++
		readAttrs(g.attributes)
		for _, name := range g.Names() {
			if below, err := g.Group(name); err == nil {
				walk(below)
				continue
			}
			d, err := g.Dataset(name)
			if err != nil {
				failures++
				continue
			}
			if met[d.ID()] {
				continue
			}
			met[d.ID()] = true
			objects++
			readAttrs(d.attributes)
			if d.IsText() {
				_, err = d.ReadText()
			} else {
				_, err = d.Read()
			}
			fail(err)
		}
	}
	walk(root)
	return objects, failures
}

// smallFiles returns the golden files without the large ones.
func smallFiles(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.h5")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"written": treeBytes(t, sampleTree())}
	for _, p := range paths {
		if b := readFile(t, filepath.Base(p)); len(b) < 100<<10 {
			files[filepath.Base(p)] = b
		}
	}
	if len(files) < 8 {
		t.Fatalf("only %d files", len(files))
	}
	return files
}

// TestDamaged changes bytes at random places, with and without checksums. Errors are fine; panics, endless loops and huge allocations are
// not.
func TestDamaged(t *testing.T) {
	for name, b := range smallFiles(t) {
		objects, failures := readAll(b, false)
		// A committed datatype is neither a group nor a dataset.
		if objects < 8 || (failures > 0) != (name == "refused.h5" || strings.HasPrefix(name, "types-")) {
			t.Errorf("%s unchanged: %d objects, %d failures", name, objects, failures)
		}
		rng := rand.New(rand.NewPCG(1, uint64(len(name))))
		rounds := min(120, 2<<20/len(b)) // about the same time for each file
		seen := 0
		for round := range rounds {
			c := bytes.Clone(b)
			for range 1 + rng.IntN(3) {
				at := rng.IntN(len(c))
				switch rng.IntN(4) {
				case 0:
					c[at] = byte(rng.Uint32())
				case 1:
					c[at] ^= 1 << rng.IntN(8)
				case 2: // replace an address or a length by another one in the file
					if at &^= 7; at+8 <= len(c) {
						copy(c[at:at+8], c[rng.IntN(len(c)-8)&^7:])
					}
				case 3:
					copy(c[at:], "\xff\xff\xff\xff\xff\xff\xff\x7f")
				}
			}
			_, failures := readAll(c, round%3 != 0)
			seen += min(failures, 1)
		}
		if seen == 0 {
			t.Errorf("%s: no change was noticed", name)
		}
	}
}

// TestChecksums changes each byte of the structures with checksums.
// countingReader counts the bytes that are read.
type countingReader struct {
	io.ReaderAt
	n int64
}

func (r *countingReader) ReadAt(b []byte, at int64) (int, error) {
	n, err := r.ReaderAt.ReadAt(b, at)
	r.n += int64(n)
	return n, err
}

// TestManyGroups checks that the work for finding all of many groups grows with their number, not with its square.
func TestManyGroups(t *testing.T) {
	work := func(groups int) int64 {
		tree := &Tree{}
		for i := range groups {
			tree.Group(fmt.Sprintf("layers/d%d", i)).Dataset("0", tensor.Scalar(float32(i)))
		}
		b := treeBytes(t, tree)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := &countingReader{ReaderAt: bytes.NewReader(b)}
		f, err := Open(r, int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		root, err := f.Root()
		if err != nil {
			t.Fatal(err)
		}
		layers, err := root.Group("layers")
		if err != nil {
			t.Fatal(err)
		}
		for i := range groups {
			d, err := layers.Dataset(fmt.Sprintf("d%d/0", i))
			if err != nil {
				t.Fatal(err)
			}
			if v, err := d.Read(); err != nil || v.Float32s()[0] != float32(i) {
				t.Fatal(i, v, err)
			}
		}
		runtime.ReadMemStats(&after)
		return r.n + int64(after.TotalAlloc-before.TotalAlloc)
	}
	if few, many := work(500), work(2000); many > 6*few {
		t.Errorf("2000 groups take %d bytes, 500 groups %d", many, few)
	}
}

func TestChecksums(t *testing.T) {
	var tree Tree
	tree.Attr("name", Numbers(tensor.Scalar(float32(1))))
	tree.Dataset("0", tensor.Of([]float32{1.1, 2.2}, 2))
	b := treeBytes(t, &tree)
	data := len(b) - 8 // the data has no checksum
	for at := range data {
		c := bytes.Clone(b)
		c[at] ^= 0x10
		if _, failures := readAll(c, false); failures == 0 && !isPadding(b, at) {
			t.Errorf("byte %d of %d changed unnoticed", at, data)
		}
	}
}

// isPadding reports whether at is in the zeros before an object header or the data.
func isPadding(b []byte, at int) bool {
	rest := bytes.TrimLeft(b[at:], "\x00")
	return b[at] == 0 && len(b[at:])-len(rest) < alignment && (bytes.HasPrefix(rest, []byte("OHDR")) || len(rest) <= 8)
}

func TestTruncated(t *testing.T) {
	for name, b := range smallFiles(t) {
		for n := 0; n < len(b); n += 1 + n/50 {
			if objects, failures := readAll(b[:n], false); failures == 0 {
				t.Errorf("%s cut to %d bytes of %d: read %d objects without an error", name, n, len(b), objects)
			}
		}
	}
}

// TestSharedBytes checks that a small file whose datasets share the same bytes costs no more memory than a file of its size may.
func TestSharedBytes(t *testing.T) {
	var tree Tree
	tree.Dataset("data", tensor.New(tensor.Uint8, 4<<20))
	const n = 200
	for i := range n {
		tree.Group("all").Dataset(string(rune('A'+i)), tensor.New(tensor.Uint8, 0))
	}
	b := treeBytes(t, &tree)
	// Each empty dataset gets the shape and the address of the large one.
	shape, empty := encodeShape(tensor.Shape{4 << 20}), encodeShape(tensor.Shape{0})
	layout := func(addr, size uint64) []byte {
		l := binary.LittleEndian.AppendUint64([]byte{3, 1}, addr)
		return binary.LittleEndian.AppendUint64(l, size)
	}
	b = bytes.ReplaceAll(b, empty, shape)
	b = bytes.ReplaceAll(b, layout(undefined, 0), layout(uint64(len(b))-4<<20, 4<<20))
	f, err := open(bytes.NewReader(b), int64(len(b)), true)
	if err != nil {
		t.Fatal(err)
	}
	root, err := f.Root()
	if err != nil {
		t.Fatal(err)
	}
	g, err := root.Group("all")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, name := range g.Names() {
		d, err := g.Dataset(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = d.Read(); err == nil {
			read++
		} else if !strings.Contains(err.Error(), "too much for a file of") {
			t.Fatal(err)
		}
	}
	// The limit is 16 times the file's 4 MiB plus 64 MiB.
	if read < 16 || read > 33 {
		t.Errorf("%d of %d datasets of 4 MiB were read from a file of %d bytes", read, n, len(b))
	}
}

func TestLoops(t *testing.T) {
	// A group that is its own child is harmless: readers that visit each object once end, and others get as long a path as they ask for.
	var tree Tree
	tree.Group("a").Dataset("0", tensor.Scalar(float32(1)))
	b := treeBytes(t, &tree)
	f, err := open(bytes.NewReader(b), int64(len(b)), true)
	if err != nil {
		t.Fatal(err)
	}
	root, err := f.Root()
	if err != nil {
		t.Fatal(err)
	}
	a, err := root.Group("a")
	if err != nil {
		t.Fatal(err)
	}
	link := func(addr uint64) []byte { return binary.LittleEndian.AppendUint64([]byte{1, 'a'}, addr) }
	c := bytes.ReplaceAll(b, link(a.ID()), link(root.ID()))
	if objects, failures := readAll(c, true); objects != 1 || failures != 0 {
		t.Errorf("a root in itself: %d objects, %d failures", objects, failures)
	}
	// A header that is its own continuation.
	large := bytes.Repeat([]byte{0}, 400)
	copy(large, "\x01\x00\x02\x00\x01\x00\x00\x00\x20\x00\x00\x00\x00\x00\x00\x00"+ // version 1, 2 messages, 32 bytes
		"\x10\x00\x10\x00\x00\x00\x00\x00"+"\x10\x00\x00\x00\x00\x00\x00\x00"+"\x20\x00\x00\x00\x00\x00\x00\x00")
	loop := &File{r: bytes.NewReader(large), size: int64(len(large)), offsetSize: 8, lengthSize: 8, charged: map[charge]uint64{}}
	if _, err := loop.object(0); err == nil || !strings.Contains(err.Error(), "overlap") {
		t.Errorf("a header that continues in itself: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, b := range smallFiles(f) {
		if len(b) < 32<<10 {
			f.Add(b, true)
			f.Add(b, false)
		}
	}
	f.Fuzz(func(_ *testing.T, b []byte, unsealed bool) {
		readAll(b, unsealed)
	})
}
