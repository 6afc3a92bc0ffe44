package onnxgraph

import (
	"math"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// pool reads the window of a pool. With ceil_mode, a last window that is only partly inside the image also counts: the
// pads after the axes grow. grown says by how much.
func (n *node) pool() (w *window, grown []int) {
	w = n.window(nil)
	grown = make([]int, len(w.size))
	if !n.attrFlag("ceil_mode", false) {
		return w, grown
	}
	w.explicit(n)
	for a := range w.size {
		if w.stride[a] == 1 {
			continue
		}
		size, p := n.known(n.in(0), 2+a), w.pads[a]
		total := size + p[0] + p[1]
		out := (total-w.span(a)+w.stride[a]-1)/w.stride[a] + 1
		if total < w.span(a) {
			continue
		}
		if (out-1)*w.stride[a] >= size+p[0] { // a window must start inside the image or the pad before it
			out--
		}
		if grown[a] = (out-1)*w.stride[a] + w.span(a) - total; grown[a] < 0 {
			grown[a] = 0
		}
		w.pads[a][1] += grown[a]
	}
	return w, grown
}

// fits reports whether package op's pools can use the window unchanged: it has no dilation, and no window lies in the pads.
func (w *window) fits() bool {
	for a, p := range w.pads {
		if w.dilation[a] > 1 || p[0] >= w.size[a] || p[1] >= w.size[a] {
			return false
		}
	}
	return true
}

// maxPool builds MaxPool.
func maxPool(n *node) {
	x := n.wantRank(0, 3, 4, 5)
	w, _ := n.pool()
	switch {
	case n.wants(1):
		n.maxIndices(w)
	case x.rank() == 5:
		n.setVolumes(n.volumes(n.stored(0, channelsLast(5)), w, nil, n.maxima))
	case x.dtype != tensor.Float32:
		v := n.maxima(n.b.Cast(n.images(), tensor.Float32), w)
		n.setImages(0, n.b.Cast(v, x.dtype))
	default:
		n.setImages(0, n.maxima(n.images(), w))
	}
}

// maxIndices builds a MaxPool that also returns where the maxima are: their indices among all elements of the operand.
func (n *node) maxIndices(w *window) {
	x := n.wantRank(0, 3, 4)
	w.explicit(n)
	o := w.op()
	if !w.fits() || o.Size[0]*o.Size[1] > 255 {
		n.fail("lince does not compute the indices of the maxima in windows of %v with dilations %v and pads %v", w.size, w.dilation, w.pads)
	}
	b, size := n.b, [2]int{1, n.known(x, x.rank()-1)}
	if x.rank() == 4 {
		size[0] = n.known(x, 2)
	}
	images := n.images()
	y := b.MaxPool2D(images, o)
	n.setImages(0, y)
	if !y.Valid() {
		return
	}
	at := b.Cast(y.Node.Out[1], tensor.Float32) // in the window
	row := b.Floor(b.Scale(b.Offset(at, .5), 1/float64(o.Size[1])))
	column := b.Sub(at, b.Scale(row, float64(o.Size[1])))
	integer := func(v *graph.Value) *graph.Value { return b.Cast(v, tensor.Int64) }
	place := func(v *graph.Value, a int) *graph.Value { // in the image
		return integer(b.Add(v, b.Offset(b.Scale(b.Index(y, 1+a), float64(o.Stride[a])), -float64(o.Pads[a][0]))))
	}
	times := func(v *graph.Value, k int) *graph.Value { return b.Mul(v, constantLike(b, v, float64(k))) }
	first, second := place(row, 0), place(column, 1)
	if n.attrInt("storage_order", 0) == 1 {
		first, second, size[1] = second, first, size[0]
	}
	channel := b.Add(times(integer(b.Index(y, 0)), n.known(x, 1)), integer(b.Index(y, 3)))
	pixels := n.known(x, x.rank()-1)
	if x.rank() == 4 {
		pixels *= n.known(x, 2)
	}
	n.setImages(1, b.Add(times(channel, pixels), b.Add(times(first, size[1]), second)))
}

// maxima is the maximum of each window. Windows that op.MaxPool2D does not have are composed.
func (n *node) maxima(x *graph.Value, w *window) *graph.Value {
	if !w.fits() {
		return n.shifts(x, w, math.Inf(-1), n.b.Max)
	}
	o := w.op()
	if o.Size[0]*o.Size[1] <= 255 {
		return n.b.MaxPool2D(x, o)
	}
	w.explicit(n)
	o = w.op()
	rows, columns := o, o // the maximum of the maxima of rows
	rows.Size[1], rows.Stride[1], rows.Pads[1] = 1, 1, [2]int{}
	columns.Size[0], columns.Stride[0], columns.Pads[0] = 1, 1, [2]int{}
	for _, o := range []*op.Window{&rows, &columns} {
		if o.Pads == [2][2]int{} {
			o.Padding = op.Valid
		}
	}
	if max(o.Size[0], o.Size[1]) > 255 {
		n.fail("the window is %v, lince allows 255 pixels along an axis", w.size)
	}
	return n.b.MaxPool2D(n.b.MaxPool2D(x, rows), columns)
}

// maxShifts limits the size of a window along an axis that is composed of shifted images.
const maxShifts = 256

// shifts combines, for each element of a window, the images that the window sees there: first along the height, then
// along the width. It pads with value.
func (n *node) shifts(x *graph.Value, w *window, value float64, combine func(x, y *graph.Value) *graph.Value) *graph.Value {
	w.explicit(n)
	o := w.op()
	x = n.padImages(x, o.Pads, value)
	for a := range 2 {
		if !x.Valid() || o.Size[a] == 1 && o.Stride[a] == 1 {
			continue
		}
		if o.Size[a] > maxShifts {
			n.fail("a window of %v with dilations %v; lince allows %d pixels along an axis", w.size, w.dilation, maxShifts)
		}
		d := x.Shape[1+a]
		if d == tensor.Unknown {
			n.fail("the height and the width must be known for a window with dilations %v and pads %v; give the shapes of the model's inputs (--input-shape, Options.InputShapes)", w.dilation, w.pads)
		}
		if d < o.Span(a) {
			n.fail("a window of %v does not fit into images of shape %v", w.size, x.Shape)
		}
		count := (d-o.Span(a))/o.Stride[a] + 1 // of the pixels that an element of the window sees
		stride := [2]int{1, 1}
		stride[a] = o.Stride[a]
		var y *graph.Value
		for i := range o.Size[a] {
			z := every(n.b, n.cut(x, 1+a, i*o.Dilation[a], (count-1)*o.Stride[a]+1), stride)
			if y != nil {
				z = combine(y, z)
			}
			y = z
		}
		x = y
	}
	return x
}

func (n *node) padImages(x *graph.Value, pads [2][2]int, value float64) *graph.Value {
	if pads == [2][2]int{} {
		return x
	}
	return n.b.Pad(x, []int{0, pads[0][0], pads[1][0], 0}, []int{0, pads[0][1], pads[1][1], 0}, value)
}

// averagePool builds AveragePool.
func averagePool(n *node) {
	n.wantRank(0, 3, 4, 5)
	w, grown := n.pool()
	pads := slices.Clone(w.pads)
	if n.attrFlag("count_include_pad", false) {
		// Zeros count as pixels, but not those that ceil_mode adds.
		w.explicit(n)
		pads = slices.Clone(w.pads)
		for a := range pads {
			pads[a][1] -= grown[a]
			w.pads[a] = [2]int{0, grown[a]}
		}
	} else {
		clear(pads)
	}
	if n.in(0).rank() == 5 {
		n.setVolumes(n.volumes(n.stored(0, channelsLast(5)), w, pads, n.means)) // the number of pixels in a window is the product of those along its axes
		return
	}
	p := &window{size: w.size, stride: w.stride, dilation: w.dilation, pads: pads}
	n.setImages(0, n.means(n.padImages(n.images(), p.op().Pads, 0), w))
}

// means is the mean of the pixels in each window. Those of pads do not count.
func (n *node) means(x *graph.Value, w *window) *graph.Value {
	if w.fits() {
		return n.b.AveragePool2D(x, w.op())
	}
	sum := n.shifts(x, w, 0, n.b.Add)
	ones := n.b.Offset(n.b.Scale(x, 0), 1)
	return n.b.Div(sum, n.shifts(ones, w, 0, n.b.Add))
}

// volumes applies a pool that is separable to volumes: to their slices, then along the depth. Before that it pads them with zeros.
func (n *node) volumes(x *graph.Value, w *window, zeros [][2]int, pool func(x *graph.Value, w *window) *graph.Value) *graph.Value {
	w.explicit(n)
	d, h, wide, c := n.known(n.in(0), 2), n.known(n.in(0), 3), n.known(n.in(0), 4), n.known(n.in(0), 1)
	if zeros != nil {
		before, after := make([]int, 5), make([]int, 5)
		for a, p := range zeros {
			before[1+a], after[1+a] = p[0], p[1]
		}
		x = n.b.Pad(x, before, after, 0)
		d, h, wide = d+before[1]+after[1], h+before[2]+after[2], wide+before[3]+after[3]
	}
	flat := &window{size: w.size[1:], stride: w.stride[1:], dilation: w.dilation[1:], pads: w.pads[1:]}
	y := pool(n.b.Reshape(x, tensor.Unknown, h, wide, c), flat)
	if !y.Valid() {
		return y
	}
	h, wide = y.Shape[1], y.Shape[2]
	one := []int{1}
	along := &window{size: append(w.size[:1:1], one...), stride: append(w.stride[:1:1], one...), dilation: append(w.dilation[:1:1], one...), pads: append(w.pads[:1:1], [2]int{})}
	y = pool(n.b.Reshape(y, tensor.Unknown, d, h*wide, c), along)
	if !y.Valid() {
		return y
	}
	return n.b.Reshape(y, tensor.Unknown, y.Shape[1], h, wide, c)
}

// setVolumes sets a result that is computed from volumes.
func (n *node) setVolumes(y *graph.Value) { n.set(0, y, channelsLast(5)).like(n.in(0), 0) }

// lpPool builds LpPool: the p-norm of each window.
func lpPool(n *node) {
	n.wantRank(0, 3, 4, 5)
	w, _ := n.pool()
	w.explicit(n)
	p, b := n.attrInt("p", 2), n.b
	if p < 1 || p > 64 {
		n.fail("p is %d, want 1 to 64", p)
	}
	pads := slices.Clone(w.pads)
	clear(w.pads)
	size := 1
	for _, k := range w.size {
		size *= k
	}
	if n.in(0).rank() == 5 {
		x := n.norm(b.Abs(n.stored(0, channelsLast(5))), p)
		n.setVolumes(n.root(b.Scale(n.volumes(x, w, pads, n.means), float64(size)), p))
		return
	}
	padding := &window{size: w.size, stride: w.stride, dilation: w.dilation, pads: pads}
	x := n.padImages(n.norm(b.Abs(n.images()), p), padding.op().Pads, 0)
	n.setImages(0, n.root(b.Scale(n.means(x, w), float64(size)), p))
}

// norm is x to the p.
func (n *node) norm(x *graph.Value, p int) *graph.Value {
	switch p {
	case 1:
		return x
	case 2:
		return n.b.Square(x)
	}
	return n.b.Binary(op.Pow, x, constantLike(n.b, x, float64(p)))
}

// root is the p-th root of x.
func (n *node) root(x *graph.Value, p int) *graph.Value {
	switch p {
	case 1:
		return x
	case 2:
		return n.b.Sqrt(x)
	}
	return n.b.Binary(op.Pow, x, constantLike(n.b, x, 1/float64(p)))
}

// global returns the build function of a pool over whole images.
func global(reduce func(n *node, x *graph.Value, axes []int) *graph.Value) func(n *node) {
	return func(n *node) {
		if n.in(0).rank() < 3 {
			n.fail("operand 0 has shape %v, want (batch, channels, ...)", n.in(0).shape())
		}
		x, l := n.data()
		n.set(0, reduce(n, x, l.ats(plain(len(l))[2:])), l).like(n.in(0))
	}
}

func globalAverage(n *node, x *graph.Value, axes []int) *graph.Value { return meanKeep(n.b, x, axes) }

func globalMax(n *node, x *graph.Value, axes []int) *graph.Value {
	return n.b.ReduceMaxKeep(x, axes...)
}

func globalLp(n *node, x *graph.Value, axes []int) *graph.Value {
	p := n.attrInt("p", 2)
	return n.root(n.b.SumKeep(n.norm(n.b.Abs(x), p), axes...), p)
}

// meanKeep is the mean along axes, which stay with size 1.
func meanKeep(b *graph.Builder, x *graph.Value, axes []int) *graph.Value {
	return b.Div(b.SumKeep(x, axes...), b.Size(x, axes...))
}
