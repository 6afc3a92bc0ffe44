package lince

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/internal/progress"
	"github.com/lince-ml/lince/tensor"
)

// Predict is how to predict. The zero value predicts all of a data set.
type Predict struct {
	Steps   int       // batches, at most; 0 is all
	Verbose Verbose   // Auto: a bar in a terminal, else a line
	Output  io.Writer // for the progress; nil is os.Stdout
}

// Prediction is the model's output for a batch. Both are valid until the next one.
type Prediction struct {
	Index  []int          // the data set's rows
	Output *tensor.Tensor // a row for each
}

// lazyProgram is compiled when it is first used.
type lazyProgram struct {
	once    sync.Once
	graph   *graph.Graph
	program backend.Program
	err     error
}

func (p *lazyProgram) get(m *Model) (backend.Program, error) {
	p.once.Do(func() { p.program, p.err = m.backend.Compile(p.graph, m.store) })
	return p.program, p.err
}

// PredictBatch returns the outputs for a tensor of examples, all at once; for none, a tensor
// without elements, as Keras' predict_on_batch. Any number of goroutines may call it.
func (m *Model) PredictBatch(x *tensor.Tensor) (*tensor.Tensor, error) {
	x, err := m.input32(x, nil)
	if err != nil {
		return nil, fmt.Errorf("predicting: %w", err)
	}
	out, err := m.outputFor(x.Shape())
	if err != nil {
		return nil, err
	}
	return out, m.predictInto(x, out)
}

func (m *Model) predictInto(x, out *tensor.Tensor) error {
	if x.Shape()[0] == 0 {
		return nil
	}
	p, err := m.predict.get(m)
	if err != nil {
		return err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := p.Run([]*tensor.Tensor{x}, []*tensor.Tensor{out}); err != nil {
		return fmt.Errorf("predicting: %w", err)
	}
	return nil
}

// outputFor makes room for what the model gives for inputs of a shape.
func (m *Model) outputFor(x tensor.Shape) (*tensor.Tensor, error) {
	v := m.predict.graph.Outputs[0].Value
	shape := v.Shape.Clone()
	if len(shape) > 0 && shape[0] == tensor.Unknown {
		shape[0] = x[0]
	}
	if !shape.Known() {
		g, err := m.predict.graph.Specialize([]tensor.Shape{x})
		if err != nil {
			return nil, fmt.Errorf("predicting: %w", err)
		}
		shape = g.Outputs[0].Value.Shape
	}
	return tensor.New(v.DType, shape...), nil
}

// Predict returns the outputs for a data set, a row an example in the order of its
// batches. An example that the data set leaves out has no row: see Predictions. A batch
// without examples gives no rows; a data set without batches is an error, as in Keras.
//
// Where ctx is cancelled the error wraps its cause.
func (m *Model) Predict(ctx context.Context, ds data.Dataset, o Predict) (*tensor.Tensor, error) {
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
	var (
		raw   []byte
		shape tensor.Shape
		dtype tensor.DType
		rows  int
		done  int
	)
	for p, err := range m.Predictions(ctx, ds) {
		if err != nil {
			return nil, err
		}
		s := p.Output.Shape()
		if shape != nil && !shape[1:].Equal(s[1:]) {
			return nil, fmt.Errorf("predicting: a batch has outputs of shape %v after %v; the examples of a data set must be of one size, or be predicted batch by batch with Predictions", s, shape)
		}
		shape, dtype = s.Clone(), p.Output.DType()
		raw = append(raw, p.Output.Raw()...)
		rows += s[0]
		done++
		bar.Update(done, nil)
		if done == o.Steps {
			break
		}
	}
	if shape == nil {
		return nil, errors.New("predicting: the data set gave no batches")
	}
	bar.Finish(nil)
	shape[0] = rows
	out := tensor.New(dtype, shape...)
	copy(out.Raw(), raw)
	return out, nil
}

// Predictions yields the outputs batch by batch. An error ends the sequence.
func (m *Model) Predictions(ctx context.Context, ds data.Dataset) iter.Seq2[Prediction, error] {
	return func(yield func(Prediction, error) bool) {
		if ds == nil {
			yield(Prediction{}, errors.New("predicting: there is no data set"))
			return
		}
		x, _ := ds.Spec()
		if err := m.checkInput(x); err != nil {
			yield(Prediction{}, fmt.Errorf("predicting: %w", err))
			return
		}
		var buffer, out *tensor.Tensor
		for b, err := range ds.Batches(ctx, 0, 0) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(Prediction{}, fmt.Errorf("predicting: %w", err))
				return
			}
			x, err := m.input32(b.X, &buffer)
			if err != nil {
				yield(Prediction{}, fmt.Errorf("predicting: %w", err))
				return
			}
			if out == nil || out.Shape()[0] != x.Shape()[0] || !m.OutputShape()[1:].Known() {
				out, err = m.outputFor(x.Shape())
			}
			if err == nil {
				err = m.predictInto(x, out)
			}
			if err != nil {
				yield(Prediction{}, err)
				return
			}
			if !yield(Prediction{b.Index, out}, nil) {
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
