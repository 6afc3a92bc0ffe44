package picture

import (
	"bytes"
	"encoding/binary"
)

// upright is EXIF orientation 1: the stored rows and columns are those of the image.
const upright = 1

// Orientation returns the EXIF orientation of an image file, from 1 to 8: 1 is upright, 3 is upside down, 6 and 8 lie on a side, the others
// are mirrored. It is 1 if there is none, or if the file is not an image. It reads JPEG's APP1, PNG's eXIf, WebP's EXIF, and TIFF. It does not
// read XMP.
func Orientation(data []byte) int {
	var exif []byte
	switch Format(data) {
	case "JPEG":
		exif = jpegExif(data)
	case "PNG":
		exif = chunk(data[8:], "eXIf", binary.BigEndian, true)
	case "WebP":
		exif = chunk(data[12:], "EXIF", binary.LittleEndian, false)
	case "TIFF":
		exif = data
	}
	return tiffOrientation(bytes.TrimPrefix(exif, []byte(exifMark)))
}

const exifMark = "Exif\x00\x00"

// jpegExif returns the content of a JPEG file's EXIF segment, which comes before the image.
func jpegExif(data []byte) []byte {
	for data = data[2:]; len(data) >= 4 && data[0] == 0xff; {
		if data[1] == 0xff { // padding
			data = data[1:]
			continue
		}
		marker, n := data[1], int(binary.BigEndian.Uint16(data[2:]))
		if marker == 0xda || n < 2 || n+2 > len(data) {
			break
		}
		if segment := data[4 : n+2]; marker == 0xe1 && bytes.HasPrefix(segment, []byte(exifMark)) {
			return segment
		}
		data = data[n+2:]
	}
	return nil
}

// chunk returns the content of the first chunk with this name. A PNG chunk has its length before its name and a checksum at the
// end. A RIFF chunk has its name before its length and is padded to an even length.
func chunk(data []byte, name string, order binary.ByteOrder, png bool) []byte {
	for len(data) >= 8 {
		size, id, after := data[:4], data[4:8], 4
		if !png {
			size, id, after = id, size, 0
		}
		n := int64(order.Uint32(size))
		if !png {
			after = int(n & 1)
		}
		if data = data[8:]; n > int64(len(data)) {
			break
		}
		if string(id) == name {
			return data[:n]
		}
		data = data[min(n+int64(after), int64(len(data))):]
	}
	return nil
}

// tiffOrientation reads tag 274 in the first directory of a TIFF structure.
func tiffOrientation(b []byte) int {
	if v, ok := tiffTag(b, 274); ok && v >= 1 && v <= 8 {
		return int(v)
	}
	return upright
}

// tiffTag returns the value of a tag in the first directory of a TIFF structure, if the directory has the tag and its value is one whole number.
func tiffTag(b []byte, tag uint16) (value uint32, ok bool) {
	if Format(b) != "TIFF" {
		return 0, false
	}
	t, err := readTIFF(b, false)
	if err != nil {
		return 0, false
	}
	if kind, count, value, err := t.value(tag); err == nil && count == 1 {
		switch kind {
		case 3:
			return uint32(t.order.Uint16(value)), true
		case 4:
			return t.order.Uint32(value), true
		}
	}
	return 0, false
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
