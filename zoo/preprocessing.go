package zoo

import (
	"github.com/lince-ml/lince"
	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/layer"
)

// resized returns the preprocessing of most networks: images are resized by a bilinear filter, without regard to their aspect ratio, before the steps.
func resized(steps ...preprocess.Step) func(height, width int) lince.Preprocessing {
	return func(height, width int) lince.Preprocessing {
		return append(lince.Preprocessing{preprocess.Resize{Height: height, Width: width, Interpolation: picture.Bilinear}}, steps...)
	}
}

// imageNetNormalization returns the layer that subtracts ImageNet's means and divides by its deviations, for pixels from 0 to most.
func imageNetNormalization(most float64, name string) layer.Layer {
	l := layer.Normalization{Axis: []int{3}, Name: name}
	for i, s := range imageNetDeviations {
		s *= most
		l.Mean, l.Variance = append(l.Mean, imageNetMeans[i]*most), append(l.Variance, s*s)
	}
	return l
}

// The means and standard deviations of the channels of ImageNet's images, for pixels from 0 to 1.
var (
	imageNetMeans      = []float64{.485, .456, .406}
	imageNetDeviations = []float64{.229, .224, .225}
)
