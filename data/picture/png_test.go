package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// TestPNGWithMoreData: data after the last row are passed over, as in Pillow, in images of all kinds.
func TestPNGWithMoreData(t *testing.T) {
	files, err := filepath.Glob("testdata/decode/*.png")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var d Decoder
	for _, file := range files {
		data := readFile(t, strings.TrimPrefix(file, "testdata/"))
		want, err := d.Decode(data, RGB)
		if err != nil {
			continue
		}
		pix := bytes.Clone(want.Pix)
		for _, more := range []int{1, 500} {
			got, err := d.Decode(longerPNG(t, data, more), RGB)
			if err != nil || !bytes.Equal(got.Pix, pix) {
				t.Errorf("%s with %d bytes more: %v", file, more, err)
			}
		}
	}
}

// longerPNG returns a PNG file with more bytes after the last row.
func longerPNG(t *testing.T, data []byte, more int) []byte {
	t.Helper()
	chunk := func(kind string, content []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(content)))
		b = append(append(b, kind...), content...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	out, packed := bytes.Clone(data[:8]), new(bytes.Buffer)
	for at := 8; at+12 <= len(data); {
		n := int(binary.BigEndian.Uint32(data[at:]))
		switch kind := string(data[at+4 : at+8]); {
		case kind == "IDAT":
			packed.Write(data[at+8 : at+8+n])
		case packed.Len() == 0:
			out = append(out, chunk(kind, data[at+8:at+8+n])...)
		}
		at += 12 + n
	}
	r, err := zlib.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	w := zlib.NewWriter(&again)
	if _, err := w.Write(append(rows, make([]byte, more)...)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return append(append(out, chunk("IDAT", again.Bytes())...), chunk("IEND", nil)...)
}

// TestPNMNumbers: numbers may have up to 10 digits, as in Pillow; a longer one is an error, and is not divided into several.
func TestPNMNumbers(t *testing.T) {
	var d Decoder
	for text, want := range map[string]string{
		"P3 2 1 255 1 2 3 4 5 6":             "\x01\x02\x03\x04\x05\x06",
		"P3 2 1 255 0000000001 2 3 4 5 6":    "\x01\x02\x03\x04\x05\x06",
		"P3 2 1 0000000255 1 2 3 4 5 6":      "\x01\x02\x03\x04\x05\x06",
		"P2 2 1 15 0000000003 15":            "\x33\x33\x33\xff\xff\xff",
		"P3 2 1 255 00000000001 2 3 4 5 6":   "more than 10 digits",
		"P3 2 1 255 1 2 3 4 5 6000000000000": "more than 10 digits",
		"P3 2 1 255 1 2 3 4 5 9999999999":    "value 9999999999 is larger than 255",
		"P3 99999999999 1 255 1 2 3 4 5 6":   "more than 10 digits",
	} {
		img, err := d.Decode([]byte(text), RGB)
		if err != nil && !strings.Contains(err.Error(), want) || err == nil && string(img.Pix) != want {
			t.Errorf("%s: %v, %v", text, img, err)
		}
	}
}
