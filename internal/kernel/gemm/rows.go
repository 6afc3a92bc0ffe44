package gemm

import (
	"unsafe"

	"github.com/lince-ml/lince/internal/kernel/micro"
)

const (
	sumFloats  = 1 << 12 // floats of c that are summed at a time; they stay in the first cache
	callFloats = 1 << 18 // floats of B that a call of assembly reads, in about 0.1 ms
	aheadFloat = 1 << 10 // minimum number of floats of B between the one that is read and the one that is prefetched
)

// runSums computes a block of one or two rows of C by adding multiples of rows of B to them.
func (g *Gemm) runSums(r block, a, b, bias, c []float32, e Epilogue, add bool) {
	s := g.shape
	row, step := s.K, 1 // of A
	if s.TransA {
		row, step = 1, s.M
	}
	width := sumFloats / (r.m1 - r.m0)
	for n0 := r.n0; n0 < r.n1; n0 += width {
		n1 := min(r.n1, n0+width)
		for m := r.m0; m < r.m1; m++ {
			var from []float32
			if e.Bias {
				from = bias[n0:n1]
			}
			g.begin(c[m*s.N+n0:m*s.N+n1], from, e, add)
		}
		k := r.k0
		for fours := max(1, callFloats/(4*(n1-n0))); r.k1-k >= 4; {
			n := min(fours, (r.k1-k)/4)
			sumRows(g.isa, r.m1-r.m0, c[r.m0*s.N+n0:], s.N, a[r.m0*row+k*step:], row, step, b[k*s.N+n0:], s.N, n1-n0, n)
			k += 4 * n
		}
		if k < r.k1 {
			g.sumRest(block{r.m0, r.m1, n0, n1, k, r.k1}, a, b, c)
		}
		for m := r.m0; m < r.m1; m++ {
			g.finish(c[m*s.N+n0:m*s.N+n1], e)
		}
	}
}

// sumRest adds the products of the last rows of B, at most three.
func (g *Gemm) sumRest(r block, a, b, c []float32) {
	s := g.shape
	args := micro.Args{BStride: uintptr(4 * s.N), CStride: uintptr(4 * s.N), IStride: uintptr(4 * s.N)}
	args.Contiguous(r.k1 - r.k0)
	tiling := micro.NewTiling(g.isa, r.n1-r.n0)
	for i := range tiling.Tiles() {
		at, columns, _ := tiling.At(i)
		args.Columns(g.isa, columns)
		args.B = unsafe.Pointer(&b[r.k0*s.N+r.n0+at])
		args.C = unsafe.Pointer(&c[r.m0*s.N+r.n0+at])
		args.Init = args.C
		if s.TransA {
			args.A, args.AStride = unsafe.Pointer(&a[r.k0*s.M+r.m0]), uintptr(4*s.M)
			micro.T(r.m1-r.m0, &args)
		} else {
			args.A, args.AStride = unsafe.Pointer(&a[r.m0*s.K+r.k0]), uintptr(4*s.K)
			micro.N(r.m1-r.m0, &args)
		}
	}
}
