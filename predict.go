package lince

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/progress"
	"github.com/lince-ml/lince/tensor"
)

// PredictOptions is how to predict. The zero value predicts all of a data set.
type PredictOptions struct {
	Steps   int       // batches, at most; 0 is all
	Verbose Verbose   // Auto: a bar in a terminal, else a line
	Output  io.Writer // for the progress; nil is os.Stdout
}

// Prediction is what the model gives for a batch. It is valid until the next one.
type Prediction struct {
	Index  []int          // the data set's rows
	Output *tensor.Tensor // a row for each; of several outputs the first
	// Outputs are all outputs by name (Model.OutputNames), where there are several.
	Outputs map[string]*tensor.Tensor
}

// lazyProgram is compiled when it is first used.
type lazyProgram struct {
	once    sync.Once
	graph   *graph.Graph
	program backend.Program
	err     error
}

func (p *lazyProgram) get(m *Model) (backend.Program, error) {
	p.once.Do(func() { p.program, p.err = m.backend.Compile(p.graph, m.base) })
	return p.program, p.err
}

// PredictBatch returns the output of a model of one input and one output for a tensor of
// examples, all at once; for none, a tensor without elements, as Keras' predict_on_batch. Any
// number of goroutines may call it.
func (m *Model) PredictBatch(x *tensor.Tensor) (*tensor.Tensor, error) {
	if len(m.outputs) > 1 {
		return nil, fmt.Errorf("predicting: the model has the outputs %s; use Call, which returns all", strings.Join(m.OutputNames(), ", "))
	}
	out, err := m.Call(x)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// Call returns the model's outputs for a batch of each of its inputs, in the order of
// OutputNames and InputNames: Keras' model(inputs) in prediction. Any number of goroutines may
// call it.
func (m *Model) Call(inputs ...*tensor.Tensor) ([]*tensor.Tensor, error) {
	in, err := m.examples(inputs)
	if err != nil {
		return nil, fmt.Errorf("predicting: %w", err)
	}
	out, err := m.outputsFor(in)
	if err != nil {
		return nil, err
	}
	return out, m.predictInto(in, out)
}

// examples converts the inputs of a prediction, and checks them.
func (m *Model) examples(inputs []*tensor.Tensor) ([]*tensor.Tensor, error) {
	if len(inputs) != len(m.inputs) {
		return nil, fmt.Errorf("got %d inputs, the model takes %d: %s", len(inputs), len(m.inputs), strings.Join(m.InputNames(), ", "))
	}
	in := make([]*tensor.Tensor, len(inputs))
	for i, x := range inputs {
		var err error
		if in[i], err = m.input32(i, x, nil); err != nil {
			return nil, err
		}
		if n := in[0].Shape()[0]; in[i].Shape()[0] != n {
			return nil, fmt.Errorf("the input %s has %d examples, the first has %d", m.InputNames()[i], in[i].Shape()[0], n)
		}
	}
	return in, nil
}

func (m *Model) predictInto(in, out []*tensor.Tensor) error {
	if in[0].Shape()[0] == 0 {
		return nil
	}
	p, err := m.predict.get(m)
	if err != nil {
		return err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := p.Run(in, out); err != nil {
		return fmt.Errorf("predicting: %w", err)
	}
	return nil
}

// outputsFor makes room for what the model gives for inputs.
func (m *Model) outputsFor(in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	out := make([]*tensor.Tensor, len(m.outputs))
	var special *graph.Graph // the graph for inputs of these shapes
	for i, o := range m.predict.graph.Outputs {
		shape := o.Value.Shape.Clone()
		if len(shape) > 0 && shape[0] == tensor.Unknown {
			shape[0] = in[0].Shape()[0]
		}
		if !shape.Known() {
			if special == nil {
				shapes := make([]tensor.Shape, len(in))
				for j, x := range in {
					shapes[j] = x.Shape()
				}
				var err error
				if special, err = m.predict.graph.Specialize(shapes); err != nil {
					return nil, fmt.Errorf("predicting: %w", err)
				}
			}
			shape = special.Outputs[i].Value.Shape
		}
		out[i] = tensor.New(o.Value.DType, shape...)
	}
	return out, nil
}

// Predict returns the output of a model of one output for a data set, a row an example in the
// order of its batches. An example that the data set leaves out has no row: see Predictions. A
// batch without examples gives no rows; a data set without batches is an error, as in Keras.
//
// Where ctx is cancelled the error wraps its cause.
func (m *Model) Predict(ctx context.Context, ds data.Dataset, o PredictOptions) (*tensor.Tensor, error) {
	if len(m.outputs) > 1 {
		return nil, fmt.Errorf("predicting: the model has the outputs %s; use PredictNamed, which returns all", strings.Join(m.OutputNames(), ", "))
	}
	out, err := m.predictAll(ctx, ds, o)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// PredictNamed is Predict for a model of any number of outputs: they come by name (see
// OutputNames).
func (m *Model) PredictNamed(ctx context.Context, ds data.Dataset, o PredictOptions) (map[string]*tensor.Tensor, error) {
	out, err := m.predictAll(ctx, ds, o)
	if err != nil {
		return nil, err
	}
	named := map[string]*tensor.Tensor{}
	for i, name := range m.OutputNames() {
		named[name] = out[i]
	}
	return named, nil
}

// predictAll predicts a data set, and puts the batches' outputs together.
func (m *Model) predictAll(ctx context.Context, ds data.Dataset, o PredictOptions) ([]*tensor.Tensor, error) {
	display, err := o.Verbose.display(o.Output)
	if err != nil {
		return nil, err
	}
	if ds == nil {
		return nil, errors.New("predicting: there is no data set")
	}
	if o.Steps < 0 {
		return nil, fmt.Errorf("predicting: steps are %d, want at least 1, or 0 for all", o.Steps)
	}
	steps := ds.Steps()
	if o.Steps > 0 {
		steps = min(steps, o.Steps)
	}
	bar := display.Bar(steps)
	defer bar.Abandon()
	raw := make([][]byte, len(m.outputs))
	var types []*tensor.Tensor // of a batch, for type and shape
	rows, done := 0, 0
	for p, err := range m.predictions(ctx, ds) {
		if err != nil {
			return nil, err
		}
		for i, t := range p.out {
			if types != nil && !types[i].Shape()[1:].Equal(t.Shape()[1:]) {
				return nil, fmt.Errorf("predicting: a batch has outputs of shape %v after %v; the examples of a data set must be of one size, or be predicted batch by batch with Predictions", t.Shape(), types[i].Shape())
			}
			raw[i] = append(raw[i], t.Raw()...)
		}
		types = p.out
		rows += p.out[0].Shape()[0]
		done++
		bar.Update(done, nil)
		if done == o.Steps {
			break
		}
	}
	if types == nil {
		return nil, errors.New("predicting: the data set gave no batches")
	}
	bar.Finish(nil)
	out := make([]*tensor.Tensor, len(types))
	for i, t := range types {
		shape := t.Shape().Clone()
		shape[0] = rows
		out[i] = tensor.New(t.DType(), shape...)
		copy(out[i].Raw(), raw[i])
	}
	return out, nil
}

// Predictions yields the outputs batch by batch. An error ends the sequence.
func (m *Model) Predictions(ctx context.Context, ds data.Dataset) iter.Seq2[Prediction, error] {
	names := m.OutputNames()
	return func(yield func(Prediction, error) bool) {
		for p, err := range m.predictions(ctx, ds) {
			if err != nil {
				yield(Prediction{}, err)
				return
			}
			next := Prediction{Index: p.index, Output: p.out[0]}
			if len(names) > 1 {
				next.Outputs = map[string]*tensor.Tensor{}
				for i, name := range names {
					next.Outputs[name] = p.out[i]
				}
			}
			if !yield(next, nil) {
				return
			}
		}
	}
}

// predicted is a batch's outputs, in order.
type predicted struct {
	index []int
	out   []*tensor.Tensor
}

func (m *Model) predictions(ctx context.Context, ds data.Dataset) iter.Seq2[predicted, error] {
	return func(yield func(predicted, error) bool) {
		fail := func(err error) { yield(predicted{}, fmt.Errorf("predicting: %w", err)) }
		if ds == nil {
			fail(errors.New("there is no data set"))
			return
		}
		if err := m.checkInputs(specOf(ds)); err != nil {
			fail(err)
			return
		}
		f := feed{m: m}
		fixed := true // whether the outputs' shapes follow from the number of examples
		for _, o := range m.outputs {
			fixed = fixed && o.Shape()[1:].Known()
		}
		var out []*tensor.Tensor
		for b, err := range ds.Batches(ctx, 0, 0) {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				f.in = f.in[:0]
				err = f.examples(b)
			}
			if err != nil {
				fail(err)
				return
			}
			if out == nil || out[0].Shape()[0] != f.in[0].Shape()[0] || !fixed {
				if out, err = m.outputsFor(f.in); err != nil {
					yield(predicted{}, err)
					return
				}
			}
			if err := m.predictInto(f.in, out); err != nil {
				yield(predicted{}, err)
				return
			}
			if !yield(predicted{b.Index, out}, nil) {
				return
			}
		}
	}
}

// Verbose says how a training, an evaluation or a prediction shows its progress.
type Verbose int

// The ways. Auto is Bar in a terminal and Lines elsewhere.
const (
	Auto   Verbose = iota
	Silent         // nothing (Keras' verbose=0)
	Bar            // a bar that moves (verbose=1)
	Lines          // a line an epoch (verbose=2)
)

func (v Verbose) display(w io.Writer) (*progress.Display, error) {
	d := progress.Detect(output(w), v == Silent)
	switch v {
	case Auto, Silent:
	case Bar:
		d.Mode = progress.Live
	case Lines:
		d.Mode, d.Color = progress.Lines, false
	default:
		return nil, fmt.Errorf("verbose is %d, want Auto, Silent, Bar or Lines", v)
	}
	return d, nil
}
