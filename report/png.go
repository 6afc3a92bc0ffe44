package report

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"

	"github.com/klauspost/compress/zlib"
)

// encode writes an image as PNG. Most of the time of a small run is that of its plots, so speed counts more than the last percents of size:
// package image/png computes all filters for each row, which takes longer than the compression.
func encode(w io.Writer, m image.Image) error {
	err := error(nil)
	if rgba, ok := m.(*image.RGBA); ok && rgba.Opaque() && !rgba.Rect.Empty() {
		err = encodeRGB(w, rgba)
	} else {
		e := png.Encoder{CompressionLevel: png.BestSpeed}
		err = e.Encode(w, m)
	}
	if err != nil {
		return fmt.Errorf("writing a PNG: %w", err)
	}
	return nil
}

// encodeRGB writes an opaque image.
func encodeRGB(w io.Writer, m *image.RGBA) error {
	out := &pngWriter{w: w}
	if _, err := io.WriteString(w, "\x89PNG\r\n\x1a\n"); err != nil {
		return err
	}
	width, height := m.Rect.Dx(), m.Rect.Dy()
	header := binary.BigEndian.AppendUint32(nil, uint32(width))
	header = binary.BigEndian.AppendUint32(header, uint32(height))
	header = append(header, 8, 2, 0, 0, 0) // 8 bits, RGB
	if err := out.chunk("IHDR", header); err != nil {
		return err
	}
	chunks := bufio.NewWriterSize(out, 1<<16)
	z, err := zlib.NewWriterLevel(chunks, zlib.BestSpeed)
	if err != nil {
		return err
	}
	// Before the first pixel of a row there is a black one.
	above, row := make([]byte, 3+3*width), make([]byte, 3+3*width)
	filtered := make([]byte, 1+3*width)
	for y := range height {
		dropAlpha(row[3:], m.Pix[y*m.Stride:][:4*width])
		filterRow(filtered, row, above)
		if _, err := z.Write(filtered); err != nil {
			return err
		}
		above, row = row, above
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := chunks.Flush(); err != nil {
		return err
	}
	return out.chunk("IEND", nil)
}

// pngWriter writes chunks. As an io.Writer, it writes chunks of pixels.
type pngWriter struct{ w io.Writer }

// Write implements io.Writer.
func (p *pngWriter) Write(pixels []byte) (int, error) {
	if err := p.chunk("IDAT", pixels); err != nil {
		return 0, err
	}
	return len(pixels), nil
}

func (p *pngWriter) chunk(name string, content []byte) error {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(content)))
	head = append(head, name...)
	sum := crc32.Update(crc32.ChecksumIEEE(head[4:]), crc32.IEEETable, content)
	for _, b := range [][]byte{head, content, binary.BigEndian.AppendUint32(nil, sum)} {
		if _, err := p.w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// dropAlpha copies pixels without their alpha.
func dropAlpha(rgb, rgba []byte) {
	for len(rgba) >= 4 && len(rgb) >= 3 {
		rgb[0], rgb[1], rgb[2] = rgba[0], rgba[1], rgba[2]
		rgb, rgba = rgb[3:], rgba[4:]
	}
}

// PNG's filters: what is subtracted from a pixel.
const (
	filterLeft  = 1
	filterAbove = 2
	filterPaeth = 4
)

// filterRow writes the number of a filter and the filtered row. It chooses the filter whose differences are small for a sample of the row.
func filterRow(to, row, above []byte) {
	const sample = 31 // every 31st byte: each channel in turn
	pixels, up := row[3:], above[3:]
	left, corner := row[:len(pixels)], above[:len(pixels)]
	kind, to := &to[0], to[1:][:len(pixels)]
	if bytes.Equal(pixels, up) {
		*kind = filterAbove
		clear(to)
		return
	}
	byLeft, byAbove, byPaeth := 0, 0, 0
	for i := 0; i < len(pixels); i += sample {
		byLeft += distance(pixels[i], left[i])
		byAbove += distance(pixels[i], up[i])
		byPaeth += distance(pixels[i], paeth(left[i], up[i], corner[i]))
	}
	switch {
	case byPaeth < min(byLeft, byAbove):
		*kind = filterPaeth
		for i := range to {
			to[i] = pixels[i] - paeth(left[i], up[i], corner[i])
		}
	case byLeft < byAbove:
		*kind = filterLeft
		for i := range to {
			to[i] = pixels[i] - left[i]
		}
	default:
		*kind = filterAbove
		for i := range to {
			to[i] = pixels[i] - up[i]
		}
	}
}

// distance returns the size of a difference between bytes, which wraps.
func distance(a, b byte) int { return max(int(int8(a-b)), -int(int8(a-b))) }

// paeth returns the one of three bytes that is nearest to left + up - corner.
func paeth(left, up, corner byte) byte {
	byLeft, byUp := int(up)-int(corner), int(left)-int(corner)
	byCorner := max(byLeft+byUp, -byLeft-byUp)
	byLeft, byUp = max(byLeft, -byLeft), max(byUp, -byUp)
	switch {
	case byLeft <= byUp && byLeft <= byCorner:
		return left
	case byUp <= byCorner:
		return up
	}
	return corner
}
