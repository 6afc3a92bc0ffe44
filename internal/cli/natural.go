package cli

import (
	"math"

	"github.com/lince-ml/lince/internal/mt19937"
	"github.com/lince-ml/lince/tensor"
)

// The statistics of photos: the mean color of ImageNet, from 0 to 1, and the variances and directions of the principal components of its colors
// (Krizhevsky et al., 2012).
var (
	photoMean       = [3]float64{.485, .456, .406}
	photoVariances  = [3]float64{.2175, .0188, .0045}
	photoComponents = [3][3]float64{{.5675, .5808, .5836}, {.7192, -.0045, -.6948}, {.4009, -.8140, .4203}}
)

// naturalImages returns images of noise with values from 0 to 255 that have the statistics of photos: their colors, and a spectrum whose power falls with the
// square of the frequency (Field, 1987). The first convolution of a network is linear, so its results have the mean and variance that photos have.
func naturalImages(n, h, w, channels int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, n, h, w, channels)
	random := mt19937.New(naturalSeed)
	for i := range n {
		var fields [3][]float64
		for k := range fields {
			fields[k] = octaves(random, h, w)
		}
		row := x.Row(i).Float32s()
		for p := range h * w {
			var rgb [3]float64
			gray := 0.
			for c := range rgb {
				v := photoMean[c]
				for k, f := range fields {
					v += photoComponents[k][c] * math.Sqrt(photoVariances[k]) * f[p]
				}
				rgb[c] = 255 * min(max(v, 0), 1)
				gray += rgb[c] / 3
			}
			pixel := row[p*channels:][:channels]
			for c := range pixel {
				switch {
				case channels < 3:
					pixel[c] = float32(gray)
				case c < 3:
					pixel[c] = float32(rgb[c])
				default: // alpha
					pixel[c] = 255
				}
			}
		}
	}
	return x
}

// naturalSeed is the seed of naturalImages: the same model always gets the same images.
const naturalSeed = 1

// octaves returns noise of mean 0 and variance 1: the sum of grids of random values, each twice as fine as the one before and of the same variance.
func octaves(random *mt19937.Rand, h, w int) []float64 {
	out := make([]float64, h*w)
	levels := 0
	for cells := 1; cells == 1 || 2*cells <= max(h, w); cells *= 2 {
		levels++
		grid := make([]float64, (cells+1)*(cells+1))
		for i := range grid {
			grid[i] = random.Uniform(-1, 1)
		}
		for y := range h {
			top, down := math.Modf(float64(y) * float64(cells) / float64(h))
			for x := range w {
				left, right := math.Modf(float64(x) * float64(cells) / float64(w))
				at := grid[int(top)*(cells+1)+int(left):]
				upper := at[0]*(1-right) + at[1]*right
				lower := at[cells+1]*(1-right) + at[cells+2]*right
				out[y*w+x] += upper*(1-down) + lower*down
			}
		}
	}
	// The variance of a value is 1/3, and 4/9 of it after the interpolation.
	scale := math.Sqrt(3 * 9. / 4 / float64(levels))
	for i := range out {
		out[i] *= scale
	}
	return out
}
