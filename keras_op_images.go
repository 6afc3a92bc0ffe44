package lince

import (
	"math"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/config"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// castOp converts numbers. Models compute in float32, so it is the identity on what is float32 already.
func castOp(a *opArgs) *graph.Value {
	x := a.value(0, "x")
	name, _ := a.setting(1, "dtype").(string)
	if name != "float32" {
		a.errorf("it casts to %s, want float32", config.Show(a.setting(1, "dtype")))
		return a.b.Invalid()
	}
	if x.DType == tensor.Float32 {
		return x
	}
	return a.b.Cast(x, tensor.Float32)
}

// geluOp: unlike the activation, keras.ops.gelu is approximated by tanh unless approximate is false.
func geluOp(a *opArgs) *graph.Value {
	x, b := a.value(0, "x"), a.b
	if exact, is := a.setting(1, "approximate").(bool); is && !exact {
		return layer.Activate{Activation: layer.GELU}.Build(b, x)
	}
	inner := b.Scale(b.Add(x, b.Scale(b.Mul(x, b.Square(x)), .044715)), math.Sqrt(2/math.Pi))
	return b.Mul(b.Scale(x, .5), b.Offset(b.Tanh(inner), 1))
}

// normalizeOp divides by the Euclidean norm along an axis.
func normalizeOp(a *opArgs) *graph.Value {
	x, b := a.value(0, "x"), a.b
	if order := a.number(2, "order", 2); order != 2 {
		a.errorf("order is %v, want 2", order)
	}
	axes := a.indexes([]int{int(a.number(1, "axis", -1))}, x.Rank())
	if len(a.errs) > 0 || !x.Valid() {
		return b.Invalid()
	}
	norm := b.Sqrt(b.SumKeep(b.Square(x), axes...))
	return b.Div(x, b.Max(norm, b.Constant(x.DType, a.number(3, "epsilon", 1e-7))))
}

// matmulOp multiplies matrices, or batches of them.
func matmulOp(a *opArgs) *graph.Value {
	x, y := a.value(0, "x1"), a.value(1, "x2")
	switch {
	case !x.Valid() || !y.Valid():
		return a.b.Invalid()
	case x.Rank() == 2 && y.Rank() == 2:
		return a.b.MatMul(x, y)
	case x.Rank() != y.Rank():
		a.errorf("it multiplies values of shapes %v and %v, want equal numbers of dimensions", x.Shape, y.Shape)
		return a.b.Invalid()
	}
	return a.b.BatchMatMul(x, y)
}

// padOp surrounds a value with a constant.
func padOp(a *opArgs) *graph.Value {
	x := a.value(0, "x")
	widths, _ := config.List(a.setting(1, "pad_width"))
	if mode := a.setting(2, "mode"); mode != nil && mode != "constant" {
		a.errorf("mode is %s, want constant", config.Show(mode))
	}
	if len(widths) == 1 {
		widths = slices.Repeat(widths, x.Rank())
	}
	var before, after []int
	for _, w := range widths {
		pair, _ := config.List(w)
		for i, list := range []*[]int{&before, &after} {
			n := -1
			if len(pair) == 2 {
				n, _ = config.Int(pair[i])
			}
			*list = append(*list, n)
		}
	}
	if len(before) != x.Rank() || slices.Min(append(before[:len(before):len(before)], after...)) < 0 || before[0]+after[0] > 0 {
		a.errorf("pad_width is %s for shape %v, want two numbers for each dimension, and none for the batch", config.Show(a.setting(1, "pad_width")), x.Shape)
	}
	value := a.number(-1, "constant_values", 0)
	if len(a.errs) > 0 {
		return a.b.Invalid()
	}
	return a.b.Pad(x, before, after, value)
}

// splitOp cuts a value into pieces.
func splitOp(a *opArgs) *graph.Value {
	x := a.value(0, "x")
	axes := a.indexes([]int{int(a.number(2, "axis", 0))}, x.Rank())
	cuts := a.ints(1, "indices_or_sections")
	if axes == nil || len(a.errs) > 0 {
		return a.b.Invalid()
	}
	axis := axes[0]
	n := x.Shape[axis]
	if axis == 0 || n == tensor.Unknown {
		a.errorf("it splits dimension %d of %v, want one of known size that is not the batch", axis, x.Shape)
		return a.b.Invalid()
	}
	if _, is := config.List(a.setting(1, "indices_or_sections")); !is {
		sections := cuts[0]
		if sections < 1 || n%sections != 0 {
			a.errorf("it splits dimension %d of %v into %d equal pieces", axis, x.Shape, sections)
			return a.b.Invalid()
		}
		cuts = nil
		for i := 1; i < sections; i++ {
			cuts = append(cuts, i*n/sections)
		}
	}
	var pieces []*graph.Value
	from := 0
	for _, to := range append(slices.Clone(cuts), n) {
		if to <= from || to > n {
			a.errorf("it splits dimension %d of %v at %v, want rising indexes inside", axis, x.Shape, cuts)
			return a.b.Invalid()
		}
		pieces = append(pieces, a.slice(x, axis, from, to-from))
		from = to
	}
	return graph.List(pieces...)
}

// resizeOp resizes images as the layer Resizing does.
func resizeOp(a *opArgs) *graph.Value {
	size := a.ints(1, "size")
	if len(size) != 2 {
		a.errorf("size is %v, want the height and the width", size)
	}
	if format := a.setting(-1, "data_format"); format != nil && format != "channels_last" {
		a.errorf("data_format is %s, want channels_last", config.Show(format))
	}
	if mode := a.setting(-1, "fill_mode"); mode != nil && mode != "constant" {
		a.errorf("fill_mode is %s, want constant", config.Show(mode))
	}
	if len(a.errs) > 0 {
		return a.b.Invalid()
	}
	method, _ := a.setting(-1, "interpolation").(string)
	return layer.Resizing{
		Height: size[0], Width: size[1], Interpolation: method, Antialias: a.flag(-1, "antialias"),
		CropToAspectRatio: a.flag(-1, "crop_to_aspect_ratio"), PadToAspectRatio: a.flag(-1, "pad_to_aspect_ratio"), FillValue: a.number(-1, "fill_value", 0),
	}.Build(a.b, a.value(0, "x"))
}

// poolOp pools images as the layers MaxPool2D and AveragePool2D do.
func poolOp(a *opArgs) *graph.Value {
	size := func(i int, name string) (s layer.Size) {
		switch list := a.ints(i, name); {
		case len(list) == 1:
			return layer.Size{list[0], list[0]}
		case len(list) == 2:
			return layer.Size{list[0], list[1]}
		case list != nil || name == "pool_size":
			a.errorf("%s is %v, want the height and the width", name, list)
		}
		return s
	}
	pool, strides := size(1, "pool_size"), size(2, "strides")
	padding := layer.Valid
	switch p := a.setting(3, "padding"); p {
	case "same":
		padding = layer.Same
	case "valid", nil:
	default:
		a.errorf("padding is %s, want valid or same", config.Show(p))
	}
	if format := a.setting(4, "data_format"); format != nil && format != "channels_last" {
		a.errorf("data_format is %s, want channels_last", config.Show(format))
	}
	x := a.value(0, "inputs")
	if len(a.errs) > 0 {
		return a.b.Invalid()
	}
	if a.class == "MaxPool" {
		return layer.MaxPool2D{Pool: pool, Strides: strides, Padding: padding}.Build(a.b, x)
	}
	return layer.AveragePool2D{Pool: pool, Strides: strides, Padding: padding}.Build(a.b, x)
}

// every takes one in step elements of a dimension, from the first on.
func (a *opArgs) every(x *graph.Value, axis, step int) *graph.Value {
	if !x.Valid() {
		return x
	}
	n := x.Shape[axis]
	if n == tensor.Unknown {
		a.errorf("it takes a part of dimension %d, whose size is not known", axis)
		return a.b.Invalid()
	}
	var at []int32
	for i := 0; i < n; i += step {
		at = append(at, int32(i))
	}
	return a.b.GatherAxis(x, a.b.Op(op.Const{Value: tensor.Of(at, len(at))}), axis)
}
