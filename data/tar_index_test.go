package data

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// settle makes archives that were just written old enough for an index.
func settle(t testing.TB) {
	old := settled
	settled = -time.Hour // the clock of a disk may be behind
	t.Cleanup(func() { settled = old })
}

// manyEntries returns a tar archive with all kinds of entries, more than 1,000 in all.
func manyEntries(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	add := func(h tar.Header, content []byte) {
		t.Helper()
		if h.Typeflag != tar.TypeXGlobalHeader {
			h.Mode, h.Size = 0o600, int64(len(content))
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	p := png(t)
	add(tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "made by git"}}, nil)
	add(tar.Header{Typeflag: tar.TypeDir, Name: "set/"}, nil)
	add(tar.Header{Typeflag: tar.TypeDir, Name: "set/empty/"}, nil)
	inner := tarWith(t, "a/1.png", "a/2.png")
	for i := range 520 {
		class := []string{"cats", "dogs"}[i%2]
		add(tar.Header{Name: fmt.Sprintf("set/%s/%d.png", class, i)}, append(slices.Clone(p), make([]byte, i)...))
		switch i % 200 {
		case 50:
			add(tar.Header{Name: fmt.Sprintf("set/%s/%s%d.png", class, strings.Repeat("long", 60), i)}, p)
		case 60:
			add(tar.Header{Typeflag: tar.TypeLink, Name: fmt.Sprintf("set/%s/link%d.png", class, i), Linkname: fmt.Sprintf("set/%s/%d.png", class, i)}, nil)
		case 70:
			add(tar.Header{Typeflag: tar.TypeSymlink, Name: fmt.Sprintf("set/%s/soft%d.png", class, i), Linkname: "x.png"}, nil)
		case 80:
			add(tar.Header{Typeflag: tar.TypeFifo, Name: fmt.Sprintf("set/pipe%d", i)}, nil)
		case 90:
			add(tar.Header{Name: fmt.Sprintf("../up%d.png", i)}, p)
		case 100:
			add(tar.Header{Name: fmt.Sprintf("set/%s/odd%d", class, i)}, p)
		case 110:
			add(tar.Header{Name: fmt.Sprintf("set/inner%d.tar", i)}, inner)
		case 120:
			add(tar.Header{Name: fmt.Sprintf("set/packed%d.tar.gz", i)}, gzipped1(t, inner))
		}
		add(tar.Header{Name: fmt.Sprintf("set/%s/%d.txt", class, i)}, []byte(strings.Repeat("t", i%(2*mostLabelText))))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return append(b.Bytes(), tarWith(t, "set/cats/joined1.png", "set/dogs/joined2.png")...) // cat a.tar b.tar
}

// described returns all that Open says of a source, with the sums of the images.
func described(t testing.TB, name string, o OpenOptions) (text string, kept bool) {
	t.Helper()
	tab, err := Open(t.Context(), name, o)
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	var b strings.Builder
	for _, r := range tab.All() {
		content, err := r.Bytes()
		fmt.Fprintf(&b, "%s %s %s %x %v\n", r.Filename, r.Label, r.Where(), sha256.Sum256(content), err)
	}
	for _, f := range tab.Ignored() {
		fmt.Fprintln(&b, f.Filename, f.Err)
	}
	for _, p := range tab.Passed() {
		fmt.Fprintln(&b, p)
	}
	notes := slices.DeleteFunc(tab.Notes(), func(n string) bool {
		of := strings.HasPrefix(n, "An index of ") || strings.HasPrefix(n, "Indexes of ")
		kept = kept || of
		return of
	})
	fmt.Fprintln(&b, tab.Warnings(), notes, tab.Parts())
	return b.String(), kept
}

// indexOf returns the path of the only index in a folder.
func indexOf(t testing.TB, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v: want one index", entries, err)
	}
	return filepath.Join(folder, entries[0].Name())
}

// summed appends the checksum of an index.
func summed(b []byte) []byte {
	sum := sha256.Sum256(b)
	return append(slices.Clip(b), sum[:]...)
}

