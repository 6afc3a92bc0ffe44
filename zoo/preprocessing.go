package zoo

import (
	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
)

// resized returns the preprocessing of most networks: images are resized by a bilinear filter, without regard to their aspect ratio, before the steps.
func resized(steps ...preprocess.Step) func(height, width int) lince.Preprocessing {
	return func(height, width int) lince.Preprocessing {
		return append(lince.Preprocessing{preprocess.Resize{Height: height, Width: width, Interpolation: picture.Bilinear}}, steps...)
	}
}
