// Package picture turns image files into numbers, as keras.utils.load_img and img_to_array do: decoding,
// colour mode, resizing, float32 values 0..255. It also shows pictures: printed as NumPy prints
// an array, drawn in a terminal, split into their colour layers.
//
// The pixels are those of Pillow (Image.open(...).convert(mode)), bit for bit for every format here:
// JPEG (see data/picture/internal/jpeg for why it has a decoder of its own), PNG, GIF (first
// frame), BMP, TIFF, WebP, and PPM/PGM/PBM. EXIF orientation is ignored, as Pillow and Keras do.
//
// Image files come from strangers. The format is told by the content, never by a
// name; sizes are checked before memory is taken (MaxPixels; and the pixels, and what decoding needs beside them, may
// each have 16 times the file's size plus 64 MiB); a file that is truncated or corrupt is an error. Pillow
// reads some corrupt JPEG files, with noise in the picture; this does not.
package picture

import (
	"fmt"
	"io"
)

// Image is a picture of H rows and W columns with C bytes a pixel: 1 (grey), 3 (RGB) or 4 (RGBA, not
// premultiplied). Pix holds H*W*C bytes, row by row, the channels of a pixel together (HWC).
type Image struct {
	H, W, C int
	Pix     []uint8
}

// ColorMode is Keras' color_mode: what a file is converted to. The zero value is Keras' default.
type ColorMode uint8

// The colour modes.
const (
	RGB ColorMode = iota
	Grayscale
	RGBA
)

var colorModes = [...]struct {
	name     string
	channels int
}{RGB: {"rgb", 3}, Grayscale: {"grayscale", 1}, RGBA: {"rgba", 4}}

// String is Keras' name of the mode.
func (m ColorMode) String() string {
	if int(m) >= len(colorModes) {
		return fmt.Sprintf("color_mode(%d)", uint8(m))
	}
	return colorModes[m].name
}

// Channels is the number of bytes of a pixel: 3, 1 or 4.
func (m ColorMode) Channels() int {
	if int(m) >= len(colorModes) {
		return 0
	}
	return colorModes[m].channels
}

// ParseColorMode is the inverse of String.
func ParseColorMode(name string) (ColorMode, error) {
	for m, c := range colorModes {
		if c.name == name {
			return ColorMode(m), nil
		}
	}
	return 0, fmt.Errorf("no color mode %q: use rgb, grayscale or rgba", name)
}

// Options say how a file is loaded. The zero value keeps the size and gives RGB.
type Options struct {
	// Height and Width are the size to give (Keras' target_size); both 0: as it is.
	Height, Width int
	// ColorMode is Keras' color_mode; the zero value is RGB.
	ColorMode ColorMode
	// Interpolation is how a picture is resized; the zero value is Nearest, load_img's default.
	Interpolation Interpolation
	// KeepAspectRatio resizes the largest part in the middle that has the aspect ratio of Height to Width, instead of all
	// of the picture: Keras' keep_aspect_ratio.
	KeepAspectRatio bool
}

// part is what of the picture is resized.
func (o Options) part(img Image) crop {
	if o.KeepAspectRatio {
		return img.aspectCrop(o.Height, o.Width)
	}
	return img.whole()
}

func (o Options) check() error {
	if o.ColorMode.Channels() == 0 {
		return fmt.Errorf("no color mode %d", uint8(o.ColorMode))
	}
	if o.Interpolation.info() == nil {
		return fmt.Errorf("no interpolation %d", uint8(o.Interpolation))
	}
	if o.Height == 0 && o.Width == 0 {
		return nil
	}
	return checkTarget(o.Height, o.Width)
}

func checkTarget(h, w int) error {
	if h <= 0 || w <= 0 {
		return fmt.Errorf("picture size %dx%d: height and width must be positive (or both 0 to keep the file's)", h, w)
	}
	if w > MaxPixels/h {
		return fmt.Errorf("picture size %dx%d: more than %d pixels", h, w, MaxPixels)
	}
	return nil
}

// Decode decodes an image file.
func Decode(data []byte, mode ColorMode) (Image, error) { return new(Decoder).Decode(data, mode) }

