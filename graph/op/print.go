package op

import (
	"fmt"
	"math"
	"strings"

	"github.com/lince-ml/lince/tensor"
)

// Attributes formats an op's attributes for a listing of a graph. It leaves out attributes with
// default values.
func Attributes(o Op) string {
	switch o := o.(type) {
	case interface{ Attributes() string }:
		return o.Attributes()
	case Input:
		return o.Key
	case Variable:
		return o.Path
	case Const:
		if o.Value.Len() == 1 {
			return scalar(o.Value)
		}
		return ""
	case Cast:
		return "to " + o.To.String()
	case Reshape:
		return "to " + o.Shape.String()
	case Reduce:
		var s []string
		if o.Axes != nil {
			s = append(s, fmt.Sprintf("axes %v", o.Axes))
		}
		if o.KeepDims {
			s = append(s, "keep")
		}
		return strings.Join(s, " ")
	case BatchMatMul:
		return Attributes(MatMul(o))
	case MatMul:
		var s []string
		if o.TransposeA {
			s = append(s, "transpose left")
		}
		if o.TransposeB {
			s = append(s, "transpose right")
		}
		return strings.Join(s, ", ")
	case Unary, Binary, Select, ReLUGrad, ReLU6Grad, ReshapeLike, BroadcastLike, SumLike, ArgMax, Softmax, SoftmaxGrad,
		SoftmaxCrossEntropy, SoftmaxCrossEntropyGrad, Assign:
		return ""
	case SGD, RMSprop, Adam:
		return strings.TrimSuffix(strings.Trim(fmt.Sprintf("%+v", o), "{}"), " Decay:0")
	}
	// The other ops have a few numbers: print Go's own form without the braces.
	return strings.Trim(fmt.Sprintf("%+v", o), "{}")
}

// Attributes formats the window as in "3x3 stride 2x2 same"; explicit padding is written as in
// "((0, 1), (0, 1))".
func (w Window) Attributes() string {
	s := fmt.Sprintf("%dx%d", w.Size[0], w.Size[1])
	for _, p := range []struct {
		name string
		v    [2]int
	}{{"stride", w.Stride}, {"dilation", w.Dilation}} {
		if p.v != [2]int{1, 1} {
			s += fmt.Sprintf(" %s %dx%d", p.name, p.v[0], p.v[1])
		}
	}
	if p := w.Pads; w.Padding == Explicit {
		return s + fmt.Sprintf(" ((%d, %d), (%d, %d))", p[0][0], p[0][1], p[1][0], p[1][1])
	}
	return s + " " + w.Padding.String()
}

func scalar(t *tensor.Tensor) string {
	switch t.DType() {
	case tensor.Float32:
		v := float64(t.Float32s()[0])
		if v == math.Trunc(v) && math.Abs(v) < 1e6 {
			return fmt.Sprintf("%.1f", v)
		}
		return fmt.Sprint(t.Float32s()[0])
	case tensor.Float64:
		return fmt.Sprint(tensor.Values[float64](t)[0])
	case tensor.Int64:
		return fmt.Sprint(tensor.Values[int64](t)[0])
	case tensor.Int32:
		return fmt.Sprint(tensor.Values[int32](t)[0])
	case tensor.Bool:
		return fmt.Sprint(tensor.Values[bool](t)[0])
	}
	return ""
}
