package picture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/image/webp"
)

// decodeWebP decodes a WebP file: the first frame of an animation, on a canvas of the file's size.
func decodeWebP(d *Decoder, data []byte, channels int) (native, error) {
	if len(data) >= 30 && string(data[12:16]) == "VP8X" && data[20]&webpAnimated != 0 {
		return d.decodeAnimation(data, channels)
	}
	return d.decodeStd("WebP", data, channels, webp.DecodeConfig, webp.Decode)
}

// Flags of the chunk VP8X.
const (
	webpAnimated = 2
	webpXMP      = 4
	webpEXIF     = 8
	webpAlpha    = 16
)

func u24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// decodeAnimation draws the first frame on an empty canvas, as libwebp's WebPAnimDecoder does.
func (d *Decoder) decodeAnimation(data []byte, channels int) (native, error) {
	n := native{w: u24(data[24:]) + 1, h: u24(data[27:]) + 1, layout: rgb}
	if data[20]&webpAlpha != 0 {
		n.layout = rgba
	}
	frame := chunk(data[12:], "ANMF")
	if len(frame) < 16+8 {
		return native{}, fmt.Errorf("truncated WebP: the animation has no complete frame: %w", io.ErrUnexpectedEOF)
	}
	x, y, w, h := 2*u24(frame), 2*u24(frame[3:]), u24(frame[6:])+1, u24(frame[9:])+1
	if x+w > n.w || y+h > n.h {
		return native{}, fmt.Errorf("corrupt WebP: a frame of %dx%d at %d,%d in an image of %dx%d", w, h, x, y, n.w, n.h)
	}
	size := layoutBytes[n.layout]
	if err := d.checkSize("WebP", n.w, n.h, int64(size)*int64(n.w)*int64(n.h)+8*int64(w)*int64(h), channels, len(data)); err != nil {
		return native{}, err
	}
	f, err := d.decodeStd("WebP", stillWebP(frame[16:], w, h), 4, webp.DecodeConfig, webp.Decode)
	if err != nil {
		return native{}, err
	}
	if f.w != w || f.h != h {
		return native{}, errors.New("corrupt WebP: the first frame has another size than it says")
	}
	from := slices.Clone(f.pix)
	n.pix = grow(&d.native, n.w*n.h*size)
	clear(n.pix)
	bytes := layoutBytes[f.layout]
	for i := range w * h {
		r, g, b, a := components(f.layout, from[i*bytes:][:bytes])
		o := n.pix[((y+i/w)*n.w+x+i%w)*size:]
		o[0], o[1], o[2] = r, g, b
		if size == 4 {
			o[3] = a
		}
	}
	return n, nil
}

// stillWebP makes a file of a frame's chunks.
func stillWebP(chunks []byte, w, h int) []byte {
	le := binary.LittleEndian
	out := []byte("RIFF\x00\x00\x00\x00WEBP")
	if string(chunks[:4]) == "ALPH" {
		out = append(out, "VP8X\x0a\x00\x00\x00\x10\x00\x00\x00"...)
		for _, v := range [2]int{w - 1, h - 1} {
			out = append(out, byte(v), byte(v>>8), byte(v>>16))
		}
	}
	out = append(out, chunks...)
	le.PutUint32(out[4:], uint32(len(out)-8))
	return out
}
