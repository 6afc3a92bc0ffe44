package data

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/internal/offheap"
	"github.com/lince-ml/lince/tensor"
)

// Ahead is the number of batches that a Flow keeps in memory: the batch in use, the batch that is being made,
// and the batch after that. Workers begin the third one while a slow image delays the second.
const Ahead = 3

// slot is the memory of one batch.
type slot struct {
	x, y, weights *tensor.Tensor
	rows          []int
	transforms    []augment.Transform
	errs          []error
	pending       atomic.Int32
	done          chan struct{} // gets a value when pending is 0
}

// fits returns an error if the batches that are in memory at once need more memory than the process can have.
func (f *Flow) fits() error {
	x, _ := f.Spec()
	if x[0] = min(f.o.BatchSize, f.Len()); x[0] == 0 {
		return nil
	}
	ahead := min(Ahead, f.Steps())
	bytes, err := x.CheckedElements()
	if bytes *= ahead * tensor.Float32.Size(); err != nil {
		bytes = -1
	}
	if err := offheap.Check(bytes); err != nil {
		return fmt.Errorf("the images of %d batches at once, each of shape %v: %w; use smaller batches or images", ahead, x, err)
	}
	return nil
}

// slot returns free memory for a batch, or allocates it.
func (f *Flow) slot() *slot {
	f.mu.Lock()
	if n := len(f.slots); n > 0 {
		s := f.slots[n-1]
		f.slots = f.slots[:n-1]
		f.mu.Unlock()
		return s
	}
	f.mu.Unlock()
	n := min(f.o.BatchSize, f.Len())
	s := f.targetSlot(n)
	x, _ := f.Spec()
	x[0] = n
	s.x, s.errs, s.done = tensor.New(tensor.Float32, x...), make([]error, n), make(chan struct{}, 1)
	if f.o.ClassMode == Input {
		s.y = s.x
	}
	return s
}

// targetSlot returns memory for the targets and weights of n images.
func (f *Flow) targetSlot(n int) *slot {
	s := &slot{}
	if _, y := f.Spec(); y != nil && f.o.ClassMode != Input {
		y[0] = n
		s.y = tensor.New(f.targetType(), y...)
	}
	if f.weights != nil {
		s.weights = tensor.New(tensor.Float32, n)
	}
	return s
}

func (f *Flow) targetType() tensor.DType {
	switch {
	case f.arrays != nil:
		return f.arrays.y.DType()
	case f.o.ClassMode == intLabels:
		return tensor.Int32
	}
	return tensor.Float32
}

// task is one image of a batch.
type task struct {
	s *slot
	i int
}

// production makes the batches of an epoch. One goroutine hands out the images in order, and workers
// make them.
type production struct {
	flow        *Flow
	epoch, step int
	slots       []*slot

	ctx    context.Context
	cancel context.CancelFunc
	all    sync.WaitGroup
	gate   gate
	free   chan *slot
	ready  chan *slot   // in the order of batches; s.done says when one is complete
	made   atomic.Int64 // the number of complete batches
}

// start starts making the batches of an epoch from a step.
func (f *Flow) start(ctx context.Context, epoch, step int) *production {
	steps := f.Steps()
	depth := max(min(Ahead, steps-step), 0)
	p := &production{flow: f, epoch: epoch, step: step, free: make(chan *slot, depth), ready: make(chan *slot, depth)}
	p.ctx, p.cancel = context.WithCancel(ctx)
	for range depth {
		s := f.slot()
		p.slots = append(p.slots, s)
		p.free <- s
	}
	workers := min(f.o.Workers, f.Len())
	p.gate.init(int(f.demand.Load()), workers)
	tasks := make(chan task)
	p.all.Go(func() {
		defer close(p.ready)
		defer close(tasks)
		order := f.order.Epoch(nil, epoch)
		for k := step; k < steps; k++ {
			var s *slot
			select {
			case s = <-p.free:
			case <-p.ctx.Done():
				return
			}
			lo, hi := f.order.Bounds(k)
			s.rows = append(s.rows[:0], order[lo:hi]...)
			s.transforms = f.o.Augment.Transforms(s.transforms, f.order, epoch, k, f.o.TargetSize[0], f.o.TargetSize[1])
			s.pending.Store(int32(hi - lo))
			p.ready <- s
			for i := range s.rows {
				select {
				case tasks <- task{s, i}:
				case <-p.ctx.Done():
					return
				}
			}
		}
	})
	for range workers {
		p.all.Go(func() {
			w := f.worker()
			defer f.workers.Put(w)
			for {
				p.gate.enter()
				t, ok := <-tasks
				if !ok {
					p.gate.leave()
					return
				}
				t.s.errs[t.i] = f.make(p.ctx, w, t.s, t.i)
				p.gate.leave()
				if t.s.pending.Add(-1) == 0 {
					p.made.Add(1)
					t.s.done <- struct{}{}
				}
			}
		})
	}
	return p
}

// patience limits how long stop waits for workers. Decoding an image can take long and cannot be
// interrupted. The memory of workers that are still busy is not reused.
const patience = 250 * time.Millisecond

// stop ends the goroutines and waits for them, at most for patience. A worker that takes longer ends
// after its image.
func (p *production) stop() {
	p.cancel()
	ended := make(chan struct{})
	go func() {
		p.all.Wait()
		close(ended)
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
		return
	}
	f := p.flow
	f.demand.Store(int32(p.gate.limit))
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range p.slots {
		select {
		case <-s.done:
		default:
		}
		if len(f.slots) < Ahead {
			f.slots = append(f.slots, s)
		}
	}
}

