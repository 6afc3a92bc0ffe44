package lince

import (
	"fmt"
	"slices"

	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/tensor"
)

// stored is the form in which a file has a variable, where it differs from the model's: old versions of Keras, Theano, and networks
// whose images had the channels first.
type stored struct {
	shape tensor.Shape // in the file
	perm  []int        // dimension i of the variable is dimension perm[i] in the file; nil for the same order
	flip  bool         // the kernel's rows and columns are in the opposite order, as Theano's convolution has them
	// image is the shape (height, width, channels) to which the first dimension belongs, whose order in the file is (channels,
	// height, width).
	image tensor.Shape
}

// origin says which program wrote a file.
type origin struct {
	keras1 bool
	theano bool // the backend was Theano
}

// storedForm returns the form of a variable of layer l, which is in m.
func (m *Model) storedForm(l *layerInstance, v *graph.Variable, from origin) stored {
	s := stored{shape: v.Shape}
	name := l.relative(v)
	kernel := name == "kernel"
	class := l.Class()
	switch {
	case !kernel:
	case !from.keras1:
	case class == "Conv2D" && l.channelsFirst: // (filters, channels, height, width)
		s.perm = []int{2, 3, 1, 0}
	case class == "Conv2DTranspose" && l.channelsFirst:
		s.perm = []int{2, 3, 0, 1}
	case class == "Conv2DTranspose": // (height, width, channels, filters)
		s.perm = []int{0, 1, 3, 2}
	case class == "Conv1D": // (length, 1, channels, filters)
		s.shape = tensor.Shape{v.Shape[0], 1, v.Shape[1], v.Shape[2]}
	}
	if s.perm != nil {
		s.shape = make(tensor.Shape, len(s.perm))
		for i, j := range s.perm {
			s.shape[j] = v.Shape[i]
		}
	}
	s.flip = kernel && from.theano && slices.Contains([]string{"Conv1D", "Conv2D", "Conv2DTranspose"}, class)
	if l.flattened != "" && (class == "BatchNormalization" || kernel) {
		s.image = m.flattenedShape(l.flattened)
	}
	return s
}

// flattenedShape returns the shape of an example of the operand of a Flatten layer, nil if there is no such layer.
func (m *Model) flattenedShape(name string) tensor.Shape {
	for _, c := range m.calls {
		if c.layer.name == name && len(c.in) == 1 {
			return c.in[0].typ.Shape[1:]
		}
	}
	return nil
}

// differs reports whether the form differs from the model's.
func (s stored) differs(v *graph.Variable) bool {
	return s.perm != nil || s.flip || s.image != nil || len(s.shape) != len(v.Shape)
}

// value converts a value from the file's form.
func (s stored) value(v *graph.Variable, t *tensor.Tensor) (*tensor.Tensor, error) {
	if !s.differs(v) {
		return t, nil
	}
	if t.DType() != tensor.Float32 || !t.Shape().Equal(s.shape) {
		return nil, fmt.Errorf("got %v, want float32 numbers of shape %v", t, s.shape)
	}
	out := tensor.New(tensor.Float32, v.Shape...)
	from, to := t.Float32s(), out.Float32s()
	switch {
	case s.image != nil:
		h, w, c := s.image[0], s.image[1], s.image[2]
		if h*w*c != v.Shape[0] {
			return nil, fmt.Errorf("got %d rows for an image of shape %v", v.Shape[0], s.image)
		}
		n := len(to) / v.Shape[0]
		for k := range v.Shape[0] {
			row := k%c*h*w + k/c // of (channels, height, width)
			copy(to[k*n:(k+1)*n], from[row*n:(row+1)*n])
		}
		return out, nil
	case s.perm == nil:
		copy(to, from)
	default:
		copy(to, numbers.Permute(t, s.perm).Float32s())
	}
	if s.flip { // height and width are the first dimensions, so that the order of all positions turns around
		n := v.Shape[len(v.Shape)-1] * v.Shape[len(v.Shape)-2]
		for i, j := 0, len(to)/n-1; i < j; i, j = i+1, j-1 {
			for k := range n {
				to[i*n+k], to[j*n+k] = to[j*n+k], to[i*n+k]
			}
		}
	}
	return out, nil
}

// flattenedForms returns the forms of the weights after a Flatten whose file has the channels first. They must be read before the first values are
// set: from then on, the model's weights, and the files that it writes, have the channels last.
func (m *Model) flattenedForms(forms map[*graph.Variable]stored) map[*graph.Variable]stored {
	for _, l := range m.layers {
		if inner := l.Model(); inner != nil {
			forms = inner.flattenedForms(forms)
		}
		for _, v := range l.variables {
			if s := m.storedForm(l, v, origin{}); s.differs(v) {
				if forms == nil {
					forms = map[*graph.Variable]stored{}
				}
				forms[v] = s
			}
		}
	}
	return forms
}

// forgetForms makes later files of weights be read with the channels last.
func (m *Model) forgetForms() {
	for _, l := range m.layers {
		l.flattened = ""
		if inner := l.Model(); inner != nil {
			inner.forgetForms()
		}
	}
}
