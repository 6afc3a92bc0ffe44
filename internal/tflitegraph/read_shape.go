package tflitegraph

import (
	"slices"

	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// sizes returns input 0 if it is known while the graph is built: sizes, or numbers that were computed from them.
func (n *node) sizes() ([]int, bool) {
	list, ok := n.ints[n.Inputs[0]]
	return list, ok
}

// origin says where an integer comes from: it is factor times the size of a dimension of v. v is nil if that is not known.
type origin struct {
	v            *graph.Value
	axis, factor int
}

func readShape(n *node) {
	x := n.in(0)
	if !x.Valid() {
		return
	}
	n.ints[n.Outputs[0]] = slices.Clone(x.Shape)
	for i := range x.Rank() {
		n.origins[n.Outputs[0]] = append(n.origins[n.Outputs[0]], origin{x, i, 1})
	}
}

func readReshape(n *node) {
	if list, ok := n.sizes(); ok { // a scalar of a list of one, or the reverse
		n.ints[n.Outputs[0]] = list
		return
	}
	x := n.in(0)
	var dims []int
	if n.has(1) {
		dims = n.numbers(1)
	} else {
		for _, d := range options[tflitefb.ReshapeOptionsT](n).NewShape {
			dims = append(dims, int(d))
		}
		if len(dims) == 1 && dims[0] == 0 { // old files have this for a scalar
			dims = []int{}
		}
	}
	if x.Valid() && (dims != nil || !n.has(1)) {
		n.set(n.reshape(x, dims))
	}
}

// reshape changes the shape of x to dims, which the file may have written for its batch. -1 is a size that follows from the
// others or that is not known.
func (n *node) reshape(x *graph.Value, dims []int) *graph.Value {
	dims = slices.Clone(dims)
	// The file's own shape has sizes that lince may not know.
	if sig := n.sub.Tensors[n.Outputs[0]]; unknowns(dims) > 1 && len(sig.Shape) == len(dims) {
		for i, d := range dims {
			if d == tensor.Unknown && sig.Signature != nil {
				dims[i] = sig.Signature[i]
			}
		}
	}
	if x.Rank() > 0 && x.Shape[0] == tensor.Unknown && x.Shape[1:].Known() && len(dims) > 0 && dims[0] == n.batch {
		rest, others := x.Shape[1:].Elements(), 1
		for _, d := range dims[1:] {
			if d != tensor.Unknown {
				others *= d
			}
		}
		switch free := unknowns(dims); {
		case free == 0 && rest > 0 && others%rest == 0: // an example may have several rows of x
			dims[0] = tensor.Unknown
		case free == 1 && others > 0 && rest%others == 0:
			dims[slices.Index(dims, tensor.Unknown)] = rest / others
			dims[0] = tensor.Unknown
		}
	}
	if slices.Equal(dims, x.Shape) && unknowns(dims) <= 1 {
		return x
	}
	if unknowns(dims) == 0 && !x.Shape.Known() {
		return n.b.Errorf("cannot reshape %v to %v, which has no place for the unknown size", x.Shape, dims)
	}
	if unknowns(dims) > 1 {
		return n.b.Errorf("cannot reshape %v to %v: more than one size is not known", x.Shape, dims)
	}
	return n.b.Reshape(x, dims...)
}

// unknowns returns the number of unknown sizes.
func unknowns(list []int) int {
	c := 0
	for _, n := range list {
		if n == tensor.Unknown {
			c++
		}
	}
	return c
}

// transpose permutes the dimensions of x.
func transpose(b *graph.Builder, x *graph.Value, perm []int) *graph.Value {
	if slices.IsSorted(perm) {
		return x
	}
	return b.Transpose(x, perm...)
}

func readTranspose(n *node) {
	if x, perm := n.in(0), n.numbers(1); x.Valid() && perm != nil {
		if len(perm) != x.Rank() || !isPermutation(perm) {
			n.b.Errorf("%v is not a permutation of the dimensions of %v", perm, x.Shape)
			return
		}
		n.set(transpose(n.b, x, perm))
	}
}

func isPermutation(perm []int) bool {
	sorted := slices.Sorted(slices.Values(perm))
	for i, d := range sorted {
		if i != d {
			return false
		}
	}
	return true
}

func readSqueeze(n *node) {
	if list, ok := n.sizes(); ok {
		n.ints[n.Outputs[0]] = list
		return
	}
	x := n.in(0)
	if !x.Valid() {
		return
	}
	var axes []int
	for _, d := range options[tflitefb.SqueezeOptionsT](n).SqueezeDims {
		a, ok := n.axis(int(d), x.Rank())
		if !ok {
			return
		}
		axes = append(axes, a)
	}
	if axes == nil {
		for i, d := range x.Shape {
			if d == 1 {
				axes = append(axes, i)
			}
		}
	}
	slices.Sort(axes)
	axes = slices.Compact(axes)
	for i := len(axes) - 1; i >= 0; i-- { // the last first, so that the others keep their numbers
		x = n.b.Squeeze(x, axes[i])
	}
	n.set(x)
}

func readExpandDims(n *node) {
	if list, ok := n.sizes(); ok {
		n.ints[n.Outputs[0]] = list
		return
	}
	x := n.in(0)
	if !x.Valid() {
		return
	}
	if axes, ok := n.axes(1, x.Rank()+1); ok && len(axes) == 1 {
		n.set(n.b.ExpandDims(x, axes[0]))
	}
}

func readDequantize(n *node) {
	if !n.isConstant(n.Inputs[0]) { // it has the real numbers already
		n.set(n.in(0))
		return
	}
	c, err := n.constant(n.Inputs[0])
	if err != nil {
		n.b.Errorf("%v", err)
		return
	}
	if c.DType() != tensor.Float32 {
		n.b.Errorf("%q is not quantized", n.sub.Tensors[n.Inputs[0]].Name)
		return
	}
	if c == n.consts[n.Inputs[0]] { // each may become a weight
		c = c.Clone()
	}
	n.consts[n.Outputs[0]] = c
}

func readFill(n *node) {
	dims := n.numbers(0)
	if dims == nil {
		return
	}
	x := n.in(1)
	if c, err := n.constant(n.Inputs[1]); err != nil || c.Len() != 1 || slices.Contains(dims, tensor.Unknown) || !x.Valid() {
		n.b.Errorf("lince fills constant shapes with constant numbers only")
		return
	}
	for range dims {
		x = n.b.ExpandDims(x, 0)
	}
	n.set(n.broadcast(x, dims))
}

// broadcast broadcasts x to dims, where the first may be a batch.
func (n *node) broadcast(x *graph.Value, dims []int) *graph.Value {
	to, err := tensor.Shape(dims).CheckedElements()
	if slices.Contains(dims, tensor.Unknown) || err != nil || !n.fits(1, to) {
		return n.b.Errorf("lince cannot broadcast %v to %v", x.Shape, dims)
	}
	ref := tensor.New(x.DType, dims...)
	return n.b.BroadcastLike(x, n.b.Op(op.Const{Value: ref}))
}

func readBroadcastTo(n *node) {
	x, dims := n.in(0), n.numbers(1)
	if !x.Valid() || dims == nil {
		return
	}
	if len(dims) == x.Rank() {
		same := true
		for i, d := range dims {
			same = same && (d == x.Shape[i] || n.isBatch(x, i) && d == n.batch)
		}
		if same {
			n.set(x)
			return
		}
	}
	n.set(n.broadcast(x, dims))
}

// readOneHot reads rows that are 1 at an index and 0 elsewhere.
func readOneHot(n *node) {
	x, depth := n.in(0), n.numbers(1)
	on, err1 := n.constant(n.Inputs[2])
	off, err2 := n.constant(n.Inputs[3])
	if !x.Valid() || depth == nil {
		return
	}
	ok := err1 == nil && err2 == nil && on.DType() == tensor.Float32 && off.DType() == tensor.Float32 && on.Len() == 1 && off.Len() == 1 && len(depth) == 1
	if axis := int(options[tflitefb.OneHotOptionsT](n).Axis); !ok || axis != -1 && axis != x.Rank() {
		n.b.Errorf("lince makes rows of floating-point numbers along the last dimension only")
		return
	}
	lo, hi := float64(off.Float32s()[0]), float64(on.Float32s()[0])
	y := n.b.OneHot(x, depth[0], tensor.Float32)
	if lo != 0 || hi != 1 {
		y = n.b.Offset(n.b.Scale(y, hi-lo), lo)
	}
	n.set(y)
}
