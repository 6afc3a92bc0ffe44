package serve

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"runtime"
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
	most    int           // the largest batch
	delay   time.Duration // how long an example waits for others
	limit   int           // the number of examples that admit admits at the same time
	threads int           // on which a batch is computed at most
}

// batcher collects the examples of a model into batches.
//
// The batches have few sizes, because an engine keeps a plan for each of a few sizes: powers of two, and the largest. Examples beyond such a size are
// in the next batch, so none is computed in vain.
type batcher struct {
	batchOptions
	run     func(threads int, in []*tensor.Tensor) ([]*tensor.Tensor, error)
	observe func(n int, took time.Duration) // is called after each batch; nil is not called
	dropped func()                          // is called for an example that no request waits for
	broken  func(error)                     // is called with the error of a batch
	stacks  [bits.UintSize]sync.Pool        // of the inputs of a batch, by the bits of its size

	pool *threads // its lock guards what follows

	admitted int
	turns    []chan struct{} // of images to decode, each closed when it has a thread
	queue    []*example      // examples that are ready
	busy     int             // images that are decoded and batches that are computed
	used     time.Duration   // of threads
	each     time.Duration   // time of an example, a moving average
	timer    *time.Timer     // for the end of the delay; nil while no example waits for others
}

func newBatcher(o batchOptions, pool *threads, run func(threads int, in []*tensor.Tensor) ([]*tensor.Tensor, error)) *batcher {
	return &batcher{batchOptions: o, pool: pool, run: run}
}

// admit counts n examples until release is called with the same number. It returns errFull if they are too many.
func (b *batcher) admit(n int) error {
	b.pool.mu.Lock()
	defer b.pool.mu.Unlock()
	if b.admitted+n > b.limit {
		return errFull
	}
	b.admitted += n
	return nil
}

func (b *batcher) release(n int) {
	b.pool.mu.Lock()
	defer b.pool.mu.Unlock()
	b.admitted -= n
}

// load returns the number of admitted examples, and the time that they need.
func (b *batcher) load() (examples int, need time.Duration) {
	b.pool.mu.Lock()
	defer b.pool.mu.Unlock()
	return b.admitted, time.Duration(b.admitted) * b.each / time.Duration(b.pool.all)
}

// newExamples returns n examples of a request.
func newExamples(ctx context.Context, n int) []*example {
	list := make([]*example, n)
	for i := range list {
		list[i] = &example{ctx: ctx, done: make(chan struct{})}
	}
	return list
}

// decode calls f on one of the pool's threads, and then queues the example, which f makes ready. It returns the error of f, or of the context, which may end before.
// If the thread is then free for the example's batch, and that is short, decode computes it: to wake another goroutine takes as long as some networks do.
func (b *batcher) decode(e *example, f func() error) error {
	if err := b.pool.begin(e.ctx, b); err != nil {
		return err
	}
	start, ready := time.Now(), (*example)(nil)
	defer func() { // f may panic
		if compute := b.pool.end(b, ready, time.Since(start)); compute != nil {
			compute()
		}
	}()
	if err := f(); err != nil {
		return err
	}
	e.queued, ready = time.Now(), e
	return nil
}

// add queues examples that are ready.
func (b *batcher) add(list []*example) {
	now := time.Now()
	for _, e := range list {
		e.queued = now
	}
	p := b.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	p.join(b)
	b.queue = append(b.queue, list...)
	p.give()
}

// wait waits for the outputs of examples. It returns early if ctx is done, or an example fails: the others are then dropped, unless their batch has started.
func (b *batcher) wait(ctx context.Context, list []*example) error {
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
	b.pool.mu.Lock()
	before := len(b.queue)
	b.queue = slices.DeleteFunc(b.queue, func(e *example) bool { return slices.Contains(list, e) })
	n := before - len(b.queue)
	b.pool.mu.Unlock()
	for range n {
		if b.dropped != nil {
			b.dropped()
		}
	}
}

// working reports whether work waits or runs.
func (b *batcher) working() bool { return b.busy+len(b.turns)+len(b.queue) > 0 }

// eager reports whether there is work for a thread.
func (b *batcher) eager(now time.Time) bool { return len(b.turns) > 0 || b.due(now) }