// wait waits until a batch is complete and reports whether it is. All workers may run while it waits, because
// training does not use the processors then. first is set for the first batch.
func (p *production) wait(ctx context.Context, s *slot, first bool) bool {
	select {
	case <-s.done:
		return true
	default:
	}
	p.gate.starve(!first)
	defer p.gate.fed()
	select {
	case <-s.done:
		return true
	case <-ctx.Done():
	case <-p.ctx.Done():
	}
	return false
}

// Prepare starts making batches ahead; see Preparer. It discards what an earlier call prepared.
func (f *Flow) Prepare(ctx context.Context, epoch, step int) (discard func()) {
	p := f.start(ctx, epoch, max(step, 0))
	f.mu.Lock()
	before := f.prepared
	f.prepared = p
	f.mu.Unlock()
	if before != nil {
		before.stop()
	}
	return func() {
		if f.take(func(q *production) bool { return p == q }) != nil {
			p.stop()
		}
	}
}

// take returns the prepared production if right accepts it. The caller then owns it.
func (f *Flow) take(right func(*production) bool) *production {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.prepared
	if p == nil || !right(p) {
		return nil
	}
	f.prepared = nil
	return p
}

// run yields the batches of an epoch in order. When it returns, the goroutines that made them have
// ended, or will end after their current image.
func (f *Flow) run(ctx context.Context, epoch, step int, yield func(Batch, error) bool) {
	p := f.take(func(p *production) bool { return p.epoch == epoch && p.step == step })
	if p == nil {
		p = f.start(ctx, epoch, step)
	}
	defer p.stop()
	canceled := func() bool {
		for _, c := range []context.Context{ctx, p.ctx} {
			if c.Err() != nil {
				yield(Batch{}, context.Cause(c))
				return true
			}
		}
		return false
	}
	yielded := false
	var firstBad error
	for k := step; !canceled(); k++ {
		s, ok := <-p.ready
		if !ok {
			if !canceled() && !yielded && firstBad != nil {
				yield(Batch{}, fmt.Errorf("%s: none of the %d images could be read; the first: %w", f.table.Name(), f.Len(), firstBad))
			}
			return
		}
		if !p.wait(ctx, s, k == step) {
			continue
		}
		if n := k - step; int(p.made.Load())-n == len(p.slots) {
			p.gate.full()
		}
		n, bad := f.compact(s)
		if canceled() { // the batch may be incomplete
			return
		}
		if bad != nil && (f.o.Strict || unreachable(bad)) {
			yield(Batch{}, bad)
			return
		}
		if firstBad == nil {
			firstBad = bad
		}
		if n > 0 {
			yielded = true
			b := Batch{X: first(s.x, n), Y: first(s.y, n), Weights: first(s.weights, n), Index: s.rows[:n], Next: k + 1}
			if !yield(b, nil) {
				return
			}
		}
		p.free <- s
	}
}

// make makes image i of a batch: its values, target and weight.
func (f *Flow) make(ctx context.Context, w *imageWorker, s *slot, i int) error {
	row := s.rows[i]
	if err := f.load(ctx, w, row); err != nil {
		return err
	}
	n := f.pixels()
	x := s.x.Float32s()[i*n : (i+1)*n]
	if err := w.augment.Apply(x, w.pixels, s.transforms[i]); err != nil {
		return err
	}
	if f.numbers != nil {
		f.numbers.Apply(x)
	}
	f.label(s, i, row)
	return nil
}

// label sets the target and the weight of image i of a batch.
func (f *Flow) label(s *slot, i, row int) {
	if s.weights != nil {
		s.weights.Float32s()[i] = f.weights[row]
	}
	if f.arrays != nil {
		f.arrays.target(s.y, i, row)
		return
	}
	switch f.o.ClassMode {
	case Categorical:
		k := len(f.classes)
		y := s.y.Float32s()[i*k : (i+1)*k]
		clear(y)
		for _, c := range f.ClassSet(row) {
			y[c] = 1
		}
	case intLabels:
		tensor.Values[int32](s.y)[i] = int32(f.classIndex[row])
	case Binary, Sparse, binaryColumn:
		s.y.Float32s()[i] = float32(f.classIndex[row])
	case Raw:
		s.y.Float32s()[i] = f.targets[row]
	}
}

// compact moves the images that could be read to the front of the batch and records the others. It returns
// the number of images, and the first error. It prefers errors of files that cannot be reached.
func (f *Flow) compact(s *slot) (n int, bad error) {
	for i, err := range s.errs[:len(s.rows)] {
		if err != nil {
			if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
				continue
			}
			if !unreachable(err) {
				f.mu.Lock()
				f.corrupt[s.rows[i]] = err
				f.mu.Unlock()
			}
			if bad == nil || unreachable(err) && !unreachable(bad) {
				bad = err
			}
			continue
		}
		if n != i {
			for _, t := range slices.Compact([]*tensor.Tensor{s.x, s.y, s.weights}) {
				if t != nil {
					copy(t.Row(n).Raw(), t.Row(i).Raw())
				}
			}
			s.rows[n] = s.rows[i]
		}
		n++
	}
	return n, bad
}
