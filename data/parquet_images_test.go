package data

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

// imageRow is a row as the datasets of Hugging Face have it.
type imageRow struct {
	Image *storedImage `parquet:"image,optional"`
	Label string       `parquet:"label"`
}

type storedImage struct {
	Bytes []byte  `parquet:"bytes,optional"`
	Path  *string `parquet:"path,optional"`
}

// sharedRow is an imageRow whose images are in a dictionary.
type sharedRow struct {
	Image struct {
		Bytes []byte `parquet:"bytes,dict"`
	} `parquet:"image"`
	Label string `parquet:"label"`
}

// groupsOf returns a Parquet file with groups of rows.
func groupsOf[T any](t testing.TB, codec compress.Codec, groups ...[]T) []byte {
	t.Helper()
	return groupsWith(t, []parquet.WriterOption{parquet.Compression(codec)}, groups...)
}

// groupsWith is groupsOf with other options.
func groupsWith[T any](t testing.TB, options []parquet.WriterOption, groups ...[]T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, options...)
	for _, g := range groups {
		if _, err := w.Write(g); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestEmbeddedImages opens images in several groups, with names that are missing, too long, several times the same or unusable, and rows without an image.
func TestEmbeddedImages(t *testing.T) {
	p := png(t)
	row := func(i int, path string) imageRow {
		r := imageRow{&storedImage{append(slices.Clone(p), byte(i)), &path}, []string{"cat", "dog"}[i%2]}
		if path == "" {
			r.Image.Path = nil
		}
		return r
	}
	missing := "missing.png"
	first := []imageRow{row(0, "a.png"), row(1, ""), row(2, "x/a.png"), row(3, "a.png"), {nil, "cat"}, {&storedImage{nil, &missing}, "dog"}}
	second := []imageRow{row(6, "a.png"), row(7, "../b.png"), row(8, strings.Repeat("n", 70_000)+".png"), row(9, "b.txt"), row(10, " c.png"), row(11, "row-12.png"), row(12, "")}
	pnm := imageRow{&storedImage{[]byte("P6\n1 1\n255\nabc"), nil}, "cat"}
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Zstd} {
		tab := open(t, file1(t, "set.parquet", groupsOf(t, codec, first, second, []imageRow{pnm})), OpenOptions{})
		var got, names []string
		for i, r := range tab.All() {
			b, err := r.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s=%s:%d", r.Filename, r.Label, b[len(b)-1]))
			if !strings.HasSuffix(r.Where(), "set.parquet: "+r.Filename) || slices.Contains(names, r.Filename) {
				t.Errorf("row %d: %s", i, r.Where())
			}
			names = append(names, r.Filename)
		}
		want := "[a.png=cat:0 row-1.png=dog:1 x/a.png=cat:2 row-3.png=dog:3 row-6.png=cat:6 row-7.png=dog:7 row-8.png=cat:8 row-9.png=dog:9  c.png=cat:10 row-12.png=dog:11 row-12-2.png=cat:12 row-13.ppm=cat:99]"
		if fmt.Sprint(got) != want {
			t.Errorf("%v:\n%v, want\n%v", codec, got, want)
		}
		if tab.Dropped() != 2 || !strings.Contains(fmt.Sprint(tab.Ignored()), "missing.png row 5: the column") {
			t.Errorf("%d dropped: %v", tab.Dropped(), tab.Ignored())
		}
	}
}

// TestEmbeddedStatistics reads pages whose headers have the least and the largest image.
func TestEmbeddedStatistics(t *testing.T) {
	image := append(slices.Clone(png(t)), make([]byte, 1<<20)...)
	file := groupsWith(t, []parquet.WriterOption{parquet.DataPageStatistics(true)}, []imageRow{{&storedImage{image, nil}, "cat"}})
	if len(file) < 3*len(image) {
		t.Fatalf("%d bytes: the header of the page has no statistics", len(file))
	}
	tab := open(t, file1(t, "set.parquet", file), OpenOptions{})
	for _, r := range tab.All() {
		if b, err := r.Bytes(); err != nil || !bytes.Equal(b, image) {
			t.Errorf("%d bytes, %v", len(b), err)
		}
	}
}

// TestEmbeddedNamed finds images in a Parquet file by their names, for a table that lists them.
func TestEmbeddedNamed(t *testing.T) {
	name := "b.png"
	images := file1(t, "images.parquet", groupsOf(t, &parquet.Snappy, []imageRow{{&storedImage{png(t), nil}, ""}, {nil, ""}, {&storedImage{png(t), &name}, ""}}))
	tab := open(t, file1(t, "t.csv", []byte("filename,category\nb.png,cat\nrow-0.png,dog\nrow-1,dog\n")), OpenOptions{Images: images})
	if got := list1(tab); got != "b.png=cat row-0.png=dog" {
		t.Error(got)
	}
}

