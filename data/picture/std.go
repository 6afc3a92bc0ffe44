package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
)

// decodeStd decodes a file with a decoder that has the same functions as those of the standard library.
func (d *Decoder) decodeStd(format string, data []byte, channels int,
	config func(io.Reader) (image.Config, error), decode func(io.Reader) (image.Image, error)) (native, error) {
	cfg, err := config(bytes.NewReader(data))
	if err != nil {
		return native{}, stdError(format, len(data), err)
	}
	memory := int64(cfg.Width) * int64(cfg.Height) * modelBytes(cfg.ColorModel)
	if err := d.checkSize(format, cfg.Width, cfg.Height, memory, channels, len(data)); err != nil {
		return native{}, err
	}
	img, err := decode(bytes.NewReader(data))
	if err != nil {
		return native{}, stdError(format, len(data), err)
	}
	return d.fromImage(img)
}

func stdError(format string, size int, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("truncated %s: the file ends after %d bytes: %w", format, size, err)
	}
	return fmt.Errorf("%s file: %w", format, err)
}

// modelBytes returns the number of bytes of a pixel while it is decoded and copied.
func modelBytes(m color.Model) int64 {
	switch m {
	case color.RGBAModel: // PNG, which is not copied
		return 4
	case color.GrayModel:
		return 2
	case color.Gray16Model:
		return 4
	case color.RGBA64Model, color.NRGBA64Model:
		return 8 + 4
	}
	if _, ok := m.(color.Palette); ok {
		return 1 + 4
	}
	return 4 + 4
}

// fromImage returns the pixels of the image types that the decoders return. Their rows have no gaps. It copies pixels of other layouts than ours.
func (d *Decoder) fromImage(img image.Image) (native, error) {
	b := img.Bounds()
	n := native{h: b.Dy(), w: b.Dx()}
	alloc := func(l layout) {
		n.layout = l
		n.pix = grow(&d.native, n.h*n.w*layoutBytes[l])
	}
	switch m := img.(type) {
	case *image.Gray:
		alloc(gray)
		for y := range n.h {
			copy(n.pix[y*n.w:][:n.w], m.Pix[y*m.Stride:])
		}
	case *image.Gray16:
		d.levels.Depth = Deep
		alloc(d.levels.layout())
		for y := range n.h {
			for x := range n.w {
				p := m.Pix[y*m.Stride+2*x:]
				n.pix[y*n.w+x] = d.levels.level(float64(uint16(p[0])<<8 | uint16(p[1])))
			}
		}
	case *image.RGBA:
		n.layout, n.pix = rgba, m.Pix[:4*n.w*n.h]
	case *image.NRGBA:
		n.layout, n.pix = rgba, m.Pix[:4*n.w*n.h]
	case *image.RGBA64:
		alloc(rgba)
		high(n, m.Pix, m.Stride)
	case *image.NRGBA64:
		alloc(rgba)
		high(n, m.Pix, m.Stride)
	case *image.Paletted:
		alloc(rgba)
		var palette [256][4]byte
		for i, c := range m.Palette[:min(256, len(m.Palette))] {
			palette[i] = straight(c)
		}
		for y := range n.h {
			for x, v := range m.Pix[y*m.Stride:][:n.w] {
				copy(n.pix[(y*n.w+x)*4:], palette[v][:])
			}
		}
	case *image.YCbCr:
		alloc(rgb)
		webpToRGB(n, m, nil, 0)
	case *image.NYCbCrA:
		alloc(rgba)
		webpToRGB(n, &m.YCbCr, m.A, m.AStride)
	default:
		return native{}, fmt.Errorf("images of type %T are not supported", img)
	}
	return n, nil
}

// straight returns a palette's color without premultiplication.
func straight(c color.Color) [4]byte {
	switch c := c.(type) {
	case color.RGBA: // decoders use it for opaque colors only
		return [4]byte{c.R, c.G, c.B, c.A}
	default:
		n := color.NRGBAModel.Convert(c).(color.NRGBA)
		return [4]byte{n.R, n.G, n.B, n.A}
	}
}

// high copies the high bytes of 16-bit channels, as Pillow does.
func high(n native, pix []byte, stride int) {
	for y := range n.h {
		for i := range n.w * 4 {
			n.pix[y*n.w*4+i] = pix[y*stride+2*i]
		}
	}
}
