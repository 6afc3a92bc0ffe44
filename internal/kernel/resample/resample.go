// Package resample holds separable linear maps of NHWC images: resizing, its gradient, and means over
// windows of any size.
//
// A row of results is a weighted sum of rows of the images, from which each of its pixels is a weighted
// sum. Both sums have one order, and products are rounded before they are added, so all instruction
// sets give the same bits.
package resample

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/reduce"
)

// Axis is a linear map along an axis of N pixels. Result i is the sum of Weights[i][j] times pixel
// First[i]+j.
type Axis struct {
	N       int
	First   []int
	Weights [][]float32
}

// Transposed is the adjoint map, which takes the gradients of the results to those of the pixels. First
// must not descend.
func (a Axis) Transposed() Axis {
	t := Axis{N: len(a.First), First: make([]int, a.N), Weights: make([][]float32, a.N)}
	for i, first := range a.First {
		for j, w := range a.Weights[i] {
			p := first + j
			if len(t.Weights[p]) == 0 {
				t.First[p] = i
			}
			for len(t.Weights[p]) < i-t.First[p] { // a result between others that does not use the pixel
				t.Weights[p] = append(t.Weights[p], 0)
			}
			t.Weights[p] = append(t.Weights[p], w)
		}
	}
	return t
}

// Validate returns an error for an impossible map.
func (a Axis) Validate() error {
	if a.N < 1 || len(a.First) < 1 || len(a.First) != len(a.Weights) {
		return fmt.Errorf("resample: %d pixels, %d results, %d lists of weights", a.N, len(a.First), len(a.Weights))
	}
	for i, first := range a.First {
		if first < 0 || first+len(a.Weights[i]) > a.N {
			return fmt.Errorf("resample: result %d uses pixels %d to %d of %d", i, first, first+len(a.Weights[i])-1, a.N)
		}
	}
	return nil
}

// Kernel maps images [N, rows, columns, C].
type Kernel struct {
	isa           kernel.ISA
	n, c          int
	rows, columns Axis
	work          int // of a row of results, in elements that are read or written
}

// New prepares the map of n images with c channels. It panics if an axis is impossible.
func New(isa kernel.ISA, n, c int, rows, columns Axis) *Kernel {
	for _, a := range []Axis{rows, columns} {
		if err := a.Validate(); err != nil {
			panic(err)
		}
	}
	k := &Kernel{isa: isa, n: n, c: c, rows: rows, columns: columns}
	taps := 0
	for _, w := range rows.Weights {
		taps += len(w)
	}
	k.work = (columns.N*kernel.CeilDiv(taps, len(rows.First)) + len(columns.First)) * c
	return k
}

// Parts is the number of parts of Run.
func (k *Kernel) Parts() int { return kernel.RowBlocks(k.n*len(k.rows.First), k.work) }

// ScratchLen is the length of the scratch that each worker needs, in floats.
func (k *Kernel) ScratchLen() int { return k.columns.N * k.c }

// Run computes a part of y [N, len(rows.First), len(columns.First), C] from x [N, rows.N, columns.N, C].
func (k *Kernel) Run(part int, x, y, scratch []float32) {
	height, row, wide := len(k.rows.First), k.columns.N*k.c, len(k.columns.First)*k.c
	lo, hi := kernel.Split(k.n*height, k.Parts(), part)
	for r := lo; r < hi; r++ {
		image, i := r/height, r%height
		out := y[r*wide:][:wide]
		if r > lo && i > 0 && k.rows.First[i] == k.rows.First[i-1] && slices.Equal(k.rows.Weights[i], k.rows.Weights[i-1]) {
			copy(out, y[(r-1)*wide:])
			continue
		}
		weights, line := k.rows.Weights[i], scratch[:row]
		from := x[(image*k.rows.N+k.rows.First[i])*row:]
		if len(weights) == 1 && weights[0] == 1 {
			line = from[:row]
		} else {
			weigh(k.isa, line, from, weights)
		}
		for j, first := range k.columns.First {
			weigh(k.isa, out[j*k.c:][:k.c], line[first*k.c:], k.columns.Weights[j])
		}
	}
}

// weigh sets dst to a weighted sum of the rows of x, which have its length.
func weigh(isa kernel.ISA, dst, x []float32, weights []float32) {
	n := len(dst)
	switch len(weights) {
	case 0:
		clear(dst)
		return
	case 1:
		if weights[0] == 1 {
			copy(dst, x)
			return
		}
	case 2:
		if v, w := weights[0], weights[1]; v != w {
			a, b := x[:n], x[n:][:n]
			for i := range dst {
				dst[i] = float32(v*a[i]) + float32(w*b[i])
			}
			return
		}
	}
	first := weights[0]
	if uniform(weights) {
		reduce.AddRows(isa, dst, x, len(weights), n, false)
		if first != 1 {
			for i := range dst {
				dst[i] *= first
			}
		}
		return
	}
	for i, v := range x[:n] {
		dst[i] = first * v
	}
	for j, w := range weights[1:] {
		for i, v := range x[(j+1)*n:][:n] {
			dst[i] += float32(w * v)
		}
	}
}

func uniform(weights []float32) bool {
	for _, w := range weights[1:] {
		if w != weights[0] {
			return false
		}
	}
	return true
}
