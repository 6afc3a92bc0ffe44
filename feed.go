package lince

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/internal/numbers"
	"github.com/lince-ml/lince/internal/suggest"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/tensor"
)

// feed converts a dataset's batches to the inputs of the training and evaluation graphs. It reuses its
// buffers for each batch.
type feed struct {
	m           *Model
	classWeight map[int]float64            // if there is one objective
	ofOutput    map[string]map[int]float64 // class weights by name of the output

	early *lookahead // has the inputs of early.rest for the current batch; nil if the graph is not divided
	kept  *features  // has the features of the batches; nil if they are computed in each step

	heaviest float64 // the largest weight of an example so far, 0 if there are no weights

	buffers []*tensor.Tensor // for inputs of another type than the graph's
	in      []*tensor.Tensor
}

// spec has the shapes of a dataset's batches.
type spec struct {
	x, y            tensor.Shape
	inputs, targets map[string]tensor.Shape
}

func specOf(ds data.Dataset) spec {
	if k, ok := ds.(keptData); ok {
		ds = k.Indexed
	}
	var s spec
	s.x, s.y = ds.Spec()
	if n, ok := ds.(data.Named); ok {
		s.inputs, s.targets = n.NamedSpec()
	}
	return s
}

// checkSpec returns all mismatches between a dataset and the model. what names the dataset in messages, and steps limits its batches; 0 means all.
func (m *Model) checkSpec(what string, ds data.Dataset, steps int) error {
	s := specOf(ds)
	errs := []error{m.checkInputs(s)}
	c := m.compiled
	for _, o := range c.objectives {
		y := s.y
		if s.targets != nil || len(c.objectives) > 1 {
			y = s.targets[o.name]
		}
		if y == nil {
			errs = append(errs, c.noTarget(o, s.targets))
		} else if _, ok := fitTarget(o.target.Shape, y); !ok {
			errs = append(errs, o.of(m.targetError(o, y)))
		}
	}
	errs = append(errs, unknownNames("targets", s.targets, m.OutputNames()))
	if n := ds.Steps(); n < 1 {
		errs = append(errs, errors.New("there are no batches"))
	}
	errs = append(errs, m.checkBatches(ds, steps))
	for i, err := range errs {
		if err != nil {
			errs[i] = fmt.Errorf("%s: %w", what, err)
		}
	}
	return errors.Join(errs...)
}

// fixedBatch returns the size that the network fixes for each batch, or 0.
func (m *Model) fixedBatch() int {
	for _, in := range m.inputs {
		if n := in.Shape()[0]; n != tensor.Unknown {
			return n
		}
	}
	return 0
}

// checkBatches returns an error if the network fixes the size of batches, and some of the dataset's first batches have another one. steps is their
// number, 0 for all. A dataset may still have other batches: where it leaves out images that cannot be read, it skips them.
func (m *Model) checkBatches(ds data.Dataset, steps int) error {
	n, examples := m.fixedBatch(), ds.Len()
	if n == 0 || examples < 1 {
		return nil
	}
	size := 0 // not known
	if b, ok := ds.(data.Batched); ok {
		size = min(b.BatchSize(), examples)
	}
	last, how := examples%n, ""
	switch {
	case size == 0 && ds.Steps() == examples/n && last == 0, size == n && last == 0, (size == 0 || size == n) && steps > 0 && steps <= examples/n:
		return nil
	case examples < n:
		how = fmt.Sprintf("there are only %d examples; add %d", examples, n-examples)
	case size > 0 && size != n:
		how = fmt.Sprintf("the batches have %d examples; use batches of %d", size, n)
	case last > 0 && ds.Steps() == examples/n+1:
		how = fmt.Sprintf("the last batch has %d of %d examples; leave out %d examples", last, examples, last)
	default:
		how = fmt.Sprintf("there are %d examples in %d batches; use batches of %d", examples, ds.Steps(), n)
	}
	return fmt.Errorf("the network fixes the batch size to %d, but %s, or use a model whose batch size is not fixed", n, how)
}

// noTarget returns the error of a missing target.
func (c *compiled) noTarget(o objective, targets map[string]tensor.Shape) error {
	switch {
	case o.prefix == "" && targets == nil:
		return errors.New("there are no targets (y), which the loss needs")
	case targets == nil:
		return fmt.Errorf("there are no named targets; the model has several outputs, and needs a target for %s", o.name)
	}
	if len(targets) == 0 {
		return fmt.Errorf("there is no target for the output %s, nor any other", o.name)
	}
	return fmt.Errorf("there is no target for the output %s; the targets are %s", o.name, strings.Join(slices.Sorted(maps.Keys(targets)), ", "))
}

