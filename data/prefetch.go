package data

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/lince-ml/lince/data/augment"
	"github.com/lince-ml/lince/tensor"
)

// ahead is the number of batches in memory: the one that is trained on, the one that is
// being made, and the one that is made when a slow picture holds that up.
const ahead = 3

// slot is the memory of one batch.
type slot struct {
	x, y, weights *tensor.Tensor
	rows          []int
	transforms    []augment.Transform
	errs          []error
	pending       atomic.Int32
	done          chan struct{} // gets a value when pending is 0
}

func (f *Flow) newSlot() *slot {
	n := min(f.o.BatchSize, f.Len())
	x, y := f.Spec()
	x[0] = n
	s := &slot{x: tensor.New(tensor.Float32, x...), errs: make([]error, n), done: make(chan struct{}, 1)}
	switch {
	case f.o.ClassMode == Input:
		s.y = s.x
	case y != nil:
		y[0] = n
		s.y = tensor.New(tensor.Float32, y...)
	}
	if f.weights != nil {
		s.weights = tensor.New(tensor.Float32, n)
	}
	return s
}

// task is one picture of a batch.
type task struct {
	s *slot
	i int
}

// run makes the batches of an epoch. One goroutine hands out the pictures in order, the
// workers make them, this one yields the batches in order. When it returns, the
// others have ended.
func (f *Flow) run(parent context.Context, epoch, step int, yield func(Batch, error) bool) {
	ctx, cancel := context.WithCancel(parent)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()

	steps := f.Steps()
	depth := max(min(ahead, steps-step), 0)
	free, ready := make(chan *slot, depth), make(chan *slot, depth)
	for range depth {
		free <- f.newSlot()
	}
	tasks := make(chan task)
	all.Go(func() {
		defer close(ready)
		defer close(tasks)
		order := f.order.Epoch(nil, epoch)
		for k := step; k < steps; k++ {
			var s *slot
			select {
			case s = <-free:
			case <-ctx.Done():
				return
			}
			lo, hi := f.order.Bounds(k)
			s.rows = append(s.rows[:0], order[lo:hi]...)
			s.transforms = f.o.Augment.Transforms(s.transforms, f.order, epoch, k, f.o.TargetSize[0], f.o.TargetSize[1])
			s.pending.Store(int32(hi - lo))
			ready <- s
			for i := range s.rows {
				select {
				case tasks <- task{s, i}:
				case <-ctx.Done():
					return
				}
			}
		}
	})
	for range min(f.o.Workers, f.Len()) {
		all.Go(func() {
			w := f.worker()
			defer f.workers.Put(w)
			for t := range tasks {
				t.s.errs[t.i] = f.make(w, t.s, t.i)
				if t.s.pending.Add(-1) == 0 {
					t.s.done <- struct{}{}
				}
			}
		})
	}

	yielded := false
	var firstBad error
	for {
		if parent.Err() != nil {
			yield(Batch{}, context.Cause(parent))
			return
		}
		s, ok := <-ready
		if !ok {
			break
		}
		select {
		case <-s.done:
		case <-parent.Done():
			continue
		}
		n, bad := f.compact(s)
		if bad != nil && f.o.Strict {
			yield(Batch{}, bad)
			return
		}
		if firstBad == nil {
			firstBad = bad
		}
		if n > 0 {
			yielded = true
			b := Batch{X: first(s.x, n), Y: first(s.y, n), Weights: first(s.weights, n), Index: s.rows[:n]}
			if !yield(b, nil) {
				return
			}
		}
		free <- s
	}
	if parent.Err() != nil {
		yield(Batch{}, context.Cause(parent))
	} else if !yielded && firstBad != nil {
		yield(Batch{}, fmt.Errorf("%s: not one of the %d pictures could be read; the first: %w", f.table.Name(), f.Len(), firstBad))
	}
}

// make makes picture i of a batch: its values, target and weight.
func (f *Flow) make(w *imageWorker, s *slot, i int) error {
	row := s.rows[i]
	if err := f.load(w, row); err != nil {
		return err
	}
	n := f.pixels()
	if err := w.augment.Apply(s.x.Float32s()[i*n:(i+1)*n], w.pixels, s.transforms[i]); err != nil {
		return err
	}
	switch f.o.ClassMode {
	case Categorical:
		k := len(f.classes)
		y := s.y.Float32s()[i*k : (i+1)*k]
		clear(y)
		y[f.labels[row]] = 1
	case Binary, Sparse:
		s.y.Float32s()[i] = float32(f.labels[row])
	case Raw:
		s.y.Float32s()[i] = f.targets[row]
	}
	if s.weights != nil {
		s.weights.Float32s()[i] = f.weights[row]
	}
	return nil
}

// compact moves the pictures that could be read to the front, notes the others, and
// returns how many there are and the first error.
func (f *Flow) compact(s *slot) (n int, bad error) {
	for i, err := range s.errs[:len(s.rows)] {
		if err != nil {
			f.mu.Lock()
			f.corrupt[s.rows[i]] = err
			f.mu.Unlock()
			if bad == nil {
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
