package picture

import (
	"fmt"
	"image"
	"image/draw"
	"slices"
)

// part returns the part of the image that is resized.
func (o Options) part(img Image) crop {
	if o.KeepAspectRatio {
		return img.aspectCrop(o.Height, o.Width)
	}
	return img.whole()
}

// target returns the size to which an image is resized. If the size depends on the image, a result that is too large for a file of so many bytes
// is an error.
func (d *Decoder) target(img Image, o Options, channels, file int) (h, w int, err error) {
	switch {
	case o.Height > 0:
		return o.Height, o.Width, nil
	case o.ShortSide == 0:
		return img.H, img.W, nil
	}
	h, w = o.ShortSide, o.ShortSide
	if img.H > img.W {
		h = long(o.ShortSide, img.H, img.W)
	} else {
		w = long(o.ShortSide, img.W, img.H)
	}
	return h, w, d.checkResult("resized to a shorter side of "+fmt.Sprint(o.ShortSide), img, h, w, channels, file)
}

// long returns the longer side: torchvision's int(short*longer/shorter), with a float64 division.
func long(short, longer, shorter int) int {
	return int(float64(short) * float64(longer) / float64(shorter))
}

// fit resizes and crops an image of a file of so many bytes.
func (d *Decoder) fit(img Image, o Options, file int) (Image, error) {
	img, h, w, err := d.pad(img, o, file)
	if err != nil {
		return Image{}, err
	}
	if h != img.H || w != img.W {
		out := Image{H: h, W: w, C: img.C, Pix: grow(&d.resized, h*w*img.C)}
		d.scratch.resize(out, img, o.part(img), o.Interpolation)
		img = out
	}
	if o.Crop == [2]int{} || o.Crop == [2]int{img.H, img.W} {
		return img, nil
	}
	out := Image{H: o.Crop[0], W: o.Crop[1], C: img.C, Pix: grow(&d.cropped, o.Crop[0]*o.Crop[1]*img.C)}
	centerCrop(out.Pix, out.H, out.W, img.Pix, img.H, img.W, img.C)
	return out, nil
}

// fitTF appends the values of an image that is resized as tf.image.resize does, and cropped.
func (d *Decoder) fitTF(dst []float32, img Image, o Options, file int) (out []float32, h, w int, err error) {
	img, h, w, err = d.pad(img, o, file)
	if err != nil {
		return nil, 0, 0, err
	}
	n := h * w * img.C
	if o.Crop == [2]int{} || o.Crop == [2]int{h, w} {
		at := len(dst)
		dst = growFloats(dst, n)
		d.valuesTF(dst[at:], img, o, h, w)
		return dst, h, w, nil
	}
	d.values = growFloats(d.values[:0], n)
	d.valuesTF(d.values, img, o, h, w)
	at := len(dst)
	dst = growFloats(dst, o.Crop[0]*o.Crop[1]*img.C)
	centerCrop(dst[at:], o.Crop[0], o.Crop[1], d.values, h, w, img.C)
	return dst, o.Crop[0], o.Crop[1], nil
}

func (d *Decoder) valuesTF(dst []float32, img Image, o Options, h, w int) {
	if o.ResizeWithPad {
		d.resizeWithPad(dst, img, h, w)
		return
	}
	if h == img.H && w == img.W {
		appendFloat32(dst[:0], img)
		return
	}
	resizeTF(dst, img, o.part(img), h, w)
}

// resizeWithPad is tf.image.resize_with_pad, with its float32 arithmetic.
func (d *Decoder) resizeWithPad(dst []float32, img Image, height, width int) {
	ratio := max(float32(img.W)/float32(width), float32(img.H)/float32(height))
	fh, fw := float32(img.H)/ratio, float32(img.W)/ratio
	// TensorFlow fails for an image that is so narrow that nothing is left of it.
	h, w := min(max(int(fh), 1), height), min(max(int(fw), 1), width)
	top, left := int((float32(height)-fh)/2), int((float32(width)-fw)/2)
	c := img.C
	d.inner = growFloats(d.inner[:0], h*w*c)
	if h == img.H && w == img.W {
		_ = ToFloat32(img, d.inner) // the length is right
	} else {
		resizeTF(d.inner, img, img.whole(), h, w)
	}
	clear(dst)
	for y := range h {
		copy(dst[((top+y)*width+left)*c:], d.inner[y*w*c:(y+1)*w*c])
	}
}

