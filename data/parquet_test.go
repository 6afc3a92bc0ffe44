package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lince-ml/lince/internal/mutate"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/format"
)

// parquetFile returns the path of a file of internal/golden/parquet_tables.py.
func parquetFile(name string) string {
	return filepath.Join("testdata", "parquet", name+parquetSuffix)
}

// TestParquetTables reads tables that pyarrow and pandas have written.
func TestParquetTables(t *testing.T) {
	var names []string
	for i := range 6 {
		names = append(names, fmt.Sprintf("img/%d.png", i))
	}
	dir := tree(t, names...)
	for _, c := range []struct {
		file string
		o    OpenOptions
		want string // the labels
	}{
		{"none", OpenOptions{}, "[cat dog cat dog cat]"},
		{"snappy", OpenOptions{}, "[cat dog cat dog cat]"},
		{"gzip", OpenOptions{}, "[cat dog cat dog cat]"},
		{"zstd", OpenOptions{}, "[cat dog cat dog cat]"},
		{"brotli", OpenOptions{}, "[cat dog cat dog cat]"},
		{"lz4", OpenOptions{}, "[cat dog cat dog cat]"},
		{"pandas", OpenOptions{}, "[cat dog cat dog cat]"},
		{"pandas", OpenOptions{SplitColumn: "split"}, "[cat dog cat]"},
		{"numbers", OpenOptions{LabelColumn: "price", Task: Regress}, "[1.5 2 4 5.25 1e+09]"},
		{"lists", OpenOptions{Task: MultiLabel}, "[a|b  b a|c c]"},
	} {
		o := c.o
		o.Images = dir
		tab, err := Open(t.Context(), parquetFile(c.file), o)
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		if got := fmt.Sprint(tab.Labels()); got != c.want || len(tab.Parts()) == 0 && tab.Len()+tab.Dropped() != 6 {
			t.Errorf("%s: %s, want %s; %d dropped", c.file, got, c.want, tab.Dropped())
		}
		if _, bad, err := tab.Check(t.Context(), CheckOptions{}); err != nil || bad != nil {
			t.Errorf("%s: %v %v", c.file, bad, err)
		}
		_ = tab.Close()
	}
	if _, err := Open(t.Context(), parquetFile("none"), OpenOptions{FilenameColumn: "fielname"}); err == nil || !strings.Contains(err.Error(), "did you mean filename?") {
		t.Error(err)
	}
}

