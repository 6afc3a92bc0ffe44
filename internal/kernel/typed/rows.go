package typed

import (
	"slices"

	"github.com/lince-ml/lince/internal/kernel"
)

// Reduce combines the middle dimension of an operand [outer, n, inner].
type Reduce[T Number] struct {
	f               func(x, y T) T
	start           T
	outer, n, inner int
}

// NewReduce prepares the reduction with a name of op.ReduceFn. ok is false if there is none.
func NewReduce[T Number](name string, outer, n, inner int) (r *Reduce[T], ok bool) {
	lo, hi := limits[T]()
	of := map[string]struct {
		f     string
		start T
	}{"ReduceSum": {"Add", 0}, "ReduceProd": {"Mul", 1}, "ReduceMax": {"Max", lo}, "ReduceMin": {"Min", hi}}
	e, ok := of[name]
	if !ok {
		return nil, false
	}
	return &Reduce[T]{binary[T](e.f), e.start, outer, n, inner}, true
}

// Parts is the number of parts of Run.
func (r *Reduce[T]) Parts() int { return kernel.RowBlocks(r.outer*r.inner, max(r.n, 1)) }

// Run computes a part of dst [outer, inner].
func (r *Reduce[T]) Run(part int, x, dst []T) {
	lo, hi := kernel.Split(r.outer*r.inner, r.Parts(), part)
	for i := lo; i < hi; i++ {
		v, at := r.start, i/r.inner*r.n*r.inner+i%r.inner
		for j := range r.n {
			v = r.f(v, x[at+j*r.inner])
		}
		dst[i] = v
	}
}

// ArgMax is the index of the first maximum of each row of a matrix [rows, cols].
type ArgMax[T Number] struct{ rows, cols int }

// NewArgMax prepares the search in rows of cols elements, at least one.
func NewArgMax[T Number](rows, cols int) *ArgMax[T] { return &ArgMax[T]{rows, cols} }

// Parts is the number of parts of Run.
func (a *ArgMax[T]) Parts() int { return kernel.RowBlocks(a.rows, a.cols) }

// Run computes a part of dst.
func (a *ArgMax[T]) Run(part int, x []T, dst []int32) {
	lo, hi := kernel.Split(a.rows, a.Parts(), part)
	for r := lo; r < hi; r++ {
		row, best := x[r*a.cols:(r+1)*a.cols], 0
		for i, v := range row {
			if v > row[best] {
				best = i
			}
		}
		dst[r] = int32(best)
	}
}

// TopK takes the k largest or smallest elements of each row of a matrix [rows, cols]; see op.TopK.
type TopK[T Number] struct {
	rows, cols, k int
	smallest      bool
}

// NewTopK prepares the selection of k elements of rows of cols elements.
func NewTopK[T Number](rows, cols, k int, smallest bool) *TopK[T] {
	return &TopK[T]{rows, cols, k, smallest}
}

// Parts is the number of parts of Run.
func (t *TopK[T]) Parts() int { return kernel.RowBlocks(t.rows, t.cols) }

// Run computes a part of the elements dst and their indices at, both [rows, k]. The indices of the best elements so far are a
// heap whose root is the worst of them.
func (t *TopK[T]) Run(part int, x, dst []T, at []int32) {
	if t.k == 0 {
		return
	}
	lo, hi := kernel.Split(t.rows, t.Parts(), part)
	for r := lo; r < hi; r++ {
		row, heap := x[r*t.cols:(r+1)*t.cols], at[r*t.k:(r+1)*t.k]
		order := func(a, b int32) int { // negative if a comes before b
			c := compare(row[a], row[b])
			if !t.smallest {
				c = -c
			}
			if c == 0 {
				return int(a) - int(b)
			}
			return c
		}
		for i := range heap {
			heap[i] = int32(i)
		}
		for i := t.k/2 - 1; i >= 0; i-- {
			sift(heap, i, order)
		}
		for i := t.k; i < t.cols; i++ {
			if order(int32(i), heap[0]) < 0 {
				heap[0] = int32(i)
				sift(heap, 0, order)
			}
		}
		slices.SortFunc(heap, order)
		for i, j := range heap {
			dst[r*t.k+i] = row[j]
		}
	}
}

// sift moves element i of a heap down until its children come before it.
func sift(heap []int32, i int, order func(a, b int32) int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && order(heap[child+1], heap[child]) > 0 {
			child++
		}
		if order(heap[child], heap[i]) < 0 {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}

// MatMul multiplies pairs of matrices [m, k] and [k, n] to [m, n]. The strides are the distances between rows and columns.
type MatMul[T Number] struct {
	batch, m, n, k         int
	rowA, colA, rowB, colB int
}

// NewMatMul prepares batch products. If a transpose flag is set, the operand's matrices are [k, m] or [n, k].
func NewMatMul[T Number](batch, m, n, k int, transposeA, transposeB bool) *MatMul[T] {
	p := &MatMul[T]{batch, m, n, k, k, 1, n, 1}
	if transposeA {
		p.rowA, p.colA = 1, m
	}
	if transposeB {
		p.rowB, p.colB = 1, k
	}
	return p
}

// Parts is the number of parts of Run.
func (p *MatMul[T]) Parts() int { return kernel.RowBlocks(p.batch*p.m, max(p.n*p.k, 1)) }

// Run computes a part of dst, whole rows.
func (p *MatMul[T]) Run(part int, a, b, dst []T) {
	lo, hi := kernel.Split(p.batch*p.m, p.Parts(), part)
	for r := lo; r < hi; r++ {
		i, row := r/p.m, dst[r*p.n:(r+1)*p.n]
		clear(row)
		if p.k == 0 {
			continue
		}
		x, y := a[i*p.m*p.k+r%p.m*p.rowA:], b[i*p.k*p.n:]
		for j := range p.k {
			f := x[j*p.colA]
			for c := range row {
				row[c] += f * y[j*p.rowB+c*p.colB]
			}
		}
	}
}

// Scatter changes rows of a table [rows, cols]; see op.Scatter.
type Scatter[T Number] struct {
	f                     func(x, y T) T
	rows, cols, n, blocks int
}

// NewScatter prepares the changes of n indices. name is empty, or a name of op.BinaryFn; ok is false if there is no such function.
func NewScatter[T Number](name string, rows, cols, n int) (s *Scatter[T], ok bool) {
	f := binary[T](name)
	const most = 16 // parts: each of them reads all indices
	return &Scatter[T]{f: f, rows: rows, cols: cols, n: n, blocks: min(most, kernel.RowBlocks(rows, cols))}, f != nil
}

// Parts is the number of parts of Run.
func (s *Scatter[T]) Parts() int { return s.blocks }

// Run computes a part of dst, a block of rows, from the table and the rows of the indices. index returns the row that an index names, or
// a negative number.
func (s *Scatter[T]) Run(part int, table, rows, dst []T, index func(i int) int) {
	lo, hi := kernel.Split(s.rows, s.blocks, part)
	copy(dst[lo*s.cols:hi*s.cols], table[lo*s.cols:hi*s.cols])
	for i := range s.n {
		row := index(i)
		if row < lo || row >= hi {
			continue
		}
		to := dst[row*s.cols : (row+1)*s.cols]
		for c, v := range rows[i*s.cols : (i+1)*s.cols] {
			to[c] = s.f(to[c], v)
		}
	}
}
