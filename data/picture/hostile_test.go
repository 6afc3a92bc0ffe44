package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// forged changes the size that a file of testdata claims.
func forged(t testing.TB, name string, w, h int) []byte {
	data := bytes.Clone(readFile(t, "decode/"+name))
	be, le := binary.BigEndian, binary.LittleEndian
	switch filepath.Ext(name) {
	case ".jpg":
		at := bytes.Index(data, []byte{0xFF, 0xC0})
		if at < 0 {
			at = bytes.Index(data, []byte{0xFF, 0xC2})
		}
		be.PutUint16(data[at+5:], uint16(h))
		be.PutUint16(data[at+7:], uint16(w))
	case ".png":
		be.PutUint32(data[16:], uint32(w))
		be.PutUint32(data[20:], uint32(h))
		be.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	case ".gif":
		le.PutUint16(data[6:], uint16(w))
		le.PutUint16(data[8:], uint16(h))
	case ".bmp":
		le.PutUint32(data[18:], uint32(w))
		le.PutUint32(data[22:], uint32(h))
	case ".ppm":
		data = append([]byte(fmt.Sprintf("P6 %d %d 255\n", w, h)), data[len(data)-50:]...)
	default:
		t.Fatal(name)
	}
	return data
}

func TestForgedSizes(t *testing.T) {
	for _, name := range []string{"pillow-420.jpg", "pillow-420-progressive.jpg", "pillow-gray.jpg", "drawn-cmyk.jpg", "rgb.png", "palette.gif", "rgb.bmp", "rgb.ppm"} {
		for _, size := range [][2]int{{65500, 65500}, {13000, 13000}, {65500, 2000}} {
			data := forged(t, name, size[0], size[1])
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Decode(data, RGB)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Errorf("%s as %v: no error", name, size)
			} else if !strings.Contains(err.Error(), "pixels") {
				t.Errorf("%s as %v: %v", name, size, err)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
				t.Errorf("%s as %v: took %d bytes before it refused", name, size, used)
			}
		}
	}
}

func TestNotAnImage(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{"", "the file is empty"},
		{"hello world, this is not an image", `not an image: starts with "hello world, thi"...`},
		{"<html>", `not an image: it is a web page`},
		{"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "HEIC images are not supported: convert it to JPEG"},
		{"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avif", "AVIF images"},
		{"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000 images"},
		{"aaaaaaaaaaaaaaañb", `not an image: starts with "aaaaaaaaaaaaaaa"...`},
		{"\x00\x00\x00\x00", "not an image: starts with zero bytes"},
		{"\x01\x02\xfe", "not an image: starts with 01 02 fe"},
		{"RIFF\x00\x00\x00\x00WAVE", "it is a sound (WAV)"},
		{"RIFF\x00\x00\x00\x00CDXA", "not an image: starts with"},
		{"\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00", "TGA images"},
		{"\x00\x00\x02\x00\x01\x00\x10\x10\x00\x00", "Windows cursor images"},
		{"%!PS-Adobe-3.0 EPSF-3.0", "EPS images"},
		{"\x01\xda\x00\x01\x00\x02", "SGI images"},
		{"gimp xcf v011", "GIMP images"},
		{"Rar!\x1a\x07\x00", "it is a RAR archive"},
		{"HTTP/1.1 200 OK\r\n\r\n\xff\xd8\xff", "an answer of a web server with its headers"},
		{"data:image/png;base64,iVBORw0KGgo", "an image as text (a data URI); decode what is after the comma"},
		{"/9j/4AAQSkZJRg", "a JPEG image in base64; decode it"},
		{"iVBORw0KGgoAAAAN", "a PNG image in base64"},
		{"\x89PNG\n\x1a\n\x00", "a PNG image whose line ends were changed"},
		{"\xc3\xbf\xc3\x98\xc3\xbf", "read as text and written as UTF-8"},
		{"\xef\xbb\xbf\xff\xd8\xff\xe0", "a JPEG image after other bytes"},
		{"\n\x89PNG\r\n\x1a\n", "a PNG image after other bytes"},
		{"\x00\x00\x00\x18ftypmp42\x00\x00", "a video (MP4 or MOV); take images out of it, for example with ffmpeg"},
		{"\x1a\x45\xdf\xa3", "a video (WebM or Matroska)"},
		{"{\"error\": 404}", "JSON text"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an OLE file, such as Thumbs.db"},
		{"\x5c\x01\x00\x00\x00", "medical scan (NIfTI) images are not supported: convert it to JPEG or PNG, for example with SimpleITK in Python: python3 -c"},
		{"ZISRAWFILE\x00\x00\x00\x00\x00\x00", "microscope (CZI) images are not supported: convert it to JPEG or PNG, for example with Bio-Formats: bfconvert -series 0 -z 0 -timepoint 0 -channel 0 FILE FILE.png"},
		{"\xda\xce\xbe\x0a\x10\x00\x00\x00", "microscope (ND2) images"},
		{"\x70\x00\x00\x00\x10\x00\x00\x00\x2a", "microscope (LIF) images"},
		{"NRRD0004\n", "medical scan (NRRD) images"},
		{strings.Repeat("\x00", 128) + "DICM", "for example with dcmj2pnm of DCMTK"},
		{"\x0a\x05\x01\x08", "PCX images"},
		{"\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00", "TGA images"},
		{"\xff\xd8\xff\xf7\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00", "JPEG-LS, as in exports of DICOM, is not supported; convert it to PNG"},
		{"\xff\xd8\xff\xc3\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00", "lossless JPEG, as in exports of DICOM, is not supported; convert it to PNG"},
		{"\xff\xd8", "truncated JPEG"},
		{"\x89PNG\r\n\x1a\n", "truncated PNG"},
		{"GIF89a", "truncated GIF"},
		{"BM", "truncated BMP"},
		{"II*\x00", "truncated TIFF"},
		{"RIFF\x10\x00\x00\x00WEBP", "WebP"},
		{"P6 3", "truncated PPM"},
		{"P6 3 x", `corrupt PPM: want a number, got byte 'x'`},
		{"P2 1 1 255 300", "300 is larger than 255"},
		{"P6 0 1 255 ", "its size is 0x1"},
	} {
		_, err := Decode([]byte(c.data), RGB)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.data, err, c.want)
		}
	}
}

