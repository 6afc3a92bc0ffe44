package picture

import "github.com/lince-ml/lince/data/picture/internal/jpeg"

type jpegDecoder = jpeg.Decoder

func (d *Decoder) decodeJPEG(data []byte, channels int) (native, error) {
	hdr, err := d.jpeg.Open(data)
	if err != nil {
		return native{}, err
	}
	// the picture is decoded to its own channels, and converted where those differ
	memory := hdr.Memory
	if hdr.Channels != channels {
		memory += int64(hdr.Width) * int64(hdr.Height) * int64(hdr.Channels)
	}
	if err := checkSize("JPEG", hdr.Width, hdr.Height, memory, channels, len(data)); err != nil {
		return native{}, err
	}
	pix, err := d.jpeg.Decode(d.native)
	if err != nil {
		return native{}, err
	}
	d.native = pix
	n := native{h: hdr.Height, w: hdr.Width, pix: pix}
	switch hdr.Channels {
	case 1:
		n.layout = gray
	case 3:
		n.layout = rgb
	default:
		n.layout = cmyk
	}
	return n, nil
}
