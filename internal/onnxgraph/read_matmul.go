package onnxgraph

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// trainable makes a constant operand, even one that is no initializer, a variable.
func (n *node) trainable(i int) {
	if x := n.in(i); x.t != nil && !n.folding {
		x.weight = true
	}
}

// readGemm builds Gemm: alpha*A*B + beta*C.
func readGemm(n *node) {
	a, b := n.wantRank(0, 2), n.wantRank(1, 2)
	n.trainable(1)
	left, right := n.matrix(0, n.attrFlag("transA", false)), n.matrix(1, n.attrFlag("transB", false))
	y := n.b.MatMul(left, right)
	if alpha := n.attrFloat("alpha", 1); alpha != 1 {
		y = n.b.Scale(y, alpha)
	}
	if beta := n.attrFloat("beta", 1); n.has(2) && beta != 0 {
		if n.in(2).rank() > 2 {
			n.fail("operand 2 has shape %v, want at most 2 dimensions", n.in(2).shape())
		}
		c := n.spread(2, plain(2), true)
		if beta != 1 {
			c = n.b.Scale(c, beta)
		}
		y = n.b.Add(y, c)
	}
	r := n.out(y)
	if r.bad {
		return
	}
	rows, columns := a.dims[0], b.dims[1]
	if n.attrFlag("transA", false) {
		rows = a.dims[1]
	}
	if n.attrFlag("transB", false) {
		columns = b.dims[0]
	}
	r.dims = []num{rows, columns}
}

// matrix returns an operand, transposed if transposed is set. A constant is stored so.
func (n *node) matrix(i int, transposed bool) *graph.Value {
	l := layout{0, 1}
	if transposed {
		l = layout{1, 0}
	}
	return n.stored(i, l)
}

// readMatMul builds MatMul, which multiplies as NumPy does: matrices are in the last two dimensions, the others are broadcast.
func readMatMul(n *node) {
	a, b := n.in(0), n.in(1)
	if a.rank() == 0 || b.rank() == 0 {
		n.fail("operands are %v and %v, want at least 1 dimension", a, b)
	}
	x, y := n.plain(0), n.plain(1)
	if a.rank() == 1 {
		x = n.b.ExpandDims(x, 0)
	}
	if b.rank() == 1 {
		y = n.b.ExpandDims(y, 1)
	}
	z := n.multiply(x, y)
	dims := n.productDims(a.dims, b.dims)
	if z.Valid() && b.rank() == 1 {
		z = n.b.Squeeze(z, z.Rank()-1)
	}
	if z.Valid() && a.rank() == 1 {
		z = n.b.Squeeze(z, len(dims)-1+min(1, max(0, 2-b.rank())))
	}
	r := n.out(z)
	if !r.bad && len(dims) == r.rank() {
		for i, d := range dims {
			if r.dims[i].s != nil && d.s != nil {
				r.dims[i] = d
			}
		}
	}
}

// productDims returns the dimensions of a product of matrices.
func (n *node) productDims(a, b []num) []num {
	var dims []num
	rank := max(len(a), len(b)) - 2
	for i := range max(rank, 0) {
		d := fixed(1)
		for _, s := range [][]num{b, a} {
			if j := len(s) - 2 - rank + i; j >= 0 && len(s) > 2 && s[j] != fixed(1) {
				d = s[j]
			}
		}
		dims = append(dims, d)
	}
	if len(a) > 1 {
		dims = append(dims, a[len(a)-2])
	}
	if len(b) > 1 {
		dims = append(dims, b[len(b)-1])
	}
	return dims
}

// multiply multiplies matrices in the last two dimensions of x and y.
func (n *node) multiply(x, y *graph.Value) *graph.Value {
	b := n.b
	if !x.Valid() || !y.Valid() {
		return b.Invalid()
	}
	if y.Rank() == 2 {
		if x.Rank() == 2 {
			return b.MatMul(x, y)
		}
		// One matrix on the right: the rows of all matrices on the left are one matrix.
		unknown := 0
		for _, d := range x.Shape[:x.Rank()-1] {
			if d == tensor.Unknown {
				unknown++
			}
		}
		if k := x.Shape[x.Rank()-1]; unknown <= 1 && k != tensor.Unknown && y.Shape[1] != tensor.Unknown {
			z := b.MatMul(b.Reshape(x, tensor.Unknown, k), y)
			return b.Reshape(z, append(slices.Clone(x.Shape[:x.Rank()-1]), y.Shape[1])...)
		}
	}
	rank := max(x.Rank(), y.Rank(), 3)
	for x.Rank() < rank && x.Valid() {
		x = b.ExpandDims(x, 0)
	}
	for y.Rank() < rank && y.Valid() {
		y = b.ExpandDims(y, 0)
	}
	x, y = n.spreadMatrices(x, y), n.spreadMatrices(y, x)
	return b.Op(op.BatchMatMul{}, x, y)
}

// spreadMatrices broadcasts the leading dimensions of x to those of y.
func (n *node) spreadMatrices(x, y *graph.Value) *graph.Value {
	if !x.Valid() || !y.Valid() {
		return n.b.Invalid()
	}
	needed := false
	for i := range x.Rank() - 2 {
		needed = needed || x.Shape[i] == 1 && y.Shape[i] != 1
	}
	if !needed {
		return x
	}
	// A value with the leading dimensions of both; only its shape matters.
	size := y.Shape.Clone()
	size[len(size)-1], size[len(size)-2] = 1, 1
	ref := n.b.Slice(y, make([]int, y.Rank()), size)
	return n.b.BroadcastLike(x, n.b.Add(x, ref))
}
