package lince

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/progress"
	"github.com/lince-ml/lince/tensor"
)

// PredictOptions configures Predict and PredictNamed. The zero value predicts all of a dataset.
type PredictOptions struct {
	// Steps limits the prediction to the first Steps batches (steps). 0 means all.
	Steps int
	// Callbacks are called in the order of the list (callbacks). Their Predict hooks are called.
	Callbacks []callback.Callback
	// Verbose selects how progress is shown (verbose). The default, Auto, is a bar in a terminal and a line elsewhere.
	Verbose Verbose
	// Output receives the progress and the messages of callbacks. The default is os.Stdout.
	Output io.Writer
}

// Prediction has the model's outputs for a batch. Its tensors are valid until the next batch; copy them to keep them.
type Prediction struct {
	// Index has the dataset's row of each example.
	Index []int
	// Output has the output for each example, shape (batch, ...). If there are several outputs, it is the first.
	Output *tensor.Tensor
	// Outputs has all outputs by name (see Model.OutputNames). It is nil if there is one output.
	Outputs map[string]*tensor.Tensor
}

// lazyProgram is compiled at its first use.
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

// PredictBatch returns the model's output for a batch of examples (model.predict_on_batch). The model must have one
// input and one output. x and the result have shape (batch, ...). For a batch of 0 examples the result has no
// elements. Any number of goroutines may call PredictBatch at the same time.
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

// Call returns the model's outputs for a batch of each of its inputs (Keras' model(inputs), without
// training). Inputs are in the order of InputNames, outputs in the order of OutputNames. Any number of
// goroutines may call it at the same time.
func (m *Model) Call(inputs ...*tensor.Tensor) ([]*tensor.Tensor, error) {
	return m.CallOn(0, inputs...)
}

// CallOn is Call on at most so many threads, for programs that call a model several times at once. 0 means all, which
// Options.Threads sets. The result has the same bits for any number.
func (m *Model) CallOn(threads int, inputs ...*tensor.Tensor) ([]*tensor.Tensor, error) {
	if threads < 0 {
		return nil, fmt.Errorf("predicting: the number of threads must be at least 1, or 0 for all, got %d", threads)
	}
	in, err := m.examples(inputs)
	if err != nil {
		return nil, fmt.Errorf("predicting: %w", err)
	}
	out, err := m.predict.outputsFor(in)
	if err != nil {
		return nil, err
	}
	return out, m.predictInto(&m.predict, threads, in, out)
}

