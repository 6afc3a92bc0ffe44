package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestTIFFAsPillow decodes the files of internal/golden/picture_tiff.py.
func TestTIFFAsPillow(t *testing.T) {
	// Kinds that this package names and does not read, which Pillow reads.
	refused := map[string]string{
		"LAB-raw.tif": "L*a*b* colors", "LAB-tiff_lzw.tif": "L*a*b* colors", "LAB-packbits.tif": "L*a*b* colors", "LAB-jpeg.tif": "L*a*b* colors",
		"LA-jpeg.tif": "JPEG compression of 2 samples", "rgb-lzma.tif": "the compression 34925 (LZMA)",
	}
	// Kinds that Pillow refuses, though it reads those that differ in the order of bytes, the size of offsets or the compression.
	more := map[string]bool{"unsigned32-be.tif": true, "rgb16-be-big.tif": true, "gray8-0-order2.tif": true, "gray16-be-0.tif": true}
	// Pillow's values of this file have their bytes swapped.
	const swapped, unswapped = "float-be-predictor.tif", "float-be.tif"
	var shared Decoder
	all := readKinds(t, "tiff.json")
	all[swapped] = all[unswapped]
	for name, want := range all {
		t.Run(name, func(t *testing.T) {
			data := readFile(t, "tiff/"+name)
			for mode, sum := range map[ColorMode]string{RGB: want.RGB, Grayscale: want.L, RGBA: want.RGBA} {
				img, err := shared.Decode(data, mode)
				wide := mode == Grayscale && (want.Mode == "I;16" || want.Mode == "I;16B" || want.Mode == "I") // see color.go
				switch {
				case refused[name] != "":
					if err == nil || !strings.Contains(err.Error(), refused[name]) {
						t.Errorf("%v: %v, want %q", mode, err, refused[name])
					}
				case wide && err == nil:
					t.Error("more than 8 bits of gray became 8 bits in the color mode grayscale")
				case wide:
				case sum == "error":
					if err == nil && !more[name] {
						t.Errorf("%v: Pillow refuses this file, this does not", mode)
					}
				case err != nil:
					t.Errorf("%v: %v", mode, err)
				case img.H != want.Size[0] || img.W != want.Size[1]:
					t.Errorf("%v: %dx%d, want %v", mode, img.H, img.W, want.Size)
				case name == "YCbCr-raw.tif" || name == "ycc-colors.tif": // see pillowChroma
					if mode == RGB {
						near(t, img, readPNG(t, "tiff/"+name+".png"))
					}
				case hash(img.Pix) != sum:
					t.Errorf("%v: the pixels differ from Pillow's", mode)
				}
			}
		})
	}
}

// near checks that two images differ by at most 1.
func near(t *testing.T, got, want Image) {
	t.Helper()
	differ := 0
	for i, v := range want.Pix {
		switch d := int(v) - int(got.Pix[i]); {
		case d < -1 || d > 1:
			t.Fatalf("value %d is %d, want %d", i, got.Pix[i], v)
		case d != 0:
			differ++
		}
	}
	if 50*differ > len(want.Pix) {
		t.Errorf("%d of %d values differ", differ, len(want.Pix))
	}
}

