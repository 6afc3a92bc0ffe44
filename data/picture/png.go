package picture

import (
	"bytes"
	"encoding/binary"
	"image/png"
)

// decodePNG decodes a PNG file. Like Pillow, it does not need what follows the image's data: the end may be missing or damaged.
func decodePNG(d *Decoder, data []byte, channels int) (native, error) {
	n, err := d.decodeStd("PNG", data, channels, png.DecodeConfig, png.Decode)
	if err != nil {
		if whole := endPNG(data); whole != nil {
			return d.decodeStd("PNG", whole, channels, png.DecodeConfig, png.Decode)
		}
	}
	return n, err
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