// unknownNames returns an error that lists the keys of named that are not in names.
func unknownNames[T any](what string, named map[string]T, names []string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if !slices.Contains(names, name) {
			errs = append(errs, fmt.Errorf("the %s have %q, which the model does not have%s", what, name, suggest.Hint(name, names)))
		}
	}
	return errors.Join(errs...)
}

// checkInputs returns all mismatches between a dataset's examples and the model's inputs.
func (m *Model) checkInputs(s spec) error {
	if s.inputs == nil && len(m.inputs) == 1 {
		return m.checkInput(0, s.x)
	}
	names := m.InputNames()
	errs := []error{unknownNames("inputs", s.inputs, names)}
	for i, name := range names {
		if x, ok := s.inputs[name]; ok {
			errs = append(errs, m.checkInput(i, x))
		} else {
			errs = append(errs, fmt.Errorf("there is no input %s; the model takes %s", name, strings.Join(names, ", ")))
		}
	}
	return errors.Join(errs...)
}

func (m *Model) checkInput(i int, x tensor.Shape) error {
	want := m.inputs[i].Shape()
	if len(x) > 0 && want.Fits(append(tensor.Shape{want[0]}, x[1:]...)) {
		return nil
	}
	if len(m.inputs) > 1 {
		return fmt.Errorf("the examples of the input %s have shape %v, the model takes %v", m.InputNames()[i], x, want)
	}
	return fmt.Errorf("the examples have shape %v, the model takes %v", x, want)
}

// fitTarget returns the shape to which targets of shape y are reshaped to fit want. It adds or removes a
// last dimension of size 1. ok is false if they do not fit.
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

// targetError says what to do about targets that do not fit.
func (m *Model) targetError(o objective, y tensor.Shape) error {
	out := m.outputs[o.output].Shape()
	want, hint := o.target.Shape, ""
	switch classes := out[len(out)-1]; {
	case !o.known():
	case o.target.DType == tensor.Int32 && len(y) == len(out) && y[len(y)-1] == classes:
		hint = "; the targets are one-hot: use loss.CategoricalCrossentropy, or targets that are class indices"
	case o.target.DType != tensor.Int32 && (len(y) == len(out)-1 || len(y) == len(out) && y[len(y)-1] == 1) && classes != 1:
		hint = "; if the targets are class indices, use loss.SparseCategoricalCrossentropy, or one-hot targets"
	case len(y) == len(out) && y[len(y)-1] == 2 && classes == 1:
		hint = "; the last layer has one unit, but the targets are one-hot vectors of 2 classes: use targets that are 0 or 1 (data.ImageOptions{ClassMode: data.Binary}), or set Units: 2"
	case len(y) == len(out) && y[len(y)-1] != classes:
		hint = fmt.Sprintf("; the last layer has %d units, but there are %d classes: set Units: %d", classes, y[len(y)-1], y[len(y)-1])
	}
	what := "the metrics"
	if o.Loss != nil {
		what = "the loss " + loss.ClassOf(o.Loss)
	}
	return fmt.Errorf("the targets have shape %v, want %v for %s with outputs %v%s", y, want, what, out, hint)
}

// batch converts a batch to the inputs of a graph: the model's inputs, then targets and example weights for
// each objective.
func (f *feed) batch(b data.Batch) ([]*tensor.Tensor, error) {
	m := f.m
	f.in = f.in[:0]
	switch {
	case f.kept != nil:
		kept, err := f.kept.of(b)
		if err != nil {
			return nil, err
		}
		f.in = append(f.in, kept...)
	case f.early != nil:
		if err := f.early.now.wrong; err != nil {
			return nil, err
		}
		f.in = append(f.in, f.early.now.out...)
	default:
		if err := f.examples(b); err != nil {
			return nil, err
		}
	}
	n := f.in[0].Shape()[0]
	several := len(m.compiled.objectives) > 1
	for _, o := range m.compiled.objectives {
		given, weights := o.given(b, several)
		if given == nil {
			return nil, o.of(errors.New("the batch has no targets"))
		}
		shape, ok := fitTarget(o.target.Shape, given.Shape())
		if !ok || given.Shape()[0] != n {
			return nil, o.of(m.targetError(o, given.Shape()))
		}
		y, err := convert(given, o.target.DType, f.buffer(len(f.in)))
		if err != nil {
			return nil, o.of(fmt.Errorf("targets: %w", err))
		}
		y = y.Reshape(shape...)
		if out := m.outputs[o.output].Shape(); o.takesClasses() {
			if err := o.checkLabels(y, out[len(out)-1]); err != nil {
				return nil, o.of(err)
			}
		}
		f.in = append(f.in, y)
		byClass := f.classWeight
		if c, ok := f.ofOutput[o.name]; ok {
			byClass = c
		}
		w, err := o.weigh(weights, byClass, y, f.buffer(len(f.in)))
		if err != nil {
			return nil, o.of(err)
		}
		if weights != nil || byClass != nil {
			for _, x := range w.Float32s() {
				f.heaviest = max(f.heaviest, math.Abs(float64(x)))
			}
		}
		f.in = append(f.in, w)
	}
	return f.in, nil
}

