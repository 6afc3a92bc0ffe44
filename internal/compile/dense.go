package compile

import (
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// denseConv replaces a dense layer over the channels of images by a convolution with a 1x1 filter:
//
//	reshape(matmul(reshape(x, (pixels, channels)), w) (+ bias), images) = conv(x, w as a 1x1 filter) (+ bias)
//
// The filter of a convolution is packed once, and a convolution can be fused with more ops than a matrix product.
// Weights that change in each run would be packed in each run, so their product stays.
func (f *fuser) denseConv(m *graph.Node) {
	if o, ok := m.Op.(op.MatMul); !ok || o != (op.MatMul{}) || f.origins()[m.In[1]] != ofFixed {
		return
	}
	rows, weights := m.In[0], m.In[1]
	if rows.Node.Op.Name() != "Reshape" {
		return
	}
	x := rows.Node.In[0]
	if x.Rank() != 4 || x.Shape[3] != weights.Shape[0] {
		return
	}
	chain := []*graph.Node{m}
	add, bias := f.bias(m.Out[0])
	if add != nil {
		chain = append(chain, add)
	}
	last := f.only(chain[len(chain)-1].Out[0])
	want := append(x.Shape[:3:3].Clone(), weights.Shape[1])
	if last == nil || last.Op.Name() != "Reshape" || !last.Out[0].Shape.Equal(want) {
		return
	}
	filter := f.node(op.Reshape{Shape: append(tensor.Shape{1, 1}, weights.Shape...)}, m.Layer, weights)
	window := op.Window{Size: [2]int{1, 1}, Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Padding: op.Valid}
	y := f.node(op.Conv2D{Window: window}, m.Layer, x, filter.Out[0])
	f.before(last, filter)
	f.before(last, y)
	if add != nil {
		y = f.node(op.Binary{Fn: op.Add}, m.Layer, y.Out[0], bias)
		f.before(last, y)
	}
	f.replace(last.Out[0], y.Out[0])
	f.remove(append(chain, last)...)
}