// DecodeReader decodes an image file of size bytes. Memory is taken as bytes arrive, not as size says.
func DecodeReader(r io.Reader, size int64, mode ColorMode) (Image, error) {
	data, err := io.ReadAll(io.LimitReader(r, size))
	if err != nil {
		return Image{}, err
	}
	if int64(len(data)) < size {
		return Image{}, fmt.Errorf("got %d of %d bytes: %w", len(data), size, io.ErrUnexpectedEOF)
	}
	return Decode(data, mode)
}

// Load decodes, converts and resizes an image file: keras.utils.load_img. With BilinearTF the result would not be
// whole numbers: use LoadFloat32.
func Load(data []byte, o Options) (Image, error) { return new(Decoder).Load(data, o) }

// ToFloat32 writes the values 0..255 of the picture to dst, which has H*W*C elements in HWC order:
// keras.utils.img_to_array.
func ToFloat32(img Image, dst []float32) error {
	if len(dst) != len(img.Pix) {
		return fmt.Errorf("picture %dx%dx%d needs %d elements, the destination has %d", img.H, img.W, img.C, len(img.Pix), len(dst))
	}
	for i, v := range img.Pix {
		dst[i] = float32(v)
	}
	return nil
}

// Decoder keeps buffers from one picture to the next, so that a worker that loads many
// allocates almost nothing. The zero value is ready. A Decoder is for one goroutine at a time, and the
// Image it gives is valid until its next call.
type Decoder struct {
	jpeg    jpegDecoder
	native  []byte // pixels as the file has them
	mode    []byte // converted
	resized []byte
	scratch resampler
}

// Decode is Decode into the Decoder's memory.
func (d *Decoder) Decode(data []byte, mode ColorMode) (Image, error) {
	if mode.Channels() == 0 {
		return Image{}, fmt.Errorf("no color mode %d", uint8(mode))
	}
	n, err := d.decode(data, mode.Channels())
	if err != nil {
		return Image{}, err
	}
	return d.convert(n, mode)
}

// Load is Load into the Decoder's memory.
func (d *Decoder) Load(data []byte, o Options) (Image, error) {
	if err := o.check(); err != nil {
		return Image{}, err
	}
	if o.Interpolation == BilinearTF {
		return Image{}, fmt.Errorf("interpolation %v gives fractions: use LoadFloat32", o.Interpolation)
	}
	if o.Interpolation == Nearest && o.Height > 0 && Format(data) == "JPEG" {
		if img, ok, err := d.loadNearest(data, o); ok {
			return img, err
		}
	}
	img, err := d.Decode(data, o.ColorMode)
	if err != nil || o.Height == 0 || o.Height == img.H && o.Width == img.W {
		return img, err
	}
	out := Image{H: o.Height, W: o.Width, C: img.C}
	out.Pix = grow(&d.resized, out.H*out.W*out.C)
	d.scratch.resize(out, img, o.part(img), o.Interpolation)
	return out, nil
}

// LoadFloat32 is Load and ToFloat32 in one. dst has Height*Width*Channels elements; where the
// options keep the file's size, it must fit that.
func (d *Decoder) LoadFloat32(dst []float32, data []byte, o Options) (h, w int, err error) {
	if o.Interpolation != BilinearTF {
		img, err := d.Load(data, o)
		if err == nil {
			err = ToFloat32(img, dst)
		}
		return img.H, img.W, err
	}
	if err := o.check(); err != nil {
		return 0, 0, err
	}
	img, err := d.Decode(data, o.ColorMode)
	if err != nil {
		return 0, 0, err
	}
	if o.Height == 0 {
		return img.H, img.W, ToFloat32(img, dst)
	}
	if want := o.Height * o.Width * img.C; len(dst) != want {
		return 0, 0, fmt.Errorf("picture %dx%dx%d needs %d elements, the destination has %d", o.Height, o.Width, img.C, want, len(dst))
	}
	resizeTF(dst, img, o.part(img), o.Height, o.Width)
	return o.Height, o.Width, nil
}

// grow gives n bytes in *buf's memory.
func grow(buf *[]byte, n int) []byte {
	if cap(*buf) < n {
		*buf = make([]byte, n)
	}
	*buf = (*buf)[:n]
	return *buf
}