// pad pads an image with zeros if the options say so, and returns the size to which it is to be resized.
func (d *Decoder) pad(img Image, o Options, file int) (out Image, h, w int, err error) {
	if h, w, err = d.target(img, o, img.C, file); err != nil || !o.PadToAspectRatio {
		return img, h, w, err
	}
	// Keras adds the same number of zeros on both sides.
	out = Image{C: img.C}
	out.H = img.H + 2*((max(img.H, img.W*o.Height/o.Width)-img.H)/2)
	out.W = img.W + 2*((max(img.W, img.H*o.Width/o.Height)-img.W)/2)
	if err := d.checkResult("padded with zeros", img, out.H, out.W, img.C, file); err != nil {
		return Image{}, 0, 0, err
	}
	out.Pix = grow(&d.padded, out.H*out.W*out.C)
	centerCrop(out.Pix, out.H, out.W, img.Pix, img.H, img.W, img.C)
	return out, h, w, nil
}

// middle returns where the centered part begins: torchvision's int(round((size-part)/2)). Python rounds halves to even numbers.
// If the part is larger than size, the result is negative, and an odd number of zeros has one more at the end.
func middle(size, part int) int {
	switch d := size - part; {
	case d < 0:
		return -(-d / 2)
	case d%4 == 3:
		return d/2 + 1
	default:
		return d / 2
	}
}

// centerCrop fills dst, an image of h x w pixels with c values each, from the center of src. Pixels outside src become 0.
func centerCrop[T uint8 | float32](dst []T, h, w int, src []T, srcH, srcW, c int) {
	top, left := middle(srcH, h), middle(srcW, w)
	from, to := max(left, 0), max(-left, 0)
	n := min(srcW-from, w-to)
	for y := range h {
		row := dst[y*w*c:][:w*c]
		if sy := top + y; sy >= 0 && sy < srcH {
			clear(row[:to*c])
			copy(row[to*c:(to+n)*c], src[(sy*srcW+from)*c:])
			clear(row[(to+n)*c:])
		} else {
			clear(row)
		}
	}
}

// growFloats extends dst by n values.
func growFloats(dst []float32, n int) []float32 { return slices.Grow(dst, n)[:len(dst)+n] }

// fromMemory copies an image.Image.
func (d *Decoder) fromMemory(m image.Image) (native, error) {
	if m == nil {
		return native{}, fmt.Errorf("the image.Image is nil")
	}
	b := m.Bounds()
	if b.Dx() <= 0 || b.Dy() <= 0 {
		return native{}, fmt.Errorf("the image has no pixels: its size is %dx%d", b.Dx(), b.Dy())
	}
	if b.Dx() > MaxPixels/b.Dy() {
		return native{}, fmt.Errorf("the image has %dx%d pixels; at most %d are supported", b.Dx(), b.Dy(), MaxPixels)
	}
	pix := grow(&d.native, 4*b.Dx()*b.Dy())
	to := image.Rect(0, 0, b.Dx(), b.Dy())
	// In opaque images, premultiplied and other colors are equal, and package draw is fastest and most exact for premultiplied
	// ones.
	if o, ok := m.(interface{ Opaque() bool }); ok && o.Opaque() {
		draw.Draw(&image.RGBA{Pix: pix, Stride: 4 * b.Dx(), Rect: to}, to, m, b.Min, draw.Src)
	} else if n, ok := m.(*image.NRGBA); ok {
		for y := range b.Dy() {
			copy(pix[y*4*b.Dx():][:4*b.Dx()], n.Pix[n.PixOffset(b.Min.X, b.Min.Y+y):])
		}
	} else {
		draw.Draw(&image.NRGBA{Pix: pix, Stride: 4 * b.Dx(), Rect: to}, to, m, b.Min, draw.Src)
	}
	return native{h: b.Dy(), w: b.Dx(), layout: rgba, pix: pix}, nil
}