// TestTarIndex opens an archive with its index as without, and writes the index once.
func TestTarIndex(t *testing.T) {
	settle(t)
	name := file1(t, "set.tar", manyEntries(t))
	want, kept := described(t, name, OpenOptions{})
	if kept || !strings.Contains(want, "joined2.png") {
		t.Fatal(want)
	}
	o := OpenOptions{Indexes: filepath.Join(t.TempDir(), "new", "folder")}
	for i := range 3 {
		got, kept := described(t, name, o)
		if got != want || kept != (i == 0) {
			t.Fatalf("opening %d: the index was written: %v\n%s\nwant\n%s", i, kept, got, want)
		}
	}
	// The headers are not read: without most of them, the index has the same entries. Changing the archive changes its times, so the index gets the new ones.
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	records := newTarHeaders(bytes.NewReader(b), int64(len(b)), false)
	blank := slices.Clone(b)
	for i := 0; ; i++ {
		r, err := records.next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if i%100 == 37 {
			clear(blank[r.at-tarBlock : r.at])
		}
	}
	before := infoOf(t, name)
	write(t, name, blank)
	index := indexOf(t, o.Indexes)
	renew(t, index, name, before)
	if got, kept := described(t, name, o); got != want || kept {
		t.Errorf("with blank headers: %s\nwant\n%s", got, want)
	}
}