// TestParquetImages reads tables that hold the images.
func TestParquetImages(t *testing.T) {
	for _, c := range []struct{ file, names, labels string }{
		{"bytes", "[row-0.png row-1.png row-2.png row-3.png row-4.png row-5.png]", "[0 1 0 1 0 1]"},
		{"huggingface", "[a.png b.png row-2.png row-3.png d.png]", "[cat dog cat dog dog]"},
	} {
		tab := open(t, parquetFile(c.file), OpenOptions{})
		var names []string
		for i, r := range tab.All() {
			names = append(names, r.Filename)
			b, err := r.Bytes()
			if err != nil || !bytes.HasPrefix(b, []byte("\x89PNG")) {
				t.Errorf("%s, row %d: %v", c.file, i, err)
			}
		}
		if fmt.Sprint(names) != c.names || fmt.Sprint(tab.Labels()) != c.labels {
			t.Errorf("%s: %v %v", c.file, names, tab.Labels())
		}
		if _, bad, err := tab.Check(t.Context(), CheckOptions{}); err != nil || bad != nil {
			t.Errorf("%s: %v %v", c.file, bad, err)
		}
		if !slices.Contains(tab.Notes(), "The images are in the Parquet file.") {
			t.Errorf("%s: %q", c.file, tab.Notes())
		}
	}
	if tab := open(t, parquetFile("huggingface"), OpenOptions{}); tab.Dropped() != 1 || !strings.Contains(tab.Ignored()[0].Err.Error(), "label is missing") {
		t.Errorf("%d dropped: %v", tab.Dropped(), tab.Ignored())
	}
	if _, err := Open(t.Context(), parquetFile("bytes"), OpenOptions{Images: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "has the images themselves") {
		t.Error(err)
	}
}

// readParquet reads all that a Parquet file has.
func readParquet(b []byte) error {
	p, err := openParquet(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return err
	}
	var want []int
	for i, c := range p.fields {
		if c.kind == plainColumn || c.kind == listColumn {
			want = append(want, i)
		}
	}
	cells := make([]value, len(want))
	for range 1000 {
		var r recordError
		if _, err := p.next(want, cells); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil && !errors.As(err, &r) {
			return err
		}
	}
	return nil
}

// TestParquetDamaged changes each byte of files in turn. Each is an error, or is read.
func TestParquetDamaged(t *testing.T) {
	for _, name := range []string{"snappy", "lists", "huggingface"} {
		whole, err := os.ReadFile(parquetFile(name))
		if err != nil {
			t.Fatal(err)
		}
		for i := range whole {
			b := slices.Clone(whole)
			b[i] ^= 0xff
			_ = readParquet(b)
			if err := readParquet(whole[:i]); err == nil {
				t.Errorf("%s: the first %d bytes are no error", name, i)
			}
		}
	}
}

func FuzzParquet(f *testing.F) {
	for _, b := range parquetFiles(f) {
		f.Add(b)
	}
	f.Fuzz(func(_ *testing.T, b []byte) { _ = readParquet(b) })
}

func TestParquetMutants(t *testing.T) {
	mutate.Runs{Seeds: parquetFiles(t), Fuzz: "FuzzParquet", Read: func(_ *testing.T, b []byte) { _ = readParquet(b) }}.Test(t)
}

func parquetFiles(t testing.TB) [][]byte {
	var all [][]byte
	for _, name := range []string{"none", "snappy", "gzip", "pandas", "numbers", "lists", "bytes", "huggingface", "types", "unmarked"} {
		b, err := os.ReadFile(parquetFile(name))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// A footer that claims long lists and texts is refused before memory is claimed for them.
func TestParquetForgedFooter(t *testing.T) {
	for name, footer := range map[string]string{
		"list of groups":   "\x15\x04\x49\xfc\xff\xff\xff\x07", // field 1 is a number, field 5 a list of 2^24-1 structs
		"list of schema":   "\x15\x04\x19\xfc\xff\xff\xff\xff\x07",
		"text":             "\x15\x04\x58\xff\xff\xff\xff\x07",
		"structs of zeros": "\x15\x04\x19\xfc\x90\x4e" + strings.Repeat("\x00", 10_000) + "\x00",
		"nested":           strings.Repeat("\x1c", 100),
		"cut":              "\x15",
	} {
		b := "PAR1" + footer + string(binary.LittleEndian.AppendUint32(nil, uint32(len(footer)))) + "PAR1"
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := readParquet([]byte(b))
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), "it is damaged") {
			t.Errorf("%s: error is %v", name, err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%s: %d bytes were allocated for %d", name, n, len(b))
		}
	}
}

// The header of a page that claims a large page is refused before memory is claimed for it.
func TestParquetForgedPage(t *testing.T) {
	whole, err := os.ReadFile(parquetFile("snappy"))
	if err != nil {
		t.Fatal(err)
	}
	h, err := readPageHeader(whole[4:])
	if err != nil || h.stored <= 0 || h.unpacked <= 0 || h.values <= 0 || h.size <= 0 || h.size > 100 {
		t.Fatalf("%+v, %v", h, err)
	}
	damaged := 0
	for i := range h.size { // each byte of the header in turn becomes a large number
		b := slices.Clone(whole)
		copy(b[4+i:], "\xff\xff\xff\xff\x0f")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if readParquet(b) != nil {
			damaged++
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > maxPage {
			t.Errorf("byte %d: %d bytes were allocated for %d", i, n, len(b))
		}
	}
	if damaged == 0 {
		t.Error("no header is refused")
	}
}

// A part of a page that unpacks to more than its header says is refused.
func TestParquetUnpack(t *testing.T) {
	content := make([]byte, 1<<20)
	for name, codec := range map[string]compress.Codec{
		"snappy": &parquet.Snappy, "gzip": &parquet.Gzip, "zstd": &parquet.Zstd, "brotli": &parquet.Brotli, "lz4": &parquet.Lz4Raw,
	} {
		stored, err := codec.Encode(nil, content)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := unpack(codec.CompressionCodec(), stored, int64(len(content))); err != nil || !bytes.Equal(b, content) {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
		if _, err := unpack(codec.CompressionCodec(), stored, int64(len(content)-1)); err == nil || !strings.Contains(err.Error(), "more than the 1048575 bytes") {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if _, err := unpack(format.LZO, nil, 0); err == nil || !strings.Contains(err.Error(), "write the file with Snappy") {
		t.Errorf("LZO: error is %v", err)
	}
}

// Runs with more numbers than the page has values are refused.
func TestParquetRuns(t *testing.T) {
	h := pageHeader{values: 1000}
	for name, c := range map[string]struct {
		b     []byte
		width int
		ok    bool
	}{
		"a repeated number": {append(binary.AppendUvarint(nil, 1000<<1), 7), 3, true},
		"groups":            {append(binary.AppendUvarint(nil, 125<<1|1), make([]byte, 125*3)...), 3, true},
		"too many repeated": {append(binary.AppendUvarint(nil, 1<<30<<1), 7), 3, false},
		"too many groups":   {binary.AppendUvarint(nil, 1<<40|1), 3, false},
		"in small steps":    {bytes.Repeat([]byte{126, 7}, 40), 3, false},
		"wide":              {[]byte{2, 0}, 33, false},
	} {
		if err := h.runs(c.b, c.width); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
