package data

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInflate64 reads the files of internal/golden/deflate64.py.
func TestInflate64(t *testing.T) {
	dir := filepath.Join("testdata", "deflate64")
	sums, err := os.ReadFile(filepath.Join(dir, "sums.txt"))
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for line := range strings.Lines(string(sums)) {
		var name string
		var size int
		var sum uint32
		if _, err := fmt.Sscan(line, &name, &size, &sum); err != nil {
			t.Fatal(err)
		}
		packed, err := os.ReadFile(filepath.Join(dir, name+".bin"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(newInflate64(bytes.NewReader(packed)))
		if err != nil || len(got) != size || crc32.ChecksumIEEE(got) != sum {
			t.Errorf("%s: %d bytes, want %d; %v", name, len(got), size, err)
		}
		for n := range min(len(packed), 100) {
			if _, err := io.ReadAll(newInflate64(bytes.NewReader(packed[:n]))); err == nil {
				t.Errorf("%s: no error after %d of %d bytes", name, n, len(packed))
			}
		}
		files++
	}
	if files != 6 {
		t.Errorf("%d files", files)
	}
}

// TestInflate64Far copies the longest match from the largest distance, which only Deflate64 has.
func TestInflate64Far(t *testing.T) {
	stored := make([]byte, 65535)
	for i := range stored {
		stored[i] = byte(i * i >> 7)
	}
	packed := binary.LittleEndian.AppendUint16([]byte{0}, 65535)
	packed = append(binary.LittleEndian.AppendUint16(packed, 0), stored...)
	var acc uint64
	n := 0
	put := func(v uint64, bits int) {
		acc |= v << n
		n += bits
		for ; n >= 8; n -= 8 {
			packed = append(packed, byte(acc))
			acc >>= 8
		}
	}
	code := func(v uint64, bits int) { // codes have their first bit on the left
		for i := range bits {
			put(v>>(bits-1-i)&1, 1)
		}
	}
	put(1|1<<1, 3)              // the last block, with fixed codes
	code(0b11000000+285-280, 8) // length 3 + 16 bits
	put(40000-3, 16)
	code(31, 5) // distance 49153 + 14 bits
	put(65000-49153, 14)
	code(0, 7) // the end
	put(0, 7)
	got, err := io.ReadAll(newInflate64(bytes.NewReader(packed)))
	if err != nil || len(got) != 65535+40000 {
		t.Fatal(len(got), err)
	}
	for i, b := range got[65535:] {
		if b != stored[535+i] {
			t.Fatalf("byte %d is %d, want %d", i, b, stored[535+i])
		}
	}
}

// deflate64Zip returns an archive whose entries have the method Deflate64. Data without matches of 258 bytes, which a small image has none of, are
// the same as with Deflate.
func deflate64Zip(t *testing.T, names ...string) []byte {
	t.Helper()
	var entries []entryOf
	for _, n := range names {
		entries = append(entries, entryOf{name: n, content: png(t)})
	}
	b := archive(t, entries...)
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte("PK"))
		if i < 0 {
			return b
		}
		at += i
		switch string(b[at : at+4]) {
		case "PK\x01\x02":
			binary.LittleEndian.PutUint16(b[at+10:], 9)
		case "PK\x03\x04":
			binary.LittleEndian.PutUint16(b[at+8:], 9)
		}
		at += 2
	}
}

// TestDeflate64Archive reads an archive as Windows Explorer makes them.
func TestDeflate64Archive(t *testing.T) {
	tab := open(t, file1(t, "a.zip", deflate64Zip(t, "cats/1.png", "dogs/2.png")), OpenOptions{})
	if got := list1(tab); got != "cats/1.png=cats dogs/2.png=dogs" {
		t.Error(got)
	}
	if _, bad, err := tab.Check(t.Context(), CheckOptions{}); err != nil || bad != nil {
		t.Error(bad, err)
	}
}

// FuzzInflate64 reads damaged data. Without the codes that differ, the result is that of Deflate.
func FuzzInflate64(f *testing.F) {
	files, err := filepath.Glob("testdata/deflate64/*.bin")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err == nil {
		_, err = io.WriteString(w, strings.Repeat("cat dog ", 20))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := io.ReadAll(io.LimitReader(newInflate64(bytes.NewReader(b)), 1<<22))
		if err == nil && len(got) > 1<<22 {
			t.Errorf("%d bytes", len(got))
		}
	})
}
