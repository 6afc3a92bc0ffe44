// Package picture loads image files as numbers, as keras.utils.load_img and img_to_array do: it decodes, converts to a color mode,
// resizes, and returns float32 values from 0 to 255. It can also show images: printed as NumPy prints an array, drawn in a
// terminal, or split into color layers.
//
// The pixels equal those of Pillow's Image.open(...).convert(mode) in every bit, for all supported formats: JPEG, PNG, GIF (first frame), BMP,
// TIFF, WebP, and PPM, PGM and PBM. (Package data/picture/internal/jpeg explains why JPEG needs a separate decoder.) As in Pillow and Keras,
// EXIF orientation is ignored unless Options.Orient is set. TIFF files are an exception: Pillow always applies their orientation, and so does
// this package.
//
// Image files may come from untrusted sources. The content determines the format, not the file's name. An image may have at most
// MaxPixels pixels. Its pixels, and the memory for decoding, may each use 16 times the file's size plus 64 MiB, and at least 256 MiB. This
// is checked before memory is allocated. A LargeDecoder allows more. Truncated and corrupt files are errors. (Pillow decodes some corrupt JPEG files, with noise in the image.)
package picture

import (
	"errors"
	"fmt"
	"image"
	"io"
	"math"
)

// Image is an image with H rows, W columns and C bytes per pixel: 1 (gray), 3 (RGB) or 4 (RGBA, not premultiplied). Pix holds H*W*C
// bytes in the order (H, W, C): row by row, with the channels of a pixel together.
type Image struct {
	H, W, C int
	Pix     []uint8
}

// ColorMode is Keras' color_mode, to which an image is converted. The zero value, RGB, is Keras' default.
type ColorMode uint8

// The color modes.
const (
	RGB       ColorMode = iota // 3 channels; "rgb"
	Grayscale                  // 1 channel; "grayscale"
	RGBA                       // 4 channels; "rgba"
)

var colorModes = [...]struct {
	name     string
	channels int
}{RGB: {"rgb", 3}, Grayscale: {"grayscale", 1}, RGBA: {"rgba", 4}}

// String returns Keras' name of the mode: rgb, grayscale or rgba.
func (m ColorMode) String() string {
	if int(m) >= len(colorModes) {
		return fmt.Sprintf("color_mode(%d)", uint8(m))
	}
	return colorModes[m].name
}

// Channels returns the number of channels: 3, 1 or 4. It returns 0 for an unknown mode.
func (m ColorMode) Channels() int {
	if int(m) >= len(colorModes) {
		return 0
	}
	return colorModes[m].channels
}

// MarshalText returns the mode's name, for JSON.
func (m ColorMode) MarshalText() ([]byte, error) {
	if m.Channels() == 0 {
		return nil, fmt.Errorf("unknown color mode %d", uint8(m))
	}
	return []byte(m.String()), nil
}

// UnmarshalText parses the mode's name.
func (m *ColorMode) UnmarshalText(text []byte) (err error) {
	*m, err = ParseColorMode(string(text))
	return err
}

// ParseColorMode returns the mode with the given name: rgb, grayscale or rgba.
func ParseColorMode(name string) (ColorMode, error) {
	for m, c := range colorModes {
		if c.name == name {
			return ColorMode(m), nil
		}
	}
	return 0, fmt.Errorf("unknown color mode %q; use rgb, grayscale or rgba", name)
}

// Options configures how an image is loaded: it is decoded, oriented, converted, padded, resized and cropped, in this order. The
// zero value decodes to RGB and keeps the size.
type Options struct {
	// Height and Width are the size in pixels to which the image is resized (Keras' target_size). Both 0 keep the file's size.
	Height, Width int
	// ShortSide, if positive, resizes the image so that its shorter side has this many pixels. The longer side becomes
	// int(ShortSide*longer/shorter), as in torchvision's Resize(ShortSide). Height and Width must be 0 then.
	ShortSide int
	// ColorMode is Keras' color_mode. The default is RGB.
	ColorMode ColorMode
	// Interpolation is the method of resizing. The default is Nearest, as in load_img.
	Interpolation Interpolation
	// KeepAspectRatio first crops the image to the largest centered part with the aspect ratio of Height to Width. It is
	// load_img's keep_aspect_ratio, and crop_to_aspect_ratio in other functions of Keras.
	KeepAspectRatio bool
	// PadToAspectRatio first pads the image with zeros on two sides to the aspect ratio of Height to Width. It is Keras'
	// pad_to_aspect_ratio with fill_value 0.
	PadToAspectRatio bool
	// ResizeWithPad resizes the image to the largest size with its own aspect ratio that fits into Height and Width, and then pads it
	// with zeros on two sides: tf.image.resize_with_pad, which is pad_to_aspect_ratio of image_dataset_from_directory. It needs the
	// interpolation BilinearTF.
	ResizeWithPad bool
	// Crop is the height and width of the centered part that is kept after resizing. A smaller image is padded with zeros, as in
	// torchvision's CenterCrop. Zero does not crop.
	Crop [2]int
	// Orient applies the file's EXIF orientation after decoding, as Pillow's ImageOps.exif_transpose does. Keras ignores it.
	Orient bool
	// GrayRange, if not zero, is the lowest and the highest value of images with 16 or 32 bits of gray per pixel and of floating-point images: they are
	// scaled so that these become 0 and 255. {0, 65535} keeps all values of 16 bits, {0, 1} those of floating-point images from 0 to 1. By
	// default, values are cut off at 0 and 255, as in Pillow and Keras. Other images are not changed.
	GrayRange [2]float64
}

