package data

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// TestParquetTypes compares the texts of values with those of Python, which are in a column of the file.
func TestParquetTypes(t *testing.T) {
	for _, file := range []string{"types", "types-integer"} {
		f, err := os.Open(parquetFile(file))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		p, err := newParquet(f)
		if err != nil {
			t.Fatal(err)
		}
		names := p.columns()
		want := make([]int, len(names))
		for i := range want {
			want[i] = i
		}
		cells := make([]value, len(names))
		for {
			row, err := p.next(want, cells)
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			var texts map[string]string
			if err := json.Unmarshal(cells[len(cells)-1].text, &texts); err != nil {
				t.Fatal(err)
			}
			for i, name := range names[:len(names)-1] {
				if got := string(cells[i].text); got != texts[name] || cells[i].absent != (got == "") {
					t.Errorf("%s, row %d, %s: %q, want %q", file, row, name, got, texts[name])
				}
			}
		}
	}
}

// TestParquetOldTypes has types in the form of old files, and those that cannot be read.
func TestParquetOldTypes(t *testing.T) {
	day := parquet.Int32Value(19723)
	for _, c := range []struct {
		of   deprecated.ConvertedType
		v    parquet.Value
		want string
	}{
		{deprecated.Date, day, "2024-01-01"},
		{deprecated.TimeMillis, parquet.Int32Value(3_600_500), "01:00:00.500000"},
		{deprecated.TimeMicros, parquet.Int64Value(1), "00:00:00.000001"},
		{deprecated.TimestampMillis, parquet.Int64Value(1_700_000_000_000), "2023-11-14 22:13:20+00:00"},
		{deprecated.TimestampMicros, parquet.Int64Value(-1), "1969-12-31 23:59:59.999999+00:00"},
		{deprecated.Uint8, parquet.Int32Value(200), "200"},
		{deprecated.Uint64, parquet.Int64Value(-1), "18446744073709551615"},
		{deprecated.Decimal, parquet.Int32Value(-5), "-0.05"},
		{deprecated.Decimal, parquet.FixedLenByteArrayValue([]byte{0xff, 0x38}), "-2.00"},
		{deprecated.Decimal, parquet.ByteArrayValue(nil), "0.00"},
		{deprecated.Decimal, parquet.ByteArrayValue(make([]byte, 1<<20)), "the file is damaged"},
		{deprecated.Decimal, parquet.DoubleValue(1), "the file is damaged"},
		{deprecated.Bson, parquet.ByteArrayValue(nil), "of the type BSON, which cannot be read; write it as texts or numbers"},
		{deprecated.Interval, parquet.FixedLenByteArrayValue(make([]byte, 12)), "of the type INTERVAL, which cannot be read"},
	} {
		e := &format.SchemaElement{Type: thrift.New(format.Type(c.v.Kind())), ConvertedType: thrift.New(c.of), Scale: thrift.New(int32(2))}
		b, err := logicalTextOf(e)(c.v)
		if got := string(b); err == nil && got != c.want || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %q, %v, want %s", c.of, got, err, c.want)
		}
	}
	for _, e := range []*format.SchemaElement{{Type: thrift.New(format.ByteArray)}, {Type: thrift.New(format.Double), ConvertedType: thrift.New(deprecated.Date)}} {
		if logicalTextOf(e) != nil {
			t.Errorf("%v has a logical type", e)
		}
	}
}

// TestHalfText has texts that NumPy has for numbers of half precision, and no text twice.
func TestHalfText(t *testing.T) {
	for _, c := range []struct {
		h    uint16
		want string
	}{{0, "0"}, {1, "6e-08"}, {0x3c00, "1"}, {0x2e66, "0.1"}, {0x7bff, "65500"}, {0xfbff, "-65500"}, {0x7c00, "+Inf"}, {0x7e00, "NaN"}, {0x3555, "0.3333"}} {
		if got := string(halfText(c.h)); got != c.want {
			t.Errorf("%04x: %s, want %s", c.h, got, c.want)
		}
	}
	seen := map[string]uint16{}
	for h := range uint16(0x7c00) {
		text := string(halfText(h))
		if other, twice := seen[text]; twice {
			t.Fatalf("%04x and %04x are both %s", other, h, text)
		}
		seen[text] = h
	}
}

// TestParquetUnmarked opens tables with columns of bytes that the file does not mark as texts.
func TestParquetUnmarked(t *testing.T) {
	var names []string
	for i := range 6 {
		names = append(names, fmt.Sprintf("img/%d.png", i))
	}
	tab := open(t, parquetFile("unmarked"), OpenOptions{Images: tree(t, names...)})
	if got := list1(tab); got != "img/0.png=cat img/1.png=dog img/3.png=cat img/4.png=dog img/5.png=cat" {
		t.Error(got)
	}
	tab = open(t, parquetFile("unmarked-images"), OpenOptions{})
	if got := fmt.Sprint(tab.Labels()); got != "[P1 naïve cat dog]" {
		t.Error(got)
	}
	if _, err := Open(t.Context(), parquetFile("unmarked-images"), OpenOptions{LabelColumn: "thumb"}); err == nil || !strings.Contains(err.Error(), `its column "thumb" has images or other bytes that are no text, so it cannot be used for labels`) {
		t.Error(err)
	}
	tab = open(t, parquetFile("webdataset"), OpenOptions{})
	if got := list1(tab); got != "row-0.png=0 row-1.png=1 row-2.png=0 row-3.png=1 row-4.png=0 row-5.png=1" {
		t.Error(got)
	}
	for _, c := range []struct {
		text string
		is   bool
	}{{"BMW", true}, {"P1", true}, {"P6 rear\n", true}, {"größe", true}, {"caf\xe9", true}, {"a\tb\r\n", true}, {"P6\n2 2\n", false}, {"\xff\xd8\xff", false}, {"\x89PNG\r\n\x1a\n", false}, {"a\x00", false}, {"\x01", false}} {
		if startsText([]byte(c.text)) != c.is {
			t.Errorf("%q: want %v", c.text, c.is)
		}
	}
}
