package lince

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/lince-ml/lince/data"
	"github.com/lince-ml/lince/graph"
	"github.com/lince-ml/lince/graph/op"
	"github.com/lince-ml/lince/internal/backend"
	"github.com/lince-ml/lince/layer"
	"github.com/lince-ml/lince/tensor"
)

// early divides the training step of a network that begins with augmentation layers. first computes these layers for the next batch
// while rest trains on the current one. A draw depends on the number of its step, which is an input of first, so the numbers are those
// of the undivided step.
type early struct {
	graph       *graph.Graph // of first
	first, rest backend.Program
}

// ahead is the division for random layers at the beginning of the network.
func (m *Model) ahead() graph.Division {
	return graph.Division{Inputs: len(m.inputs), Passed: []string{layer.SeedPath, layer.StepPath}}
}

// divide divides a step. It returns nil if nothing depends on the variables of d.
func (m *Model) divide(g *graph.Graph, store *graph.Store, d graph.Division) (*early, error) {
	first, rest, ok := g.Split(d)
	if !ok {
		return nil, nil
	}
	e := &early{graph: first}
	var err error
	if e.first, err = m.backend.Compile(first, store); err != nil {
		return nil, err
	}
	if e.rest, err = m.backend.Compile(rest, store); err != nil {
		e.first.Close()
		return nil, err
	}
	return e, nil
}

// shapes returns the shapes of the inputs of first, and the outputs that it passes to rest, for inputs of the model of these shapes.
func (e *early) shapes(inputs []tensor.Shape) (in []tensor.Shape, passed []graph.Output, err error) {
	in = slices.Clone(inputs)
	for range e.graph.Inputs[len(inputs):] {
		in = append(in, tensor.Shape{})
	}
	g, err := e.graph.Specialize(in)
	if err != nil {
		return nil, nil, err
	}
	return in, g.Outputs, nil
}

// step returns the program that Fit runs in each step.
func (c *compiled) step() backend.Program {
	switch {
	case c.features != nil:
		return c.features.training.parts.rest
	case c.early != nil:
		return c.early.rest
	}
	return c.train
}

// close frees the programs' memory.
func (e *early) close() {
	if e != nil {
		e.first.Close()
		e.rest.Close()
	}
}

const lookaheadSlots = 3

// lookahead runs an early program ahead of the training steps.
type lookahead struct {
	m     *Model
	e     *early
	now   *augmented                 // the batch of the current step
	slots [lookaheadSlots]*augmented // of the current batch, the next one, and the one that is being made
}

// augmented is a batch with the results of the early program.
type augmented struct {
	batch  data.Batch       // its tensors are copies
	step   int64            // for which the numbers were drawn
	out    []*tensor.Tensor // the first inputs of early.rest
	err    error            // of the dataset, which ends the batches
	wrong  error            // of this batch
	failed any              // the value with which the dataset panicked

	feed    feed
	buffers []*tensor.Tensor
	used    int // of buffers
}

func newLookahead(m *Model) *lookahead {
	l := &lookahead{m: m, e: m.compiled.early}
	for i := range l.slots {
		l.slots[i] = &augmented{feed: feed{m: m}}
	}
	return l
}

// variable returns the value of an Int64 variable. No step runs at the time.
func (l *lookahead) variable(path string) int64 {
	if v := l.m.store.Lookup(path); v != nil {
		return tensor.Values[int64](v.Value())[0]
	}
	return 0
}

// stale reports whether the current batch was made for another step than the next one, because a callback has set the step.
func (l *lookahead) stale() bool { return l.now.step != l.variable(layer.StepPath) }

// of returns a function like the dataset's Batches that also sets now.
func (l *lookahead) of(ds data.Dataset) func(ctx context.Context, epoch, step int) iter.Seq2[data.Batch, error] {
	return func(ctx context.Context, epoch, step int) iter.Seq2[data.Batch, error] {
		return func(yield func(data.Batch, error) bool) {
			for l.batches(ctx, ds, epoch, &step, yield) {
			}
		}
	}
}

