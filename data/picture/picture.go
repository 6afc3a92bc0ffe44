// Package picture turns image files into numbers, as keras.utils.load_img and img_to_array do: decoding,
// color mode, resizing, float32 values 0..255. It also shows images: printed as NumPy prints
// an array, drawn in a terminal, split into their color layers.
//
// The pixels are those of Pillow (Image.open(...).convert(mode)), bit for bit for every format here:
// JPEG (see data/picture/internal/jpeg for why it has a decoder of its own), PNG, GIF (first
// frame), BMP, TIFF, WebP, and PPM/PGM/PBM. EXIF orientation is ignored unless Options.Orient is set, as in Pillow and
// Keras; only a TIFF file's is always applied, which Pillow does too.
//
// Image files come from strangers. The format is told by the content, never by a
// name; sizes are checked before memory is taken (MaxPixels; and the pixels, and what decoding needs beside them, may
// each have 16 times the file's size plus 64 MiB); a file that is truncated or corrupt is an error. Pillow
// reads some corrupt JPEG files, with noise in the image; this does not.
package picture

import (
	"errors"
	"fmt"
	"image"
	"io"
)

// Image is an image of H rows and W columns with C bytes a pixel: 1 (gray), 3 (RGB) or 4 (RGBA, not
// premultiplied). Pix holds H*W*C bytes, row by row, the channels of a pixel together (HWC).
type Image struct {
	H, W, C int
	Pix     []uint8
}

// ColorMode is Keras' color_mode: what a file is converted to. The zero value is Keras' default.
type ColorMode uint8

// The color modes.
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

// MarshalText is String, for JSON.
func (m ColorMode) MarshalText() ([]byte, error) {
	if m.Channels() == 0 {
		return nil, fmt.Errorf("no color mode %d", uint8(m))
	}
	return []byte(m.String()), nil
}