// TestTruncated truncates files at many places. Each must be an error, as with Pillow.
func TestTruncated(t *testing.T) {
	for name, slack := range map[string]int{
		"pillow-420.jpg": 0, "pillow-420-progressive.jpg": 0, "pillow-gray.jpg": 0, "drawn-420-scans.jpg": 0, "pillow-420-restart.jpg": 0,
		"rgb.png":     21, // the last bytes of the checksum of its data may be missing
		"palette.gif": 2, "rgb.bmp": 0, "rgb.tif": -1, "lossless.webp": 8, "lossy-17x23.webp": 8, "rgb.ppm": 0, "text.ppm": 4,
	} {
		data := readFile(t, "decode/"+name)
		if slack < 0 { // Pillow writes the directory of a TIFF first
			slack = 0
		}
		for n := 0; n < len(data)-slack; n += 1 + n/40 {
			if _, err := Decode(data[:n], RGB); err == nil {
				t.Errorf("%s: the first %d of %d bytes are accepted", name, n, len(data))
				break
			}
		}
	}
}

// TestDamaged changes single bytes of files. The result must be an error, or an image of the size that the file claims, and never a panic
// or an endless loop.
func TestDamaged(t *testing.T) {
	files, err := filepath.Glob("testdata/decode/*")
	if err != nil {
		t.Fatal(err)
	}
	var d Decoder
	for i, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for at := i % 7; at < len(data); at += 7 + len(data)/20 {
			for _, v := range []byte{0, 0xFF, data[at] ^ 0x10} {
				bad := bytes.Clone(data)
				bad[at] = v
				img, err := d.Decode(bad, RGB)
				if err == nil && (img.check() != nil || img.C != 3) {
					t.Errorf("%s with byte %d = %#x: %dx%dx%d with %d bytes", file, at, v, img.H, img.W, img.C, len(img.Pix))
				}
			}
		}
	}
}

