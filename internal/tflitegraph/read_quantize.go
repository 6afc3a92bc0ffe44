package tflitegraph

import (
	"math"

	"github.com/lince-ml/lince/format/tflite"
	"github.com/lince-ml/lince/format/tflite/tflitefb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// A network of quantized integers is computed with floats. Weights become floats. The result of each operator has the real numbers for which the integers stand, rounded and limited as
// the file says. The interpreter computes with integers of limited precision instead, so now and then a number differs by a step of the rounding.

const quantizedNote = "The model is quantized. lince computes with float32: weights become floats, and numbers between operators are rounded as the file says, so results differ a little from those of the TensorFlow Lite interpreter."

// bounds returns the least and greatest integer of a quantized type.
func bounds(t tflitefb.TensorType) (least, most float64) {
	switch t {
	case tflitefb.TensorTypeUINT8:
		return 0, math.MaxUint8
	case tflitefb.TensorTypeINT16:
		return math.MinInt16, math.MaxInt16
	case tflitefb.TensorTypeINT4:
		return -8, 7
	}
	return math.MinInt8, math.MaxInt8
}

// zeroPoint returns the integer that stands for 0.
func zeroPoint(t *tflite.Tensor) float64 {
	if len(t.Quantization.ZeroPoint) > 0 {
		return float64(t.Quantization.ZeroPoint[0])
	}
	return 0
}

// rounded returns the real numbers for which the quantized integers of x stand.
func (r *reader) rounded(b *graph.Builder, t *tflite.Tensor, x *graph.Value) *graph.Value {
	r.note(quantizedNote)
	least, most := bounds(t.Type)
	zero, scale := zeroPoint(t), float64(t.Quantization.Scale[0])
	q := b.Clip(b.Round(b.Div(x, b.Constant(tensor.Float32, scale))), least-zero, most-zero)
	return b.Scale(q, scale)
}

// realPixels returns the real numbers for which an input of bytes stands.
func (r *reader) realPixels(t *tflite.Tensor, x *graph.Value) *graph.Value {
	r.note(quantizedNote)
	zero := zeroPoint(t)
	if t.Type == tflitefb.TensorTypeINT8 {
		zero += 128
	}
	return r.b.Scale(r.b.Sub(r.b.Cast(x, tensor.Float32), r.b.Constant(tensor.Float32, zero)), float64(t.Quantization.Scale[0]))
}

// readQuantize passes the real numbers on; they are rounded as the results of all operators are.
func readQuantize(n *node) {
	x := n.in(0)
	if x.Valid() && x.DType != tensor.Float32 {
		n.b.Errorf("quantizes values of type %v, want float32", x.DType)
		return
	}
	n.set(x)
}
