package lince

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/tensor"
)

// feed turns a data set's batches into what the training and evaluation graphs take. Its
// buffers are used again for each batch.
type feed struct {
	m           *Model
	classWeight map[int]float64

	x, y, w *tensor.Tensor // buffers for what must be converted
	in      [3]*tensor.Tensor
}

// checkSpec says what of a data set does not fit the model. what names the data set.
func (m *Model) checkSpec(what string, ds data.Dataset) error {
	x, y := ds.Spec()
	var errs []error
	if err := m.checkInput(x); err != nil {
		errs = append(errs, fmt.Errorf("%s: %w", what, err))
	}
	if y == nil {
		errs = append(errs, fmt.Errorf("%s: there are no targets (y), which the loss needs", what))
	} else if _, ok := fitTarget(m.compiled.target.Shape, y); !ok {
		errs = append(errs, fmt.Errorf("%s: %w", what, m.targetError(y)))
	}
	if n := ds.Steps(); n < 1 {
		errs = append(errs, fmt.Errorf("%s: there are no batches", what))
	}
	return errors.Join(errs...)
}

func (m *Model) checkInput(x tensor.Shape) error {
	want := m.InputShape()
	if len(x) > 0 && want.Fits(append(tensor.Shape{want[0]}, x[1:]...)) {
		return nil
	}
	return fmt.Errorf("the examples have shape %v, the model takes %v", x, want)
}

// fitTarget says as what shape targets can go where want is asked for: targets (batch) are
// also (batch, 1), and the other way round.
func fitTarget(want, y tensor.Shape) (tensor.Shape, bool) {
	switch {
	case len(y) == len(want)+1 && y[len(y)-1] == 1:
		y = y[:len(y)-1]
	case len(y)+1 == len(want) && want[len(want)-1] == 1:
		y = append(y.Clone(), 1)
	}
	if len(y) != len(want) {
		return nil, false
	}
	for i, d := range want {
		if d != tensor.Unknown && y[i] != tensor.Unknown && d != y[i] {
			return nil, false
		}
	}
	return y, true
}

// targetError tells what to do about targets that do not fit.
func (m *Model) targetError(y tensor.Shape) error {
	c, out := m.compiled, m.OutputShape()
	want, hint := c.target.Shape, ""
	switch classes := out[len(out)-1]; {
	case c.target.DType == tensor.Int32 && len(y) == len(out) && y[len(y)-1] == classes:
		hint = "; the targets are one-hot: use loss.CategoricalCrossentropy, or targets that are class numbers"
	case c.target.DType != tensor.Int32 && (len(y) == len(out)-1 || len(y) == len(out) && y[len(y)-1] == 1) && classes != 1:
		hint = "; if the targets are class numbers use loss.SparseCategoricalCrossentropy, or one-hot targets"
	case len(y) == len(out) && y[len(y)-1] != classes:
		hint = fmt.Sprintf("; the last layer has %d units, there are %d classes: give it Units: %d", classes, y[len(y)-1], y[len(y)-1])
	}
	return fmt.Errorf("the targets have shape %v, the loss %s of outputs %v takes %v%s", y, c.config.Loss.Class(), out, want, hint)
}

// batch converts a batch to the graph's inputs: x, y, sample weights.
func (f *feed) batch(b data.Batch) ([]*tensor.Tensor, error) {
	m := f.m
	x, err := m.input32(b.X, &f.x)
	if err != nil {
		return nil, err
	}
	if b.Y == nil {
		return nil, errors.New("the batch has no targets")
	}
	want := m.compiled.target
	shape, ok := fitTarget(want.Shape, b.Y.Shape())
	if !ok || b.Y.Shape()[0] != x.Shape()[0] {
		return nil, m.targetError(b.Y.Shape())
	}
	y, err := convert(b.Y, want.DType, &f.y)
	if err != nil {
		return nil, fmt.Errorf("targets: %w", err)
	}
	y = y.Reshape(shape...)
	if out := m.OutputShape(); want.DType == tensor.Int32 {
		if err := checkLabels(y, out[len(out)-1]); err != nil {
			return nil, err
		}
	}
	w, err := f.weights(b, y)
	if err != nil {
		return nil, err
	}
	f.in = [3]*tensor.Tensor{x, y, w}
	return f.in[:], nil
}

// weights gives each example its weight: its own times its class's.
func (f *feed) weights(b data.Batch, y *tensor.Tensor) (*tensor.Tensor, error) {
	n := y.Shape()[0]
	if b.Weights != nil {
		if b.Weights.DType() != tensor.Float32 || !b.Weights.Shape().Equal(tensor.Shape{n}) {
			return nil, fmt.Errorf("sample weights are %v, want float32 (%d,)", b.Weights, n)
		}
		if f.classWeight == nil {
			return b.Weights, nil
		}
	}
	w := buffer(&f.w, tensor.Float32, tensor.Shape{n})
	ws := w.Float32s()
	for i := range ws {
		ws[i] = 1
	}
	if f.classWeight != nil {
		each := len(y.Raw()) / y.DType().Size() / max(n, 1)
		for i := range ws {
			if c, ok := f.classWeight[classOf(y, i, each)]; ok {
				ws[i] = float32(c)
			}
		}
	}
	if b.Weights != nil {
		for i, v := range b.Weights.Float32s() {
			ws[i] *= v
		}
	}
	return w, nil
}

