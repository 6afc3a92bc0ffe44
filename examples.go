package lince

import (
	"errors"
	"fmt"

	"github.com/lince-ml/lince/callback"
	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/loss"
	"github.com/lince-ml/lince/tensor"
)

// This file gives callbacks the images of a batch, and those that the model classifies wrongly.

// Batch implements callback.Run.
func (r *training) Batch(n int) []callback.Example {
	if r.m.checkImages() != nil {
		return nil
	}
	classes := r.m.checkClassifies() == nil
	batch := r.batch
	if r.source.kept != nil { // it has no inputs; augmentation is drawn as for this epoch
		for b, err := range r.source.ds.Batches(r.ctx, r.source.epoch, r.source.last) {
			if err != nil {
				return nil
			}
			batch = b
			break
		}
	}
	x := r.m.firstInput(batch)
	list := make([]callback.Example, 0, n)
	for i := range min(n, x.Shape()[0]) {
		e := exampleOf(r.source.ds, batch, x, i)
		if y := r.m.firstTarget(batch); y != nil && classes {
			if c, err := classAt(y, i); err == nil {
				e.Label = className(r.m.Classes, c)
			}
		}
		list = append(list, e)
	}
	return list
}

// Mistakes implements callback.Run.
func (r *training) Mistakes(n int) ([]callback.Example, error) {
	var err error
	if r.o.Validation == nil {
		err = errors.New("there is no validation data; set FitOptions.Validation")
	}
	if err = errors.Join(err, r.m.checkImages(), r.m.checkClassifies()); err != nil || n <= 0 {
		return nil, err
	}
	var list []callback.Example
	f := feed{m: r.m}
	for b, err := range r.o.Validation.Batches(r.ctx, 0, 0) {
		if err != nil {
			return nil, err
		}
		f.in = f.in[:0]
		if err := f.examples(b); err != nil {
			return nil, err
		}
		out, err := r.m.Call(f.in...)
		if err != nil {
			return nil, err
		}
		predicted, err := r.m.ClassifyOutput(out[0])
		if err != nil {
			return nil, err
		}
		x, y := r.m.firstInput(b), r.m.firstTarget(b)
		for i, p := range predicted {
			class, err := classAt(y, i)
			if err != nil {
				return nil, err
			}
			if class == p.Class {
				continue
			}
			e := exampleOf(r.o.Validation, b, x, i)
			e.Label, e.Predicted, e.Probability = className(r.m.Classes, class), p.Name, float64(p.Probability)
			if p.Scores != nil {
				e.Score = new(float64(p.Scores[p.Class]))
			}
			if list = append(list, e); len(list) == n {
				return list, nil
			}
		}
	}
	return list, nil
}

// checkImages returns an error if the model's first input is not an image.
func (m *Model) checkImages() error {
	s := m.inputs[0].Shape()
	if len(s) == 4 && (s[3] == 1 || s[3] == 3 || s[3] == 4) {
		return nil
	}
	return fmt.Errorf("the model takes %v; want images, (batch, height, width, channels) with 1, 3 or 4 channels", s)
}

// checkClassifies returns an error if the model's first output is not a classification.
func (m *Model) checkClassifies() error {
	for _, o := range m.compiled.objectives {
		if o.output == 0 && o.Loss != nil && o.Loss.Takes().Of != loss.Numbers && len(m.outputs[0].Shape()) == 2 {
			return nil
		}
	}
	return errors.New("the model's first output is not trained as a classification: its shape must be (batch, classes), and its loss a cross-entropy")
}

// firstInput returns a batch of the model's first input.
func (m *Model) firstInput(b data.Batch) *tensor.Tensor {
	if b.Inputs == nil {
		return b.X
	}
	return b.Inputs[m.InputNames()[0]]
}

// firstTarget returns the targets of the model's first output, nil if there are none.
func (m *Model) firstTarget(b data.Batch) *tensor.Tensor {
	if b.Targets == nil {
		return b.Y
	}
	return b.Targets[m.OutputNames()[0]]
}

// classAt returns the class of target i.
func classAt(y *tensor.Tensor, i int) (int, error) {
	if y == nil {
		return 0, errors.New("the batch has no targets")
	}
	var buf *tensor.Tensor
	row, err := convert(y.Row(i), tensor.Float32, &buf)
	if err != nil {
		return 0, err
	}
	return classOf(row, 0, len(row.Float32s())), nil
}

// exampleOf returns example i of a batch of ds without its classes.
func exampleOf(ds data.Dataset, b data.Batch, x *tensor.Tensor, i int) callback.Example {
	e := callback.Example{Image: x.Row(i).Clone()}
	row := i
	if i < len(b.Index) {
		row = b.Index[i]
	}
	e.Name = fmt.Sprintf("row %d", row)
	if files, ok := ds.(interface{ Table() *data.Table }); ok && row < files.Table().Len() {
		e.Name = files.Table().Row(row).Filename
	}
	return e
}
