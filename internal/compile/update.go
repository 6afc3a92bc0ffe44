package compile

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// MatMulUpdate is an optimizer's update whose gradient is the product of a transposed matrix
// and another: the gradient of a dense layer's kernel, which is never in memory as a whole.
// Operands: the update's variables, the two matrices, and what else the update takes.
type MatMulUpdate struct{ Update op.Op }

// updateProduct is the product.
var updateProduct = op.MatMul{TransposeA: true}

const (
	// leastUpdate is the least number of weights for which it pays to save the gradient the
	// way to memory and back.
	leastUpdate = 1 << 16
	// leastRows is the least number of rows of such a matrix.
	leastRows = 64
	// longestUpdate is the greatest batch: the sums over a longer one are made in parts.
	longestUpdate = 256
)

// Name implements op.Op.
func (MatMulUpdate) Name() string { return "FusedMatMulUpdate" }

// Attributes prints the op's attributes.
func (o MatMulUpdate) Attributes() string {
	return o.Update.Name() + " " + op.Attributes(o.Update)
}

// Updates implements op.Updater.
func (o MatMulUpdate) Updates() int {
	return o.Update.(op.Updater).Updates()
}

// Infer implements op.Op.
func (o MatMulUpdate) Infer(in []op.Type) ([]op.Type, error) {
	n := o.Updates()
	if len(in) < n+2 {
		return nil, fmt.Errorf("%d operands, want at least %d", len(in), n+2)
	}
	g, err := updateProduct.Infer(in[n : n+2])
	if err != nil {
		return nil, err
	}
	return o.Update.Infer(slices.Concat(in[:n], g, in[n+2:]))
}

// matmulUpdate: the gradient of a large matrix of weights is updated with while it is in the
// cache.
func (f *fuser) matmulUpdate(update *graph.Node) {
	switch update.Op.(type) {
	case op.SGD, op.RMSprop, op.Adam:
	default:
		return
	}
	n := update.Op.(op.Updater).Updates()
	g := update.In[n]
	product := g.Node
	if product == nil || product.Op != op.Op(updateProduct) || f.only(g) != update ||
		g.Shape.Elements() < leastUpdate || g.Shape[0] < leastRows || product.In[0].Shape[0] > longestUpdate {
		return
	}
	fused := f.node(MatMulUpdate{update.Op}, update.Layer, slices.Concat(update.In[:n], product.In, update.In[n+1:])...)
	f.before(update, fused)
	f.remove(product, update)
}
