package picture

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Limits on what a file may ask for.
const (
	// MaxPixels is the largest image that is decoded: where Pillow raises DecompressionBombError.
	MaxPixels = 178956970
	// memoryFactor and memoryBase bound memory: memoryFactor times the file's size and memoryBase bytes, once for
	// the pixels and once for what decoding needs beside them. (A progressive JPEG of 24 Mpx and 3 MB, as photos
	// on the web are, needs 72 MB for either.)
	memoryFactor = 16
	memoryBase   = 64 << 20
)

// layout is what the pixels of a file are.
type layout uint8

const (
	gray      layout = iota // L
	rgb                     // RGB
	rgba                    // RGBA, not premultiplied
	grayAlpha               // LA
	cmyk                    // as Adobe's files have it: 255 is no ink
	gray16                  // I;16, native is little endian
)

var layoutBytes = [...]int{gray: 1, rgb: 3, rgba: 4, grayAlpha: 2, cmyk: 4, gray16: 2}

// native is a decoded image before its conversion.
type native struct {
	h, w   int
	layout layout
	pix    []byte
}

// formats lists what is read. Adding one is a row here and a function.
var formats = []struct {
	name   string
	magic  string // ? is any byte
	decode func(d *Decoder, data []byte, channels int) (native, error)
}{
	{"JPEG", "\xff\xd8", (*Decoder).decodeJPEG},
	{"PNG", "\x89PNG\r\n\x1a\n", decodePNG},
	{"GIF", "GIF87a", decodeGIF},
	{"GIF", "GIF89a", decodeGIF},
	{"BMP", "BM", decodeBMP},
	{"TIFF", "II*\x00", decodeTIFF},
	{"TIFF", "MM\x00*", decodeTIFF},
	{"WebP", "RIFF????WEBP", decodeWebP},
	{"PBM", "P1", decodePNM},
	{"PGM", "P2", decodePNM},
	{"PPM", "P3", decodePNM},
	{"PBM", "P4", decodePNM},
	{"PGM", "P5", decodePNM},
	{"PPM", "P6", decodePNM},
}

// Format is the name of the image format that data starts as ("JPEG", "PNG", ...), or "" for none that is read here.
func Format(data []byte) string {
	for _, f := range formats {
		if hasMagic(data, f.magic) {
			return f.name
		}
	}
	return ""
}

func hasMagic(data []byte, magic string) bool {
	if len(data) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != data[i] {
			return false
		}
	}
	return true
}

// decode decodes data, whose pixels will be converted to channels bytes.
func (d *Decoder) decode(data []byte, channels int) (native, error) {
	if len(data) == 0 {
		return native{}, errors.New("not an image: the file is empty")
	}
	for _, f := range formats {
		if !hasMagic(data, f.magic) {
			continue
		}
		n, err := f.decode(d, data, channels)
		if err != nil {
			return native{}, err
		}
		return n, nil
	}
	return native{}, fmt.Errorf("not an image: starts with %s (JPEG, PNG, GIF, BMP, TIFF, WebP and PPM are read)", start(data))
}

// start shows the first bytes of a file that is not what it should be.
func start(data []byte) string {
	head := data[:min(len(data), 16)]
	for len(head) > 0 && len(head) < len(data) && !utf8.RuneStart(data[len(head)]) {
		head = head[:len(head)-1] // not in the middle of a character
	}
	text := utf8.Valid(head)
	for _, r := range string(head) {
		text = text && (strconv.IsPrint(r) || r == '\n' || r == '\t' || r == '\r')
	}
	more := ""
	if len(head) < len(data) {
		more = "..."
	}
	if text {
		return strconv.Quote(string(head)) + more
	}
	if bytes.Count(head, []byte{0}) == len(head) {
		return "zero bytes"
	}
	return fmt.Sprintf("% x%s", head, more)
}

// budget is the memory that a file of this size may ask for.
func budget(file int) int64 { return int64(file)*memoryFactor + memoryBase }

// checkSize refuses an image that is too large, before memory is taken for it. decoder is what its decoder
// allocates, result is the bytes of a converted pixel, file the size of the file.
func checkSize(format string, w, h int, decoder int64, result, file int) error {
	if w <= 0 || h <= 0 {
		return fmt.Errorf("corrupt %s: its size is %dx%d", format, w, h)
	}
	if int64(w)*int64(h) > MaxPixels {
		return fmt.Errorf("%s of %dx%d pixels: more than %d are not decoded", format, w, h, MaxPixels)
	}
	need, limit := max(decoder, int64(w)*int64(h)*int64(result)), budget(file)
	if need > limit {
		return fmt.Errorf("%s of %dx%d pixels needs %d MiB of memory, more than the %d MiB that its %d bytes allow",
			format, w, h, need>>20, limit>>20, file)
	}
	return nil
}