func TestBadJPEG(t *testing.T) {
	data := readFile(t, "decode/drawn-420-scans-restart.jpg")
	change := func(old, new string) []byte { return bytes.Replace(data, []byte(old), []byte(new), 1) }
	noTables := bytes.ReplaceAll(readFile(t, "decode/pillow-gray-progressive.jpg"), []byte("\xff\xc4"), []byte("\xff\xe5"))
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"12 bits", change("\xff\xc0\x00\x11\x08", "\xff\xc0\x00\x11\x0c"), "12 bits"},
		{"conditioning", change("\xff\xdb\x00\x43", "\xff\xcc\x00\x43"), "conditioning of arithmetic coding of the wrong length"},
		{"lossless", change("\xff\xc0\x00\x11", "\xff\xc3\x00\x11"), "lossless"},
		{"no frame", change("\xff\xc0\x00\x11", "\xff\xe5\x00\x11"), "before the frame"},
		{"no quantization", change("\xff\xdb\x00\x43", "\xff\xe5\x00\x43"), "quantization table 0 is missing"},
		{"no Huffman table", noTables, "Huffman table is missing"},
		{"restart out of order", change("\xff\xd1", "\xff\xd2"), "an interval is missing"},
		{"early end", append(bytes.Clone(data[:len(data)-150]), 0xFF, 0xD9), "the end marker comes before the end"},
	} {
		if _, err := Decode(c.data, RGB); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestManyScans checks that the work for a file with many scans of few bytes is bounded by its size.
func TestManyScans(t *testing.T) {
	data := readFile(t, "kinds/arithmetic-pillow-gray.jpg")
	frame, scan := bytes.Index(data, []byte("\xff\xc9")), bytes.Index(data, []byte("\xff\xda"))
	scans := func(n int) []byte { // of no data, which stands for zeros
		file := slices.Concat(data[:scan], bytes.Repeat(data[scan:scan+10], n), []byte("\xff\xd9"))
		copy(file[frame+5:], "\x01\x00\x01\x00") // 256x256
		return file
	}
	if _, err := Decode(scans(30), RGB); err != nil {
		t.Errorf("30 scans: %v", err)
	}
	if _, err := Decode(scans(200), RGB); err == nil || !strings.Contains(err.Error(), "is more work than the") {
		t.Errorf("200 scans: error is %v", err)
	}
}

func TestDecodeReader(t *testing.T) {
	data := readFile(t, "decode/rgb.png")
	img, err := DecodeReader(bytes.NewReader(data), int64(len(data)), Grayscale)
	if err != nil || img.H != 13 || img.W != 18 || img.C != 1 {
		t.Errorf("%dx%dx%d, %v", img.H, img.W, img.C, err)
	}
	if _, err := DecodeReader(bytes.NewReader(data), 1<<50, RGB); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a size that is too large: %v", err)
	}
}

