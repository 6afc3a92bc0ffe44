package picture

import "errors"

// toGray is Pillow's conversion from RGB to L (ITU-R 601-2 luma in fixed point).
func toGray(r, g, b uint8) uint8 {
	return uint8((uint32(r)*19595 + uint32(g)*38470 + uint32(b)*7471 + 0x8000) >> 16)
}

// mulDiv255 is Pillow's a*b/255, rounded to the nearest.
func mulDiv255(a, b uint8) uint8 {
	t := uint32(a)*uint32(b) + 128
	return uint8((t>>8 + t) >> 8)
}

// convert is Pillow's Image.convert.
func (d *Decoder) convert(n native, mode ColorMode) (Image, error) {
	out := Image{H: n.h, W: n.w, C: mode.Channels()}
	want := [...]layout{RGB: rgb, Grayscale: gray, RGBA: rgba}[mode]
	if n.layout == want {
		out.Pix = n.pix
		return out, nil
	}
	if n.layout == deepGray && mode == Grayscale {
		return Image{}, errors.New("a 16-bit gray image cannot be converted to 8-bit grayscale (Keras returns the 16-bit values): use rgb, or a range of gray values that is scaled to 8 bits")
	}
	pixels := n.h * n.w
	from := layoutBytes[n.layout]
	if out.C <= from { // in place
		out.Pix = n.pix[:pixels*out.C]
	} else {
		out.Pix = grow(&d.mode, pixels*out.C)
	}
	for i := range pixels {
		r, g, b, a := components(n.layout, n.pix[i*from:][:from])
		switch o := out.Pix[i*out.C:]; mode {
		case Grayscale:
			if n.layout == grayAlpha {
				o[0] = r
			} else {
				o[0] = toGray(r, g, b)
			}
		case RGB:
			o[0], o[1], o[2] = r, g, b
		default:
			o[0], o[1], o[2], o[3] = r, g, b, a
		}
	}
	return out, nil
}

// components returns the RGBA values of the pixel p.
func components(l layout, p []byte) (r, g, b, a uint8) {
	switch l {
	case rgb:
		return p[0], p[1], p[2], 255
	case rgba:
		return p[0], p[1], p[2], p[3]
	case gray, deepGray:
		return p[0], p[0], p[0], 255
	case grayAlpha:
		return p[0], p[0], p[0], p[1]
	default: // cmyk, stored inverted: ink 255-p on black paper k
		k := p[3]
		return k - mulDiv255(255-p[0], k), k - mulDiv255(255-p[1], k), k - mulDiv255(255-p[2], k), 255
	}
}