// classOf is the class of example i, whose targets are each numbers: the place of the
// greatest one, or the number itself.
func classOf(y *tensor.Tensor, i, each int) int {
	if y.DType() == tensor.Int32 {
		return int(tensor.Values[int32](y)[i*each])
	}
	row := y.Float32s()[i*each : (i+1)*each]
	if each == 1 {
		return int(math.RoundToEven(float64(row[0])))
	}
	best := 0
	for j, v := range row {
		if v > row[best] {
			best = j
		}
	}
	return best
}

func checkLabels(y *tensor.Tensor, classes int) error {
	for i, c := range tensor.Values[int32](y) {
		if c < 0 || int(c) >= classes {
			return fmt.Errorf("example %d of the batch has class %d; the model has %d outputs, for the classes 0 to %d", i, c, classes, classes-1)
		}
	}
	return nil
}

// input32 converts examples to the type of the model's input, and checks their shape.
func (m *Model) input32(x *tensor.Tensor, buf **tensor.Tensor) (*tensor.Tensor, error) {
	if x == nil {
		return nil, errors.New("there are no examples")
	}
	if len(x.Shape()) == 0 {
		return nil, m.checkInput(x.Shape())
	}
	if err := m.checkInput(x.Shape()); err != nil {
		return nil, err
	}
	if buf == nil {
		buf = new(*tensor.Tensor)
	}
	y, err := convert(x, m.input.Type().DType, buf)
	if err != nil {
		return nil, fmt.Errorf("examples: %w", err)
	}
	return y, nil
}

// buffer returns a tensor of a type and shape over memory that is kept in *b.
func buffer(b **tensor.Tensor, dtype tensor.DType, shape tensor.Shape) *tensor.Tensor {
	n := shape.Elements() * dtype.Size()
	if *b == nil || len((*b).Raw()) < n {
		*b = tensor.New(tensor.Uint8, n)
	}
	return tensor.Wrap(dtype, shape, (*b).Raw()[:n])
}

// convert returns t as a tensor of another type: t itself when it has it, else in *buf.
func convert(t *tensor.Tensor, dtype tensor.DType, buf **tensor.Tensor) (*tensor.Tensor, error) {
	if t.DType() == dtype {
		return t, nil
	}
	out := buffer(buf, dtype, t.Shape())
	var err error
	switch t.DType() {
	case tensor.Float32:
		err = convertFrom[float32](out, t)
	case tensor.Float64:
		err = convertFrom[float64](out, t)
	case tensor.Int8:
		err = convertFrom[int8](out, t)
	case tensor.Int16:
		err = convertFrom[int16](out, t)
	case tensor.Int32:
		err = convertFrom[int32](out, t)
	case tensor.Int64:
		err = convertFrom[int64](out, t)
	case tensor.Uint8:
		err = convertFrom[uint8](out, t)
	default:
		err = fmt.Errorf("got %v, want %v", t.DType(), dtype)
	}
	return out, err
}

func convertFrom[T float32 | float64 | int8 | int16 | int32 | int64 | uint8](out, t *tensor.Tensor) error {
	src := tensor.Values[T](t)
	switch out.DType() {
	case tensor.Float32:
		for i, dst := 0, tensor.Values[float32](out); i < len(src); i++ {
			dst[i] = float32(src[i])
		}
	case tensor.Float64:
		for i, dst := 0, tensor.Values[float64](out); i < len(src); i++ {
			dst[i] = float64(src[i])
		}
	case tensor.Int32:
		dst := tensor.Values[int32](out)
		for i, v := range src {
			if dst[i] = int32(v); T(dst[i]) != v {
				return fmt.Errorf("number %d is %v, want a whole number: a class", i, v)
			}
		}
	default:
		return fmt.Errorf("got %v, want %v", t.DType(), out.DType())
	}
	return nil
}

// source walks through a data set's epochs. It keeps its place from one epoch of a
// training to the next, so that batches that were made ahead are not lost.
type source struct {
	ds          data.Dataset
	epoch, step int // of the batch that comes next
	pull        func() (data.Batch, error, bool)
	stop        func()
}

// seek goes to a batch.
func (s *source) seek(ctx context.Context, epoch, step int) {
	if s.pull != nil && s.epoch == epoch && s.step == step {
		return
	}
	s.close()
	s.epoch, s.step = epoch, step
	s.pull, s.stop = iter.Pull2(s.ds.Batches(ctx, epoch, step))
}

// next returns a batch; more is false at the end of the data's epoch.
func (s *source) next() (b data.Batch, more bool, err error) {
	b, err, more = s.pull()
	switch {
	case !more || err != nil:
	case b.Next > 0:
		s.step = b.Next
	default:
		s.step++
	}
	return b, more, err
}

func (s *source) close() {
	if s.stop != nil {
		s.stop()
	}
	s.pull, s.stop = nil, nil
}

// ahead is the first batches of data sets that will be asked for soon.
type ahead struct {
	training, validation func() // discard them; nil: there were none
}

// prepare has a data set begin with the first batches of an epoch, if it can do so.
func prepare(ctx context.Context, ds data.Dataset, epoch int, discard *func()) {
	if p, ok := ds.(data.Preparer); ok {
		*discard = p.Prepare(ctx, epoch, 0)
	}
}

// close lets go of what nobody has asked for.
func (a *ahead) close() {
	for _, discard := range []func(){a.training, a.validation} {
		if discard != nil {
			discard()
		}
	}
}