// size returns the size of the next batch. If images are still decoded, the batch waits for them, up to the size at which all threads get the same number of
// examples: a large batch takes less time for each example, but not on one thread while another one is idle.
func (b *batcher) size() int {
	if b.delay > 0 {
		return b.most
	}
	coming := len(b.turns) + len(b.queue) + b.busy
	return min(b.most, (coming+b.pool.all-1)/b.pool.all)
}

// due reports whether the next batch is to be computed now.
func (b *batcher) due(now time.Time) bool {
	n := len(b.queue)
	if n == 0 {
		return false
	}
	if n >= b.size() || len(b.turns) == 0 && b.delay == 0 {
		return true
	}
	if b.delay == 0 {
		return false
	}
	left := b.delay - now.Sub(b.queue[0].queued)
	if left > 0 && b.timer == nil {
		b.timer = time.AfterFunc(left, func() {
			b.pool.mu.Lock()
			defer b.pool.mu.Unlock()
			b.timer = nil
			b.pool.give()
		})
	}
	return left <= 0
}

// take removes a batch from the queue: examples of the same shape, from the front.
func (b *batcher) take() []*example {
	n, most := 0, b.size()
	for n < len(b.queue) && n < most && sameShape(b.queue[0], b.queue[n]) {
		n++
	}
	if n < b.most {
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

// compute computes a batch on some threads, and frees them. If that fails, it computes each example alone, so that an example does not fail because of another.
func (b *batcher) compute(batch []*example, threads int, charged time.Duration) {
	start := time.Now()
	out, err := b.outputs(threads, batch)
	took := time.Since(start)
	alone := 0
	for i, e := range batch {
		e.wait, e.took, e.err = start.Sub(e.queued), took, err
		switch {
		case err == nil:
			for _, t := range out {
				e.out = append(e.out, t.Rows(i, i+1))
			}
		case len(batch) > 1:
			if e.out, e.err = b.outputs(threads, []*example{e}); e.err == nil {
				alone++
			}
		}
	}
	// Count the batch before its requests are answered: a client that then reads the metrics finds it.
	if b.observe != nil {
		b.observe(len(batch), took)
	}
	if err != nil && b.broken != nil {
		b.broken(err)
	}
	for _, e := range batch {
		close(e.done)
	}
	runtime.Gosched() // the answers first: they take less time than the next batch
	b.pool.mu.Lock()
	if each := took * time.Duration(threads) / time.Duration(len(batch)); b.each == 0 {
		b.each = each
	} else {
		b.each += (each - b.each) / 8
	}
	if err != nil && alone == len(batch) {
		b.most = 1 // the network of the model allows one example only
	}
	b.busy--
	b.used += took*time.Duration(threads) - charged
	b.pool.free += threads
	b.pool.give()
	b.pool.mu.Unlock()
}

// outputs computes the outputs of a batch. It turns a panic into an error.
func (b *batcher) outputs(threads int, batch []*example) (out []*tensor.Tensor, err error) {
	defer caught(&err)
	in := batch[0].in
	if len(batch) > 1 {
		free := &b.stacks[bits.Len(uint(len(batch)))]
		in = stack(free, batch)
		defer free.Put(&in)
		for i := range in {
			for row, e := range batch {
				copy(in[i].Rows(row, row+1).Raw(), e.in[i].Raw())
			}
		}
	}
	if out, err = b.run(threads, in); err != nil {
		return nil, err
	}
	for _, t := range out {
		if s := t.Shape(); len(s) == 0 || s[0] != len(batch) {
			return nil, fmt.Errorf("the model has an output of shape %v for %d examples", s, len(batch))
		}
	}
	return out, nil
}

// caught turns a panic into an error. It is for defer.
func caught(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
	}
}

// stack returns memory for the inputs of a batch.
func stack(free *sync.Pool, batch []*example) []*tensor.Tensor {
	fits := func(t, first *tensor.Tensor) bool {
		return t.DType() == first.DType() && t.Shape()[0] == len(batch) && t.Shape()[1:].Equal(first.Shape()[1:])
	}
	if old, ok := free.Get().(*[]*tensor.Tensor); ok && slices.EqualFunc(*old, batch[0].in, fits) {
		return *old
	}
	in := make([]*tensor.Tensor, len(batch[0].in))
	for i, first := range batch[0].in {
		shape := first.Shape().Clone()
		shape[0] = len(batch)
		in[i] = tensor.New(first.DType(), shape...)
	}
	return in
}
