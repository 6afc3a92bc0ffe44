package callback

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"

	"github.com/lince-ml/lince/format/tfevents"
	"github.com/lince-ml/lince/tensor"
)

// images are images of one size with values from 0 to 1: (n, height, width, channels), where channels is 1, 3 or 4.
type images struct {
	n, height, width, channels int
	at                         func(i, y, x, c int) float32
}

// maxImages is the number of images of a variable that are written, as in Keras.
const maxImages = 3

// value returns the images as a value of an event.
func (m images) value(tag string) (tfevents.Value, error) {
	var files [][]byte
	for i := range min(m.n, maxImages) {
		b, err := m.png(i)
		if err != nil {
			return tfevents.Value{}, fmt.Errorf("%s: %w", tag, err)
		}
		files = append(files, b)
	}
	return tfevents.Images(tag, m.width, m.height, files...), nil
}

func (m images) png(i int) ([]byte, error) {
	// As tf.image.convert_image_dtype does: multiply by 255.5, clip and truncate.
	level := func(y, x, c int) uint8 {
		v := float64(m.at(i, y, x, c)) * 255.5
		if math.IsNaN(v) {
			return 0
		}
		return uint8(min(max(v, 0), 255))
	}
	var to image.Image
	r := image.Rect(0, 0, m.width, m.height)
	if m.channels == 1 {
		gray := image.NewGray(r)
		for y := range m.height {
			for x := range m.width {
				gray.SetGray(x, y, color.Gray{Y: level(y, x, 0)})
			}
		}
		to = gray
	} else {
		rgba := image.NewNRGBA(r)
		for y := range m.height {
			for x := range m.width {
				c := color.NRGBA{level(y, x, 0), level(y, x, 1), level(y, x, 2), 255}
				if m.channels == 4 {
					c.A = level(y, x, 3)
				}
				rgba.SetNRGBA(x, y, c)
			}
		}
		to = rgba
	}
	var b bytes.Buffer
	err := png.Encode(&b, to)
	return b.Bytes(), err
}

// weightImages returns a variable as images, as Keras does: without its dimensions of size 1, a bias is a column, a
// matrix is one image that is not higher than wide, an array of rank 3 is an image for each index of the last axis, and
// one of rank 4 is an image for each index of the first. ok is false if that is no image.
func weightImages(shape tensor.Shape, v []float32) (m images, ok bool) {
	var s []int
	for _, n := range shape {
		if n != 1 {
			s = append(s, n)
		}
	}
	if len(v) == 0 {
		return images{}, false
	}
	switch len(s) {
	case 1:
		return images{1, s[0], 1, 1, func(_, y, _, _ int) float32 { return v[y] }}, true
	case 2:
		if s[0] > s[1] {
			return images{1, s[1], s[0], 1, func(_, y, x, _ int) float32 { return v[x*s[1]+y] }}, true
		}
		return images{1, s[0], s[1], 1, func(_, y, x, _ int) float32 { return v[y*s[1]+x] }}, true
	case 3:
		return images{s[2], s[0], s[1], 1, func(i, y, x, _ int) float32 { return v[(y*s[1]+x)*s[2]+i] }}, true
	case 4:
		if s[3] == 3 || s[3] == 4 {
			return images{s[0], s[1], s[2], s[3], func(i, y, x, c int) float32 { return v[((i*s[1]+y)*s[2]+x)*s[3]+c] }}, true
		}
	}
	return images{}, false
}

// exampleImage returns an image of the data, shape (height, width, channels). Values from 0 to 1 are shown as they are,
// values from 0 to 255 are divided by 255, and other ranges are stretched to black and white.
func exampleImage(t *tensor.Tensor) images {
	s, v := t.Shape(), float32s(t)
	low, high := float32(0), float32(0)
	for _, x := range v {
		low, high = min(low, x), max(high, x)
	}
	scale := float32(1)
	switch {
	case low >= 0 && high <= 1:
	case low >= 0 && high <= 255:
		scale = 1. / 255
	default:
		scale = 1 / (high - low)
	}
	return images{1, s[0], s[1], s[2], func(_, y, x, c int) float32 { return (v[(y*s[1]+x)*s[2]+c] - low) * scale }}
}
