package picture

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image/png"
	"io"
	"strings"
)

// decodePNG decodes a PNG file. Like Pillow, it does not need what follows the image's data: the end may be missing or damaged, and more data may
// follow the last row.
func decodePNG(d *Decoder, data []byte, channels int) (native, error) {
	n, err := d.decodeStd("PNG", data, channels, png.DecodeConfig, png.Decode)
	if err != nil {
		if whole := endPNG(data); whole != nil {
			data = whole
			n, err = d.decodeStd("PNG", data, channels, png.DecodeConfig, png.Decode)
		}
	}
	if err != nil && strings.Contains(err.Error(), "too much pixel data") {
		if cut, ok := cutPNG(data); ok {
			return d.decodeStd("PNG", cut, channels, png.DecodeConfig, png.Decode)
		}
	}
	return n, err
}

// cutPNG returns a PNG file without the data that follow its last row. Its header was read without an error, and d.decodeStd has checked the size.
func cutPNG(data []byte) (out []byte, ok bool) {
	rows, err := rowsPNG(data)
	if err != nil {
		return nil, false
	}
	var packed bytes.Buffer
	var before, after []byte
	for at := 8; at+12 <= len(data); {
		next := int64(at) + 12 + int64(binary.BigEndian.Uint32(data[at:]))
		if next > int64(len(data)) {
			break
		}
		switch {
		case string(data[at+4:at+8]) == "IDAT":
			packed.Write(data[at+8 : next-4])
		case packed.Len() == 0:
			before = data[:next]
		default:
			after = data[at:]
			next = int64(len(data))
		}
		at = int(next)
	}
	z, err := zlib.NewReader(&packed)
	if err != nil {
		return nil, false
	}
	out = append(out, before...)
	out = append(out, "\x00\x00\x00\x00IDAT"...)
	start := len(out)
	w := bytes.NewBuffer(out)
	again, err := zlib.NewWriterLevel(w, zlib.NoCompression)
	if err != nil {
		return nil, false
	}
	if _, err := io.CopyN(again, z, rows); err != nil || again.Close() != nil {
		return nil, false
	}
	out = w.Bytes()
	binary.BigEndian.PutUint32(out[start-8:], uint32(len(out)-start))
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[start-4:]))
	return append(out, after...), true
}

// rowsPNG returns the number of bytes of all rows of a PNG file, with a byte for the filter of each.
func rowsPNG(data []byte) (int64, error) {
	if len(data) < 29 {
		return 0, io.ErrUnexpectedEOF
	}
	w, h := int64(binary.BigEndian.Uint32(data[16:])), int64(binary.BigEndian.Uint32(data[20:]))
	depth, kind, interlaced := int64(data[24]), data[25], data[28] == 1
	bits := depth * [...]int64{1, 0, 3, 1, 2, 0, 4}[min(kind, 6)] // of a pixel
	size := func(w, h int64) int64 {
		if w == 0 || h == 0 {
			return 0
		}
		return h * (1 + (w*bits+7)/8)
	}
	if !interlaced {
		return size(w, h), nil
	}
	n := int64(0)
	for _, p := range [][4]int64{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} { // the passes of Adam7: x, y and their steps
		n += size((w-p[0]+p[2]-1)/p[2], (h-p[1]+p[3]-1)/p[3])
	}
	return n, nil
}

// endPNG returns a PNG file that ends after its last complete chunk of image data. It returns nil if the file ends like that already, or
// has no such chunk.
func endPNG(data []byte) []byte {
	const end = "\x00\x00\x00\x00IEND\xaeB`\x82"
	last := 0
	for at := 8; at+12 <= len(data); {
		n := int64(binary.BigEndian.Uint32(data[at:]))
		next := int64(at) + 12 + n
		if next > int64(len(data)) {
			break
		}
		if string(data[at+4:at+8]) == "IDAT" {
			last = int(next)
		} else if last > 0 {
			break
		}
		at = int(next)
	}
	if last == 0 || bytes.HasPrefix(data[last:], []byte(end)) {
		return nil
	}
	return append(bytes.Clone(data[:last]), end...)
}
