package onnxgraph

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/lince-ml/lince/data/picture"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/format/onnx/onnxpb"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/tensor"
)

// pixels is an image while preprocessing is written.
type pixels struct {
	form
	shape tensor.Shape // (batch, height, width, channels)
	byte  bool         // the numbers are still uint8
}

// preprocessed writes preprocessing of images of type uint8, whose result is the graph's input v. It returns the type and the form of the
// images.
func (w *writer) preprocessed(v *graph.Value, images form) tensor.Shape {
	w.layer = "preprocessing"
	steps := w.options.Preprocessing
	p, err := steps.Compile()
	if err != nil {
		w.errorf("%w", err)
		return v.Shape
	}
	x := pixels{images, tensor.Shape{v.Shape[0], v.Shape[1], v.Shape[2], p.Channels()}, true}
	if h, _ := p.Size(); h != 0 { // the steps make images of this size from those of any size
		x.shape[1], x.shape[2] = tensor.Unknown, tensor.Unknown
	}
	shape := x.shape.Clone()
	for i, step := range steps {
		if err := w.step(&x, step); err != nil {
			w.errorf("step %d, %w; apply it to the images before, and leave Preprocessing out", i+1, err)
		}
	}
	w.float(&x)
	w.set(v, x.ref, x.perm)
	return shape
}

// step writes one step.
func (w *writer) step(x *pixels, step preprocess.Step) error {
	switch s := step.(type) {
	case preprocess.Decode: // the image has been decoded
		return nil
	case preprocess.Resize:
		return w.resizeStep(x, s)
	case preprocess.CenterCrop:
		return w.cropStep(x, s)
	case preprocess.BGR:
		w.swap(x)
	case preprocess.Rescale:
		if s.Scale == 0 {
			s.Scale = 1
		}
		w.change(x, "Mul", 1, s.Scale)
		w.change(x, "Add", 0, s.Offset)
	case preprocess.Normalize:
		w.change(x, "Sub", 0, s.Mean...)
		w.change(x, "Div", 1, s.Std...)
	case preprocess.Input:
		switch s.Mode {
		case preprocess.Caffe:
			w.swap(x)
			w.change(x, "Sub", 0, 103.939, 116.779, 123.68)
		case preprocess.TF:
			w.change(x, "Div", 1, 127.5)
			w.change(x, "Sub", 0, 1)
		case preprocess.Torch:
			w.change(x, "Div", 1, 255)
			w.change(x, "Sub", 0, .485, .456, .406)
			w.change(x, "Div", 1, .229, .224, .225)
		}
	}
	return nil
}

// float converts the numbers to float32.
func (w *writer) float(x *pixels) {
	if x.byte {
		x.ref, x.byte = w.node("Cast", []*ref{x.ref}, integer("to", int(onnxpb.TensorProto_FLOAT))), false
	}
}

// change writes an operation with a number for all channels, or for each. It is left out if they are neutral.
func (w *writer) change(x *pixels, operator string, neutral float64, values ...float64) {
	if !slices.ContainsFunc(values, func(v float64) bool { return float32(v) != float32(neutral) }) {
		return
	}
	w.float(x)
	by := w.scalar(tensor.Float32, values[0])
	if len(values) > 1 {
		shape := tensor.Shape{len(values), 1, 1}
		if x.perm[3] == 3 {
			shape = shape[:1]
		}
		t := tensor.New(tensor.Float32, shape...)
		for i, v := range values {
			t.Float32s()[i] = float32(v)
		}
		by = w.initializer(w.named(w.layer, map[string]string{"Mul": "scale", "Add": "offset", "Sub": "mean", "Div": "std"}[operator]), t)
	}
	x.ref = w.node(operator, []*ref{x.ref, by})
}

// swap exchanges red and blue.
func (w *writer) swap(x *pixels) {
	x.ref = w.node("Gather", []*ref{x.ref, w.integers(2, 1, 0)}, integer("axis", slices.Index(x.perm, 3)))
}

