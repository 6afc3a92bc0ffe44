package picture

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// tagged writes a TIFF file of 2x1 gray pixels with 8 bits, and more tags of one whole number or a text.
func tagged(more map[uint16]any) []byte {
	tags := map[uint16]any{tiffWidth: 2, tiffHeight: 1, tiffBits: 8, tiffCompression: 1, tiffPhotometric: 1, tiffSamples: 1, tiffRowsPerStrip: 1, tiffStripBytes: 2, tiffStripOffsets: 8}
	for t, v := range more {
		tags[t] = v
	}
	le := binary.LittleEndian
	out := append([]byte("II*\x00"), 0, 0, 0, 0, 10, 20)
	var texts []byte
	var keys []uint16
	for t := range tags {
		keys = append(keys, t)
	}
	slices.Sort(keys)
	le.PutUint32(out[4:], uint32(len(out)))
	end := len(out) + 2 + 12*len(tags) + 4
	out = le.AppendUint16(out, uint16(len(tags)))
	for _, t := range keys {
		out = le.AppendUint16(out, t)
		switch v := tags[t].(type) {
		case int:
			out = le.AppendUint32(le.AppendUint32(le.AppendUint16(out, 4), 1), uint32(v))
		case string:
			out = le.AppendUint32(le.AppendUint32(le.AppendUint16(out, 2), uint32(len(v))), uint32(end+len(texts)))
			texts = append(texts, v...)
		}
	}
	return append(append(out, 0, 0, 0, 0), texts...)
}

// TestRawPhotos: a raw photo is named, and its preview is not taken for the photo.
func TestRawPhotos(t *testing.T) {
	preview := func(more map[uint16]any) []byte {
		more[tiffKind], more[tiffSubfiles] = 1, 500
		return tagged(more)
	}
	cr2 := append([]byte("II*\x00\x10\x00\x00\x00CR\x02\x00"), make([]byte, 20)...)
	for name, c := range map[string]struct {
		data []byte
		want string // "" for an image
	}{
		"NEF":              {preview(map[uint16]any{tiffMake: "NIKON CORPORATION\x00"}), "is only a preview of 2x1 pixels: camera raw (NEF) images are not supported"},
		"ARW":              {preview(map[uint16]any{tiffMake: "SONY   \x00", tiffCompression: 6}), "camera raw (ARW)"},
		"DNG":              {preview(map[uint16]any{tiffMake: "Google\x00", tiffDNGVersion: 0x0401}), "camera raw (DNG)"},
		"DNG of a sensor":  {tagged(map[uint16]any{tiffDNGVersion: 0x0401, tiffPhotometric: 32803}), "camera raw (DNG)"},
		"PEF":              {tagged(map[uint16]any{tiffMake: "PENTAX             \x00", tiffPhotometric: 32803, tiffCompression: 65535}), "camera raw (PEF)"},
		"an unknown maker": {preview(map[uint16]any{tiffMake: "ACME camera\x00"}), "camera raw images are not supported"},
		"CR2":              {cr2, "camera raw (CR2)"},
		"ORF":              {[]byte("IIRO\x08\x00\x00\x00"), "camera raw (ORF)"},
		"RW2":              {[]byte("IIU\x00\x18\x00\x00\x00"), "camera raw (RW2)"},
		"RAF":              {[]byte("FUJIFILMCCD-RAW 0201"), "camera raw (RAF)"},
		"CR3":              {[]byte("\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01"), "camera raw (CR3)"},
		"a photo":          {tagged(map[uint16]any{tiffMake: "NIKON CORPORATION\x00"}), ""},
		"a small page":     {tagged(map[uint16]any{tiffKind: 1}), ""},
		"pages":            {tagged(map[uint16]any{tiffKind: 2, tiffSubfiles: 500, tiffMake: "scanner\x00"}), ""},
		"a finished DNG":   {tagged(map[uint16]any{tiffDNGVersion: 0x0401}), ""},
	} {
		_, err := Decode(c.data, RGB)
		known := Recognize(c.data)
		if c.want == "" {
			if err != nil || known != nil {
				t.Errorf("%s: %v, %v", name, err, known)
			}
			continue
		}
		if err == nil || known == nil || !strings.Contains(err.Error(), c.want) || known.Error() != err.Error() || !strings.Contains(err.Error(), "rawpy in Python: python3 -c") {
			t.Errorf("%s: %v, and to recognize it %v, want %q", name, err, known, c.want)
		}
	}
}

// TestBands: of a file with many bands, none is taken for the image.
func TestBands(t *testing.T) {
	for name, c := range map[string]struct {
		more map[uint16]any
		want string
	}{
		"13 of 16 bits":  {map[uint16]any{tiffSamples: 13, tiffBits: 16}, "13 bands (samples of 16 bits) are not supported: choose three of them as red, green and blue of 8 bits, for example with GDAL: gdal_translate -of PNG -ot Byte -scale 0 3000 0 255 -b 4 -b 3 -b 2 FILE FILE.png"},
		"13 of 8 bits":   {map[uint16]any{tiffSamples: 13}, "gdal_translate -of PNG -ot Byte -b 4 -b 3 -b 2 FILE FILE.png"},
		"planes":         {map[uint16]any{tiffSamples: 4, tiffPlanar: 2}, "4 bands"},
		"fractions":      {map[uint16]any{tiffSamples: 3, tiffBits: 32, tiffFormat: 3}, "3 bands (floating-point samples of 32 bits)"},
		"more than RGB":  {map[uint16]any{tiffSamples: 8, tiffPhotometric: tiffRGB, tiffBits: 16}, "8 bands"},
		"two of 16 bits": {map[uint16]any{tiffSamples: 2, tiffBits: 16}, "TIFF files of gray with 2 samples of 16 bits are not supported; convert it, for example with ImageMagick"},
	} {
		if _, err := Decode(tagged(c.more), RGB); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
