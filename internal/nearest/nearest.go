// Package nearest finds the nearest neighbors of vectors by their cosine distance. The search is exact: it computes all
// distances, as matrix products.
package nearest

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/lince-ml/lince/internal/kernel"
	"github.com/lince-ml/lince/internal/kernel/gemm"
)

// Neighbor is a row of the base that is near a query.
type Neighbor struct {
	Row int
	// Distance is 1 - cos of the angle between the vectors: 0 for vectors of the same direction, 1 for orthogonal ones, 2 for opposite
	// ones. It is 1 if one of the vectors is 0.
	Distance float64
}

// Options configures Find.
type Options struct {
	// Base has the rows to search. The default, nil, is the queries themselves; a row is then not a neighbor of itself.
	Base []float32
	// Threads is the number of goroutines. The default, 0, is one for each CPU. It does not change results.
	Threads int
	// Progress is called with the number of queries that are done since the last call. Calls may be concurrent.
	Progress func(n int)
}

// The sizes of a block of distances.
const (
	queryRows = 64
	baseRows  = 1024
)

// Find returns, for each query, the k nearest rows of the base, nearest first, or all rows if there are fewer than k. Of rows at the same distance, the one with the
// smaller index comes first. queries and the base are matrices of dim columns, row by row. Distances are selected as float32 products of unit
// vectors; those of the result are computed again in float64.
//
// It returns an error if dim or k is less than 1, if a matrix has incomplete rows, if an element is not finite, or if ctx is cancelled.
func Find(ctx context.Context, queries []float32, dim, k int, o Options) ([][]Neighbor, error) {
	self := o.Base == nil
	if self {
		o.Base = queries
	}
	if dim < 1 || k < 1 || len(queries)%dim != 0 || len(o.Base)%dim != 0 {
		return nil, fmt.Errorf("nearest: %d neighbors of %d numbers among %d, in rows of %d", k, len(queries), len(o.Base), dim)
	}
	isa, err := kernel.Detect()
	if err != nil {
		return nil, err
	}
	base, err := units(o.Base, dim)
	if err != nil {
		return nil, err
	}
	unit := base
	if !self {
		if unit, err = units(queries, dim); err != nil {
			return nil, err
		}
	}
	out := make([][]Neighbor, len(queries)/dim)
	blocks := make(chan int)
	threads := o.Threads
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	var workers sync.WaitGroup
	for range threads {
		workers.Go(func() {
			w := worker{isa: isa, dim: dim, k: k, base: base, self: self, products: map[gemm.Shape]*product{}}
			for from := range blocks {
				to := min(from+queryRows, len(out))
				w.search(unit, from, to, out)
				for i := from; i < to; i++ {
					for j := range out[i] {
						n := &out[i][j]
						n.Distance = distance(queries[i*dim:][:dim], o.Base[n.Row*dim:][:dim])
					}
					slices.SortStableFunc(out[i], nearer)
				}
				if o.Progress != nil {
					o.Progress(to - from)
				}
			}
		})
	}
	for from := 0; from < len(out) && ctx.Err() == nil; from += queryRows {
		blocks <- from
	}
	close(blocks)
	workers.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return out, nil
}

// nearer orders neighbors.
func nearer(a, b Neighbor) int {
	return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Row, b.Row))
}

// units returns the rows of a matrix, each divided by its length. A row of zeros stays.
func units(rows []float32, dim int) ([]float32, error) {
	out := make([]float32, len(rows))
	for i := 0; i < len(rows); i += dim {
		sum := 0.
		for j, v := range rows[i : i+dim] {
			if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, fmt.Errorf("nearest: element %d of row %d is %v", j, i/dim, v)
			}
			sum += float64(v) * float64(v)
		}
		if sum == 0 {
			continue
		}
		length := math.Sqrt(sum)
		for j, v := range rows[i : i+dim] {
			out[i+j] = float32(float64(v) / length)
		}
	}
	return out, nil
}

// distance computes a distance in float64.
func distance(a, b []float32) float64 {
	var dot, aa, bb float64
	for i, x := range a {
		x, y := float64(x), float64(b[i])
		dot += x * y
		aa += x * x
		bb += y * y
	}
	if aa == 0 || bb == 0 {
		return 1
	}
	return max(0, 1-dot/math.Sqrt(aa*bb))
}

// worker searches for blocks of queries.
type worker struct {
	isa      kernel.ISA
	dim, k   int
	base     []float32 // unit vectors
	self     bool
	products map[gemm.Shape]*product
}

// product is a matrix product with its memory.
type product struct {
	*gemm.Gemm
	partial, scratch, out []float32
}

// search finds the neighbors of the queries from..to-1 by float32 products.
func (w *worker) search(unit []float32, from, to int, out [][]Neighbor) {
	rows := len(w.base) / w.dim
	for b := 0; b < rows; b += baseRows {
		end := min(b+baseRows, rows)
		c := w.multiply(unit[from*w.dim:to*w.dim], w.base[b*w.dim:end*w.dim])
		for i := from; i < to; i++ {
			best := out[i]
			for j, cos := range c[(i-from)*(end-b):][:end-b] {
				n := Neighbor{b + j, -float64(cos)} // rounded; the order is all that counts here
				if w.self && n.Row == i || len(best) == w.k && nearer(n, best[w.k-1]) >= 0 {
					continue
				}
				at, _ := slices.BinarySearchFunc(best, n, nearer)
				best = slices.Insert(best, at, n)[:min(len(best)+1, w.k)]
			}
			out[i] = best
		}
	}
}

// multiply returns a times the transposed b.
func (w *worker) multiply(a, b []float32) []float32 {
	s := gemm.Shape{M: len(a) / w.dim, N: len(b) / w.dim, K: w.dim, TransB: true}
	p := w.products[s]
	if p == nil {
		g := gemm.New(w.isa, s, gemm.Epilogue{})
		p = &product{g, make([]float32, g.PartialLen()), make([]float32, g.ScratchLen()), make([]float32, s.M*s.N)}
		w.products[s] = p
	}
	for i := range p.StartParts() {
		p.Start(i, a, p.partial)
	}
	for i := range p.Parts() {
		p.Run(i, a, b, nil, p.out, p.partial, p.scratch)
	}
	for i := range p.ReduceParts() {
		p.Reduce(i, p.partial, nil, p.out)
	}
	return p.out
}
