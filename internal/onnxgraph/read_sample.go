package onnxgraph

import (
	"math"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// Ops that take values of images at points between pixels.

// points are places in images or volumes. There is one list of coordinates for each axis after the first two, in pixels; the center of the
// first pixel is 0. The coordinates have the shape (batch, ...).
type points struct {
	x     *value
	table *graph.Value // a row for each pixel
	dims  []int        // the sizes of the axes
	at    []*graph.Value
	fill  string // zeros, border or reflection
	align bool   // reflect at the centers of the outermost pixels, not at their edges
}

// pointsIn prepares points in operand 0.
func (n *node) pointsIn() *points {
	x := n.wantRank(0, 3, 4, 5)
	p := &points{x: x, fill: "zeros"}
	for a := 2; a < x.rank(); a++ {
		p.dims = append(p.dims, n.known(x, a))
		if p.dims[a-2] < 1 {
			n.fail("operand has shape %v, want at least one pixel", x.shape())
		}
	}
	p.table = n.b.Reshape(n.stored(0, channelsLast(x.rank())), -1, n.known(x, 1))
	return p
}

// reflect reflects coordinates at the border of an axis until they are inside.
func (p *points) reflect(b *graph.Builder, v *graph.Value, axis int) *graph.Value {
	lo, size := -.5, float64(p.dims[axis])
	if p.align {
		lo, size = 0, size-1
	}
	if size == 0 {
		return b.Scale(v, 0)
	}
	d := b.Binary(op.Mod, b.Offset(v, -lo), constantLike(b, v, 2*size))
	return b.Offset(b.Min(d, b.Sub(constantLike(b, v, 2*size), d)), lo)
}

// pixel returns the values of the pixels at whole coordinates, in rows. batch is the example of each point, or nil if it is that of the first dimension.
func (p *points) pixel(b *graph.Builder, at []*graph.Value, batch *graph.Value) *graph.Value {
	var flat, inside *graph.Value
	for a, v := range at {
		last := float64(p.dims[a] - 1)
		switch p.fill {
		case "zeros":
			in := b.Min(b.Binary(op.GreaterEqual, v, constantLike(b, v, 0)), b.Binary(op.LessEqual, v, constantLike(b, v, last)))
			if inside != nil {
				in = b.Min(inside, in)
			}
			inside = in
		case "reflection":
			v = p.reflect(b, v, a)
		}
		i := b.Cast(b.Clip(v, 0, last), tensor.Int64)
		if flat != nil {
			i = b.Add(b.Scale(flat, float64(p.dims[a])), i)
		}
		flat = i
	}
	size := 1
	for _, d := range p.dims {
		size *= d
	}
	if batch == nil {
		batch = b.Op(op.Iota{Axis: 0}, flat)
	}
	rows := b.Gather(p.table, b.Add(flat, b.Scale(batch, float64(size))))
	if inside != nil {
		rows = b.Select(b.ExpandDims(inside, inside.Rank()), rows, constantLike(b, rows, 0))
	}
	return rows
}

// interpolate returns the values at the points, in rows: the last dimension are the channels.
func (p *points) interpolate(n *node, mode string) *graph.Value {
	b := n.b
	if mode == "nearest" {
		at := make([]*graph.Value, len(p.at))
		for a, v := range p.at {
			at[a] = b.Round(v)
		}
		return p.pixel(b, p.border(b, at), nil)
	}
	// Along each axis some pixels count, each with a weight.
	type tap struct{ at, weight *graph.Value }
	var axes [][]tap
	at := p.at
	if p.fill != "border" { // for which it is enough that each pixel is moved, as in PyTorch
		at = p.border(b, at)
	}
	for _, v := range at {
		below := b.Floor(v)
		f := b.Sub(v, below)
		var taps []tap
		switch mode {
		case "linear", "bilinear":
			taps = []tap{{below, b.Sub(constantLike(b, f, 1), f)}, {b.Offset(below, 1), f}}
		case "cubic", "bicubic":
			for k := -1; k <= 2; k++ {
				taps = append(taps, tap{b.Offset(below, float64(k)), cubicWeight(b, f, k)})
			}
		default:
			n.fail("mode is %q, want nearest, linear or cubic", mode)
		}
		axes = append(axes, taps)
	}
	var sum *graph.Value
	var visit func(at []*graph.Value, weight *graph.Value)
	visit = func(at []*graph.Value, weight *graph.Value) {
		if len(at) < len(axes) {
			for _, t := range axes[len(at)] {
				w := t.weight
				if weight != nil {
					w = b.Mul(weight, w)
				}
				visit(append(slices.Clone(at), t.at), w)
			}
			return
		}
		term := b.Mul(p.pixel(b, at, nil), b.ExpandDims(weight, weight.Rank()))
		if sum != nil {
			term = b.Add(sum, term)
		}
		sum = term
	}
	visit(nil, nil)
	return sum
}

// border moves coordinates that are outside to the border, or reflects them.
func (p *points) border(b *graph.Builder, at []*graph.Value) []*graph.Value {
	moved := make([]*graph.Value, len(at))
	for a, v := range at {
		size := float64(p.dims[a])
		lo, hi := -.5, size-.5
		if p.align {
			lo, hi = 0, size-1
		}
		out := b.Max(b.Binary(op.Less, v, constantLike(b, v, lo)), b.Binary(op.Greater, v, constantLike(b, v, hi)))
		switch p.fill {
		case "border":
			v = b.Select(out, b.Clip(v, 0, size-1), v)
		case "reflection":
			v = b.Select(out, p.reflect(b, v, a), v)
		}
		moved[a] = v
	}
	return moved
}

// cubicWeight is the weight of the pixel k after the one below a point, which is at the distance f from that one. The kernel is Keys' with a = -3/4.
func cubicWeight(b *graph.Builder, f *graph.Value, k int) *graph.Value {
	const a = -.75
	d := b.Abs(b.Offset(b.Neg(f), float64(k)))
	poly := func(c3, c2, c1, c0 float64) *graph.Value {
		return b.Offset(b.Mul(b.Offset(b.Mul(b.Offset(b.Scale(d, c3), c2), d), c1), d), c0)
	}
	if k == 0 || k == 1 {
		return poly(a+2, -(a + 3), 0, 1)
	}
	return poly(a, -5*a, 8*a, -4*a)
}

// setRows sets the result to rows of channels: the channels become dimension 1.
func (n *node) setRows(v *graph.Value) {
	n.set(0, v, channelsLast(v.Rank())).like(n.in(0), 0, 1)
}

// gridSample builds GridSample.
func gridSample(n *node) {
	p, b := n.pointsIn(), n.b
	x, grid := n.in(0), n.in(1)
	axes := x.rank() - 2
	if grid.rank() != x.rank() || n.known(grid, grid.rank()-1) != axes {
		n.fail("the grid has shape %v, which does not fit %v", grid.shape(), x.shape())
	}
	p.align = n.attrFlag("align_corners", false)
	if p.fill = n.attrString("padding_mode", "zeros"); !slices.Contains([]string{"zeros", "border", "reflection"}, p.fill) {
		n.fail("padding_mode is %q, want zeros, border or reflection", p.fill)
	}
	v := n.plain(1)
	for a := range axes {
		g := b.Squeeze(n.cut(v, axes+1, axes-1-a, 1), axes+1) // the last axis comes first
		d := float64(p.dims[a])
		if p.align {
			g = b.Scale(b.Offset(g, 1), (d-1)/2)
		} else {
			g = b.Scale(b.Offset(b.Scale(b.Offset(g, 1), d), -1), .5)
		}
		p.at = append(p.at, g)
	}
	n.setRows(p.interpolate(n, n.attrString("mode", map[bool]string{true: "linear", false: "bilinear"}[n.opset >= 20])))
}

// affineGrid builds AffineGrid: the grid for GridSample that moves images by matrices.
func affineGrid(n *node) {
	b, size := n.b, n.ints(1)
	if len(size) != 4 && len(size) != 5 || n.in(0).rank() != 3 {
		n.fail("size is %v and the matrices have shape %v, want 4 or 5 numbers and 3 dimensions", size, n.in(0).shape())
	}
	dims := tensor.Shape(size[2:])
	for _, d := range dims {
		if d < 1 {
			n.fail("size is %v, want at least 1 each", size)
		}
	}
	count, err := dims.CheckedElements()
	k := len(dims)
	if err != nil || !n.spend(count*(k+1)) {
		n.fail("a grid of size %v is too large", size)
	}
	// A row for each point: its coordinates, the last axis first, and 1.
	rows := tensor.New(tensor.Float32, count, k+1)
	for i := range count {
		rest := i
		for a := k - 1; a >= 0; a-- {
			j, d := float64(rest%dims[a]), float64(dims[a])
			rest /= dims[a]
			at := (2*j+1)/d - 1
			if n.attrFlag("align_corners", false) {
				at = 2*j/max(d-1, 1) - 1
			}
			rows.Float32s()[i*(k+1)+k-1-a] = float32(at)
		}
		rows.Float32s()[i*(k+1)+k] = 1
	}
	theta := n.plain(0)
	y := b.Op(op.MatMul{TransposeB: true}, b.Reshape(theta, -1, k+1), b.Op(op.Const{Value: rows})) // (batch*k, count)
	y = b.Transpose(b.Reshape(y, -1, k, count), 0, 2, 1)
	n.out(b.Reshape(y, append(append([]int{-1}, dims...), k)...)).like(n.in(0), 0)
}

// maxRegions limits the regions of RoiAlign, if each of them has its own number of samples.
const maxRegions = 256

// roiAlign builds RoiAlign: the mean or the maximum of samples in the cells of regions.
func roiAlign(n *node) {
	p, b := n.pointsIn(), n.b
	n.wantRank(0, 4)
	half := n.attrString("coordinate_transformation_mode", "half_pixel")
	if n.opset < 16 {
		half = "output_half_pixel"
	}
	mode := n.attrString("mode", "avg")
	if half != "half_pixel" && half != "output_half_pixel" || mode != "avg" && mode != "max" {
		n.fail("coordinate_transformation_mode is %q and mode %q, want half_pixel or output_half_pixel, and avg or max", half, mode)
	}
	h, w, ratio := n.attrInt("output_height", 1), n.attrInt("output_width", 1), n.attrInt("sampling_ratio", 0)
	scale := n.attrFloat("spatial_scale", 1)
	if h < 1 || w < 1 || h > 1<<10 || w > 1<<10 || ratio > 1<<6 {
		n.fail("output size %dx%d with sampling ratio %d", h, w, ratio)
	}
	offset := 0.
	if half == "half_pixel" {
		offset = -.5
	}
	rois, batch := n.plain(1), b.Cast(n.plain(2), tensor.Int64)
	if n.in(1).rank() != 2 || n.known(n.in(1), 1) != 4 || n.in(2).rank() != 1 {
		n.fail("the regions have shape %v and their examples %v, want (regions, 4) and (regions,)", n.in(1).shape(), n.in(2).shape())
	}
	edge := func(i int) *graph.Value { return b.Offset(b.Scale(n.cut(rois, 1, i, 1), scale), offset) }
	// bins returns the first coordinate and the size of the cells along an axis, and how many samples a cell has.
	bins := func(begin, end *graph.Value, cells int) (first, size *graph.Value) {
		size = b.Sub(end, begin)
		if half != "half_pixel" {
			size = b.Max(size, constantLike(b, size, 1))
		}
		return begin, b.Scale(size, 1/float64(cells))
	}
	top, height := bins(edge(1), edge(3), h)
	left, width := bins(edge(0), edge(2), w)
	counts := [2][]int{} // samples of a cell for each region; one number stands for all
	if ratio > 0 {
		counts = [2][]int{{ratio}, {ratio}}
	} else {
		counts = n.samples(scale, half == "half_pixel", h, w)
	}
	if len(counts[0]) > maxRegions || len(counts[0]) == 0 {
		n.fail("%d regions with sampling_ratio 0; lince allows 1 to %d", len(counts[0]), maxRegions)
	}
	var parts []*graph.Value
	for i := range counts[0] {
		part := func(v *graph.Value) *graph.Value {
			if len(counts[0]) == 1 {
				return v
			}
			return n.cut(v, 0, i, 1)
		}
		r := region{part(top), part(left), part(height), part(width), part(b.Reshape(batch, -1, 1)), h, w, counts[0][i], counts[1][i]}
		parts = append(parts, r.pooled(n, p, mode == "max"))
	}
	n.set(0, b.Concat(0, parts...), channelsLast(4))
}

// samples returns the numbers of samples along the height and the width of a cell, for each region. The regions must be known.
func (n *node) samples(scale float64, half bool, h, w int) (counts [2][]int) {
	rois := numbersOf(n.tensor(1))
	for i := 0; i+4 <= len(rois); i += 4 {
		for a, cells := range []int{h, w} {
			size := (float64(float32(rois[i+3-a].k)) - float64(float32(rois[i+1-a].k))) * scale
			if !half {
				size = max(size, 1)
			}
			c := toInt(math.Ceil(size / float64(cells)))
			if c > 1<<6 {
				n.fail("a region has %d samples in a cell, lince allows 64", c)
			}
			counts[a] = append(counts[a], max(c, 0))
		}
	}
	return counts
}

// region describes the cells of regions, h x w of them in each, with rows x columns samples in a cell. The values have the shape (regions, 1).
type region struct {
	top, left, height, width, batch *graph.Value
	h, w, rows, columns             int
}

// pooled returns the means or maxima of the cells (regions, h, w, channels).
func (r region) pooled(n *node, p *points, largest bool) *graph.Value {
	b := n.b
	// axis returns the coordinates of the samples along an axis (regions, cells*count), those of the pixels below and above them, the
	// weight of the one above, and whether they count.
	type axis struct{ below, above, weight, counts *graph.Value }
	along := func(begin, size *graph.Value, cells, count, pixels int) axis {
		steps := tensor.New(tensor.Float32, cells*count)
		for i := range steps.Float32s() {
			steps.Float32s()[i] = float32((float64(i) + .5) / float64(count))
		}
		v := b.Add(begin, b.Mul(size, b.Op(op.Const{Value: steps})))
		counts := b.Min(b.Binary(op.GreaterEqual, v, constantLike(b, v, -1)), b.Binary(op.LessEqual, v, constantLike(b, v, float64(pixels))))
		v = b.Clip(v, 0, float64(pixels-1))
		below := b.Floor(v)
		return axis{below, b.Min(b.Offset(below, 1), constantLike(b, v, float64(pixels-1))), b.Sub(v, below), counts}
	}
	y := along(r.top, r.height, r.h, r.rows, p.dims[0])
	x := along(r.left, r.width, r.w, r.columns, p.dims[1])
	row := func(v *graph.Value) *graph.Value { return b.ExpandDims(v, 2) }
	column := func(v *graph.Value) *graph.Value { return b.ExpandDims(v, 1) }
	counts := b.ExpandDims(b.Min(row(y.counts), column(x.counts)), 3)
	p.fill = "border" // all pixels are inside
	var all *graph.Value
	for _, i := range []bool{false, true} {
		for _, j := range []bool{false, true} {
			pick := func(a axis, up bool) (at, weight *graph.Value) {
				if up {
					return a.above, a.weight
				}
				return a.below, b.Sub(constantLike(b, a.weight, 1), a.weight)
			}
			h, wh := pick(y, i)
			w, ww := pick(x, j)
			zero := b.Scale(b.Mul(row(h), column(w)), 0)
			v := p.pixel(b, []*graph.Value{b.Add(row(h), zero), b.Add(column(w), zero)}, b.ExpandDims(r.batch, 2))
			v = b.Select(counts, b.Mul(v, b.ExpandDims(b.Mul(row(wh), column(ww)), 3)), constantLike(b, v, 0))
			switch {
			case all == nil:
			case largest:
				v = b.Max(all, v)
			default:
				v = b.Add(all, v)
			}
			all = v
		}
	}
	cells := b.Reshape(all, -1, r.h, r.rows, r.w, r.columns, n.sizes(p.table)[1])
	if largest {
		return b.ReduceMax(cells, 2, 4)
	}
	return b.Mean(cells, 2, 4)
}
