package picture

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Interpolation is the method of resizing an image. The zero value, Nearest, is load_img's default.
type Interpolation uint8

// The interpolations, with Keras' names. All but BilinearTF are Pillow's, which Keras' load_img and ImageDataGenerator use. Radii are in
// source pixels. If an image shrinks by a factor, the radii of Bilinear to Lanczos grow by this factor ("antialias"), so that all pixels
// count. BilinearTF is TensorFlow's tf.image.resize, which image_dataset_from_directory uses. It computes each pixel from four pixels,
// however much the image shrinks.
const (
	Nearest    Interpolation = iota // "nearest": the nearest pixel
	Bilinear                        // "bilinear": a triangle filter of radius 1
	Bicubic                         // "bicubic": a cubic filter with a = -0.5 and radius 2
	Hamming                         // "hamming": a sinc filter in a Hamming window, radius 1
	Box                             // "box": the mean of a pixel's area, radius 1/2
	Lanczos                         // "lanczos": a sinc filter in a Lanczos window, radius 3
	BilinearTF                      // "bilinear-tf": gives values that are not whole numbers
)

// interpolations lists the names, and the support and the function of Pillow's filters.
var interpolations = [...]interpolation{
	Nearest:    {name: "nearest"},
	Bilinear:   {"bilinear", 1, triangle},
	Bicubic:    {"bicubic", 2, bicubic},
	Hamming:    {"hamming", 1, hamming},
	Box:        {"box", .5, box},
	Lanczos:    {"lanczos", 3, lanczos},
	BilinearTF: {name: "bilinear-tf"},
}

type interpolation struct {
	name    string
	support float64
	filter  func(x float64) float64
}

func (i Interpolation) info() *interpolation {
	if int(i) >= len(interpolations) {
		return nil
	}
	return &interpolations[i]
}

// String returns the name of the interpolation. It is Keras' name, such as "bilinear", except for "bilinear-tf".
func (i Interpolation) String() string {
	if info := i.info(); info != nil {
		return info.name
	}
	return fmt.Sprintf("interpolation(%d)", uint8(i))
}

// MarshalText returns the interpolation's name, for JSON.
func (i Interpolation) MarshalText() ([]byte, error) {
	if i.info() == nil {
		return nil, fmt.Errorf("unknown interpolation %d", uint8(i))
	}
	return []byte(i.String()), nil
}

// UnmarshalText parses the interpolation's name.
func (i *Interpolation) UnmarshalText(text []byte) (err error) {
	*i, err = ParseInterpolation(string(text))
	return err
}

// ParseInterpolation returns the interpolation with the given name: nearest, bilinear, bicubic, hamming, box, lanczos or bilinear-tf.
func ParseInterpolation(name string) (Interpolation, error) {
	for i, info := range interpolations {
		if info.name == name {
			return Interpolation(i), nil
		}
	}
	return 0, fmt.Errorf("unknown interpolation %q; use nearest, bilinear, bicubic, hamming, box, lanczos or bilinear-tf", name)
}

// Resize resizes an image to height x width pixels, as Pillow's Image.resize does. It fails if img is invalid or a size is not positive. It
// does not support BilinearTF; use ResizeTF for it.
func Resize(img Image, height, width int, how Interpolation) (Image, error) {
	if err := img.check(); err != nil {
		return Image{}, err
	}
	if err := checkTarget(height, width); err != nil {
		return Image{}, err
	}
	if how.info() == nil || how == BilinearTF {
		return Image{}, fmt.Errorf("Resize does not support the interpolation %v; want nearest, bilinear, bicubic, hamming, box or lanczos (ResizeTF does bilinear-tf)", how)
	}
	out := Image{H: height, W: width, C: img.C, Pix: make([]uint8, height*width*img.C)}
	new(resampler).resize(out, img, img.whole(), how)
	return out, nil
}

func (img Image) check() error {
	if img.H <= 0 || img.W <= 0 || img.C != 1 && img.C != 3 && img.C != 4 || len(img.Pix) != img.H*img.W*img.C {
		return fmt.Errorf("image of %dx%dx%d with %d bytes; want positive sizes, 1, 3 or 4 channels, and height*width*channels bytes",
			img.H, img.W, img.C, len(img.Pix))
	}
	return nil
}

// crop is a rectangle of an image.
type crop struct{ y, x, h, w int }

func (img Image) whole() crop { return crop{h: img.H, w: img.W} }

// aspectCrop returns the largest centered part with the aspect ratio of height to width: load_img's keep_aspect_ratio.
func (img Image) aspectCrop(height, width int) crop {
	c := crop{h: max(1, min(img.H, img.W*height/width)), w: max(1, min(img.W, img.H*width/height))}
	c.y, c.x = (img.H-c.h)/2, (img.W-c.w)/2
	return c
}

