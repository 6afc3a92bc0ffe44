package lince

import (
	"math"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/tensor"
)

// ScalesPixels reports whether the network begins with a scaling of pixel values from 0 to 255, so that its images must not be scaled before: a layer
// such as Rescaling, Normalization or BatchNormalization, the operations of keras.applications' preprocess_input, or the same in an ONNX or TFLite file.
// A scaling of values from 0 to 1, such as by the mean .485 and the deviation .229, is none. An input of integers counts as one of values from 0 to 255. The
// decision is made by the numbers of the first scaling, or by what BatchNormalization has seen in training. It is false if the network has several inputs.
func (m *Model) ScalesPixels() bool {
	g := m.predict.graph
	if g == nil || len(g.Inputs) != 1 {
		return false
	}
	if !g.Inputs[0].DType.IsFloat() {
		return true
	}
	s := pixelScale{store: m.store, known: map[*graph.Value]float64{}, scaled: map[*graph.Value]affine{g.Inputs[0]: {1, 0}}}
	for _, n := range g.Nodes {
		if a, end := s.step(n); end {
			return a.fromBytes()
		}
	}
	return false
}

// affine is x*factor + offset, of a pixel value x.
type affine struct{ factor, offset float64 }

// fromBytes reports whether the function is for numbers from 0 to 255. x/255 and x/127.5 - 1 are, as is a subtraction of the mean of all pixels: the number that becomes 0 is
// beyond 1. Numbers from 0 to 1 have factors of 1 and more.
func (a affine) fromBytes() bool {
	const least, most = .05, 1.5
	return a != (affine{1, 0}) && a.factor > 0 && (a.factor <= least || -a.offset/a.factor > most)
}

// pixelScale follows the input of a graph while it is only moved, multiplied and added to. Numbers for each channel or pixel count as their mean.
type pixelScale struct {
	store  *graph.Store
	known  map[*graph.Value]float64 // that do not depend on the input
	scaled map[*graph.Value]affine
}

// step takes the next node. end is true if it computes something else with the input, which has been scaled by a.
func (s *pixelScale) step(n *graph.Node) (a affine, end bool) {
	var numbers []float64
	var at []int // the operands that are the scaled input
	unknown := false
	for i, v := range n.In {
		x, known := s.known[v]
		numbers = append(numbers, x)
		scaled, ok := s.scaled[v]
		switch {
		case ok && len(at) == 0:
			a = scaled
			fallthrough
		case ok:
			at = append(at, i)
		case !known:
			unknown = true
		}
	}
	if unknown {
		numbers = nil
	}
	if len(n.Out) != 1 {
		return a, len(at) > 0
	}
	out := n.Out[0]
	switch o := n.Op.(type) {
	case op.Input:
		return a, false
	case op.Const:
		s.constant(out, o.Value)
	case op.Variable:
		if v := s.store.Lookup(o.Path); v != nil {
			s.constant(out, v.Value())
		}
	case op.Size: // of the shape alone
	case op.Cast, op.Reshape, op.ReshapeLike, op.Transpose, op.BroadcastLike, op.Slice, op.Pad, op.Resize, op.Concat:
		switch {
		case len(at) > 0:
			s.scaled[out] = a
		case len(numbers) > 0:
			s.known[out] = numbers[0]
		}
	case op.Unary:
		if f, ok := unaryNumbers[o.Fn]; ok && len(at) == 0 && len(numbers) == 1 {
			s.known[out] = f(numbers[0])
			return a, false
		}
		return a, len(at) > 0
	case op.Binary:
		f, ok := binaryNumbers[o.Fn]
		switch {
		case len(numbers) == 2 && len(at) == 0 && ok:
			s.known[out] = f(numbers[0], numbers[1])
		case len(numbers) == 2 && len(at) == 1:
			if b, ok := a.then(o.Fn, numbers[1-at[0]], at[0] == 0); ok {
				s.scaled[out] = b
				return a, false
			}
			return a, true
		}
		return a, len(at) > 0
	default:
		return a, len(at) > 0
	}
	return a, false
}

// then returns the function followed by an operation with a number. left says that the function is the left operand. ok is false if the result is not
// such a function.
func (a affine) then(fn op.BinaryFn, x float64, left bool) (b affine, ok bool) {
	switch {
	case fn == op.Mul:
		return affine{a.factor * x, a.offset * x}, true
	case fn == op.Add:
		return affine{a.factor, a.offset + x}, true
	case fn == op.Sub && left:
		return affine{a.factor, a.offset - x}, true
	case fn == op.Div && left && x != 0:
		return affine{a.factor / x, a.offset / x}, true
	}
	return a, false
}

// constant keeps the mean of one number, or of one for each channel or pixel.
func (s *pixelScale) constant(v *graph.Value, t *tensor.Tensor) {
	const most = 1 << 22
	if t == nil || t.DType() != tensor.Float32 || t.Len() < 1 || t.Len() > most {
		return
	}
	sum := 0.
	for _, x := range t.Float32s() {
		sum += float64(x)
	}
	s.known[v] = sum / float64(t.Len())
}

// unaryNumbers and binaryNumbers list what layers compute with the numbers of a scaling.
var (
	unaryNumbers  = map[op.UnaryFn]func(x float64) float64{op.Sqrt: math.Sqrt, op.Neg: func(x float64) float64 { return -x }, op.Square: func(x float64) float64 { return x * x }}
	binaryNumbers = map[op.BinaryFn]func(x, y float64) float64{
		op.Add: func(x, y float64) float64 { return x + y },
		op.Sub: func(x, y float64) float64 { return x - y },
		op.Mul: func(x, y float64) float64 { return x * y },
		op.Div: func(x, y float64) float64 { return x / y },
		op.Max: math.Max,
		op.Min: math.Min,
		op.Pow: math.Pow,
	}
)