// TestBadTIFF checks the messages of files that are not supported or corrupt.
func TestBadTIFF(t *testing.T) {
	file := func(name string, change func(t tiffDir)) []byte {
		data := append([]byte(nil), readFile(t, "tiff/"+name)...)
		d, err := readTIFF(data, true)
		if err != nil {
			t.Fatal(err)
		}
		change(d)
		return data
	}
	set := func(tag uint16, v byte) func(tiffDir) {
		return func(d tiffDir) {
			if _, _, b, err := d.value(tag); err != nil || len(b) == 0 {
				t.Fatalf("tag %d: %d bytes, %v", tag, len(b), err)
			} else {
				b[0] = v
			}
		}
	}
	tiny := sharedTiles(300, tiffRaw, make([]byte, 16), nil)
	d, err := readTIFF(tiny, true)
	if err != nil {
		t.Fatal(err)
	}
	for tag, v := range map[uint16]uint16{tiffWidth: 1200, tiffHeight: 1200, tiffTileWidth: 4, tiffTileHeight: 4} {
		_, _, b, _ := d.value(tag)
		binary.LittleEndian.PutUint16(b, v)
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"old JPEG":          {file("rgb-raw.tif", set(tiffCompression, 6)), "the compression 6 (old JPEG)"},
		"unknown":           {file("rgb-raw.tif", set(tiffCompression, 99)), "the compression 99 (unknown)"},
		"mask":              {file("rgb-raw.tif", set(tiffPhotometric, 4)), "transparency masks"},
		"predictor":         {file("rgb16-le-predictor.tif", set(tiffPredictor, 9)), "the unknown predictor 9"},
		"float colors":      {file("signed32-le.tif", set(tiffPhotometric, 2)), "RGB colors with 1 signed samples of 32 bits"},
		"no width":          {file("rgb-raw.tif", set(tiffWidth, 0)), "its size is 0x37"},
		"too few blocks":    {file("planar.tif", set(tiffRowsPerStrip, 1)), "it lists 9 blocks of 45x1 pixels, its size needs 111"},
		"a block elsewhere": {file("tiles.tif", func(d tiffDir) { _, _, b, _ := d.value(tiffTileOffsets); b[3] = 0x7f }), "truncated TIFF"},
		"tiny tiles":        {tiny, "TIFF files with 90000 blocks of 4x4 pixels are not supported"},
		"a huge tile":       {file("tiles.tif", func(d tiffDir) { _, _, b, _ := d.value(tiffTileWidth); b[3] = 0x01 }), "at most"},
		"many samples":      {file("rgb-raw.tif", set(tiffSamples, 200)), "200 samples for each pixel"},
		"subsampling":       {file("ycc-22-deflate.tif", set(tiffYCbCrSubsample, 3)), "the subsampling 3x2"},
	} {
		if _, err := Decode(c.data, RGB); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestDamagedTIFF changes and truncates files. The result is an error, or an image.
func TestDamagedTIFF(t *testing.T) {
	var d Decoder
	i := 0
	for name := range readKinds(t, "tiff.json") {
		data := readFile(t, "tiff/"+name)
		i++
		for at := i % 5; at < len(data); at += 1 + len(data)/40 {
			for _, v := range []byte{0, 0xff, data[at] ^ 0x10} {
				bad := append([]byte(nil), data...)
				bad[at] = v
				if img, err := d.Decode(bad, RGB); err == nil && img.check() != nil {
					t.Errorf("%s with byte %d = %#x: %dx%dx%d with %d bytes", name, at, v, img.H, img.W, img.C, len(img.Pix))
				}
			}
			_, _ = d.Decode(data[:at], RGB)
		}
		directory := 0 // all bytes of small directories at the end
		if len(data) > 400 {
			directory = len(data) - 400
		}
		for at := directory; at < len(data); at += 3 {
			bad := append([]byte(nil), data...)
			bad[at] ^= 0xff
			_, _ = d.Decode(bad, RGB)
		}
	}
}

// sharedTiles returns a gray TIFF file of n*n tiles of 16x16 pixels that have the same bytes.
func sharedTiles(n, compression int, tile, tables []byte) []byte {
	le := binary.LittleEndian
	data := append([]byte("II*\x00\x00\x00\x00\x00"), tile...)
	tablesAt := len(data)
	data = append(data, tables...)
	offsets := len(data)
	for range n * n {
		data = le.AppendUint32(data, 8)
	}
	sizes := len(data)
	for range n * n {
		data = le.AppendUint32(data, uint32(len(tile)))
	}
	le.PutUint32(data[4:], uint32(len(data)))
	entries := [][4]int{
		{tiffWidth, 4, 1, 16 * n}, {tiffHeight, 4, 1, 16 * n}, {tiffBits, 3, 1, 8}, {tiffCompression, 3, 1, compression}, {tiffPhotometric, 3, 1, blackIsZero},
		{tiffTileWidth, 3, 1, 16}, {tiffTileHeight, 3, 1, 16}, {tiffTileOffsets, 4, n * n, offsets}, {tiffTileBytes, 4, n * n, sizes},
	}
	if tables != nil {
		entries = append(entries, [4]int{tiffJPEGTables, 7, len(tables), tablesAt})
	}
	data = le.AppendUint16(data, uint16(len(entries)))
	for _, e := range entries {
		data = le.AppendUint16(le.AppendUint16(data, uint16(e[0])), uint16(e[1]))
		data = le.AppendUint32(le.AppendUint32(data, uint32(e[2])), uint32(e[3]))
	}
	return append(data, 0, 0, 0, 0)
}

// TestSharedTIFFBlocks reads tiles that are the same bytes of the file. The work for a file does not grow with the product of their number and of the bytes that they share.
func TestSharedTIFFBlocks(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 16, 16))
	for i := range img.Pix {
		img.Pix[i] = uint8(i)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	file := b.Bytes()
	frame, huffman, scan := bytes.Index(file, []byte("\xff\xc0")), bytes.Index(file, []byte("\xff\xc4")), bytes.Index(file, []byte("\xff\xda"))
	comments := bytes.Repeat(append([]byte("\xff\xfe\xff\xff"), make([]byte, 65533)...), 16) // 1 MiB
	tables := slices.Concat(file[:2], comments, file[2:frame], file[huffman:scan], []byte("\xff\xd9"))
	short := slices.Concat(file[:2], file[frame:huffman], file[scan:])
	stored := append([]byte("\x00\x00\x01\xff\xfe"), img.Pix...)
	const n = 60
	want, err := Decode(sharedTiles(n, tiffJPEG, file, nil), Grayscale)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"long tables":           {sharedTiles(n, tiffJPEG, short, tables), ""},
		"no tables":             {sharedTiles(n, tiffJPEG, short[:len(short)-2], []byte("\xff\xd8\xff\xdb\x00\x43")), "its JPEG tables: truncated JPEG"},
		"a scan in the tables":  {sharedTiles(n, tiffJPEG, short, file), "its JPEG tables: corrupt JPEG tables: they have a scan"},
		"long tiles":            {sharedTiles(n, tiffJPEG, slices.Concat(file[:2], comments, file[2:]), nil), "its blocks have the same bytes"},
		"long tiles of Deflate": {sharedTiles(n, 8, append([]byte("\x78\x9c"), append(bytes.Repeat([]byte("\x00\x00\x00\xff\xff"), 1<<18), stored...)...), nil), "its blocks have the same bytes"},
		"long runs":             {sharedTiles(n, 32773, append(bytes.Repeat([]byte{0x80}, 1<<20), 0x81, 1, 0x81, 2), nil), "its blocks have the same bytes"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, err := Decode(c.data, Grayscale)
		runtime.ReadMemStats(&after)
		switch {
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		case c.want == "" && (err != nil || !bytes.Equal(got.Pix, want.Pix)):
			t.Errorf("%s: %v, or other pixels", name, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
			t.Errorf("%s: %d bytes were allocated", name, used)
		}
	}
}
