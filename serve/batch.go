package serve

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/lince-ml/lince/tensor"
)

// errFull is the error of examples beyond the limit.
var errFull = errors.New("too many examples")

// example is an example that waits for its outputs.
type example struct {
	ctx    context.Context
	in     []*tensor.Tensor // the inputs, each of shape (1, ...)
	out    []*tensor.Tensor // the outputs, each of shape (1, ...)
	err    error
	queued time.Time
	wait   time.Duration // from queued to the start of its batch
	took   time.Duration // of its batch
	done   chan struct{} // closed when out or err is set
}

// batchOptions configures a batcher.
type batchOptions struct {
	most  int           // the largest batch
	delay time.Duration // how long an example waits for others
	loops int           // the number of batches at the same time
	limit int           // the number of examples that admit admits at the same time
	turns chan struct{} // shared by batchers: a batch holds a place while it is computed
}

// batcher collects examples into batches.
//
// The batches have few sizes, because an engine keeps a plan for each of a few sizes: powers of two, and the largest. Examples beyond such a size are
// in the next batch, so none is computed in vain.
type batcher struct {
	batchOptions
	run     func(in []*tensor.Tensor) ([]*tensor.Tensor, error)
	observe func(n int, took time.Duration) // is called after each batch; nil is not called
	dropped func()                          // is called for an example that no request waits for
	broken  func(error)                     // is called with the error of a batch

	mu       sync.Mutex
	queue    []*example
	admitted int
	each     time.Duration // time of an example, a moving average
	wake     chan struct{} // a loop waits for it
	closed   chan struct{}
}

func newBatcher(o batchOptions, run func([]*tensor.Tensor) ([]*tensor.Tensor, error)) *batcher {
	b := &batcher{batchOptions: o, run: run, wake: make(chan struct{}, 1), closed: make(chan struct{})}
	for range o.loops {
		go b.loop()
	}
	return b
}

// close ends the loops. The queue must be empty.
func (b *batcher) close() { close(b.closed) }

// admit counts n examples until release is called with the same number. It returns errFull if they are too many.
func (b *batcher) admit(n int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.admitted+n > b.limit {
		return errFull
	}
	b.admitted += n
	return nil
}

func (b *batcher) release(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.admitted -= n
}

// load returns the number of admitted examples, and the time that they need.
func (b *batcher) load() (examples int, need time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.admitted, time.Duration(b.admitted) * b.each
}

// do computes the outputs of examples, which must be admitted. It returns early if ctx is done: the examples are then dropped, unless their batch has started.
func (b *batcher) do(ctx context.Context, list []*example) error {
	now := time.Now()
	for _, e := range list {
		e.ctx, e.queued, e.done = ctx, now, make(chan struct{})
	}
	b.mu.Lock()
	b.queue = append(b.queue, list...)
	b.mu.Unlock()
	b.signal()
	for _, e := range list {
		select {
		case <-e.done:
			if e.err != nil {
				b.remove(list)
				return e.err
			}
		case <-ctx.Done():
			b.remove(list)
			return context.Cause(ctx)
		}
	}
	return nil
}

// remove removes examples that have not started from the queue.
func (b *batcher) remove(list []*example) {
	b.mu.Lock()
	before := len(b.queue)
	b.queue = slices.DeleteFunc(b.queue, func(e *example) bool { return slices.Contains(list, e) })
	n := before - len(b.queue)
	b.mu.Unlock()
	for range n {
		if b.dropped != nil {
			b.dropped()
		}
	}
}

// signal wakes a loop.
func (b *batcher) signal() {
	select {
	case b.wake <- struct{}{}:
	default: // a loop is about to wake
	}
}

// loop computes batches until the batcher is closed.
func (b *batcher) loop() {
	for {
		select {
		case <-b.closed:
			return
		case <-b.wake:
		}
		for b.fill() {
			b.turns <- struct{}{}
			batch := b.take()
			if len(batch) > 0 {
				b.compute(batch)
			}
			<-b.turns
		}
	}
}

// fill waits until there is a batch to compute. It returns false if the queue is empty.
func (b *batcher) fill() bool {
	for {
		b.mu.Lock()
		n, most := len(b.queue), b.most
		var left time.Duration
		if n > 0 {
			left = b.delay - time.Since(b.queue[0].queued)
		}
		b.mu.Unlock()
		switch {
		case n == 0:
			return false
		case n >= most || left <= 0:
			if b.loops > 1 {
				b.signal() // another loop takes what this one leaves
			}
			return true
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-b.wake:
		}
		timer.Stop()
	}
}

// take removes a batch from the queue: examples of the same shape, from the front.
func (b *batcher) take() []*example {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for n < len(b.queue) && n < b.most && sameShape(b.queue[0], b.queue[n]) {
		n++
	}
	if n > 0 && n < b.most {
		n = 1 << (bits.Len(uint(n)) - 1)
	}
	batch := slices.Clone(b.queue[:n])
	b.queue = slices.Delete(b.queue, 0, n)
	return batch
}

func sameShape(x, y *example) bool {
	for i := range x.in {
		if !x.in[i].Shape().Equal(y.in[i].Shape()) {
			return false
		}
	}
	return true
}

// compute computes a batch. If that fails, it computes each example alone, so that an example does not fail because of another.
func (b *batcher) compute(batch []*example) {
	start := time.Now()
	out, err := b.outputs(batch)
	took := time.Since(start)
	b.mu.Lock()
	if each := took / time.Duration(len(batch)); b.each == 0 {
		b.each = each
	} else {
		b.each += (each - b.each) / 8
	}
	b.mu.Unlock()
	if b.observe != nil {
		b.observe(len(batch), took)
	}
	if err != nil && b.broken != nil {
		b.broken(err)
	}
	alone := 0
	for i, e := range batch {
		e.wait, e.took, e.err = start.Sub(e.queued), took, err
		switch {
		case err == nil:
			for _, t := range out {
				e.out = append(e.out, t.Rows(i, i+1))
			}
		case len(batch) > 1:
			if e.out, e.err = b.outputs([]*example{e}); e.err == nil {
				alone++
			}
		}
		close(e.done)
	}
	if err != nil && alone == len(batch) {
		b.mu.Lock()
		b.most = 1 // the network of the model allows one example only
		b.mu.Unlock()
	}
}

// outputs computes the outputs of a batch. It turns a panic into an error.
func (b *batcher) outputs(batch []*example) (out []*tensor.Tensor, err error) {
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	in := batch[0].in
	if len(batch) > 1 {
		in = make([]*tensor.Tensor, len(batch[0].in))
		for i := range in {
			first := batch[0].in[i]
			shape := first.Shape().Clone()
			shape[0] = len(batch)
			in[i] = tensor.New(first.DType(), shape...)
			for row, e := range batch {
				copy(in[i].Rows(row, row+1).Raw(), e.in[i].Raw())
			}
		}
	}
	if out, err = b.run(in); err != nil {
		return nil, err
	}
	for _, t := range out {
		if s := t.Shape(); len(s) == 0 || s[0] != len(batch) {
			return nil, fmt.Errorf("the model has an output of shape %v for %d examples", s, len(batch))
		}
	}
	return out, nil
}