// resizeStep writes the methods that have the same results in ONNX: the nearest pixel, by computing Pillow's positions, and tf.image.resize's
// bilinear interpolation. Pillow's other methods round to bytes after each axis.
func (w *writer) resizeStep(x *pixels, s preprocess.Resize) error {
	switch {
	case s.ShortSide != 0:
		return fmt.Errorf("resize with a short side of %d pixels: its size depends on the image", s.ShortSide)
	case s.CropToAspectRatio, s.PadToAspectRatio, s.ResizeWithPad:
		return errors.New("resize with an aspect ratio that is kept: what it cuts off or adds depends on the image")
	case s.Interpolation == picture.Nearest:
		for i, n := range []int{s.Height, s.Width} {
			x.ref = w.nearest(x.ref, slices.Index(x.perm, 1+i), n)
		}
	case s.Interpolation == picture.BilinearTF:
		w.float(x)
		if x.perm[1] != 3 { // ONNX Runtime resizes the last two dimensions
			x.ref = w.node("Transpose", []*ref{x.ref}, ints("perm", channelsFirst(4)...))
			x.perm = channelsFirst(4)
		}
		x.ref = w.resizeTo(x.ref, s.Height, s.Width, text("mode", "linear"))
	default:
		return fmt.Errorf("resize with %v interpolation: ONNX has no operator with Pillow's rounding", s.Interpolation)
	}
	x.shape[1], x.shape[2] = s.Height, s.Width
	return nil
}

// nearest takes n pixels along an axis. Their positions are sums of steps in float64, as in Pillow.
func (w *writer) nearest(x *ref, axis, n int) *ref {
	node := func(operator string, in ...*ref) *ref { return w.node(operator, in) }
	size := w.node("Gather", []*ref{node("Shape", x), w.integers(axis)})
	step := node("Div", w.node("Cast", []*ref{size}, integer("to", int(onnxpb.TensorProto_DOUBLE))), w.scalar(tensor.Float64, float64(n)))
	steps := tensor.New(tensor.Float64, n) // half a step to the center of the first pixel, then whole ones
	for i := range n {
		tensor.Values[float64](steps)[i] = 1
	}
	tensor.Values[float64](steps)[0] = .5
	at := node("CumSum", node("Mul", w.initializer(w.named(w.layer, "steps"), steps), step), w.constant("constant/0", tensor.Scalar(int64(0))))
	at = w.node("Cast", []*ref{at}, integer("to", int(onnxpb.TensorProto_INT64)))
	return w.node("Gather", []*ref{x, at}, integer("axis", axis))
}

// cropStep cuts the center out of images of known size, and pads smaller ones; see preprocess.CenterCrop.
func (w *writer) cropStep(x *pixels, s preprocess.CenterCrop) error {
	if x.shape[1] == tensor.Unknown || x.shape[2] == tensor.Unknown {
		return errors.New("center_crop of images of unknown size")
	}
	var axes, begin, end []int
	pads := make([]int, 8)
	for i, to := range []int{s.Height, s.Width} {
		size, axis := x.shape[1+i], slices.Index(x.perm, 1+i)
		if size > to {
			first := int(math.RoundToEven(float64(size-to) / 2))
			axes, begin, end = append(axes, axis), append(begin, first), append(end, first+to)
		} else {
			pads[axis], pads[4+axis] = (to-size)/2, to-size-(to-size)/2
		}
		x.shape[1+i] = to
	}
	if axes != nil {
		x.ref = w.node("Slice", []*ref{x.ref, w.integers(begin...), w.integers(end...), w.integers(axes...)})
	}
	if slices.Max(pads) > 0 {
		zero := w.scalar(tensor.Float32, 0)
		if x.byte {
			zero = w.constant("constant/zero", tensor.Scalar(uint8(0)))
		}
		x.ref = w.node("Pad", []*ref{x.ref, w.integers(pads...), zero})
	}
	return nil
}
