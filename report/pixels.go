package report

import (
	"fmt"
	"image"

	"github.com/lince-ml/lince/data/picture"
)

// Pixels makes an image, as picture.FromPixels does, from pixel values between 0 and 255, in the order height, width, channels.
// One channel is gray, three are RGB, four are RGBA without premultiplied alpha. Values are
// rounded and clipped to the range; NaN becomes 0.
//
// It returns an error if a dimension is not positive, if channels is not 1, 3 or 4, or if the
// number of values is not height * width * channels.
func Pixels[T uint8 | float32](height, width, channels int, values []T) (image.Image, error) {
	m, err := picture.FromPixels(height, width, channels, values)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return m, nil
}
