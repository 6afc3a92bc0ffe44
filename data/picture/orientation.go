package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"io"
	"strings"
)

// upright is EXIF orientation 1: the stored rows and columns are those of the image.
const upright = 1

// Orientation returns the EXIF orientation of an image file, from 1 to 8: 1 is upright, 3 is upside down, 6 and 8 lie on a side, the others
// are mirrored. It is 1 if there is none, or if the file is not an image. As Pillow, it reads JPEG's APP1, PNG's eXIf and the texts that ImageMagick writes instead, WebP's EXIF and TIFF. If these
// have no orientation, it reads that of XMP (tiff:Orientation).
func Orientation(data []byte) int {
	var m metadata
	switch Format(data) {
	case "JPEG":
		m = jpegMetadata(data)
	case "PNG":
		m = pngMetadata(data)
	case "WebP":
		m = webpMetadata(data)
	case "TIFF":
		m.exif, m.xmp = data, tiffXMP(data)
	}
	for range 2 { // some programs write it twice
		m.exif = bytes.TrimPrefix(m.exif, []byte(exifMark))
	}
	if o, ok := tiffOrientation(m.exif); ok {
		return o
	}
	return xmpOrientation(m.xmp)
}

// metadata is what a file says about its image.
type metadata struct{ exif, xmp []byte }

const (
	exifMark = "Exif\x00\x00"
	xmpMark  = "http://ns.adobe.com/xap/1.0/\x00"
)

// jpegMetadata reads the segments before the image of a JPEG file. Several EXIF segments are one that is too long for a segment.
func jpegMetadata(data []byte) (m metadata) {
	var exif [][]byte
	eachSegment(data, func(marker byte, segment []byte) {
		if marker != 0xe1 {
			return
		}
		if rest, ok := bytes.CutPrefix(segment, []byte(exifMark)); ok {
			if exif == nil {
				rest = segment
			}
			exif = append(exif, rest)
		} else if rest, ok := bytes.CutPrefix(segment, []byte(xmpMark)); ok {
			m.xmp = rest
		}
	})
	if len(exif) == 1 {
		m.exif = exif[0]
	} else {
		m.exif = bytes.Join(exif, nil)
	}
	return m
}

// eachSegment calls do with the marker and the content of each segment before the image of a JPEG file.
func eachSegment(data []byte, do func(marker byte, segment []byte)) {
	for data = data[2:]; len(data) >= 4; {
		marker, n := data[1], int(binary.BigEndian.Uint16(data[2:]))
		switch {
		case data[0] != 0xff, marker == 0xff: // stray bytes and padding
			data = data[1:]
			continue
		case marker == 0, marker == 1, marker >= 0xd0 && marker <= 0xd9: // without content
			data = data[2:]
			continue
		case marker == 0xda || n < 2 || n+2 > len(data):
			return
		}
		do(marker, data[4:n+2])
		data = data[n+2:]
	}
}

// mostTexts limits the texts of a PNG file that are unpacked, so that they have 64 MiB, as in Pillow.
const mostTexts = 64

// pngMetadata reads the chunks of a PNG file. They may also follow the image.
func pngMetadata(data []byte) (m metadata) {
	texts := map[string][]byte{"Raw profile type exif": nil, "XML:com.adobe.xmp": nil}
	unpacked := 0
	eachChunk(data[8:], true, func(name string, b []byte) bool {
		switch name {
		case "eXIf":
			m.exif = b
		case "tEXt", "zTXt", "iTXt":
			key, content, packed := pngText(name, b)
			if _, ok := texts[key]; !ok {
				break
			}
			if packed {
				if unpacked++; unpacked > mostTexts {
					break
				}
				content = unpackText(content)
			}
			if content != nil {
				texts[key] = content
			}
		}
		return name != "IEND"
	})
	if m.xmp = texts["XML:com.adobe.xmp"]; m.exif == nil {
		m.exif = rawProfile(texts["Raw profile type exif"])
	}
	return m
}

// pngText returns the key and the content of a text, and whether it is compressed.
func pngText(name string, b []byte) (key string, content []byte, packed bool) {
	k, b, ok := bytes.Cut(b, []byte{0})
	if !ok || name != "tEXt" && len(b) < 2 {
		return "", nil, false
	}
	switch name {
	case "zTXt":
		packed = true
		b = b[1:]
	case "iTXt": // the language and the translation of the key come first
		packed = b[0] != 0
		parts := bytes.SplitN(b[2:], []byte{0}, 3)
		if len(parts) < 3 {
			return "", nil, false
		}
		b = parts[2]
	}
	return string(k), b, packed
}

// unpackText unpacks a text of at most 1 MiB, as in Pillow. It returns nil for others.
func unpackText(b []byte) []byte {
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	const most = 1 << 20
	if b, err = io.ReadAll(io.LimitReader(z, most+1)); err != nil || len(b) > most {
		return nil
	}
	return b
}

