package picture

import (
	"github.com/lince-ml/lince/data/picture/internal/jpeg"
)

type jpegDecoder = jpeg.Decoder

func (d *Decoder) decodeJPEG(data []byte, channels int) (native, error) {
	hdr, err := d.openJPEG(data, channels)
	if err != nil {
		return native{}, err
	}
	pix, err := d.jpeg.Decode(d.native)
	if err != nil {
		return native{}, err
	}
	d.native = pix
	return native{h: hdr.Height, w: hdr.Width, layout: jpegLayout(hdr), pix: pix}, nil
}

// openJPEG reads a file's headers.
func (d *Decoder) openJPEG(data []byte, channels int) (jpeg.Header, error) {
	hdr, err := d.jpeg.Open(data)
	if err != nil {
		return hdr, err
	}
	// The image is decoded with the file's channels, and then converted if those differ from the wanted ones.
	memory := hdr.Memory
	if hdr.Channels != channels {
		memory += int64(hdr.Width) * int64(hdr.Height) * int64(hdr.Channels)
	}
	return hdr, d.checkSize("JPEG", hdr.Width, hdr.Height, memory, channels, len(data))
}

func jpegLayout(hdr jpeg.Header) layout {
	switch hdr.Channels {
	case 1:
		return gray
	case 3:
		return rgb
	}
	return cmyk
}

// loadNearest is Load of a JPEG file with Nearest. It builds only the rows and converts only the pixels that the result needs.
// ok is false if it does not apply: the image is not resized, is rotated or padded, or some pixels of the result have no source.
func (d *Decoder) loadNearest(data []byte, o Options) (img Image, ok bool, err error) {
	if o.Interpolation != Nearest || o.Height == 0 && o.ShortSide == 0 || o.PadToAspectRatio || Format(data) != "JPEG" ||
		o.Orient && Orientation(data) != upright {
		return Image{}, false, nil
	}
	channels := o.ColorMode.Channels()
	hdr, err := d.openJPEG(data, channels)
	if err != nil {
		return Image{}, true, err
	}
	file := Image{H: hdr.Height, W: hdr.Width}
	height, width, err := d.target(file, o, channels, len(data))
	if err != nil {
		return Image{}, true, err
	}
	xs, ys := d.scratch.positions(height, width, file, o.part(file))
	if xs[len(xs)-1] < 0 || ys[len(ys)-1] < 0 {
		return Image{}, false, nil
	}
	if ch, cw := o.Crop[0], o.Crop[1]; ch > height || cw > width {
		return Image{}, false, nil
	} else if ch > 0 {
		xs, ys = xs[middle(width, cw):][:cw], ys[middle(height, ch):][:ch]
	}
	height, width = len(ys), len(xs)
	pix := grow(&d.native, height*width*hdr.Channels)
	line := width * hdr.Channels
	err = d.jpeg.Rows(ys, func(i int, row []byte) {
		if i > 0 && ys[i] == ys[i-1] {
			copy(pix[i*line:][:line], pix[(i-1)*line:])
			return
		}
		pickRow(pix[i*line:][:line], row, xs, hdr.Channels)
	})
	if err != nil {
		return Image{}, true, err
	}
	img, err = d.convert(native{h: height, w: width, layout: jpegLayout(hdr), pix: pix}, o.ColorMode)
	return img, true, err
}
