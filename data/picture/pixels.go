package picture

import (
	"fmt"
	"image"
)

// FromPixels makes an image from pixel values between 0 and 255, in the order height, width, channels.
// One channel is gray, three are RGB, four are RGBA without premultiplied alpha. Values are
// rounded and clipped to the range; NaN becomes 0.
//
// It returns an error if a dimension is not positive, if channels is not 1, 3 or 4, or if the
// number of values is not height * width * channels.
func FromPixels[T uint8 | float32](height, width, channels int, values []T) (image.Image, error) {
	if height <= 0 || width <= 0 || channels != 1 && channels != 3 && channels != 4 {
		return nil, fmt.Errorf("an image of shape (%d, %d, %d), want (height, width, channels) with 1, 3 or 4 channels", height, width, channels)
	}
	if len(values)/channels/width != height || len(values) != height*width*channels {
		return nil, fmt.Errorf("%d values for an image of shape (%d, %d, %d)", len(values), height, width, channels)
	}
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range height * width {
		in, out := values[i*channels:][:channels], m.Pix[4*i:][:4]
		switch channels {
		case 1:
			v := level(in[0])
			out[0], out[1], out[2], out[3] = v, v, v, 255
		default:
			out[3] = 255
			for j, v := range in {
				out[j] = level(v)
			}
		}
	}
	return m, nil
}

func level[T uint8 | float32](v T) uint8 {
	f := float32(v)
	switch {
	case f >= 255:
		return 255
	case f > 0:
		return uint8(f + .5)
	default: // NaN too
		return 0
	}
}
