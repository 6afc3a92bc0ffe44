package picture

import (
	"fmt"
	"math"
)

// Interpolation is how a picture is resized. The zero value is Nearest, which is load_img's default.
type Interpolation uint8

// The interpolations. All but BilinearTF are Pillow's, which is what Keras' load_img and ImageDataGenerator use:
// when they shrink a picture they average over all of it ("antialias"). BilinearTF is TensorFlow's tf.image.resize,
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

// ParseInterpolation is the inverse of String.
func ParseInterpolation(name string) (Interpolation, error) {
	for i, info := range interpolations {
		if info.name == name {
			return Interpolation(i), nil
		}
	}
	return 0, fmt.Errorf("no interpolation %q: use nearest, bilinear, bicubic, hamming, box, lanczos or bilinear-tf", name)
}

// Resize gives the picture in another size, as Pillow's Image.resize. BilinearTF gives fractions: use ResizeTF.
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
	new(resampler).resize(out, img, how)
	return out, nil
}

func (img Image) check() error {
	if img.H <= 0 || img.W <= 0 || img.C != 1 && img.C != 3 && img.C != 4 || len(img.Pix) != img.H*img.W*img.C {
		return fmt.Errorf("picture %dx%dx%d with %d bytes: want positive sizes, 1, 3 or 4 channels and height*width*channels bytes",
			img.H, img.W, img.C, len(img.Pix))
	}
	return nil
}

// resize fills out, of any size, from img.
func (r *resampler) resize(out, img Image, how Interpolation) {
	switch {
	case out.H == img.H && out.W == img.W:
		copy(out.Pix, img.Pix)
	case how == Nearest:
		nearest(out, img, &r.index)
	case img.C == 4:
		r.premultiplied(out, img, how.info())
	default:
		r.resample(out, img, how.info())
	}
}

// nearest is Pillow's ImagingScaleAffine: positions by accumulation of the step, which
// gives other pixels than multiplication in about a third of all sizes.
func nearest(out, img Image, index *[]int) {
	xs := positions(index, out.W, img.W)
	step := float64(img.H) / float64(out.H)
	at := step * .5
	row := out.W * out.C
	last := -1 // the source row that the previous output row was made from
	for y := range out.H {
		sy := int(at)
		at += step
		dst := out.Pix[y*row:][:row]
		switch {
		case sy >= img.H: // accumulated past the end: Pillow leaves it black
			clear(dst)
		case sy == last:
			copy(dst, out.Pix[(y-1)*row:])
		default:
			pickRow(dst, img.Pix[sy*img.W*img.C:][:img.W*img.C], xs, img.C)
			last = sy
		}
	}
}

func pickRow(dst, src []byte, xs []int, c int) {
	if c == 3 {
		for x, sx := range xs {
			o := dst[3*x:][:3]
			if sx < 0 {
				clear(o)
				continue
			}
			s := src[3*sx:][:3]
			o[0], o[1], o[2] = s[0], s[1], s[2]
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

// positions are the source indexes of n output pixels; -1 for those past the end.
func positions(index *[]int, n, from int) []int {
	if cap(*index) < n {
		*index = make([]int, n)
	}
	xs := (*index)[:n]
	step := float64(from) / float64(n)
	at := step * .5
	for i := range xs {
		xs[i] = int(at)
		if xs[i] >= from {
			xs[i] = -1
		}
		at += step
	}
	return xs
}

// ResizeTF writes the picture in another size to dst, height*width*C elements in HWC order with values 0..255, as
// tf.image.resize(method="bilinear") does: half-pixel centres, no antialias, float32.
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
	if height == img.H && width == img.W {
		return ToFloat32(img, dst)
	}
	xs, ys := tapsTF(width, img.W), tapsTF(height, img.H)
	row := img.W * img.C
	for y, ty := range ys {
		top, bottom := img.Pix[ty.lower*row:][:row], img.Pix[ty.upper*row:][:row]
		for x, tx := range xs {
			for c := range img.C {
				l, r := tx.lower*img.C+c, tx.upper*img.C+c
				// float32 after each step: no fused multiply-add
				a := float32(top[l]) + float32((float32(top[r])-float32(top[l]))*tx.lerp)
				b := float32(bottom[l]) + float32((float32(bottom[r])-float32(bottom[l]))*tx.lerp)
				dst[(y*width+x)*img.C+c] = a + float32((b-a)*ty.lerp)
			}
		}
	}
	return nil
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