// given returns the targets and the example weights of an objective in a batch. A result is nil if the batch has none.
func (o objective) given(b data.Batch, several bool) (y, weights *tensor.Tensor) {
	y, weights = b.Y, b.Weights
	if b.Targets != nil || several {
		y = b.Targets[o.name]
	}
	if w := b.SampleWeights[o.name]; w != nil {
		weights = w
	}
	return y, weights
}

// takesClasses reports whether the targets are class indices.
func (o objective) takesClasses() bool {
	return o.Loss != nil && o.target.DType == tensor.Int32 && o.Loss.Takes().Of == loss.Distribution
}

// examples converts a batch's examples to the model's inputs.
func (f *feed) examples(b data.Batch) error {
	m := f.m
	if b.Inputs == nil && len(m.inputs) == 1 {
		x, err := m.input32(0, b.X, f.buffer(0))
		f.in = append(f.in, x)
		return err
	}
	for i, name := range m.InputNames() {
		x, err := m.input32(i, b.Inputs[name], f.buffer(i))
		if err == nil && i > 0 && x.Shape()[0] != f.in[0].Shape()[0] {
			err = fmt.Errorf("there are %d examples for the first input", f.in[0].Shape()[0])
		}
		if err != nil {
			return fmt.Errorf("input %s: %w", name, err)
		}
		f.in = append(f.in, x)
	}
	return nil
}

// buffer returns the buffer for input i of the graph.
func (f *feed) buffer(i int) **tensor.Tensor {
	for len(f.buffers) <= i {
		f.buffers = append(f.buffers, nil)
	}
	return &f.buffers[i]
}

// weigh returns the weights of a batch for an objective, in the shape of the graph's input: the given weights times those
// of the examples' classes.
func (o objective) weigh(own *tensor.Tensor, byClass map[int]float64, y *tensor.Tensor, buf **tensor.Tensor) (*tensor.Tensor, error) {
	n := y.Shape()[0]
	if o.unweighted && (own != nil || byClass != nil) {
		return nil, fmt.Errorf("there are weights, but the loss %s computes no loss for each example, so they cannot be applied; remove them", loss.ClassOf(o.Loss))
	}
	shape := slices.Repeat(tensor.Shape{1}, len(o.weights))
	shape[0] = n
	if own != nil {
		var ok bool
		if shape, ok = o.fitWeights(own, n); !ok {
			return nil, fmt.Errorf("the example weights must be float32 (%d,)%s, got %v", n, o.orEach(n), own)
		}
		if own = own.Reshape(shape...); byClass == nil {
			return own, nil
		}
	}
	w := buffer(buf, tensor.Float32, shape)
	ws := w.Float32s()
	for i := range ws {
		ws[i] = 1
	}
	if own != nil {
		copy(ws, own.Float32s())
	}
	if byClass != nil {
		each, of := len(y.Raw())/y.DType().Size()/max(n, 1), len(ws)/max(n, 1)
		for i := range n {
			if c, ok := byClass[classOf(y, i, each)]; ok {
				for j := i * of; j < (i+1)*of; j++ {
					ws[j] *= float32(c)
				}
			}
		}
	}
	return w, nil
}

// fitWeights returns the shape of given weights with as many dimensions as the input of the graph. ok is false if the
// weights do not fit the loss.
func (o objective) fitWeights(own *tensor.Tensor, n int) (shape tensor.Shape, ok bool) {
	shape = own.Shape().Clone()
	if k := len(shape); k == len(o.weights)+1 && k > 1 && shape[k-1] == 1 {
		shape = shape[:k-1]
	}
	if own.DType() != tensor.Float32 || len(shape) == 0 || len(shape) > len(o.weights) || shape[0] != n {
		return nil, false
	}
	for d := 1; d < len(shape); d++ {
		if want := o.each[d]; shape[d] != 1 && want != tensor.Unknown && shape[d] != want {
			return nil, false
		}
	}
	for len(shape) < len(o.weights) {
		shape = append(shape, 1)
	}
	return shape, true
}

// orEach describes the shape of weights for each number of the loss, if it has more than one for an example.
func (o objective) orEach(n int) string {
	if len(o.each) < 2 {
		return ""
	}
	shape := o.each.Clone()
	shape[0] = n
	return fmt.Sprintf(" or %v", shape)
}

// classOf returns the class of example i. each is the number of elements of a target. The class is the index
// of the largest element, or the element itself if there is only one.
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

