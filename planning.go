package lince

import (
	"slices"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/data/preprocess"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/tensor"
)

// The functions of this file make the plans for the batches of a dataset before the dataset makes them. A network that needs more memory
// than the process can have is then refused before memory is taken for its inputs, which can be large, too.

// planPrediction makes the plan of a prediction for the batches of a dataset.
func (m *Model) planPrediction(p *lazyProgram, ds data.Dataset) error {
	shapes := m.shapesOf(ds)
	if shapes == nil {
		return nil
	}
	program, err := p.get(m)
	if err != nil {
		return err
	}
	return makePlan(program, shapes)
}

// planImages makes the plan of a prediction for n images, if all get one size.
func (m *Model) planImages(p *preprocess.Pipeline, n int) error {
	h, w := p.Size()
	if h == 0 || n == 0 || len(m.inputs) != 1 {
		return nil
	}
	program, err := m.predict.get(m)
	if err != nil {
		return err
	}
	return makePlan(program, []tensor.Shape{{n, h, w, p.Channels()}})
}

// planEvaluation makes the plan of an evaluation for the batches of a dataset.
func (m *Model) planEvaluation(p backend.Program, ds data.Dataset) error {
	shapes := m.shapesOf(ds)
	if shapes == nil {
		return nil
	}
	targets, err := m.compiled.targetShapes(shapes[0][0])
	if err != nil {
		return nil //nolint:nilerr // unknown shapes are no mistake
	}
	return makePlan(p, append(shapes, targets...))
}

// planTraining makes the plans of training and validation. Those that get features that are kept have small inputs, and are made with the first batch.
func (r *training) planTraining() error {
	c := r.m.compiled
	if c.features != nil {
		return nil
	}
	if r.o.Validation != nil {
		if err := r.m.planEvaluation(c.evaluate, r.o.Validation); err != nil {
			return err
		}
	}
	if c.early == nil {
		return r.m.planEvaluation(c.train, r.source.ds)
	}
	shapes := r.m.shapesOf(r.source.ds)
	if shapes == nil {
		return nil
	}
	in, passed, err := c.early.shapes(shapes)
	if err != nil {
		return err
	}
	if err := makePlan(c.early.first, in); err != nil {
		return err
	}
	targets, err := c.targetShapes(shapes[0][0])
	if err != nil {
		return nil //nolint:nilerr // unknown shapes are no mistake
	}
	rest := make([]tensor.Shape, len(passed), len(passed)+len(targets))
	for i, o := range passed {
		rest[i] = o.Value.Shape
	}
	return makePlan(c.early.rest, append(rest, targets...))
}

// shapesOf returns the shapes of the model's inputs for a batch of a dataset; nil if they are not known.
func (m *Model) shapesOf(ds data.Dataset) []tensor.Shape {
	b, ok := ds.(data.Batched)
	if !ok {
		return nil
	}
	s := specOf(ds)
	shapes := make([]tensor.Shape, len(m.inputs))
	for i, name := range m.InputNames() {
		if shapes[i] = m.inputs[i].Shape(); !shapes[i][1:].Known() {
			x := s.x
			if s.inputs != nil {
				x = s.inputs[name]
			}
			if len(x) != len(shapes[i]) {
				return nil
			}
			shapes[i] = slices.Clone(x)
		}
		if shapes[i][0] = min(b.BatchSize(), ds.Len()); !shapes[i].Known() || shapes[i][0] < 1 {
			return nil
		}
	}
	return shapes
}

func makePlan(p backend.Program, shapes []tensor.Shape) error {
	if planned, ok := p.(backend.Planned); ok {
		return planned.Plan(shapes)
	}
	return nil
}