// TestEmbeddedShared reads images of dictionaries, which many rows share, far more than a file of that size could have otherwise.
func TestEmbeddedShared(t *testing.T) {
	noise := rand.New(rand.NewPCG(1, 2))
	var images [5][]byte
	for i := range images {
		images[i] = slices.Clone(png(t))
		for range 4000 {
			images[i] = append(images[i], byte(noise.Uint32()))
		}
	}
	var groups [][]sharedRow
	for g := range 3 {
		var rows []sharedRow
		for i := range 8000 {
			r := sharedRow{Label: fmt.Sprint(i % 5)}
			r.Image.Bytes = images[(i+g)%5]
			rows = append(rows, r)
		}
		groups = append(groups, rows)
	}
	b := groupsOf(t, &parquet.Snappy, groups...)
	tab := open(t, file1(t, "set.parquet", b), OpenOptions{})
	if all := int64(tab.Len()) * int64(len(images[0])); tab.Len() != 24_000 || all < 16*int64(len(b))+64<<20 {
		t.Fatalf("%d rows with %d bytes in a file of %d bytes", tab.Len(), all, len(b))
	}
	for i := 0; i < tab.Len(); i += 101 {
		if got, err := tab.Row(i).Bytes(); err != nil || !bytes.Equal(got, images[(i%8000+i/8000)%5]) {
			t.Fatalf("row %d: %v", i, err)
		}
	}
	// Not without end.
	many := make([]sharedRow, 6000)
	for i := range many {
		many[i].Image.Bytes = append(slices.Clone(png(t)), make([]byte, 100_000)...)
	}
	bomb := groupsOf(t, &parquet.Zstd, many)
	if _, err := Open(t.Context(), file1(t, "bomb.parquet", bomb), OpenOptions{}); err == nil || !strings.Contains(err.Error(), "have images of more than 256 times the bytes of the file") {
		t.Errorf("a file of %d bytes: %v", len(bomb), err)
	}
}

// TestEmbeddedMemory opens a file with many groups, each of which is one page, without keeping the pages, and reads the images by several goroutines.
func TestEmbeddedMemory(t *testing.T) {
	const groups, each, size = 24, 32, 1 << 16 // 48 MiB
	noise := rand.New(rand.NewPCG(3, 4))
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(noise.Uint32())
	}
	image := func(i int) []byte { return slices.Concat(png(t), content[i:], content[:i]) }
	written := func() string {
		var all [][]imageRow
		for g := range groups {
			var rows []imageRow
			for i := range each {
				rows = append(rows, imageRow{&storedImage{image(g*each + i), nil}, "x"})
			}
			all = append(all, rows)
		}
		return file1(t, "set.parquet", groupsOf(t, &parquet.Snappy, all...))
	}
	name := written()
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most := heap(), uint64(0)
	tab, err := Open(t.Context(), name, OpenOptions{LabelRule: Unlabeled, Progress: func(done, _ int) {
		if done == groups*each {
			most = max(most, heap())
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	if grown := int64(most) - int64(before); grown > 24<<20 {
		t.Errorf("%d MiB are in memory while 48 MiB of images are unpacked", grown>>20)
	}
	var wait sync.WaitGroup
	for w := range 4 {
		wait.Go(func() {
			for i := w; i < tab.Len(); i += 4 {
				if b, err := tab.Row(i).Bytes(); err != nil || !bytes.Equal(b, image(i)) {
					t.Errorf("row %d: %v", i, err)
					return
				}
			}
		})
	}
	wait.Wait()
}

// TestSpoolStream keeps pieces in memory or in a file.
func TestSpoolStream(t *testing.T) {
	for _, held := range []int64{0, spoolMemory - 1000, spoolMemory} {
		s := &spool{held: held}
		defer s.Close()
		if _, _, err := s.add(bytes.NewReader(make([]byte, 500)), 500, 500); err != nil {
			t.Fatal(err)
		}
		w := &spoolStream{s: s}
		var all []byte
		for i := range 100 {
			piece := bytes.Repeat([]byte{byte(i)}, 997*i)
			at, err := w.add(piece)
			if err != nil || at != int64(len(all)) {
				t.Fatal(at, err)
			}
			all = append(all, piece...)
		}
		r, err := w.end()
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(all))
		if n, err := r.ReadAt(got, 0); n != len(all) || err != nil || !bytes.Equal(got, all) {
			t.Errorf("%d bytes in memory before: %d of %d bytes, %v", held, n, len(all), err)
		}
		if onDisk := s.file != nil; onDisk != (held > 0) {
			t.Errorf("%d bytes in memory before: a file: %v", held, onDisk)
		}
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	w := &spoolStream{s: &spool{held: spoolMemory}}
	if _, err := w.add(make([]byte, 10)); runtime.GOOS != "windows" && (err == nil || !strings.Contains(err.Error(), "cannot be unpacked to the temporary folder")) {
		t.Error(err)
	}
}
