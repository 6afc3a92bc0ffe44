package data

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/lince-ml/lince/internal/mt19937"
	"github.com/lince-ml/lince/tensor"
)

// This file has augmentations that need whole batches, or targets. Both change training batches as they come from a dataset, after the images
// were rescaled or normalized. Batch t of epoch e is a function of the seed, e and t, so that training can be resumed.

// MixUpOptions configures MixUp. The zero value has Keras' defaults.
type MixUpOptions struct {
	// Alpha is the parameter of the beta distribution (alpha). Greater than 0. The default is 0.2.
	Alpha float64
	// Seed is the seed of the random numbers.
	Seed uint32
}

// MixUp makes a dataset whose images and targets are mixed with others of their batch, as keras.layers.MixUp does with a dictionary of images and labels. With a
// weight t, drawn from the beta distribution of Alpha and Alpha for each example, and a random permutation p of the batch:
//
//	x'[i] = t[i]*x[i] + (1-t[i])*x[p[i]]
//	y'[i] = t[i]*y[i] + (1-t[i])*y[p[i]]
//
// The weights and permutations are not those that Keras draws for a seed. Targets must be float32 and numbers that can be mixed: one-hot vectors
// (Categorical) or probabilities (Binary), not class indexes of several classes (Sparse). It returns an error for a dataset without X and Y, with class indexes as targets, or
// if Alpha is out of range.
//
// Source: Zhang et al., 2018 (mixup: beyond empirical risk minimization).
func MixUp(ds Dataset, o MixUpOptions) (*Mapped, error) {
	if o.Alpha == 0 {
		o.Alpha = .2
	}
	if !(o.Alpha > 0) || math.IsInf(o.Alpha, 0) {
		return nil, fmt.Errorf("MixUp: Alpha must be greater than 0, got %v", o.Alpha)
	}
	if ds == nil {
		return nil, errors.New("MixUp: the dataset is nil")
	}
	x, y := ds.Spec()
	if x == nil || y == nil {
		return nil, errors.New("MixUp: the dataset has no images or no targets")
	}
	f, isFlow := ds.(*Flow)
	l, isLabeled := ds.(Labeled)
	if isFlow && (f.o.ClassMode == Sparse || f.o.ClassMode == intLabels) || isLabeled && len(l.Classes()) > 2 && len(y) == 1 {
		return nil, errors.New("MixUp: the targets are class indexes, which cannot be mixed; use one-hot vectors (Categorical)")
	}
	var scratch sync.Pool
	mix := func(b Batch, epoch, step int) (Batch, error) {
		n := b.X.Shape()[0]
		if b.X.DType() != tensor.Float32 || b.Y.DType() != tensor.Float32 {
			return b, fmt.Errorf("MixUp: images and targets must be float32, got %v and %v", b.X.DType(), b.Y.DType())
		}
		r := batchRandom(o.Seed, epoch, step, "mixup")
		weights := make([]float32, n)
		for i := range weights {
			weights[i] = float32(beta(r, o.Alpha))
		}
		other := r.Permutation(n)
		buffer, _ := scratch.Get().(*[]float32)
		if buffer == nil {
			buffer = new([]float32)
		}
		defer scratch.Put(buffer)
		for _, t := range []*tensor.Tensor{b.X, b.Y} {
			v := t.Float32s()
			*buffer = append((*buffer)[:0], v...)
			k := len(v) / n
			for i, w := range weights {
				to, with := v[i*k:(i+1)*k], (*buffer)[other[i]*k:(other[i]+1)*k]
				for j, x := range to {
					to[j] = float32(w*x) + float32((1-w)*with[j])
				}
			}
		}
		return b, nil
	}
	return Map(ds, mix, MapOptions{Name: fmt.Sprintf("MixUp %v %d", o.Alpha, o.Seed)})
}

// RandomErasingOptions configures RandomErasing. The zero value has Keras' defaults, except for FillValue.
type RandomErasingOptions struct {
	// Factor is the probability with which an image is changed. From 0 to 1. The default, nil, is 1. (In Keras, the probability is itself
	// drawn from a range.)
	Factor *float64
	// Scale is the range of the fractions of the image's area. The zero value is 0.02 to 0.33 (scale).
	Scale [2]float64
	// FillValue is the value of erased pixels, in the range of the model's input (fill_value). The default is 0, as in cutout; Keras' default is noise.
	FillValue float32
	// Seed is the seed of the random numbers.
	Seed uint32
}

