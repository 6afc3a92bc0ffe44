package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// columnsOf returns all values of a Parquet file as a text.
func columnsOf(t *testing.T, b []byte) string {
	t.Helper()
	p, err := openParquet(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var want []int
	for i := range p.fields {
		want = append(want, i)
	}
	cells := make([]value, len(want))
	var s strings.Builder
	for {
		row, err := p.next(want, cells)
		if errors.Is(err, io.EOF) {
			return s.String()
		} else if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&s, "%d:", row)
		for _, c := range cells {
			fmt.Fprintf(&s, " %q %q %v", c.text, c.list, c.absent)
		}
		s.WriteString("\n")
	}
}

// TestParquetKinds reads the same rows from files with each compression, version of pages and way to store values.
func TestParquetKinds(t *testing.T) {
	first := ""
	for _, compression := range []string{"none", "snappy", "gzip", "zstd", "brotli", "lz4"} {
		for _, version := range []string{"1", "2"} {
			for _, stored := range []string{"dictionary", "plain"} {
				name := compression + "-" + version + "-" + stored
				b, err := os.ReadFile(parquetFile(name))
				if err != nil {
					t.Fatal(err)
				}
				got := columnsOf(t, b)
				if first == "" {
					if first = got; !strings.Contains(got, `23: "img/5.png" [] false "" [] true `) || !strings.HasSuffix(got, ` "529" [] false "" ["l0" "l1" "l2"] false`+"\n") {
						t.Fatal(got)
					}
				}
				if got != first {
					t.Errorf("%s: %s\nwant %s", name, got, first)
				}
				if version == "1" {
					continue
				}
				// Its pages have checksums.
				h, err := readPageHeader(b[4:])
				if err != nil || h.crc == 0 {
					t.Fatalf("%s: %+v, %v", name, h, err)
				}
				b[4+h.size+h.stored-1] ^= 1
				if err := readParquet(b); err == nil || !strings.Contains(err.Error(), "the checksum of a page differs") {
					t.Errorf("%s: a changed page: %v", name, err)
				}
			}
		}
	}
}

// TestHadoopLZ4 unpacks pages with the compression that Parquet calls LZ4: blocks as Hadoop writes them, or one block, as old versions of Arrow did.
func TestHadoopLZ4(t *testing.T) {
	content := bytes.Repeat([]byte("images and labels, "), 100)
	var framed []byte
	for at := 0; at < len(content); at += 700 {
		part := content[at:min(at+700, len(content))]
		block := make([]byte, lz4.CompressBlockBound(len(part)))
		n, err := lz4.CompressBlock(part, block, nil)
		if err != nil || n == 0 {
			t.Fatal(n, err)
		}
		framed = binary.BigEndian.AppendUint32(framed, uint32(len(part)))
		framed = binary.BigEndian.AppendUint32(framed, uint32(n))
		framed = append(framed, block[:n]...)
	}
	block := make([]byte, lz4.CompressBlockBound(len(content)))
	n, err := lz4.CompressBlock(content, block, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, stored := range map[string][]byte{"Hadoop": framed, "one block": block[:n]} {
		if b, err := unpack(format.Lz4, stored, int64(len(content))); err != nil || !bytes.Equal(b, content) {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
		for _, bad := range [][]byte{stored[:len(stored)-1], stored[:3], append([]byte{stored[0] ^ 0x50}, stored[1:]...)} {
			if b, err := unpack(format.Lz4, bad, int64(len(content))); err == nil && bytes.Equal(b, content) {
				t.Errorf("%s: damaged bytes give the content", name)
			}
		}
	}
}

// TestParquetNulls opens files with rows without an image.
func TestParquetNulls(t *testing.T) {
	tab := open(t, parquetFile("nulls"), OpenOptions{})
	if got := list1(tab); got != "row-0.png=a row-3.png=b" || tab.Dropped() != 2 {
		t.Error(got, tab.Dropped())
	}
	if w := fmt.Sprint(tab.Warnings()); !strings.Contains(w, `Dropped 2 of the 4 rows, which cannot be used; the first, row 1: the column "image" has no image (null)`) {
		t.Error(w)
	}
	if b := tab.Ignored(); b[0].Filename != "x.png" || b[1].Filename != "row-2" {
		t.Error(b)
	}
	if _, err := Open(t.Context(), parquetFile("paths"), OpenOptions{}); err == nil || !strings.Contains(err.Error(), `no image in any of its 6 rows (null), perhaps only paths such as "img/0.png"; write the images into the file`) {
		t.Error(err)
	}
}
