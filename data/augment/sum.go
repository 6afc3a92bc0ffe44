package augment

import "math"

// The mean and standard deviation of an image in float32 depend on the order of summation. NumPy's order,
// which is used here, depends on the memory layout of the array.

// layout is the memory layout that the image would have in NumPy after the transform.
type layout struct {
	scaled        bool // the values are rescaled already
	channelsFirst bool // SciPy's result has the channels one after the other
	flipH, flipV  bool // flips are NumPy views with negative strides
}

// axes returns the lengths of NumPy's loops over the image, the outermost first. NumPy drops axes of
// length 1 and joins neighbors with the same direction.
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

// bufferSize is NumPy's: an array that needs more than one loop is summed in blocks of this many values.
const bufferSize = 8192

// sum is numpy.sum of the image.
func (k *Worker) sum(pix []float32, l layout) float32 {
	if l.channelsFirst {
		pix = k.transposed(pix)
	}
	n, count := l.axes(k.h, k.w, k.c)
	if count < 2 || len(pix) <= bufferSize {
		return pairwise(pix)
	}
	i := count - 1
	core := n[i] // the size of a block is a multiple of this
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

// mean is numpy.mean of the image.
func (k *Worker) mean(pix []float32, l layout) float32 {
	return float32(float64(k.sum(pix, l)) / float64(len(pix)))
}

// std is numpy.std of the image.
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

// transposed returns the image with its channels first, in the worker's scratch memory.
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

// pairwise is NumPy's pairwise summation, with blocks of 128 values and eight running sums.
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
