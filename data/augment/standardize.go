package augment

import "math"

// standardize is ImageDataGenerator.standardize on one image.
func (k *Worker) standardize(pix []float32, l layout) {
	g := &k.g
	if g.PreprocessingFunction != nil {
		g.PreprocessingFunction(pix, k.h, k.w, k.c)
	}
	if !l.scaled && k.rescale != 1 {
		for i := range pix {
			pix[i] *= k.rescale
		}
	}
	if g.SamplewiseCenter {
		mean := k.mean(pix, l.channelsFirst)
		for i := range pix {
			pix[i] -= mean
		}
	}
	if g.SamplewiseStdNormalization {
		std := k.std(pix, l.channelsFirst) + 1e-6
		for i := range pix {
			pix[i] /= std
		}
	}
	if g.FeaturewiseCenter {
		for i := 0; i < len(pix); i += k.c {
			for j, m := range k.stats.Mean {
				pix[i+j] -= m
			}
		}
	}
	if g.FeaturewiseStdNormalization {
		for i := 0; i < len(pix); i += k.c {
			for j, s := range k.stats.Std {
				pix[i+j] /= s + 1e-6
			}
		}
	}
	if g.ZCAWhitening {
		whiten(pix, k.stats.Components, k.scratch)
	}
}

// mean is numpy.mean of the whole image, in float32.
func (k *Worker) mean(pix []float32, channelsFirst bool) float32 {
	return float32(float64(k.sum(pix, channelsFirst)) / float64(len(pix)))
}

// std is numpy.std of the whole image, in float32.
func (k *Worker) std(pix []float32, channelsFirst bool) float32 {
	mean := k.mean(pix, channelsFirst)
	if channelsFirst {
		pix = k.transposed(pix)
	} else {
		pix = append(k.scratch[:0], pix...)
	}
	for i, v := range pix {
		d := v - mean
		pix[i] = d * d
	}
	variance := float32(float64(pairwise(pix)) / float64(len(pix)))
	return float32(math.Sqrt(float64(variance)))
}

// sum is numpy.sum: pairwise, over the values as they lie in NumPy's memory, where an image
// that has been through scipy is channels first.
func (k *Worker) sum(pix []float32, channelsFirst bool) float32 {
	if channelsFirst {
		pix = k.transposed(pix)
	}
	return pairwise(pix)
}

// transposed is the image channels first, in the worker's scratch memory.
func (k *Worker) transposed(pix []float32) []float32 {
	n := k.h * k.w
	for c := range k.c {
		plane := k.scratch[c*n:][:n]
		for i := range plane {
			plane[i] = pix[i*k.c+c]
		}
	}
	return k.scratch
}

// pairwise is NumPy's pairwise summation, with its blocks of 128 and eight running sums.
func pairwise(v []float32) float32 {
	if len(v) > 128 {
		half := len(v) / 2
		half -= half % 8
		return pairwise(v[:half]) + pairwise(v[half:])
	}
	if len(v) < 8 {
		var s float32
		for _, x := range v {
			s += x
		}
		return s
	}
	r := [8]float32(v)
	i := 8
	for ; i+8 <= len(v); i += 8 {
		for j := range r {
			r[j] += v[i+j]
		}
	}
	s := ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
	for _, x := range v[i:] {
		s += x
	}
	return s
}
