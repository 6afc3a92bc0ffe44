package onnxgraph

import (
	"math"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// resampling is what Resize does along one axis.
type resampling struct {
	axis     int
	n, m     int     // the size before and after
	scale    float64 // m/n, before rounding
	from, to float64 // the region, for tf_crop_and_resize
}

// resizing has the attributes of Resize that all axes share.
type resizing struct {
	mode, coordinates, nearest string
	cubic                      float64
	antialias, inside          bool // inside: exclude_outside
	outside                    float64
}

// readResize builds Resize, and Upsample, its name before opset 10.
func readResize(n *node) {
	r := n.resizing()
	axes := n.resampled(r)
	x := n.in(0)
	if x.dtype == tensor.Float32 {
		if v := n.common(r, axes); v != nil {
			n.set(0, v, channelsLast(4)).like(x, 0)
			return
		}
	}
	taps := map[int]op.Taps{}
	var outside []resampling
	for i := range axes {
		a := &axes[i]
		if a.scale == 1 && a.m == 0 && (r.coordinates != "tf_crop_and_resize" || a.from == 0 && a.to == 1) {
			continue // the axis, which may be the batch, keeps its size
		}
		n.across(x, a.axis)
		if a.n = n.known(x, a.axis); a.n < 1 {
			n.fail("operand has shape %v, want at least one element", x.shape())
		}
		if a.m == 0 {
			a.m = int(math.Floor(a.scale * float64(a.n)))
		}
		if a.m < 1 || a.m > largest {
			n.fail("dimension %d of %v would get the size %d, want 1 to %d", a.axis, x.shape(), a.m, largest)
		}
		if a.scale == 1 && a.m == a.n && (r.coordinates != "tf_crop_and_resize" || a.from == 0 && a.to == 1) {
			continue
		}
		t, some := r.taps(n, *a)
		if taps[a.axis] = t; some {
			outside = append(outside, *a)
		}
	}
	y, l := n.resample(x, taps)
	for _, a := range outside {
		y = r.extrapolate(n, y, a, l.at(a.axis))
	}
	n.set(0, y, l).like(x, 0)
}

// resizing reads the attributes that all axes share.
func (n *node) resizing() resizing {
	r := resizing{
		mode: n.attrString("mode", "nearest"), coordinates: n.attrString("coordinate_transformation_mode", "half_pixel"),
		nearest: n.attrString("nearest_mode", "round_prefer_floor"), cubic: n.attrFloat("cubic_coeff_a", -.75),
		antialias: n.attrFlag("antialias", false), inside: n.attrFlag("exclude_outside", false), outside: n.attrFloat("extrapolation_value", 0),
	}
	if n.opset < 11 {
		r.coordinates, r.nearest = "asymmetric", "floor"
	}
	if r.mode == "bilinear" { // in some files of opset 7
		r.mode = "linear"
	}
	if !slices.Contains([]string{"nearest", "linear", "cubic"}, r.mode) {
		n.fail("mode is %q, want nearest, linear or cubic", r.mode)
	}
	return r
}

// resampled reads the scales or sizes.
func (n *node) resampled(r resizing) []resampling {
	x := n.in(0)
	axes := n.attrInts("axes")
	if axes == nil {
		axes = plain(x.rank())
	}
	for i, a := range axes {
		axes[i] = n.axis(a, x.rank())
	}
	n.axes(axes, x.rank()) // they differ
	list := make([]resampling, len(axes))
	for i, a := range axes {
		list[i] = resampling{axis: a, from: 0, to: 1}
	}
	var scales []float64
	at := 2 // of the operand scales
	switch {
	case n.opset < 9:
		scales = n.attrFloats("scales")
	case n.opset < 11:
		at = 1
		fallthrough
	default:
		if n.has(at) {
			scales = n.floats(at)
		}
	}
	switch {
	case len(scales) > 0:
		if len(scales) != len(axes) {
			n.fail("got %d scales, want %d", len(scales), len(axes))
		}
		for i, s := range scales {
			if !(s > 0) {
				n.fail("scales are %v, want numbers above 0", scales)
			}
			list[i].scale = s
		}
	case n.has(3):
		n.sized(list)
	default:
		n.fail("it has neither scales nor sizes")
	}
	if r.coordinates == "tf_crop_and_resize" {
		if !n.has(1) {
			n.fail("tf_crop_and_resize needs the operand roi")
		}
		roi := n.floats(1)
		if len(roi) != 2*len(axes) {
			n.fail("roi has %d numbers, want %d", len(roi), 2*len(axes))
		}
		for i := range list {
			list[i].from, list[i].to = roi[i], roi[len(axes)+i]
		}
	}
	return list
}

// sized sets the sizes and scales from the operand sizes.
func (n *node) sized(list []resampling) {
	x, sizes := n.in(0), n.numbers(3)
	if len(sizes) != len(list) {
		n.fail("got %d sizes, want %d", len(sizes), len(list))
	}
	policy := n.attrString("keep_aspect_ratio_policy", "stretch")
	best := math.NaN()
	for i := range list {
		a := &list[i]
		if n.keepsBatch(x.dims[a.axis], sizes[i]) {
			a.scale = 1
			continue
		}
		if sizes[i].s != nil {
			if sizes[i] != x.dims[a.axis] {
				n.unknown(3)
			}
			a.scale = 1 // the batch
			continue
		}
		d := x.dims[a.axis]
		if d.s != nil { // the size decides, the scale is not known
			n.known(x, a.axis)
		}
		a.m = toInt(sizes[i].k)
		a.scale = sizes[i].k / max(d.k, 1)
		switch {
		case policy == "not_larger" && !(a.scale >= best), policy == "not_smaller" && !(a.scale <= best):
			best = a.scale
		}
	}
	switch policy {
	case "stretch":
	case "not_larger", "not_smaller":
		for i := range list {
			list[i].scale = best
			list[i].m = int(best*float64(n.known(x, list[i].axis)) + .5)
		}
	default:
		n.fail("keep_aspect_ratio_policy is %q, want stretch, not_larger or not_smaller", policy)
	}
}

// common builds a Resize of images in one of the ways that op.Resize has a method for, or returns nil. Those by whole numbers do not need the
// height and the width.
func (n *node) common(r resizing, axes []resampling) *graph.Value {
	x := n.in(0)
	whole, exact := op.Resize{Scale: [2]int{1, 1}}, op.Resize{Method: op.Bilinear}
	isWhole, isExact := true, true
	for a := range 2 {
		exact.Size[a] = max(x.dims[min(2+a, x.rank()-1)].dim(), 0)
	}
	for _, a := range axes {
		if a.scale == 1 && (a.m == 0 || float64(a.m) == x.dims[a.axis].k) {
			continue
		}
		if x.rank() != 4 || a.axis < 2 {
			return nil
		}
		size, d := a.m, x.dims[a.axis]
		if size == 0 {
			size = toInt(math.Floor(a.scale * d.k))
		}
		isWhole = isWhole && a.scale == math.Trunc(a.scale) && a.scale < largest && (a.m == 0 || d.s == nil && float64(a.m) == a.scale*d.k)
		isExact = isExact && d.s == nil && float64(size) == a.scale*d.k && size <= largest
		whole.Scale[a.axis-2], exact.Size[a.axis-2] = toInt(a.scale), size
		if r.coordinates == "pytorch_half_pixel" && size <= 1 {
			return nil
		}
	}
	half := r.coordinates == "half_pixel" || r.coordinates == "pytorch_half_pixel" || r.coordinates == "half_pixel_symmetric"
	switch {
	case x.rank() != 4:
		return nil
	case r.mode == "nearest" && isWhole && (r.coordinates == "asymmetric" && r.nearest == "floor" || half && r.nearest == "round_prefer_floor"):
		return n.b.Op(whole, n.stored(0, channelsLast(4)))
	case r.mode == "linear" && half && !r.antialias && isWhole:
		whole.Method = op.Bilinear
		return n.b.Op(whole, n.stored(0, channelsLast(4)))
	case r.mode == "linear" && half && !r.antialias && isExact && exact.Size[0] > 0 && exact.Size[1] > 0:
		return n.b.Op(exact, n.stored(0, channelsLast(4)))
	}
	return nil
}

// at returns the position in the operand of result i.
func (r resizing) at(n *node, a resampling, i int) float64 {
	x, size, out := float64(i), float64(a.n), a.scale*float64(a.n)
	switch r.coordinates {
	case "align_corners":
		if out == 1 {
			return 0
		}
		return x * (size - 1) / (out - 1)
	case "asymmetric":
		return x / a.scale
	case "tf_crop_and_resize":
		if out == 1 {
			return (a.to-a.from)*(size-1)/2 + a.from*(size-1)
		}
		return x*(a.to-a.from)*(size-1)/(out-1) + a.from*(size-1)
	case "pytorch_half_pixel":
		if a.m == 1 {
			return 0
		}
		return (x+.5)/a.scale - .5
	case "half_pixel":
		return (x+.5)/a.scale - .5
	case "half_pixel_symmetric":
		return size/2*(1-float64(a.m)/out) + (x+.5)/a.scale - .5
	}
	n.fail("coordinate_transformation_mode is %q", r.coordinates)
	return 0
}

// taps returns the weights along an axis. some says that results lie outside the operand, so that they become the extrapolation value.
func (r resizing) taps(n *node, a resampling) (t op.Taps, some bool) {
	const each = 8 // about the elements' worth of memory for each result
	if a.m > math.MaxInt32 || !n.spend(each*a.m) {
		n.fail("the size of %d is too large to compute its weights while reading", a.m)
	}
	for i := range a.m {
		at := r.at(n, a, i)
		some = some || r.out(a, at)
		at = min(max(at, -1e6), float64(a.n)+1e6)
		below := math.Floor(at)
		first, w := int(below), r.weights(n, at-below, a.scale)
		if half := len(w) / 2; half > 0 {
			first -= half - 1
		}
		if r.inside {
			sum := 0.
			for j := range w {
				if first+j < 0 || first+j >= a.n {
					w[j] = 0
				}
				sum += w[j]
			}
			for j := range w {
				if sum != 0 {
					w[j] /= sum
				}
			}
		}
		// Pixels outside are those at the border.
		lo, hi := min(max(first, 0), a.n-1), min(max(first+len(w)-1, 0), a.n-1)
		at32, sums := make([]float32, hi-lo+1), make([]float64, hi-lo+1)
		for j, v := range w {
			sums[min(max(first+j, 0), a.n-1)-lo] += v
		}
		for j, v := range sums {
			at32[j] = float32(v)
		}
		t.First, t.Weights = append(t.First, lo), append(t.Weights, at32)
	}
	return t, some
}

// out reports whether a position is outside the operand, for tf_crop_and_resize.
func (r resizing) out(a resampling, at float64) bool {
	return r.coordinates == "tf_crop_and_resize" && (at < 0 || at > float64(a.n-1))
}

// weights returns the weights of the pixels around a position. The middle two are the pixel below it and that above it; f is the distance from the
// one below, 0 to 1.
func (r resizing) weights(n *node, f, scale float64) []float64 {
	kernel, radius := func(x float64) float64 { return max(0, 1-x) }, 1
	switch r.mode {
	case "nearest":
		n.afford(2)
		up := map[string]bool{"round_prefer_floor": f > .5, "round_prefer_ceil": f >= .5, "floor": false, "ceil": f > 0}
		above, ok := up[r.nearest]
		if !ok {
			n.fail("nearest_mode is %q", r.nearest)
		}
		if above {
			return []float64{0, 1}
		}
		return []float64{1, 0}
	case "cubic":
		kernel, radius = func(x float64) float64 { return keys(r.cubic, x) }, 2
	}
	wide := 1.
	if r.antialias {
		wide = min(scale, 1)
	}
	half := int(math.Ceil(float64(radius) / wide))
	n.afford(2 * half)
	w, sum := make([]float64, 2*half), 0.
	for j := range w {
		w[j] = kernel(math.Abs(float64(j-half+1)-f) * wide)
		sum += w[j]
	}
	if r.antialias {
		for j := range w {
			w[j] /= sum
		}
	}
	return w
}

// keys is Keys' cubic kernel with parameter a, at the distance x >= 0.
func keys(a, x float64) float64 {
	switch {
	case x <= 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return ((a*x-5*a)*x+8*a)*x - 4*a
	}
	return 0
}

// resample applies taps along axes of x. Images are resampled in one op; other values along one axis after another.
func (n *node) resample(x *value, taps map[int]op.Taps) (*graph.Value, layout) {
	images := x.rank() == 4
	for a := range taps {
		images = images && a >= 2
	}
	l := plain(x.rank())
	if images {
		l = channelsLast(4)
	}
	v := n.stored(0, l)
	dtype := v.DType
	v = n.b.Cast(v, tensor.Float32)
	if images {
		var given [2]op.Taps
		for a := range given {
			t, ok := taps[2+a]
			if !ok && len(taps) > 0 {
				t = n.same(n.known(x, 2+a))
			}
			given[a] = t
		}
		if len(taps) > 0 {
			v = n.b.Op(op.Resize{Method: op.Given, Given: &given}, v)
		}
		return n.b.Cast(v, dtype), l
	}
	for a := range x.rank() {
		t, ok := taps[a]
		if !ok || !v.Valid() {
			continue
		}
		shape := v.Shape.Clone()
		inner := 1
		for _, d := range shape[a+1:] {
			if d == tensor.Unknown {
				n.fail("operand has shape %v; the dimensions after dimension %d must be known", x.shape(), a)
			}
			inner *= d
		}
		v = n.b.Reshape(v, -1, shape[a], 1, inner)
		v = n.b.Op(op.Resize{Method: op.Given, Given: &[2]op.Taps{t, n.same(1)}}, v)
		shape[a] = len(t.First)
		v = n.b.Reshape(v, shape...)
	}
	return n.b.Cast(v, dtype), l
}

// same returns the taps that keep size pixels.
func (n *node) same(size int) op.Taps {
	n.afford(size)
	t := op.Taps{}
	for i := range size {
		t.First, t.Weights = append(t.First, i), append(t.Weights, []float32{1})
	}
	return t
}

// extrapolate sets the results outside the operand along an axis, stored dimension at of v.
func (r resizing) extrapolate(n *node, v *graph.Value, a resampling, at int) *graph.Value {
	shape := slices.Repeat([]int{1}, v.Rank())
	shape[at] = a.m
	mask := tensor.New(tensor.Bool, shape...)
	for i := range a.m {
		tensor.Values[bool](mask)[i] = r.out(a, r.at(n, a, i))
	}
	return n.b.Select(n.b.Op(op.Const{Value: mask}), constantLike(n.b, v, r.outside), v)
}
