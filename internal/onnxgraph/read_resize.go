package onnxgraph

import (
	"math"
	"slices"

	"github.com/lince-ml/lince/graph/op"
)

// readResize builds Resize for images, as far as op.Resize can do it.
func readResize(n *node) {
	var scales []float64
	var sizes []int
	switch {
	case n.opset < 11: // opset 10: x, scales
		if len(n.operands) < 2 {
			n.fail("it has no scales")
		}
		scales = n.floats(1)
	default: // x, roi, scales, sizes
		if n.has(3) {
			sizes = n.ints(3)
		} else if n.has(2) {
			scales = n.floats(2)
		} else {
			n.fail("it has neither scales nor sizes")
		}
	}
	transform := "half_pixel"
	if n.opset < 11 {
		transform = "asymmetric"
	}
	transform = n.attrString("coordinate_transformation_mode", transform)
	rounding := "round_prefer_floor"
	if n.opset < 11 {
		rounding = "floor"
	}
	rounding = n.attrString("nearest_mode", rounding)
	n.resample(scales, sizes, n.attrString("mode", "nearest"), transform, rounding)
}

// upsample builds Upsample, which Resize replaced.
func upsample(n *node) {
	scales := n.attrFloats("scales")
	if n.opset >= 9 {
		if !n.has(1) {
			n.fail("it has no scales")
		}
		scales = n.floats(1)
	}
	n.resample(scales, nil, n.attrString("mode", "nearest"), "asymmetric", "floor")
}

// resample resizes the height and the width of images.
func (n *node) resample(scales []float64, sizes []int, mode, transform, rounding string) {
	x := n.in(0)
	if n.attrFlag("antialias", false) || n.attrFlag("exclude_outside", false) || n.attrString("keep_aspect_ratio_policy", "stretch") != "stretch" {
		n.fail("lince has no Resize with antialias, exclude_outside or keep_aspect_ratio_policy")
	}
	axes := n.attrInts("axes")
	if axes == nil {
		axes = plain(x.rank())
	}
	if len(scales) != 0 && len(scales) != len(axes) || len(sizes) != 0 && len(sizes) != len(axes) {
		n.fail("scales %v and sizes %v for axes %v", scales, sizes, axes)
	}
	// The scale and the new size of each axis; 0 means unknown.
	scale, size := slices.Repeat([]float64{1}, x.rank()), make([]int, x.rank())
	for a, d := range x.dims {
		size[a] = max(d.dim(), 0)
	}
	n.axes(axes, x.rank())
	for i, a := range axes {
		a = n.axis(a, x.rank())
		d := x.dims[a]
		switch {
		case len(scales) > 0:
			if scale[a] = scales[i]; !(scales[i] > 0) || scales[i] > largest {
				n.fail("scales are %v", scales)
			}
			if d.s == nil {
				size[a] = toInt(math.Floor(d.k * scales[i]))
			}
		case d.s == nil:
			size[a] = sizes[i]
			scale[a] = float64(sizes[i]) / d.k
		default:
			n.known(x, a)
		}
		if size[a] < 0 || size[a] > largest {
			n.fail("the new size is %v", size)
		}
	}
	if x.rank() == 3 || x.rank() == 4 {
		if scale[0] == 1 && scale[1] == 1 {
			n.resizeImages(scale, size, mode, transform, rounding)
			return
		}
	}
	n.fail("lince resizes the height and the width of images (batch, channels, height, width) only, got scales %v for shape %v", scale, x.shape())
}

func (n *node) resizeImages(scale []float64, size []int, mode, transform, rounding string) {
	x := n.in(0)
	o := op.Resize{}
	first := 4 - x.rank()
	s, z := [2]float64{1, 1}, [2]int{1, 1}
	for a := range x.rank() - 2 {
		s[first+a], z[first+a] = scale[2+a], size[2+a]
	}
	whole := true // the scales are integers
	for a := range 2 {
		whole = whole && s[a] >= 1 && s[a] == math.Trunc(s[a])
		o.Scale[a] = toInt(s[a])
	}
	if s == [2]float64{1, 1} {
		n.alias(0, x)
		return
	}
	half := transform == "half_pixel" || transform == "half_pixel_symmetric" && whole || transform == "pytorch_half_pixel" && z[0] != 1 && z[1] != 1
	switch {
	case mode == "nearest" && whole && (transform == "asymmetric" && rounding == "floor" || half && (rounding == "round_prefer_floor" || rounding == "round_prefer_ceil")):
		// Each pixel is repeated.
	case mode == "linear" && half && (whole || z[0] > 0 && z[1] > 0):
		o.Method = op.Bilinear
		if !whole {
			for a := range 2 {
				if d := x.dims[max(0, x.rank()-2+a)]; x.rank() == 4 && float64(z[a]) != s[a]*d.k {
					n.fail("lince has no Resize by %v of shape %v, because the new size is rounded", s, x.shape())
				}
			}
			o.Size, o.Scale = z, [2]int{}
		}
	default:
		n.fail("lince has no Resize with mode %s, coordinate_transformation_mode %s and nearest_mode %s by %v", mode, transform, rounding, s)
	}
	n.setImages(0, n.b.Op(o, n.images()))
}