// examples converts the inputs of a prediction, and checks them.
func (m *Model) examples(inputs []*tensor.Tensor) ([]*tensor.Tensor, error) {
	if len(inputs) != len(m.inputs) {
		return nil, fmt.Errorf("want %d inputs (%s), got %d", len(m.inputs), strings.Join(m.InputNames(), ", "), len(inputs))
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

// predictInto runs the prediction, or what of it comes after kept features.
func (m *Model) predictInto(p *lazyProgram, threads int, in, out []*tensor.Tensor) error {
	if in[0].Shape()[0] == 0 {
		return nil
	}
	program, err := p.get(m)
	if err != nil {
		return err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if p, ok := program.(backend.Threaded); ok && threads > 0 {
		err = p.RunOn(threads, in, out)
	} else {
		err = program.Run(in, out)
	}
	if err != nil {
		return fmt.Errorf("predicting: %w", err)
	}
	return nil
}

// outputsFor allocates the outputs for inputs.
func (p *lazyProgram) outputsFor(in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	out, err := backend.Outputs(p.graph, in)
	if err != nil {
		return nil, fmt.Errorf("predicting: %w", err)
	}
	return out, nil
}

// Predict returns the model's output for a dataset, shape (examples, ...), in the order of the dataset's batches
// (model.predict). The model must have one output; it need not be compiled. An image that cannot be read has no row in
// the result. Predictions also yields the dataset's row of each output.
//
// Batches without examples add no rows. A dataset without batches is an error, as in Keras. If ctx is cancelled, the
// error wraps context.Cause(ctx).
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

// PredictNamed is Predict for a model with any number of outputs. It returns them by name (see OutputNames).
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

// predictAll predicts a dataset and concatenates the outputs of its batches.
func (m *Model) predictAll(ctx context.Context, ds data.Dataset, o PredictOptions) ([]*tensor.Tensor, error) {
	display, err := o.Verbose.display(o.Output)
	if err != nil {
		return nil, err
	}
	if isNil(ds) {
		return nil, fmt.Errorf("predicting: %w", errNilDataset)
	}
	if o.Steps < 0 {
		return nil, fmt.Errorf("predicting: Steps must be at least 1, or 0 for all, got %d", o.Steps)
	}
	steps := ds.Steps()
	if o.Steps > 0 {
		steps = min(steps, o.Steps)
	}
	r := &runner{m: m, task: callback.Prediction, steps: steps, display: display}
	var out []*tensor.Tensor
	if err = r.begin(r, o.Callbacks); err == nil {
		out, err = m.predictRun(ctx, ds, o, r)
	}
	if err := r.end(err); err != nil {
		return nil, err
	}
	return out, nil
}

// predictRun is predictAll after the callbacks' Begin.
func (m *Model) predictRun(ctx context.Context, ds data.Dataset, o PredictOptions, r *runner) ([]*tensor.Tensor, error) {
	if err := r.each(func(h callback.Hooks) error { return callHook(h.PredictBegin) }); err != nil {
		return nil, err
	}
	bar := r.display.Bar(r.steps)
	defer bar.Abandon()
	raw := make([][]byte, len(m.outputs))
	var types []*tensor.Tensor // of a batch, for type and shape
	rows, done := 0, 0
	for p, err := range m.predictions(ctx, ds, o.Steps, func() error {
		return r.each(func(h callback.Hooks) error { return callHook1(h.PredictBatchBegin, done) })
	}) {
		if err != nil {
			return nil, err
		}
		for i, t := range p.out {
			if types != nil && !types[i].Shape()[1:].Equal(t.Shape()[1:]) {
				return nil, fmt.Errorf("predicting: the outputs of a batch have shape %v, those of an earlier one %v; make all examples the same size, or predict batch by batch with Predictions", t.Shape(), types[i].Shape())
			}
			raw[i] = append(raw[i], t.Raw()...)
		}
		types = p.out
		rows += p.out[0].Shape()[0]
		if err := r.each(func(h callback.Hooks) error { return callHook2(h.PredictBatchEnd, done, p.out) }); err != nil {
			return nil, err
		}
		done++
		bar.Update(done, nil)
		if done == o.Steps || r.stopped {
			break
		}
	}
	if types == nil {
		return nil, errors.New("predicting: the dataset has no batches")
	}
	bar.Finish(nil)
	out := make([]*tensor.Tensor, len(types))
	for i, t := range types {
		shape := t.Shape().Clone()
		shape[0] = rows
		out[i] = tensor.New(t.DType(), shape...)
		copy(out[i].Raw(), raw[i])
	}
	return out, r.each(func(h callback.Hooks) error { return callHook(h.PredictEnd) })
}

// Predictions yields the model's outputs for a dataset, batch by batch. The sequence ends after the first error. If
// ctx is cancelled, that error wraps context.Cause(ctx).
func (m *Model) Predictions(ctx context.Context, ds data.Dataset) iter.Seq2[Prediction, error] {
	return func(yield func(Prediction, error) bool) {
		for p, err := range m.predictions(ctx, ds, 0, nil) {
			if err != nil {
				yield(Prediction{}, err)
				return
			}
			if !yield(m.prediction(p.index, p.out), nil) {
				return
			}
		}
	}
}

// prediction returns the outputs for a batch with the rows of its examples.
func (m *Model) prediction(index []int, out []*tensor.Tensor) Prediction {
	p := Prediction{Index: index, Output: out[0]}
	if len(out) > 1 {
		p.Outputs = map[string]*tensor.Tensor{}
		for i, name := range m.OutputNames() {
			p.Outputs[name] = out[i]
		}
	}
	return p
}

// outputMemory has memory for the outputs of a graph, from the one with the index first. It is used again for a batch of the same size.
type outputMemory struct {
	graph *graph.Graph
	first int
	out   []*tensor.Tensor
}

// of returns the memory for the outputs for inputs.
func (o *outputMemory) of(in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	fixed := true // the outputs' shapes depend on the number of examples alone
	for _, x := range o.graph.Outputs[o.first:] {
		fixed = fixed && x.Value.Shape[1:].Known()
	}
	if o.out != nil && fixed && o.out[0].Shape()[0] == in[0].Shape()[0] {
		return o.out, nil
	}
	out, err := backend.Outputs(o.graph, in)
	if err != nil {
		return nil, fmt.Errorf("predicting: %w", err)
	}
	o.out = out[o.first:]
	return o.out, nil
}

// predicted has a batch's outputs, in order.
type predicted struct {
	index []int
	out   []*tensor.Tensor
}

// predictions yields the outputs for a dataset, of which steps batches will be used; 0 means all. begin, if not nil, is called before each batch is predicted.
func (m *Model) predictions(ctx context.Context, ds data.Dataset, steps int, begin func() error) iter.Seq2[predicted, error] {
	return func(yield func(predicted, error) bool) {
		fail := func(err error) { yield(predicted{}, fmt.Errorf("predicting: %w", err)) }
		if isNil(ds) {
			fail(errNilDataset)
			return
		}
		if err := errors.Join(m.checkInputs(specOf(ds)), m.checkBatches(ds, steps)); err != nil {
			fail(err)
			return
		}
		f := feed{m: m}
		program, batches := &m.predict, ds.Batches
		kept := m.fromFeatures(ds)
		if kept != nil {
			defer kept.close()
			program, batches = &kept.program, kept.f.ds.Targets
		}
		if kept == nil {
			if err := m.planPrediction(program, ds); err != nil {
				fail(err)
				return
			}
		}
		memory := outputMemory{graph: program.graph}
		for b, err := range batches(ctx, 0, 0) {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil && begin != nil {
				err = begin()
			}
			if err == nil && kept != nil {
				f.in, err = kept.inputs(b)
			} else if err == nil {
				f.in = f.in[:0]
				err = f.examples(b)
			}
			if err != nil {
				fail(err)
				return
			}
			out, err := memory.of(f.in)
			if err != nil {
				yield(predicted{}, err)
				return
			}
			if err := m.predictInto(program, 0, f.in, out); err != nil {
				yield(predicted{}, err)
				return
			}
			if !yield(predicted{b.Index, out}, nil) {
				return
			}
		}
	}
}

// Verbose selects how Fit, Evaluate and Predict show their progress (Keras' verbose).
type Verbose int

// The ways to show progress.
const (
	Auto   Verbose = iota // Bar in a terminal, Lines elsewhere (verbose="auto")
	Silent                // nothing (verbose=0)
	Bar                   // a progress bar (verbose=1)
	Lines                 // one line per epoch (verbose=2)
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
		return nil, fmt.Errorf("Verbose must be Auto, Silent, Bar or Lines, got %d", v)
	}
	return d, nil
}
