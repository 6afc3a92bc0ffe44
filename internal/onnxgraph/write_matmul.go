package onnxgraph

import (
	"slices"

	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// matMul writes op.MatMul: MatMul, or Gemm if an operand is transposed.
func matMul(w *writer, n *graph.Node) *plan { return w.product(n, n, nil) }

// gemm is a product of matrices whose result nothing but the addition of a bias uses.
func gemm(w *writer, n *graph.Node) (p *plan) {
	eitherOrder(n.Out[0], op.Add, func(y, bias *graph.Value) bool {
		if y.Is("MatMul") && w.once(y) && isVector(bias, y.Shape[1]) {
			p = w.product(n, y.Node, bias)
		}
		return p != nil
	})
	return p
}

// product plans a product of matrices with an optional bias.
func (w *writer) product(n, m *graph.Node, bias *graph.Value) *plan {
	o := m.Op.(op.MatMul)
	in := slices.Clone(m.In)
	if bias != nil {
		in = append(in, bias)
	}
	return &plan{in, func() {
		var refs []*ref
		var attributes []*onnxpb.AttributeProto
		for i, v := range m.In {
			transposed := []bool{o.TransposeA, o.TransposeB}[i]
			f := w.having(v, identity(2), func([]int) bool { return true })
			refs = append(refs, f.ref)
			if swapped := f.perm[0] == 1; swapped != transposed {
				attributes = append(attributes, integer([]string{"transA", "transB"}[i], 1))
			}
		}
		operator := "Gemm"
		switch {
		case bias != nil:
			refs = append(refs, w.get(bias, identity(1)))
		case attributes == nil:
			operator = "MatMul"
		}
		w.set(n.Out[0], w.node(operator, refs, attributes...), identity(2))
	}}
}

// dense is the product of the last dimension of x and a matrix. Layers compute it as a product of two matrices: they reshape x to
// rows and, after an optional bias, the result back. ONNX's MatMul needs no reshaping.
func dense(w *writer, n *graph.Node) *plan {
	y := n.In[0]
	var bias *graph.Value
	if !y.Is("MatMul") {
		if !eitherOrder(y, op.Add, func(a, b *graph.Value) bool {
			if a.Is("MatMul") && w.once(a) && isVector(b, a.Shape[1]) {
				y, bias = a, b
			}
			return bias != nil
		}) || !w.once(n.In[0]) {
			return nil
		}
	}
	if !w.once(y) || y.Node.Op != (op.MatMul{}) {
		return nil
	}
	rows, matrix := y.Node.In[0], y.Node.In[1]
	if _, ok := rows.Node.Op.(op.Reshape); !ok {
		return nil
	}
	x := rows.Node.In[0]
	last := x.Rank() - 1
	if last < 2 || x.Shape[last] == tensor.Unknown || x.Shape[last] != rows.Shape[1] || matrix.Shape[1] == tensor.Unknown {
		return nil
	}
	in := []*graph.Value{x, matrix}
	if bias != nil {
		in = append(in, bias)
	}
	shape := x.Shape.Clone()
	shape[last] = matrix.Shape[1]
	return &plan{in, func() {
		same := n.Out[0].Shape.Equal(shape)
		f := w.having(x, identity(x.Rank()), func(perm []int) bool {
			return perm[last] == last && (same || slices.IsSorted(perm))
		})
		r := w.node("MatMul", []*ref{f.ref, w.get(matrix, identity(2))})
		if bias != nil {
			r = w.node("Add", []*ref{r, w.get(bias, identity(1))})
		}
		if same {
			w.set(n.Out[0], r, f.perm)
			return
		}
		w.reshaped(n, r, shape)
	}}
}

// batchMatMul writes op.BatchMatMul. Transposed matrices are operands in another order of dimensions.
func batchMatMul(w *writer, n *graph.Node) *plan {
	o := n.Op.(op.BatchMatMul)
	return &plan{n.In, func() {
		refs := make([]*ref, 2)
		for i, v := range n.In {
			perm := identity(v.Rank())
			if []bool{o.TransposeA, o.TransposeB}[i] {
				perm = lastTwoSwapped(v.Rank())
			}
			refs[i] = w.get(v, perm)
		}
		w.set(n.Out[0], w.node("MatMul", refs), identity(n.Out[0].Rank()))
	}}
}