func TestBadOptions(t *testing.T) {
	data := readFile(t, "decode/rgb.png")
	for _, o := range []Options{
		{Height: 10}, {Width: 10}, {Height: -1, Width: -1}, {Height: 1 << 40, Width: 1 << 40}, {ColorMode: 7}, {Interpolation: 20}, {Interpolation: BilinearTF},
	} {
		if _, err := Load(data, o); err == nil {
			t.Errorf("%+v accepted", o)
		}
	}
	if err := ToFloat32(Image{H: 1, W: 1, C: 3, Pix: []uint8{1, 2, 3}}, make([]float32, 2)); err == nil {
		t.Error("a destination of the wrong size accepted")
	}
	var d Decoder
	if _, _, err := d.LoadFloat32(make([]float32, 3), data, Options{Height: 2, Width: 2}); err == nil {
		t.Error("a destination of the wrong size accepted")
	}
}

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/decode/*")
	kinds, kindsErr := filepath.Glob("testdata/kinds/*")
	if err := errors.Join(err, kindsErr); err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, kinds...) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 4000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, mode := range []ColorMode{RGB, RGBA} {
			img, err := Decode(data, mode)
			if err == nil && (img.check() != nil || img.C != mode.Channels()) {
				t.Errorf("%dx%dx%d with %d bytes", img.H, img.W, img.C, len(img.Pix))
			}
		}
		for _, o := range []Options{
			{ShortSide: 9, Crop: [2]int{8, 10}, Orient: true},
			{ShortSide: 7, Interpolation: Bilinear, Orient: true, ColorMode: RGBA},
			{Height: 6, Width: 9, PadToAspectRatio: true},
		} {
			img, err := Load(data, o)
			if h, w := o.Size(); err == nil && (img.check() != nil || h != 0 && (img.H != h || img.W != w)) {
				t.Errorf("%+v: %dx%dx%d with %d bytes", o, img.H, img.W, img.C, len(img.Pix))
			}
		}
	})
}

// TestMaxPixels checks, for each kind of file, that Decoder.MaxPixels is the largest number of pixels.
func TestMaxPixels(t *testing.T) {
	for _, dir := range []string{"decode", "kinds"} {
		entries, err := os.ReadDir(filepath.Join("testdata", dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			data := readFile(t, dir+"/"+e.Name())
			img, err := Decode(data, RGB)
			if err != nil || img.W*img.H == 1 {
				continue
			}
			if _, err := (&Decoder{MaxPixels: img.W * img.H}).Decode(data, RGB); err != nil {
				t.Errorf("%s: %v", e.Name(), err)
			}
			_, err = (&Decoder{MaxPixels: img.W*img.H - 1}).Decode(data, RGB)
			var large *PixelsError
			if !errors.As(err, &large) || large.Width*large.Height != img.W*img.H || large.Limit != img.W*img.H-1 {
				t.Errorf("%s of %dx%d pixels, one less allowed: %v", e.Name(), img.W, img.H, err)
			}
		}
	}
}

// TestPlainImages checks that large scans and photos of one color are accepted, although their files are small: up to 256 MiB of pixels.
func TestPlainImages(t *testing.T) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 6000, 4000))); err != nil {
		t.Fatal(err)
	}
	if img, err := Decode(b.Bytes(), Grayscale); err != nil || img.W != 6000 || img.H != 4000 {
		t.Errorf("%dx%d: %v", img.W, img.H, err)
	}
	var large *PixelsError // Pillow's limit for bombs
	if err := new(Decoder).checkSize("JPEG", 20_000, 10_000, 0, 3, 1<<30); !errors.As(err, &large) || large.Limit != 178_956_970 {
		t.Errorf("200 million pixels: %v", err)
	}
	for size, ok := range map[[2]int]bool{{4961, 7016}: true, {6000, 4000}: true, {8192, 5464}: true, {10_000, 10_000}: false} {
		if err := new(Decoder).checkSize("PNG", size[0], size[1], 0, 3, 48<<10); (err == nil) != ok {
			t.Errorf("%v: %v", size, err)
		}
	}
}

// pngOf returns a PNG file of chunks, given as a name and a content each.
func pngOf(chunks ...string) []byte {
	file := []byte("\x89PNG\r\n\x1a\n")
	for i := 0; i < len(chunks); i += 2 {
		file = binary.BigEndian.AppendUint32(file, uint32(len(chunks[i+1])))
		start := len(file)
		file = append(file, chunks[i]+chunks[i+1]...)
		file = binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(file[start:]))
	}
	return file
}

// pngHeader returns the content of IHDR.
func pngHeader(w, h uint32, depth, kind byte) string {
	b := binary.BigEndian.AppendUint32(nil, w)
	return string(append(binary.BigEndian.AppendUint32(b, h), depth, kind, 0, 0, 0))
}

// Headers of PNG files whose numbers do not fit together are errors, or do no harm.
func TestPNGHeaders(t *testing.T) {
	rows := deflated(make([]byte, 100))
	small := pngHeader(2, 2, 8, pngRGB)
	for name, c := range map[string]struct {
		chunks []string
		want   string // "" for an image
	}{
		"more pixels than fit into 64 bits":   {[]string{"IHDR", pngHeader(math.MaxUint32, math.MaxUint32, 8, pngRGB)}, "pixels are supported"},
		"pixels whose product is negative":    {[]string{"IHDR", pngHeader(3<<30, 3<<30, 8, pngGray)}, "pixels are supported"},
		"a transparent gray, then colors":     {[]string{"IHDR", pngHeader(2, 2, 8, pngGray), "tRNS", "\x00\x01", "IHDR", small}, ""},
		"the alpha of a palette, then grays":  {[]string{"IHDR", pngHeader(2, 2, 8, pngPalette), "tRNS", "\x01", "IHDR", pngHeader(2, 2, 8, pngGray)}, ""},
		"a row that needs more than its size": {[]string{"IHDR", pngHeader(20_000_000, 1, 16, pngRGBA)}, "MiB of memory"},
	} {
		file := pngOf(append(c.chunks, "IDAT", rows, "IEND", "")...)
		for _, mode := range []ColorMode{Grayscale, RGB, RGBA} {
			_, err := new(Decoder).Decode(file, mode)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, %v: %v, want %q", name, mode, err, c.want)
			}
		}
	}
}

// Metadata in many pieces take no more time and memory than they have bytes.
func TestManyMetadata(t *testing.T) {
	segment := "\xff\xe1\x00\x0aExif\x00\x00ab"
	photo := []byte("\xff\xd8" + strings.Repeat(segment, 200_000) + "\xff\xda")
	bomb := deflated(make([]byte, 1<<20))
	var texts []string
	for range 2000 {
		texts = append(texts, "zTXt", "Raw profile type exif\x00\x00"+bomb, "zTXt", "Comment\x00\x00"+bomb)
	}
	for name, file := range map[string][]byte{"JPEG": photo, "PNG": pngOf(append([]string{"IHDR", pngHeader(2, 2, 8, pngRGB)}, texts...)...)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if o := Orientation(file); o != upright {
			t.Errorf("%s: orientation %d", name, o)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<30 {
			t.Errorf("%s: %d MiB were allocated for a file of %d bytes", name, n>>20, len(file))
		}
	}
}

func deflated(b []byte) string {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, _ = z.Write(b) // to memory
	_ = z.Close()
	return packed.String()
}