// rawProfile returns the bytes of a profile as ImageMagick writes it: an empty line, its name, its length, and lines of hexadecimal digits.
func rawProfile(text []byte) []byte {
	lines := strings.SplitN(string(text), "\n", 4)
	b, err := hex.DecodeString(strings.Join(strings.Fields(lines[len(lines)-1]), ""))
	if err != nil {
		return nil
	}
	return b
}

// webpMetadata reads the chunks of a WebP file. Its header says which it has.
func webpMetadata(data []byte) (m metadata) {
	if len(data) < 21 || string(data[12:16]) != "VP8X" {
		return m
	}
	if data[20]&webpEXIF != 0 {
		m.exif = chunk(data[12:], "EXIF")
	}
	if data[20]&webpXMP != 0 {
		m.xmp = chunk(data[12:], "XMP ")
	}
	return m
}

// eachChunk calls do with the name and the content of each chunk, until it returns false. A PNG chunk has its length before its name and a checksum at the
// end. A RIFF chunk has its name before its length and is padded to an even length.
func eachChunk(data []byte, png bool, do func(name string, b []byte) bool) {
	for len(data) >= 8 {
		n, id, after := int64(binary.BigEndian.Uint32(data)), data[4:8], int64(4)
		if !png {
			n, id = int64(binary.LittleEndian.Uint32(data[4:])), data[:4]
			after = n & 1
		}
		if data = data[8:]; n > int64(len(data)) || !do(string(id), data[:n]) {
			return
		}
		data = data[min(n+after, int64(len(data))):]
	}
}

// chunk returns the content of the first RIFF chunk with this name.
func chunk(data []byte, name string) (content []byte) {
	eachChunk(data, false, func(id string, b []byte) bool {
		if id == name {
			content = b
		}
		return id != name
	})
	return content
}

// tiffOrientation reads tag 274 in the first directory of a TIFF structure. ok is false if the directory does not have it.
func tiffOrientation(b []byte) (o int, ok bool) {
	t, ok := tiffDirectory(b)
	if !ok {
		return upright, false
	}
	kind, count, value, err := t.value(tiffOrientationTag)
	if err != nil || kind == 0 || count == 0 {
		return upright, false
	}
	switch kind {
	case 6:
		o = int(value[0])
	case 3, 8:
		o = int(t.order.Uint16(value))
	case 4, 9, 13:
		o = int(t.order.Uint32(value))
	}
	if o < 1 || o > 8 {
		o = upright
	}
	return o, true
}

// tiffXMP returns the XMP packet of a TIFF file.
func tiffXMP(b []byte) []byte {
	t, ok := tiffDirectory(b)
	if !ok {
		return nil
	}
	const tag = 700
	if kind, _, value, err := t.value(tag); err == nil && (kind == 1 || kind == 7) {
		return value
	}
	return nil
}

// tiffDirectory reads the first directory of a TIFF structure.
func tiffDirectory(b []byte) (tiffDir, bool) {
	for _, magic := range tiffMagics {
		if hasMagic(b, magic) {
			t, err := readTIFF(b, false)
			return t, err == nil
		}
	}
	return tiffDir{}, false
}

// xmpOrientation returns the orientation in an XMP packet: the first tiff:Orientation="6" or <tiff:Orientation>6.
func xmpOrientation(packet []byte) int {
	const name = "tiff:Orientation"
	for {
		_, rest, ok := bytes.Cut(packet, []byte(name))
		if !ok {
			return upright
		}
		packet = rest
		value, attribute := bytes.CutPrefix(rest, []byte(`="`))
		if !attribute {
			if value, ok = bytes.CutPrefix(rest, []byte(">")); !ok {
				continue
			}
		}
		if len(value) > 0 && value[0] >= '0' && value[0] <= '9' {
			if o := int(value[0] - '0'); o >= 1 && o <= 8 {
				return o
			}
			return upright
		}
	}
}

// turn rotates or mirrors an image by its EXIF orientation: Pillow's ImageOps.exif_transpose.
func (d *Decoder) turn(n native, orientation int) native {
	if orientation == upright {
		return n
	}
	size := layoutBytes[n.layout]
	out := native{h: n.h, w: n.w, layout: n.layout}
	if orientation >= 5 {
		out.h, out.w = n.w, n.h
	}
	out.pix = grow(&d.turned, len(n.pix))
	// Pixel (y, x) of the result is pixel start + y*down + x*right of the file.
	start, down, right := 0, n.w, 1
	switch orientation {
	case 2:
		start, right = n.w-1, -1
	case 3:
		start, down, right = n.h*n.w-1, -n.w, -1
	case 4:
		start, down = (n.h-1)*n.w, -n.w
	case 5:
		down, right = 1, n.w
	case 6:
		start, down, right = (n.h-1)*n.w, 1, -n.w
	case 7:
		start, down, right = n.h*n.w-1, -1, -n.w
	case 8:
		start, down, right = n.w-1, -1, n.w
	}
	at := 0
	for y := range out.h {
		from := start + y*down
		for range out.w {
			copy(out.pix[at:at+size], n.pix[from*size:])
			at += size
			from += right
		}
	}
	return out
}