// resize fills out, which may have any size, from a part of img.
func (r *resampler) resize(out, img Image, from crop, how Interpolation) {
	switch {
	case out.H == img.H && out.W == img.W && from == img.whole():
		copy(out.Pix, img.Pix)
	case how == Nearest:
		r.nearest(out, img, from)
	case img.C == 4:
		r.premultiplied(out, img, from, how.info())
	default:
		r.resample(out, img, from, how.info())
	}
}

// nearest is Pillow's ImagingScaleAffine. It computes positions by adding the step repeatedly. A multiplication would give other
// pixels for about a third of all sizes.
func (r *resampler) nearest(out, img Image, from crop) {
	xs, ys := r.positions(out.H, out.W, img, from)
	row := out.W * out.C
	for y, sy := range ys {
		dst := out.Pix[y*row:][:row]
		switch {
		case sy < 0:
			clear(dst)
		case y > 0 && sy == ys[y-1]:
			copy(dst, out.Pix[(y-1)*row:])
		default:
			pickRow(dst, img.Pix[sy*img.W*img.C:][:img.W*img.C], xs, img.C)
		}
	}
}

// positions returns the columns and rows of img from which the columns and rows of a height x width image are taken.
func (r *resampler) positions(height, width int, img Image, from crop) (xs, ys []int) {
	if cap(r.index) < width+height {
		r.index = make([]int, width+height)
	}
	xs, ys = r.index[:width], r.index[width:][:height]
	positions(xs, axis{width, img.W, from.x, from.w})
	positions(ys, axis{height, img.H, from.y, from.h})
	return xs, ys
}

// positions computes the source index of each output pixel. It is -1 if the sum of the steps passes the end. Pillow leaves those
// pixels black.
func positions(at []int, a axis) {
	step := float64(a.size) / float64(a.n)
	p := float64(a.lo) + float64(step*.5)
	for i := range at {
		at[i] = int(p)
		if at[i] >= a.from {
			at[i] = -1
		}
		p += step
	}
}

func pickRow(dst, src []byte, xs []int, c int) {
	if c == 3 {
		for x, sx := range xs {
			if o := dst[3*x:]; len(o) >= 4 && sx >= 0 && 3*sx+4 <= len(src) { // copy four bytes; the next pixel overwrites the last
				binary.LittleEndian.PutUint32(o, binary.LittleEndian.Uint32(src[3*sx:]))
			} else if sx < 0 {
				clear(o[:3])
			} else {
				copy(o[:3], src[3*sx:])
			}
		}
		return
	}
	for x, sx := range xs {
		if sx < 0 {
			clear(dst[x*c:][:c])
			continue
		}
		copy(dst[x*c:][:c], src[sx*c:])
	}
}

// ResizeTF resizes an image as tf.image.resize(method="bilinear") does: half-pixel centers, no antialias, float32. dst has
// height*width*C elements in the order (H, W, C) and gets values from 0 to 255. ResizeTF fails if dst has the wrong length.
// (Images from image_dataset_from_directory may still differ slightly: TensorFlow decodes JPEG files with a faster, less exact
// inverse DCT.)
func ResizeTF(dst []float32, img Image, height, width int) error {
	if err := img.check(); err != nil {
		return err
	}
	if err := checkTarget(height, width); err != nil {
		return err
	}
	if len(dst) != height*width*img.C {
		return fmt.Errorf("an image of %dx%dx%d needs %d elements, the destination has %d", height, width, img.C, height*width*img.C, len(dst))
	}
	resizeTF(dst, img, img.whole(), height, width)
	return nil
}

func resizeTF(dst []float32, img Image, from crop, height, width int) {
	xs, ys := tapsTF(width, from.w), tapsTF(height, from.h)
	row := img.W * img.C
	for y, ty := range ys {
		top, bottom := img.Pix[(from.y+ty.lower)*row:][:row], img.Pix[(from.y+ty.upper)*row:][:row]
		for x, tx := range xs {
			for c := range img.C {
				l, r := (from.x+tx.lower)*img.C+c, (from.x+tx.upper)*img.C+c
				// Round to float32 after each step: no fused multiply-add.
				a := float32(top[l]) + float32((float32(top[r])-float32(top[l]))*tx.lerp)
				b := float32(bottom[l]) + float32((float32(bottom[r])-float32(bottom[l]))*tx.lerp)
				dst[(y*width+x)*img.C+c] = a + float32((b-a)*ty.lerp)
			}
		}
	}
}

type tapTF struct {
	lower, upper int
	lerp         float32
}

func tapsTF(n, from int) []tapTF {
	taps := make([]tapTF, n)
	scale := float32(from) / float32(n)
	for i := range taps {
		at := float32((float32(i)+.5)*scale) - .5
		floor := float32(math.Floor(float64(at)))
		t := &taps[i]
		t.upper = min(int(math.Ceil(float64(at))), from-1)
		t.lower = min(max(int(floor), 0), t.upper)
		t.lerp = at - floor
	}
	return taps
}
