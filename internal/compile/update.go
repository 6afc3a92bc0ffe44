package compile

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// MatMulUpdate is an optimizer's update whose gradient is the product of a transposed matrix and
// another matrix, as for the weights of a dense layer. The gradient is never in memory as a whole.
// Operands: the variables that the update changes, the two matrices, and the update's other
// operands.
type MatMulUpdate struct{ Update op.Op }

// updateProduct is the product that gives the gradient.
var updateProduct = op.MatMul{TransposeA: true}

const (
	// minUpdate is the minimum number of weights for which the fusion is faster.
	minUpdate = 1 << 16
	// minRows is the minimum number of rows of such a matrix.
	minRows = 64
	// maxUpdateBatch is the maximum batch size: a kernel splits the sums over a larger batch.
	maxUpdateBatch = 256
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

// matmulUpdate fuses the gradient of a large weight matrix with the update that takes it, which then
// runs while the gradient is in the cache.
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
		g.Shape.Elements() < minUpdate || g.Shape[0] < minRows || product.In[0].Shape[0] > maxUpdateBatch {
		return
	}
	fused := f.node(MatMulUpdate{update.Op}, update.Layer, slices.Concat(update.In[:n], product.In, update.In[n+1:])...)
	f.before(update, fused)
	f.remove(product, update)
}
