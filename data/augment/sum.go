package augment

import "math"

// An image's mean and standard deviation in float32 depend on the order of the sums. Here
// it is NumPy's, which goes by how the array lies in memory.

// layout is what standardize has to know of the steps before it.
type layout struct {
	scaled        bool // rescaled already
	channelsFirst bool // scipy works on, and stacks, one channel after the other
	flipH, flipV  bool // flips are views that run backwards
}

// axes are the lengths of NumPy's loops over the image, outermost first: axes of one pixel
// are left out, neighbours that run the same way are one.
func (l layout) axes(h, w, c int) (n [3]int, count int) {
	type axis struct {
		n       int
		flipped bool
	}
	list := [3]axis{{h, l.flipV}, {w, l.flipH}, {c, false}}
	if l.channelsFirst {
		list = [3]axis{list[2], list[0], list[1]}
	}
	last := false
	for _, a := range list {
		switch {
		case a.n == 1:
		case count > 0 && a.flipped == last:
			n[count-1] *= a.n
		default:
			n[count], last = a.n, a.flipped
			count++
		}
	}
	return n, count
}

// bufferSize is NumPy's: arrays of more than one loop are summed in pieces of so many values.
const bufferSize = 8192

// sum is numpy.sum of the whole image.
func (k *Worker) sum(pix []float32, l layout) float32 {
	if l.channelsFirst {
		pix = k.transposed(pix)
	}
	n, count := l.axes(k.h, k.w, k.c)
	if count < 2 || len(pix) <= bufferSize {
		return pairwise(pix)
	}
	i := count - 1
	core := n[i] // a piece is a multiple of it
	for core <= bufferSize && i > 0 && core*n[i-1] <= bufferSize {
		i--
		core *= n[i]
	}
	piece, block := core, core
	if core <= bufferSize {
		piece = bufferSize / core * core
		block = core * n[i-1]
	}
	var s float32
	for ; len(pix) > 0; pix = pix[block:] {
		for from := 0; from < block; from += piece {
			s += pairwise(pix[from:min(from+piece, block)])
		}
	}
	return s
}

// mean is numpy.mean of the whole image.
func (k *Worker) mean(pix []float32, l layout) float32 {
	return float32(float64(k.sum(pix, l)) / float64(len(pix)))
}

// std is numpy.std of the whole image.
func (k *Worker) std(pix []float32, l layout) float32 {
	mean := k.mean(pix, l)
	if l.channelsFirst {
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
