package compile

import (
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
)

// padConv replaces a Pad with zeros by padding in the convolutions that follow it, so that the padded
// images are never in memory. All users of the Pad must be convolutions without padding, or gradients
// of such convolutions. The gradient of the Pad, a Slice of the gradient of the padded images, is also
// removed. A Pad before a max-pool stays, because a max-pool pads with -Inf.
func (f *fuser) padConv(pad *graph.Node) {
	o, ok := pad.Op.(op.Pad)
	if !ok || o.Value != 0 || len(o.Before) != 4 || f.output(pad.Out[0]) {
		return
	}
	for _, axis := range []int{0, 3} {
		if o.Before[axis] > 0 || o.After[axis] > 0 {
			return
		}
	}
	padded, images := pad.Out[0], pad.In[0]
	type change struct{ last, by *graph.Node }
	var changes []change
	remove := []*graph.Node{pad}
	for _, u := range f.users[padded] {
		fused, at := padding(u.Op, [2][2]int{{o.Before[1], o.After[1]}, {o.Before[2], o.After[2]}})
		in := slices.Clone(u.In)
		if fused == nil || in[at] != padded {
			return
		}
		in[at] = images
		if slices.Contains(in, padded) {
			return
		}
		last := u
		if at == shapeOfImages {
			if last = f.only(u.Out[0]); last == nil || !cuts(last, o.Before, images) {
				return
			}
		}
		changes = append(changes, change{last, f.node(fused, u.Layer, in...)})
		remove = append(remove, u, last)
	}
	if len(changes) == 0 {
		return
	}
	for _, c := range changes {
		f.before(c.last, c.by)
		f.replace(c.last.Out[0], c.by.Out[0])
	}
	f.remove(remove...)
}

// shapeOfImages is the index of the operand of GradInput that gives the shape of the images.
const shapeOfImages = 2

// cuts reports whether n is a Slice that computes the gradient of a Pad of images.
func cuts(n *graph.Node, before []int, images *graph.Value) bool {
	o, ok := n.Op.(op.Slice)
	return ok && slices.Equal(o.Begin, before) && n.Out[0].Equal(images.Type)
}

// padding returns o, a convolution without padding or a gradient of one, with pads added, and the index
// of the operand that is the images. It returns nil for other ops.
func padding(o op.Op, pads [2][2]int) (padded op.Op, images int) {
	with := func(w op.Window) op.Window {
		w.Padding, w.Pads = op.Explicit, pads
		return w
	}
	valid := func(w op.Window) bool { return w.Padding == op.Valid }
	switch o := o.(type) {
	case op.Conv2D:
		if valid(o.Window) {
			return op.Conv2D{Window: with(o.Window), Groups: o.Groups}, 0
		}
	case op.Conv2DGradInput:
		if valid(o.Window) {
			return op.Conv2DGradInput{Window: with(o.Window), Groups: o.Groups}, shapeOfImages
		}
	case op.Conv2DGradFilter:
		if valid(o.Window) {
			return op.Conv2DGradFilter{Window: with(o.Window), Groups: o.Groups}, 0
		}
	case op.DepthwiseConv2D:
		if valid(o.Window) {
			return op.DepthwiseConv2D{Window: with(o.Window)}, 0
		}
	case op.DepthwiseConv2DGradInput:
		if valid(o.Window) {
			return op.DepthwiseConv2DGradInput{Window: with(o.Window)}, shapeOfImages
		}
	case op.DepthwiseConv2DGradFilter:
		if valid(o.Window) {
			return op.DepthwiseConv2DGradFilter{Window: with(o.Window)}, 0
		}
	}
	return nil, 0
}

// padPool replaces a Pad with zeros before a max-pool by padding in the max-pool, which pads with -Inf. The maximum is the
// same if the images have no negative numbers, as after a ReLU, and each window has a pixel of the images.
func (f *fuser) padPool(pad *graph.Node) {
	o, ok := pad.Op.(op.Pad)
	if !ok || o.Value != 0 || len(o.Before) != 4 || o.Before[0]+o.After[0]+o.Before[3]+o.After[3] > 0 {
		return
	}
	images, pool := pad.In[0], f.only(pad.Out[0])
	if name := images.Node.Op.Name(); pool == nil || name != "ReLU" && name != "ReLU6" {
		return
	}
	p, ok := pool.Op.(op.MaxPool2D)
	if !ok || p.Padding != op.Valid || len(f.users[pool.Out[1]]) > 0 || f.output(pool.Out[1]) { // the argmax would be another
		return
	}
	for axis := range 2 {
		if p.Dilation[axis] != 1 || max(o.Before[1+axis], o.After[1+axis]) >= p.Size[axis] {
			return
		}
	}
	w := p.Window
	w.Padding, w.Pads = op.Explicit, [2][2]int{{o.Before[1], o.After[1]}, {o.Before[2], o.After[2]}}
	n := f.node(op.MaxPool2D{Window: w}, pool.Layer, images)
	f.before(pool, n)
	f.replace(pool.Out[0], n.Out[0])
	f.remove(pad, pool)
}
