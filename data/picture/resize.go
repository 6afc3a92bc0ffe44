package picture

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Interpolation is how an image is resized. The zero value is Nearest, which is load_img's default.
type Interpolation uint8

// The interpolations. All but BilinearTF are Pillow's, which is what Keras' load_img and ImageDataGenerator use:
// when they shrink an image they average over all of it ("antialias"). BilinearTF is TensorFlow's tf.image.resize,
// which image_dataset_from_directory uses: it looks at four pixels however much it shrinks.
const (
	Nearest Interpolation = iota
	Bilinear
	Bicubic
	Hamming
	Box
	Lanczos
	BilinearTF
)

// interpolations lists the names, and for Pillow's filters the support and the function.
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

// String is Keras' name of the interpolation, and "bilinear-tf".
func (i Interpolation) String() string {
	if info := i.info(); info != nil {
		return info.name
	}
	return fmt.Sprintf("interpolation(%d)", uint8(i))
}

// MarshalText is String, for JSON.
func (i Interpolation) MarshalText() ([]byte, error) {
	if i.info() == nil {
		return nil, fmt.Errorf("no interpolation %d", uint8(i))
	}
	return []byte(i.String()), nil
}

// UnmarshalText is ParseInterpolation, for JSON.
func (i *Interpolation) UnmarshalText(text []byte) (err error) {
	*i, err = ParseInterpolation(string(text))
	return err
}

// ParseInterpolation is the inverse of String.
func ParseInterpolation(name string) (Interpolation, error) {
	for i, info := range interpolations {
		if info.name == name {
			return Interpolation(i), nil
		}
	}
	return 0, fmt.Errorf("no interpolation %q: use nearest, bilinear, bicubic, hamming, box, lanczos or bilinear-tf", name)
}

// Resize gives the image in another size, as Pillow's Image.resize. BilinearTF gives fractions: use ResizeTF.
func Resize(img Image, height, width int, how Interpolation) (Image, error) {
	if err := img.check(); err != nil {
		return Image{}, err
	}
	if err := checkTarget(height, width); err != nil {
		return Image{}, err
	}
	if how.info() == nil || how == BilinearTF {
		return Image{}, fmt.Errorf("interpolation %v: Resize does nearest, bilinear, bicubic, hamming, box and lanczos; ResizeTF does bilinear-tf", how)
	}
	out := Image{H: height, W: width, C: img.C, Pix: make([]uint8, height*width*img.C)}
	new(resampler).resize(out, img, img.whole(), how)
	return out, nil
}

func (img Image) check() error {
	if img.H <= 0 || img.W <= 0 || img.C != 1 && img.C != 3 && img.C != 4 || len(img.Pix) != img.H*img.W*img.C {
		return fmt.Errorf("picture %dx%dx%d with %d bytes: want positive sizes, 1, 3 or 4 channels and height*width*channels bytes",
			img.H, img.W, img.C, len(img.Pix))
	}
	return nil
}

// crop is a part of an image.
type crop struct{ y, x, h, w int }

func (img Image) whole() crop { return crop{h: img.H, w: img.W} }

// aspectCrop is the largest part, in the middle of the image, that has the aspect ratio of height to
// width: load_img's keep_aspect_ratio.
func (img Image) aspectCrop(height, width int) crop {
	c := crop{h: max(1, min(img.H, img.W*height/width)), w: max(1, min(img.W, img.H*width/height))}
	c.y, c.x = (img.H-c.h)/2, (img.W-c.w)/2
	return c
}

// resize fills out, of any size, from a part of img.
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

// nearest is Pillow's ImagingScaleAffine: positions by accumulation of the step, which
// gives other pixels than multiplication in about a third of all sizes.
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

// positions are the columns and rows of img that those of an image of height x width are taken from.
func (r *resampler) positions(height, width int, img Image, from crop) (xs, ys []int) {
	if cap(r.index) < width+height {
		r.index = make([]int, width+height)
	}
	xs, ys = r.index[:width], r.index[width:][:height]
	positions(xs, axis{width, img.W, from.x, from.w})
	positions(ys, axis{height, img.H, from.y, from.h})
	return xs, ys
}

// positions sets the source index of each output pixel; -1 where accumulation led past the end: Pillow leaves
// those black.
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
			if o := dst[3*x:]; len(o) >= 4 && sx >= 0 && 3*sx+4 <= len(src) { // four bytes, of which the next pixel has the last
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

// ResizeTF writes the image in another size to dst, height*width*C elements in HWC order with values 0..255, as
// tf.image.resize(method="bilinear") does: half-pixel centres, no antialias, float32. (The JPEG decoder behind
// image_dataset_from_directory is not Pillow's: TensorFlow has libjpeg use a faster, less exact inverse DCT.)
func ResizeTF(dst []float32, img Image, height, width int) error {
	if err := img.check(); err != nil {
		return err
	}
	if err := checkTarget(height, width); err != nil {
		return err
	}
	if len(dst) != height*width*img.C {
		return fmt.Errorf("picture %dx%dx%d needs %d elements, the destination has %d", height, width, img.C, height*width*img.C, len(dst))
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
				// float32 after each step: no fused multiply-add
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
