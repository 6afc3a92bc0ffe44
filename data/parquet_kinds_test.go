package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
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
			for _, stored := range []string{"dictionary", "plain", "delta"} {
				if stored == "delta" && compression != "none" && compression != "zstd" {
					continue
				}
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

// TestParquetDelta reads texts that share their beginnings, and timestamps in the old form.
func TestParquetDelta(t *testing.T) {
	delta, err := os.ReadFile(parquetFile("delta"))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := os.ReadFile(parquetFile("delta-plain"))
	if err != nil {
		t.Fatal(err)
	}
	got, want := columnsOf(t, delta), columnsOf(t, plain)
	if got != want || !strings.Contains(want, `2999: "prefix/prefix/prefix/prefix/01" [] false "00000963" [] false "1975-01-16 14:13:19.999997001" [] false`) {
		t.Errorf("%.500s\n%.500s", got, want)
	}
	// A short page may stand for any number of bytes: each text shares 200 bytes with the one before it.
	leaf := leavesOf(fileOf(t, delta).Root())[0]
	numbers := func(list ...int32) []byte { // each in a separate block
		b := binary.AppendVarint([]byte{8, 1, byte(len(list))}, int64(list[0]))
		for i, x := range list[1:] {
			b = binary.AppendVarint(b, int64(x-list[i]))
			if b = append(b, 0); len(list) > 2 {
				t.Fatal("a block has eight numbers")
			}
		}
		return b
	}
	forged := func(shared, lengths []int32, rest string) []byte {
		return slices.Concat(numbers(shared...), numbers(lengths...), []byte(rest))
	}
	for _, c := range []struct {
		page   []byte
		values int64
		want   string
		fail   string
	}{
		{forged([]int32{0, 2}, []int32{3, 1}, "abcx"), 2, "\x03\x00\x00\x00abc\x03\x00\x00\x00abx", ""},
		{forged([]int32{0, 4}, []int32{3, 1}, "abcx"), 2, "", "damaged"},
		{forged([]int32{0, -1}, []int32{3, 1}, "abcx"), 2, "", "damaged"},
		{forged([]int32{0, 2}, []int32{3, 2}, "abcx"), 2, "", "damaged"},
		{forged([]int32{0, 2}, []int32{3, -1}, "abcx"), 2, "", "damaged"},
		{forged([]int32{0, 2}, []int32{3}, "abcx"), 2, "", "damaged"},
		{forged([]int32{0, 2}, []int32{3, 1}, "abcx"), 1, "", "damaged"},
		{forged([]int32{0, 40}, []int32{40, 1}, strings.Repeat("a", 41)), 2, "", "unpacks to more than 60 bytes"},
		{[]byte{8, 1, 2, 0, 0, 33, 1, 2, 3, 4}, 2, "", "damaged"},
		{[]byte{8, 1, 2, 0, 0, 32, 1, 2, 3, 4}, 2, "", "damaged"},
		{[]byte{7, 1, 2, 0, 0, 0}, 2, "", "damaged"},
		{[]byte{8, 0, 2, 0, 0, 0}, 2, "", "damaged"},
		{[]byte{8, 1}, 2, "", "damaged"},
		{nil, 2, "", "damaged"},
	} {
		got, err := plainTexts(c.page, leaf, c.values, 60)
		if c.fail == "" && (err != nil || string(got) != c.want) || c.fail != "" && (err == nil || !strings.Contains(err.Error(), c.fail)) {
			t.Errorf("%x: %q, %v, want %q %q", c.page, got, err, c.want, c.fail)
		}
	}
}

// fileOf opens a Parquet file with the library.
func fileOf(t *testing.T, b []byte) *parquet.File {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestParquetKeyValues opens a file whose columns have pairs of a key and a value, some of which have no value, as the format allows.
func TestParquetKeyValues(t *testing.T) {
	b, err := os.ReadFile(parquetFile("snappy"))
	if err != nil {
		t.Fatal(err)
	}
	want := columnsOf(t, b)
	end := len(b) - 8 - int(binary.LittleEndian.Uint32(b[len(b)-8:]))
	var meta format.FileMetaData
	if err := thrift.Unmarshal(&thrift.CompactProtocol{}, b[end:len(b)-8], &meta); err != nil {
		t.Fatal(err)
	}
	pairs := []format.KeyValue{{Key: "NO VALUE"}, {Key: "a", Value: "b"}, {Key: "NO VALUE"}}
	meta.KeyValueMetadata = append(meta.KeyValueMetadata, pairs...)
	for _, g := range meta.RowGroups {
		for k := range g.Columns {
			g.Columns[k].MetaData.KeyValueMetadata = pairs
		}
	}
	footer, err := thrift.Marshal(&thrift.CompactProtocol{}, &meta)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range [][]byte{footer, bytes.ReplaceAll(footer, []byte("NO VALUE\x18\x00\x00"), []byte("NO VALUE\x00"))} {
		file := append(binary.LittleEndian.AppendUint32(slices.Concat(b[:end], f), uint32(len(f))), "PAR1"...)
		if got := columnsOf(t, file); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

// TestParquetTwice reads a column that is used both for names and for labels.
func TestParquetTwice(t *testing.T) {
	tab := open(t, parquetFile("snappy"), OpenOptions{Images: tree(t, "img/0.png", "img/1.png", "img/2.png", "img/3.png", "img/4.png", "img/5.png"), LabelColumn: "filename"})
	if got := list1(tab); got != "img/0.png=img/0.png img/1.png=img/1.png img/2.png=img/2.png img/3.png=img/3.png img/4.png=img/4.png img/5.png=img/5.png" {
		t.Error(got)
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