// Check returns an error if the options are invalid.
func (o Options) Check() error {
	if o.ColorMode.Channels() == 0 {
		return fmt.Errorf("unknown color mode %d", uint8(o.ColorMode))
	}
	if o.Interpolation.info() == nil {
		return fmt.Errorf("unknown interpolation %d", uint8(o.Interpolation))
	}
	whole := o.Height == 0 && o.Width == 0
	switch {
	case o.ShortSide < 0:
		return fmt.Errorf("the shorter side is %d; want at least 1 (or 0 for none)", o.ShortSide)
	case o.ShortSide > 0 && !whole:
		return fmt.Errorf("the size is %dx%d and the shorter side is %d; want only one of them", o.Height, o.Width, o.ShortSide)
	case o.KeepAspectRatio && o.PadToAspectRatio:
		return errors.New("KeepAspectRatio crops and PadToAspectRatio pads; want only one of them")
	case o.ResizeWithPad && (o.KeepAspectRatio || o.PadToAspectRatio):
		return errors.New("ResizeWithPad keeps the aspect ratio; remove KeepAspectRatio and PadToAspectRatio")
	case o.ResizeWithPad && o.Interpolation != BilinearTF:
		return fmt.Errorf("ResizeWithPad supports only the interpolation %v, got %v", BilinearTF, o.Interpolation)
	case (o.KeepAspectRatio || o.PadToAspectRatio || o.ResizeWithPad) && whole:
		return errors.New("KeepAspectRatio, PadToAspectRatio and ResizeWithPad need Height and Width")
	}
	if low, high := o.GrayRange[0], o.GrayRange[1]; o.GrayRange != [2]float64{} && (!(low < high) || math.IsInf(high-low, 0)) {
		return fmt.Errorf("gray range from %v to %v: want two numbers, the lower one first", low, high)
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

// Size returns the height and width of the loaded images in pixels. It is 0, 0 if they depend on the file.
func (o Options) Size() (height, width int) {
	if o.Crop != [2]int{} {
		return o.Crop[0], o.Crop[1]
	}
	return o.Height, o.Width
}

func checkTarget(h, w int) error {
	if h <= 0 || w <= 0 {
		return fmt.Errorf("the size is %dx%d; height and width must be positive (or both 0 to keep the file's size)", h, w)
	}
	if w > MaxPixels/h {
		return fmt.Errorf("the size is %dx%d; at most %d pixels are supported", h, w, MaxPixels)
	}
	return nil
}

// Decode decodes an image file and converts it to a color mode. It fails if the file is truncated, corrupt, too large, or of a format that
// this package does not support.
func Decode(data []byte, mode ColorMode) (Image, error) { return new(Decoder).Decode(data, mode) }

// DecodeReader decodes an image file of size bytes. Memory is allocated as bytes arrive, so a size that is too large is only an error.
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

// Load loads an image file: keras.utils.load_img. It fails if the options are invalid, or if Decode fails for the file. It does not support
// BilinearTF, whose values are not whole numbers; use Decoder.LoadFloat32 for it.
func Load(data []byte, o Options) (Image, error) { return new(Decoder).Load(data, o) }

// ToFloat32 copies the values of an image, 0 to 255, to dst: keras.utils.img_to_array. dst must have H*W*C elements. They
// are in the order (H, W, C).
func ToFloat32(img Image, dst []float32) error {
	if len(dst) != len(img.Pix) {
		return fmt.Errorf("an image of %dx%dx%d needs %d elements, the destination has %d", img.H, img.W, img.C, len(img.Pix), len(dst))
	}
	for i, v := range img.Pix {
		dst[i] = float32(v)
	}
	return nil
}

// Decoder loads images and reuses its buffers, so loading many images allocates almost no memory. The zero value is ready to use.
// Only one goroutine may use a Decoder at a time. An Image that it returns is valid until the next call.
type Decoder struct {
	// MaxPixels is the largest number of pixels of a file's image. 0 is the constant MaxPixels. Files with more have a *PixelsError.
	MaxPixels int
	// MaxMemory, if positive, limits the bytes that an image needs for its pixels further than the size of its file does. Decoding may take as much again. A file that needs more has a
	// *PixelsError with this number.
	MaxMemory int64

	large   limits // of LargeDecoder
	jpeg    jpegDecoder
	native  []byte // pixels in the file's layout
	turned  []byte // oriented
	mode    []byte // converted
	padded  []byte
	resized []byte
	cropped []byte
	scratch resampler
	levels  levels // of the last image
	values  []float32
	inner   []float32 // of ResizeWithPad
}

// Decode is like the function Decode, and returns an Image in the Decoder's memory.
func (d *Decoder) Decode(data []byte, mode ColorMode) (Image, error) {
	return d.decodeTurned(data, Options{ColorMode: mode})
}

// DecodeLevels is Decode with Options.GrayRange.
func (d *Decoder) DecodeLevels(data []byte, mode ColorMode, grayRange [2]float64) (Image, error) {
	o := Options{ColorMode: mode, GrayRange: grayRange}
	if err := o.Check(); err != nil {
		return Image{}, err
	}
	return d.decodeTurned(data, o)
}

// decodeTurned decodes, orients and converts an image.
func (d *Decoder) decodeTurned(data []byte, o Options) (Image, error) {
	if o.ColorMode.Channels() == 0 {
		return Image{}, fmt.Errorf("unknown color mode %d", uint8(o.ColorMode))
	}
	d.levels.reset(o)
	n, err := d.decode(data, o.ColorMode.Channels())
	if err != nil {
		return Image{}, err
	}
	if o.Orient || Format(data) == "TIFF" {
		n = d.turn(n, Orientation(data))
	}
	return d.convert(n, o.ColorMode)
}

// Load is like the function Load, and returns an Image in the Decoder's memory.
func (d *Decoder) Load(data []byte, o Options) (Image, error) {
	if err := o.Check(); err != nil {
		return Image{}, err
	}
	if o.Interpolation == BilinearTF {
		return Image{}, notWhole(o.Interpolation)
	}
	d.levels.reset(o)
	if img, ok, err := d.loadNearest(data, o); ok {
		return img, err
	}
	img, err := d.decodeTurned(data, o)
	if err != nil {
		return Image{}, err
	}
	return d.fit(img, o, len(data))
}

// Fit pads, resizes and crops an image that Decode has returned, as Load does with the options o. size is that of the file in bytes. The color
// mode of the options must be that of the image. The result of Decode and Fit is that of Load, unless the options turn the image by its EXIF orientation, or have a GrayRange: see DecodeLevels. Like
// Load, Fit does not support BilinearTF.
func (d *Decoder) Fit(img Image, o Options, size int) (Image, error) {
	if err := o.Check(); err != nil {
		return Image{}, err
	}
	if o.Interpolation == BilinearTF {
		return Image{}, notWhole(o.Interpolation)
	}
	if c := o.ColorMode.Channels(); c != img.C {
		return Image{}, fmt.Errorf("the image has %d channels; the color mode %v has %d", img.C, o.ColorMode, c)
	}
	if err := img.check(); err != nil {
		return Image{}, err
	}
	return d.fit(img, o, size)
}

func notWhole(how Interpolation) error {
	return fmt.Errorf("interpolation %v does not give whole numbers: use LoadFloat32", how)
}

// LoadFloat32 loads an image file into dst: Load and then ToFloat32. It returns the height and width of the image. dst must have exactly
// h*w*channels elements, even if the size depends on the file. All interpolations are supported.
func (d *Decoder) LoadFloat32(dst []float32, data []byte, o Options) (h, w int, err error) {
	out, h, w, err := d.AppendFloat32(dst[:0:len(dst)], data, o)
	if err == nil && len(out) != len(dst) {
		err = fmt.Errorf("an image of %dx%dx%d needs %d elements, the destination has %d", h, w, o.ColorMode.Channels(), len(out), len(dst))
	}
	return h, w, err
}

// AppendFloat32 is like LoadFloat32, and appends the values to dst. It returns the extended slice. Use it for images whose size is not known in
// advance.
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
	return d.fitTF(dst, img, o, len(data))
}

// AppendImage is like AppendFloat32 for an image that is already decoded. image/jpeg decodes to slightly different pixels than
// Pillow, so pass files to AppendFloat32 if you have them.
func (d *Decoder) AppendImage(dst []float32, m image.Image, o Options) (out []float32, h, w int, err error) {
	if err := o.Check(); err != nil {
		return nil, 0, 0, err
	}
	d.levels.reset(o)
	n, err := d.fromMemory(m)
	if err != nil {
		return nil, 0, 0, err
	}
	img, err := d.convert(n, o.ColorMode)
	if err != nil {
		return nil, 0, 0, err
	}
	if o.Interpolation == BilinearTF {
		return d.fitTF(dst, img, o, len(n.pix))
	}
	if img, err = d.fit(img, o, len(n.pix)); err != nil {
		return nil, 0, 0, err
	}
	return appendFloat32(dst, img), img.H, img.W, nil
}

func appendFloat32(dst []float32, img Image) []float32 {
	n := len(dst)
	dst = growFloats(dst, len(img.Pix))
	_ = ToFloat32(img, dst[n:]) // the length is right
	return dst
}

// grow returns n bytes of *buf, and reallocates it if it is too small.
func grow(buf *[]byte, n int) []byte {
	if cap(*buf) < n {
		*buf = make([]byte, n)
	}
	*buf = (*buf)[:n]
	return *buf
}