// RandomErasing makes a dataset whose images have a random rectangle of one value, as keras.layers.RandomErasing does. The height and the width of the rectangle are
// those of the image times the square roots of two numbers drawn from Scale, and its place is random. It is not where Keras draws it for a seed. Targets are
// unchanged. It returns an error if the dataset has no images, or if an option is out of range.
//
// Sources: Zhong et al., 2020 (Random erasing data augmentation); DeVries and Taylor, 2017 (Improved regularization of convolutional neural networks
// with cutout).
func RandomErasing(ds Dataset, o RandomErasingOptions) (*Mapped, error) {
	if o.Factor == nil {
		o.Factor = new(1.)
	}
	if o.Scale == ([2]float64{}) {
		o.Scale = [2]float64{.02, .33}
	}
	lo, hi := o.Scale[0], o.Scale[1]
	switch {
	case !(*o.Factor >= 0 && *o.Factor <= 1):
		return nil, fmt.Errorf("RandomErasing: Factor must be from 0 to 1, got %v", *o.Factor)
	case !(lo >= 0 && lo <= hi && hi <= 1):
		return nil, fmt.Errorf("RandomErasing: Scale must be a range of fractions from 0 to 1, got %v to %v", lo, hi)
	case ds == nil:
		return nil, errors.New("RandomErasing: the dataset is nil")
	}
	if x, _ := ds.Spec(); len(x) != 4 {
		return nil, fmt.Errorf("RandomErasing: the dataset has no images: its inputs have shape %v", x)
	}
	erase := func(b Batch, epoch, step int) (Batch, error) {
		s := b.X.Shape()
		if b.X.DType() != tensor.Float32 {
			return b, fmt.Errorf("RandomErasing: images must be float32, got %v", b.X.DType())
		}
		r := batchRandom(o.Seed, epoch, step, "erase")
		for i := range s[0] {
			happens := r.Float64() < *o.Factor // all numbers are drawn in any case
			y0, y1 := span(r, lo, hi, s[1])
			x0, x1 := span(r, lo, hi, s[2])
			if !happens {
				continue
			}
			v := b.X.Row(i).Float32s()
			for y := y0; y < y1; y++ {
				row := v[(y*s[2]+x0)*s[3] : (y*s[2]+x1)*s[3]]
				for j := range row {
					row[j] = o.FillValue
				}
			}
		}
		return b, nil
	}
	return Map(ds, erase, MapOptions{Name: fmt.Sprintf("RandomErasing %v %v %v %d", *o.Factor, o.Scale, o.FillValue, o.Seed)})
}

// span draws the side of a rectangle: the pixels from first to before end, of n.
func span(r *mt19937.Rand, lo, hi float64, n int) (first, end int) {
	side := float64(math.Sqrt(r.Uniform(lo, hi)) * float64(n))
	at := float64(r.Float64() * (float64(n) - side))
	// As in Keras, a pixel is in the rectangle if its index is at least the start and less than the end.
	return int(math.Ceil(at)), min(int(math.Ceil(float64(at+side))), n)
}

// batchRandom returns the random stream of a batch for a purpose. Streams of neighboring batches and of other purposes are unrelated.
func batchRandom(seed uint32, epoch, step int, purpose string) *mt19937.Rand {
	h := uint64(seed) ^ 0x9e3779b97f4a7c15
	mix := func(v uint64) { // splitmix64
		h += v + 0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	mix(uint64(epoch))
	mix(uint64(step))
	for _, c := range []byte(purpose) {
		mix(uint64(c))
	}
	return mt19937.New(uint32(h >> 32))
}

// beta draws a number from the beta distribution of a and a, with Jöhnk's method, for which small a is fast. For a above 1, it
// divides gamma numbers.
func beta(r *mt19937.Rand, a float64) float64 {
	if a <= 1 {
		for {
			// Logarithms, because the powers are 0 if a is small.
			x, y := math.Log(1-r.Float64())/a, math.Log(1-r.Float64())/a
			m := math.Max(x, y)
			sum := float64(m + math.Log(math.Exp(x-m)+math.Exp(y-m)))
			if sum <= 0 {
				return math.Exp(x - sum)
			}
		}
	}
	x, y := gamma(r, a), gamma(r, a)
	return x / (x + y)
}

// gamma draws a number from the gamma distribution of a >= 1 (Marsaglia and Tsang, 2000).
func gamma(r *mt19937.Rand, a float64) float64 {
	d := a - 1./3
	c := 1 / math.Sqrt(9*d)
	for {
		z := math.Sqrt(-2*math.Log(1-r.Float64())) * math.Cos(2*math.Pi*r.Float64()) // Box and Muller
		v := 1 + float64(c*z)
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-r.Float64()) < float64(z*z)/2+d-float64(d*v)+float64(d*math.Log(v)) {
			return d * v
		}
	}
}