// batches yields batches that a goroutine makes ahead. It returns true if it must be called again, from the batch step on: a callback has
// set the model's step, so that the numbers of that batch are wrong.
func (l *lookahead) batches(ctx context.Context, ds data.Dataset, epoch int, step *int, yield func(data.Batch, error) bool) (again bool) {
	ctx, cancel := context.WithCancel(ctx)
	ready, done := make(chan *augmented, 1), make(chan struct{})
	seed, at := l.variable(layer.SeedPath), l.variable(layer.StepPath)
	go func() {
		defer close(ready)
		l.produce(ds.Batches(ctx, epoch, *step), seed, at, ready, done)
	}()
	defer func() {
		close(done)
		cancel()
		for range ready { // until the goroutine has ended
		}
	}()
	for a := range ready {
		if a.failed != nil {
			panic(a.failed)
		}
		l.now = a
		if a.err == nil && l.stale() {
			return true
		}
		if !yield(a.batch, a.err) || a.err != nil {
			return false
		}
		if *step++; a.batch.Next > 0 {
			*step = a.batch.Next
		}
	}
	return false
}

// produce makes batches until done is closed.
func (l *lookahead) produce(batches iter.Seq2[data.Batch, error], seed, step int64, ready chan<- *augmented, done <-chan struct{}) {
	n := 0
	send := func(a *augmented) bool {
		select {
		case ready <- a:
			return true
		case <-done:
			return false
		}
	}
	defer func() {
		if v := recover(); v != nil {
			send(&augmented{failed: v})
		}
	}()
	for b, err := range batches {
		a := l.slots[n%len(l.slots)]
		a.batch, a.err, a.wrong, a.step = data.Batch{Next: b.Next}, err, nil, step+int64(n)
		if err == nil {
			a.wrong = a.fill(l.e, b, seed)
		}
		if !send(a) {
			return
		}
		n++
	}
}

// fill copies a batch and runs the early program on its examples.
func (a *augmented) fill(e *early, b data.Batch, seed int64) error {
	a.used, a.feed.in = 0, a.feed.in[:0]
	if err := a.feed.examples(b); err != nil {
		return err
	}
	in := a.feed.in
	if in[0].Shape()[0] == 0 {
		return errors.New("the batch has no examples; remove such batches from the data")
	}
	for _, v := range e.graph.Inputs[len(in):] {
		n := a.step
		if v.Node.Op.(op.Input).Key == layer.SeedPath {
			n = seed
		}
		in = append(in, tensor.Of([]int64{n}).Reshape())
	}
	shapes := make([]tensor.Shape, len(in))
	for i, x := range in {
		shapes[i] = x.Shape()
	}
	g, err := e.graph.Specialize(shapes)
	if err != nil {
		return err
	}
	a.out = a.out[:0]
	for _, o := range g.Outputs {
		a.out = append(a.out, buffer(a.next(), o.Value.DType, o.Value.Shape))
	}
	a.batch = data.Batch{
		Y: a.copied(b.Y), Weights: a.copied(b.Weights), Index: b.Index, Next: b.Next,
		Targets: a.copies(b.Targets), SampleWeights: a.copies(b.SampleWeights),
	}
	return e.first.Run(in, a.out)
}

// next returns the next buffer.
func (a *augmented) next() **tensor.Tensor {
	if a.used == len(a.buffers) {
		a.buffers = append(a.buffers, nil)
	}
	a.used++
	return &a.buffers[a.used-1]
}

// copied copies a tensor, whose memory the dataset will use again.
func (a *augmented) copied(t *tensor.Tensor) *tensor.Tensor {
	if t == nil {
		return nil
	}
	c := buffer(a.next(), t.DType(), t.Shape().Clone())
	copy(c.Raw(), t.Raw())
	return c
}

func (a *augmented) copies(named map[string]*tensor.Tensor) map[string]*tensor.Tensor {
	if named == nil {
		return nil
	}
	c := make(map[string]*tensor.Tensor, len(named))
	for name, t := range named {
		c[name] = a.copied(t)
	}
	return c
}