// checkLabels returns an error if a target is not a class, unless the loss ignores it.
func (o objective) checkLabels(y *tensor.Tensor, classes int) error {
	ignored, ignores := 0, false
	if l, ok := o.Loss.(loss.Ignorer); ok {
		ignored, ignores = l.Ignored()
	}
	values := tensor.Values[int32](y)
	for i, c := range values {
		if (c < 0 || int(c) >= classes) && (!ignores || int(c) != ignored) {
			return fmt.Errorf("example %d of the batch has class %d; the model has %d outputs, for the classes 0 to %d", i/(len(values)/y.Shape()[0]), c, classes, classes-1)
		}
	}
	return nil
}

// input32 converts examples to the type of the model's input i, and checks their shape.
func (m *Model) input32(i int, x *tensor.Tensor, buf **tensor.Tensor) (*tensor.Tensor, error) {
	if x == nil {
		return nil, errors.New("there are no examples")
	}
	if err := m.checkInput(i, x.Shape()); err != nil {
		return nil, err
	}
	if buf == nil {
		buf = new(*tensor.Tensor)
	}
	var y *tensor.Tensor
	var err error
	if m.inputs[i].DType() == tensor.Uint8 && x.DType() == tensor.Float32 {
		y, err = pixels(x, buf)
	} else {
		y, err = convert(x, m.inputs[i].DType(), buf)
	}
	if err != nil {
		return nil, fmt.Errorf("examples: %w", err)
	}
	return y, nil
}

// pixels returns floats as bytes, for a model whose input is an image of bytes.
func pixels(x *tensor.Tensor, buf **tensor.Tensor) (*tensor.Tensor, error) {
	out := buffer(buf, tensor.Uint8, x.Shape())
	to := tensor.Values[uint8](out)
	for i, v := range x.Float32s() {
		if to[i] = uint8(max(0, min(255, v))); float32(to[i]) != v {
			return nil, fmt.Errorf("got the number %v; the model takes pixel values of type uint8, whole numbers from 0 to 255, without scaling", v)
		}
	}
	return out, nil
}

// buffer returns a tensor of a type and shape over the memory of *b, which it replaces if it is too small.
func buffer(b **tensor.Tensor, dtype tensor.DType, shape tensor.Shape) *tensor.Tensor {
	n := shape.Elements() * dtype.Size()
	if *b == nil || len((*b).Raw()) < n {
		*b = tensor.New(tensor.Uint8, n)
	}
	return tensor.Wrap(dtype, shape, (*b).Raw()[:n])
}

// convert returns t as a tensor of another type: t itself if it has that type, else a tensor over *buf.
func convert(t *tensor.Tensor, dtype tensor.DType, buf **tensor.Tensor) (*tensor.Tensor, error) {
	if t.DType() == dtype {
		return t, nil
	}
	out := buffer(buf, dtype, t.Shape())
	return out, numbers.Convert(out, t)
}

// batchSource iterates over a dataset, epoch after epoch. It keeps its position between epochs, so that batches
// that were made ahead of their use are not lost.
type batchSource struct {
	ds          data.Dataset
	early       *lookahead // makes the batches, if it is not nil
	kept        *features  // makes batches without inputs, if it is not nil
	epoch, step int        // of the batch that comes next
	last        int        // step of the current batch, or a step before it that the dataset skips
	pull        func() (data.Batch, error, bool)
	stop        func()
}

// seek moves to a batch.
func (s *batchSource) seek(ctx context.Context, epoch, step int) {
	if s.pull != nil && s.epoch == epoch && s.step == step {
		return
	}
	s.close()
	s.epoch, s.step = epoch, step
	batches := s.ds.Batches
	switch {
	case s.kept != nil:
		batches = s.kept.batches
	case s.early != nil:
		batches = s.early.of(s.ds)
	}
	s.pull, s.stop = iter.Pull2(batches(ctx, epoch, step))
}

// next returns the next batch; more is false at the end of an epoch of the data.
func (s *batchSource) next() (b data.Batch, more bool, err error) {
	b, err, more = s.pull()
	s.last = s.step
	switch {
	case !more || err != nil:
	case b.Next > 0:
		s.step = b.Next
	default:
		s.step++
	}
	return b, more, err
}

func (s *batchSource) close() {
	if s.stop != nil {
		s.stop()
	}
	s.pull, s.stop = nil, nil
}

// ahead discards batches that prepare made and training did not use.
type ahead struct {
	training, validation func() // nil if there are none
}

// prepare starts to make the first batches of an epoch ahead of their use, if the dataset is a
// data.Preparer.
func prepare(ctx context.Context, ds data.Dataset, epoch int, discard *func()) {
	if p, ok := ds.(data.Preparer); ok {
		*discard = p.Prepare(ctx, epoch, 0)
	}
}

// close discards the prepared batches.
func (a *ahead) close() {
	for _, discard := range []func(){a.training, a.validation} {
		if discard != nil {
			discard()
		}
	}
}