// UnmarshalText is ParseColorMode, for JSON.
func (m *ColorMode) UnmarshalText(text []byte) (err error) {
	*m, err = ParseColorMode(string(text))
	return err
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

// Options say how a file is loaded: decoded, converted, resized, cropped, in this order. The zero value keeps the size
// and gives RGB.
type Options struct {
	// Height and Width are the size to give (Keras' target_size); both 0: as it is.
	Height, Width int
	// ShortSide resizes so that the shorter side has this many pixels and the aspect ratio stays; Height and Width are
	// then 0. The longer side is rounded down: torchvision's Resize(ShortSide).
	ShortSide int
	// ColorMode is Keras' color_mode; the zero value is RGB.
	ColorMode ColorMode
	// Interpolation is how an image is resized; the zero value is Nearest, load_img's default.
	Interpolation Interpolation
	// KeepAspectRatio resizes the largest part in the middle that has the aspect ratio of Height to Width, instead of all
	// of the picture: Keras' keep_aspect_ratio of load_img, and crop_to_aspect_ratio elsewhere.
	KeepAspectRatio bool
	// PadToAspectRatio resizes the image with zeros at two of its sides, so that it has the aspect ratio of Height to
	// Width: Keras' pad_to_aspect_ratio with fill_value 0.
	PadToAspectRatio bool
	// Crop is the height and width of the part in the middle that is kept after resizing; zero keeps all. Where the
	// image is smaller, there are zeros around it: torchvision's CenterCrop.
	Crop [2]int
	// Orient applies the file's EXIF orientation after decoding, as Pillow's ImageOps.exif_transpose. Keras does not.
	Orient bool
}

// Check says what is wrong with the options.
func (o Options) Check() error {
	if o.ColorMode.Channels() == 0 {
		return fmt.Errorf("no color mode %d", uint8(o.ColorMode))
	}
	if o.Interpolation.info() == nil {
		return fmt.Errorf("no interpolation %d", uint8(o.Interpolation))
	}
	whole := o.Height == 0 && o.Width == 0
	switch {
	case o.ShortSide < 0:
		return fmt.Errorf("picture with a shorter side of %d: want at least 1 (or 0 for none)", o.ShortSide)
	case o.ShortSide > 0 && !whole:
		return fmt.Errorf("picture size %dx%d and a shorter side of %d: want one of them", o.Height, o.Width, o.ShortSide)
	case o.KeepAspectRatio && o.PadToAspectRatio:
		return errors.New("KeepAspectRatio crops and PadToAspectRatio pads: want one of them")
	case (o.KeepAspectRatio || o.PadToAspectRatio) && whole:
		return errors.New("KeepAspectRatio and PadToAspectRatio need Height and Width")
	}
	if o.Crop != [2]int{} {
		if err := checkTarget(o.Crop[0], o.Crop[1]); err != nil {
			return fmt.Errorf("crop: %w", err)
		}
	}
	if whole {
		return nil
	}
	return checkTarget(o.Height, o.Width)
}

// Size is the height and width that images get; 0, 0 where it depends on the file.
func (o Options) Size() (height, width int) {
	if o.Crop != [2]int{} {
		return o.Crop[0], o.Crop[1]
	}
	return o.Height, o.Width
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

// ToFloat32 writes the values 0..255 of the image to dst, which has H*W*C elements in HWC order:
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

// Decoder keeps buffers from one image to the next, so that a worker that loads many
// allocates almost nothing. The zero value is ready. A Decoder is for one goroutine at a time, and the
// Image it gives is valid until its next call.
type Decoder struct {
	jpeg    jpegDecoder
	native  []byte // pixels as the file has them
	turned  []byte // by the file's orientation
	mode    []byte // converted
	padded  []byte
	resized []byte
	cropped []byte
	scratch resampler
	values  []float32
}

// Decode is Decode into the Decoder's memory.
func (d *Decoder) Decode(data []byte, mode ColorMode) (Image, error) {
	return d.decodeTurned(data, Options{ColorMode: mode})
}

// decodeTurned decodes, turns and converts.
func (d *Decoder) decodeTurned(data []byte, o Options) (Image, error) {
	if o.ColorMode.Channels() == 0 {
		return Image{}, fmt.Errorf("no color mode %d", uint8(o.ColorMode))
	}
	n, err := d.decode(data, o.ColorMode.Channels())
	if err != nil {
		return Image{}, err
	}
	if o.Orient || Format(data) == "TIFF" {
		n = d.turn(n, orientation(data))
	}
	return d.convert(n, o.ColorMode)
}

// Load is Load into the Decoder's memory.
func (d *Decoder) Load(data []byte, o Options) (Image, error) {
	if err := o.Check(); err != nil {
		return Image{}, err
	}
	if o.Interpolation == BilinearTF {
		return Image{}, fmt.Errorf("interpolation %v gives fractions: use LoadFloat32", o.Interpolation)
	}
	if img, ok, err := d.loadNearest(data, o); ok {
		return img, err
	}
	img, err := d.decodeTurned(data, o)
	if err != nil {
		return Image{}, err
	}
	return d.fit(img, o, budget(len(data)))
}

// LoadFloat32 is Load and ToFloat32 in one. dst has Height*Width*Channels elements; where the
// options keep the file's size, it must fit that.
func (d *Decoder) LoadFloat32(dst []float32, data []byte, o Options) (h, w int, err error) {
	out, h, w, err := d.AppendFloat32(dst[:0:len(dst)], data, o)
	if err == nil && len(out) != len(dst) {
		err = fmt.Errorf("picture %dx%dx%d needs %d elements, the destination has %d", h, w, o.ColorMode.Channels(), len(out), len(dst))
	}
	return h, w, err
}

// AppendFloat32 appends the values 0..255 of a file's image to dst, in HWC order: LoadFloat32 for images whose size
// is not known before.
func (d *Decoder) AppendFloat32(dst []float32, data []byte, o Options) (out []float32, h, w int, err error) {
	if err := o.Check(); err != nil {
		return nil, 0, 0, err
	}
	if o.Interpolation != BilinearTF {
		img, err := d.Load(data, o)
		if err != nil {
			return nil, 0, 0, err
		}
		return appendFloat32(dst, img), img.H, img.W, nil
	}
	img, err := d.decodeTurned(data, o)
	if err != nil {
		return nil, 0, 0, err
	}
	return d.fitTF(dst, img, o, budget(len(data)))
}

// AppendImage is AppendFloat32 for an image that is decoded already. What image/jpeg decodes differs from what
// Pillow does: give files where they are at hand.
func (d *Decoder) AppendImage(dst []float32, m image.Image, o Options) (out []float32, h, w int, err error) {
	if err := o.Check(); err != nil {
		return nil, 0, 0, err
	}
	n, err := d.fromMemory(m)
	if err != nil {
		return nil, 0, 0, err
	}
	img, err := d.convert(n, o.ColorMode)
	if err != nil {
		return nil, 0, 0, err
	}
	limit := budget(len(n.pix))
	if o.Interpolation == BilinearTF {
		return d.fitTF(dst, img, o, limit)
	}
	if img, err = d.fit(img, o, limit); err != nil {
		return nil, 0, 0, err
	}
	return appendFloat32(dst, img), img.H, img.W, nil
}

func appendFloat32(dst []float32, img Image) []float32 {
	n := len(dst)
	dst = growFloats(dst, len(img.Pix))
	_ = ToFloat32(img, dst[n:]) // it has the length
	return dst
}

// grow gives n bytes in *buf's memory.
func grow(buf *[]byte, n int) []byte {
	if cap(*buf) < n {
		*buf = make([]byte, n)
	}
	*buf = (*buf)[:n]
	return *buf
}
