package serve

import (
	"context"
	"slices"
	"sync"
	"time"
)

// threads are the processor's threads, which the models of a server share. An image is decoded on one thread, and a batch is computed on one or several. At most as many run at the same
// time as there are threads: more would only take them from each other.
//
// A thread that becomes free goes to the model with work that has had the least time. So a model with large batches, or many requests, does not keep the threads from another one.
type threads struct {
	all int

	mu      sync.Mutex
	free    int
	models  []*batcher    // those with work that waits or runs
	current time.Duration // batcher.used of the model that a thread was last given to
}

func newThreads(n int) *threads { return &threads{all: n, free: n} }

// begin waits for a thread for work of a model. The work must call end.
func (p *threads) begin(ctx context.Context, b *batcher) error {
	turn := make(chan struct{})
	p.mu.Lock()
	p.join(b)
	b.turns = append(b.turns, turn)
	p.give()
	p.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(b.turns, turn); i >= 0 {
		b.turns = slices.Delete(b.turns, i, i+1)
		p.give() // without it, a batch may be large enough
	} else { // the turn has just come
		b.busy--
		p.free++
		p.give()
	}
	return context.Cause(ctx)
}

// end frees the thread of begin. e, if it is not nil, is an example that is ready to be computed. If its batch is the next one and short, end returns a
// function that computes the batch, which the caller must call; else nil.
func (p *threads) end(b *batcher, e *example, took time.Duration) (compute func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b.busy--
	b.used += took
	if e != nil {
		b.queue = append(b.queue, e)
	}
	p.free++
	return p.giveTo(e)
}

// join adds a model that gets work. A model that had none for a while is not owed the time that it did not use.
func (p *threads) join(b *batcher) {
	if !slices.Contains(p.models, b) {
		p.models = append(p.models, b)
		b.used = max(b.used, p.current)
	}
}

// give gives free threads to work that waits. p must be locked.
func (p *threads) give() { p.giveTo(nil) }

// inline is the longest time of a batch that is computed by the goroutine of a request, which does not notice in this time that its client has gone.
const inline = 50 * time.Millisecond

// giveTo is like give, but it returns the function that computes the batch of an example instead of starting it, if the batch is expected to be short.
func (p *threads) giveTo(e *example) (compute func()) {
	now := time.Now()
	p.models = slices.DeleteFunc(p.models, func(b *batcher) bool { return !b.working() })
	for p.free > 0 {
		var next *batcher
		for _, b := range p.models {
			if (next == nil || b.used < next.used) && b.eager(now) {
				next = b
			}
		}
		if next == nil {
			return compute
		}
		p.current = next.used
		if !next.due(now) {
			turn := next.turns[0]
			next.turns = slices.Delete(next.turns, 0, 1)
			next.busy++
			p.free--
			close(turn)
			continue
		}
		batch := next.take()
		waiting := 0
		for _, b := range p.models {
			waiting += len(b.turns) + len(b.queue)
		}
		n := min(max(p.free/(1+waiting), 1), next.threads)
		next.busy++
		p.free -= n
		// The time is known when the batch is done. Until then, the last batches' time counts.
		charge := time.Duration(len(batch)) * next.each
		next.used += charge
		if e != nil && 0 < charge && charge <= inline && slices.Contains(batch, e) {
			compute = func() { next.compute(batch, n, charge) }
			continue
		}
		go next.compute(batch, n, charge)
	}
	return compute
}