func infoOf(t testing.TB, name string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func write(t testing.TB, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// renew makes an index one of the changed archive.
func renew(t testing.TB, index, name string, before os.FileInfo) {
	t.Helper()
	b, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	lists, ok := bytes.CutPrefix(b[:len(b)-sha256.Size], indexHead(name, before))
	if !ok {
		t.Fatal("the index is of another archive")
	}
	write(t, index, summed(append(indexHead(name, infoOf(t, name)), lists...)))
}

// TestTarIndexShards reads short labels from the index.
func TestTarIndexShards(t *testing.T) {
	settle(t)
	dir, p := t.TempDir(), string(png(t))
	for shard := range 2 {
		var members []string
		for i := range 600 {
			label := fmt.Sprint(i % 3)
			if i == 7 {
				label = strings.Repeat(" ", 2*mostLabelText) + label
			}
			members = append(members, fmt.Sprintf("s%03d.png", i), p, fmt.Sprintf("s%03d.cls", i), label)
		}
		writeShard(t, filepath.Join(dir, fmt.Sprintf("train-%d.tar", shard)), members...)
	}
	for _, name := range []string{filepath.Join(dir, "train-{0..1}.tar"), dir} {
		want, _ := described(t, name, OpenOptions{})
		o := OpenOptions{Indexes: t.TempDir()}
		for i := range 2 {
			if got, kept := described(t, name, o); got != want || kept != (i == 0) || !strings.Contains(want, "s007.png 1") {
				t.Errorf("%s, opening %d: %v\n%.300s\nwant\n%.300s", name, i, kept, got, want)
			}
		}
		if entries, err := os.ReadDir(o.Indexes); err != nil || len(entries) != 2 {
			t.Error(entries, err)
		}
	}
}

// TestTarIndexStale reads the headers again if the archive is another one.
func TestTarIndexStale(t *testing.T) {
	settle(t)
	b := manyEntries(t)
	other := bytes.ReplaceAll(b, []byte("set/cats/"), []byte("set/owls/"))
	fixChecksums(other)
	for _, c := range []struct {
		name   string
		change func(t *testing.T, name, index string, was os.FileInfo) string
	}{
		{"size", func(t *testing.T, name, _ string, _ os.FileInfo) string {
			write(t, name, append(slices.Clone(other), make([]byte, tarBlock)...))
			return name
		}},
		{"modification time", func(t *testing.T, name, _ string, _ os.FileInfo) string {
			write(t, name, other)
			touch(t, name, time.Unix(1, 0))
			return name
		}},
		{"time of the change alone", func(t *testing.T, name, _ string, was os.FileInfo) string {
			if changeTime(was) == 0 {
				t.Skip("the system has no such time")
			}
			write(t, name, other)
			touch(t, name, was.ModTime())
			return name
		}},
		{"headers alone", func(t *testing.T, name, index string, was os.FileInfo) string {
			write(t, name, other)
			renew(t, index, name, was)
			return name
		}},
		{"path", func(t *testing.T, name, _ string, was os.FileInfo) string {
			n := filepath.Join(t.TempDir(), "set.tar")
			write(t, n, other)
			touch(t, n, was.ModTime())
			return n
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := file1(t, "set.tar", b)
			o := OpenOptions{Indexes: t.TempDir()}
			if _, kept := described(t, name, o); !kept {
				t.Fatal("no index")
			}
			was := infoOf(t, name)
			name = c.change(t, name, indexOf(t, o.Indexes), was)
			want, _ := described(t, name, OpenOptions{})
			if got, kept := described(t, name, o); got != want || !kept || !strings.Contains(want, "owls") {
				t.Errorf("the index was written: %v\n%.500s\nwant\n%.500s", kept, got, want)
			}
			if got, kept := described(t, name, o); got != want || kept {
				t.Errorf("then the index was written: %v\n%.500s\nwant\n%.500s", kept, got, want)
			}
		})
	}
}

func touch(t testing.TB, name string, at time.Time) {
	t.Helper()
	if err := os.Chtimes(name, at, at); err != nil {
		t.Fatal(err)
	}
}

// fixChecksums sets the checksums of all blocks of a tar archive that begin with a name of the set, as a header does.
func fixChecksums(b []byte) {
	for at := 0; at+tarBlock <= len(b); at += tarBlock {
		h := b[at : at+tarBlock]
		if !bytes.HasPrefix(h, []byte("set/")) || !bytes.HasPrefix(h[257:], []byte("ustar")) {
			continue
		}
		copy(h[148:156], "        ")
		sum := 0
		for _, x := range h {
			sum += int(x)
		}
		copy(h[148:156], fmt.Sprintf("%06o\x00 ", sum))
	}
}

// TestTarIndexDamaged reads the headers if the index is damaged or forged, with or without a valid checksum.
func TestTarIndexDamaged(t *testing.T) {
	settle(t)
	name := file1(t, "set.tar", manyEntries(t))
	o := OpenOptions{Indexes: t.TempDir()}
	want, _ := described(t, name, o)
	index := indexOf(t, o.Indexes)
	whole, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	head := indexHead(name, infoOf(t, name))
	numbers := func(n ...uint64) []byte {
		var b []byte
		for _, x := range n {
			b = binary.AppendUvarint(b, x)
		}
		return b
	}
	size := uint64(infoOf(t, name).Size())
	forged := func(list ...[]byte) []byte { return summed(append(slices.Clone(head), slices.Concat(list...)...)) }
	record := func(name string, step uint64, more ...uint64) []byte {
		return slices.Concat([]byte{tar.TypeReg}, numbers(0, uint64(len(name))), []byte(name), numbers(step), numbers(more...))
	}
	long := append([]byte{tar.TypeDir}, numbers(0, 100_000)...)
	long = append(append(long, bytes.Repeat([]byte("x"), 100_000)...), numbers(512)...)
	for range 1000 {
		long = slices.Concat(long, []byte{tar.TypeDir}, numbers(100_000, 0, 512))
	}
	wrong := &tarRecordWriter{}
	from := newTarHeaders(bytes.NewReader(manyEntries(t)), int64(size), true)
	for {
		r, err := from.next()
		if err != nil {
			break
		}
		r.name = strings.Replace(r.name, "set/cats", "set/dogs", 1)
		wrong.add(r)
	}
	cases := map[string][]byte{
		"empty":             {},
		"another file":      bytes.Repeat([]byte("lince"), 1000),
		"too large":         make([]byte, size+1<<20),
		"only the head":     summed(head),
		"no number":         forged([]byte{0x80}),
		"a huge number":     forged(bytes.Repeat([]byte{0xff}, 12)),
		"outside":           forged(numbers(size, 512, 0, 0)),
		"too many records":  forged(numbers(0, size, size, 0)),
		"missing bytes":     forged(numbers(0, size, 1, 1000)),
		"content outside":   forged(numbers(0, size, 1, uint64(len(record("a.png", 512, size)))), record("a.png", 512, size)),
		"step outside":      forged(numbers(0, size, 1, uint64(len(record("a.png", size+1, 1)))), record("a.png", size+1, 1)),
		"overlap":           forged(numbers(0, size, 2, uint64(2*len(record("a.png", 512, 1)))), record("a.png", 512, 1), record("a.png", 512, 1)),
		"more than it says": forged(numbers(0, size, 1, uint64(2*len(record("a.png", 512, 1)))), record("a.png", 512, 1), record("a.png", 1024, 1)),
		"long names":        forged(numbers(0, size, 1001, uint64(len(long))), long),
		"other names":       forged(numbers(0, size, uint64(wrong.n), uint64(len(wrong.b))), wrong.b),
		"two lists":         summed(slices.Concat(whole[:len(whole)-sha256.Size], whole[len(head):len(whole)-sha256.Size])),
	}
	for i := 1; i < len(whole); i += len(whole)/20 + 1 {
		cases[fmt.Sprintf("cut at %d", i)] = whole[:i]
		flipped := slices.Clone(whole)
		flipped[i] ^= 1
		cases[fmt.Sprintf("flipped at %d", i)] = flipped
	}
	for what, b := range cases {
		write(t, index, b)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, kept := described(t, name, o)
		runtime.ReadMemStats(&after)
		if got != want || !kept && what != "two lists" {
			t.Errorf("%s: the index was written: %v\n%.300s\nwant\n%.300s", what, kept, got, want)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
			t.Errorf("%s: %d bytes were allocated", what, grown)
		}
	}
}

// TestTarIndexNotKept keeps no index where none is needed or allowed, without an error.
func TestTarIndexNotKept(t *testing.T) {
	many := manyEntries(t)
	t.Run("recent", func(t *testing.T) {
		folder := t.TempDir()
		old := settled
		settled = time.Hour
		defer func() { settled = old }()
		if _, kept := described(t, file1(t, "set.tar", many), OpenOptions{Indexes: folder}); kept {
			t.Error("an archive that was just written has an index")
		}
	})
	settle(t)
	for what, c := range map[string]struct {
		archive []byte
		folder  string
	}{
		"few entries":  {tarWith(t, "cats/1.png", "dogs/2.png"), t.TempDir()},
		"other bytes":  {append(slices.Clip(many), "after the end"...), t.TempDir()},
		"truncated":    {many[:len(many)/2], t.TempDir()},
		"compressed":   {gzipped1(t, many), t.TempDir()},
		"no folder":    {many, file1(t, "file", nil)},
		"below a file": {many, filepath.Join(file1(t, "file", nil), "folder")},
	} {
		name := "set.tar"
		if what == "compressed" {
			name += ".gz"
		}
		name = file1(t, name, c.archive)
		want, _ := described(t, name, OpenOptions{})
		if got, kept := described(t, name, OpenOptions{Indexes: c.folder}); got != want || kept {
			t.Errorf("%s: the index was written: %v\n%.300s\nwant\n%.300s", what, kept, got, want)
		}
		if entries, _ := os.ReadDir(c.folder); len(entries) > 0 {
			t.Errorf("%s: %v", what, entries)
		}
	}
}

// TestTarIndexTogether opens an archive several times at once.
func TestTarIndexTogether(t *testing.T) {
	settle(t)
	name := file1(t, "set.tar", manyEntries(t))
	want, _ := described(t, name, OpenOptions{})
	o := OpenOptions{Indexes: t.TempDir()}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if got, _ := described(t, name, o); got != want {
				t.Error("another table")
			}
		})
	}
	all.Wait()
	if got, kept := described(t, name, o); got != want || kept {
		t.Errorf("then the index was written: %v", kept)
	}
	indexOf(t, o.Indexes)
}

