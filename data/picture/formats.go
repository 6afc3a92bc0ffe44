package picture

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// layout is the pixel format of a decoded file, with Pillow's name for it.
type layout uint8

const (
	gray      layout = iota // L
	rgb                     // RGB
	rgba                    // RGBA, not premultiplied
	grayAlpha               // LA
	cmyk                    // CMYK, inverted as in Adobe's files: 255 is no ink
	deepGray                // I;16 and I, cut off at 0 and 255
)

var layoutBytes = [...]int{gray: 1, rgb: 3, rgba: 4, grayAlpha: 2, cmyk: 4, deepGray: 1}

// native is a decoded image before its conversion.
type native struct {
	h, w   int
	layout layout
	pix    []byte
}

// formats lists the supported formats. A new format needs a row here and a function.
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
	{"BMP", "\x28\x00\x00\x00????????\x01\x00", decodeDIB},
	{"TIFF", tiffMagics[0], decodeTIFF},
	{"TIFF", tiffMagics[1], decodeTIFF},
	{"TIFF", tiffMagics[2], decodeTIFF},
	{"TIFF", tiffMagics[3], decodeTIFF},
	{"WebP", "RIFF????WEBP", decodeWebP},
	{"PBM", "P1", decodePNM},
	{"PGM", "P2", decodePNM},
	{"PPM", "P3", decodePNM},
	{"PBM", "P4", decodePNM},
	{"PGM", "P5", decodePNM},
	{"PPM", "P6", decodePNM},
}

// Format returns the name of the format of an image file, such as "JPEG" or "PNG". It looks only at the first bytes. It
// returns "" for a format that this package does not support.
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

// decode decodes data. channels is the number of bytes of a pixel after the conversion.
func (d *Decoder) decode(data []byte, channels int) (native, error) {
	if len(data) == 0 {
		return native{}, errEmpty
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
	return native{}, unknown(data)
}

// start formats the first bytes of a file for a message.
func start(data []byte) string {
	head := data[:min(len(data), 16)]
	for len(head) > 0 && len(head) < len(data) && !utf8.RuneStart(data[len(head)]) {
		head = head[:len(head)-1] // do not cut a character
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