// FuzzTarIndex reads lists of records.
func FuzzTarIndex(f *testing.F) {
	archive := manyEntries(f)
	w := &tarRecordWriter{}
	from := newTarHeaders(bytes.NewReader(archive), int64(len(archive)), true)
	for range 20 {
		r, err := from.next()
		if err != nil {
			f.Fatal(err)
		}
		w.add(r)
	}
	var list []byte
	for _, n := range []int64{0, int64(len(archive)), w.n, int64(len(w.b))} {
		list = binary.AppendUvarint(list, uint64(n))
	}
	f.Add(append(list, w.b...))
	f.Fuzz(func(t *testing.T, b []byte) {
		x := &tarIndex{head: []byte(indexMagic), size: int64(len(archive))}
		if x.parse(summed(append([]byte(indexMagic), b...))) != nil {
			return
		}
		for _, l := range x.lists {
			if l.at < 0 || l.size < 0 || l.at+l.size > x.size || l.n > l.size/tarBlock {
				t.Fatalf("%+v", l)
			}
			records, names, end := l.reader(), 0, int64(0)
			for {
				r, err := records.next()
				if err != nil {
					break
				}
				if r.at < end+tarBlock || r.size < 0 || r.at+r.size > l.size {
					t.Fatalf("%+v after %d, in an archive of %d bytes", r, end, l.size)
				}
				end = r.at + r.size
				if names += len(r.name); names > int(l.size) {
					t.Fatalf("names of %d bytes", names)
				}
			}
			_ = l.check(io.NewSectionReader(bytes.NewReader(archive), l.at, l.size))
		}
	})
}
